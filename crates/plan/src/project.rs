//! Everything the stages of planning look things up in.
//!
//! Role: the catalog completed by declared relations and the directory of users, tenancy, secret columns,
//! constants. Made once, then only read.
//! Invariant: ids of [`Project::catalog`] are valid in the whole plan.
//! Not here: anything about a single route.

use crate::draft::{self, DraftQuery, DraftValue};
use crate::lower::hook::marks::Marks;
use crate::lower::written::written;
use crate::manifest::Manifests;
use crate::tenancy::{self, Tenancy};
use crate::{Environment, Inputs, lower};
use backflow_catalog::{
    Catalog, Column, ColumnId, ColumnType, ForeignKey, Table, TableId, TableKind, Writes,
};
use backflow_config::document::{Document, Operation, Query, Relationship, StepAction, Workflow};
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostics, Spanned};
use backflow_expr::{Number, Value};
use backflow_sql::ir::{self, Dialect, Statement, Whose, Written};
use backflow_sql::{SelectItem, SelectList, parse_select, render};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Name of the directory's table.
pub(crate) const DIRECTORY: &str = "users";

/// Statements by their text and what they write.
type Finished = HashMap<(String, Box<[Written]>), Arc<Statement>>;

/// What all stages read.
pub(crate) struct Project<'a> {
    pub(crate) document: &'a Document,
    pub(crate) catalog: Catalog,
    pub(crate) tenancy: Option<Tenancy>,
    pub(crate) environment: &'a Environment,
    pub(crate) dialect: Dialect,
    pub(crate) constants: Value,
    pub(crate) public_env: BTreeSet<&'a str>,
    /// What may be called: the built-in providers and the project's own.
    pub(crate) manifests: Manifests,
    /// Columns that open a row to whoever knows the value.
    pub(crate) capabilities: BTreeSet<(TableId, ColumnId)>,
    /// Columns that leave only when named.
    pub(crate) secrets: BTreeSet<(TableId, ColumnId)>,
    /// What tells whose an event of a webhook is.
    pub(crate) marks: Marks,
    /// Finished statements by text and what they write: equal ones are one, so that stores prepare them once.
    statements: RefCell<Finished>,
}

impl<'a> Project<'a> {
    pub(crate) fn new(inputs: &Inputs<'a>, out: &mut Diagnostics) -> Self {
        let document = inputs.document;
        let mut catalog = inputs.catalog.clone();
        for relationship in &document.project.relationships {
            relate(&mut catalog, relationship, out);
        }
        if catalog.find(DIRECTORY).is_none() && reads_directory(document) {
            catalog.add(directory());
        }
        let tenancy = tenancy::read(document, &catalog, out);
        let mut project = Project {
            document,
            catalog,
            tenancy,
            environment: inputs.environment,
            dialect: inputs.dialect,
            constants: document
                .project
                .constants
                .as_ref()
                .map_or_else(|| Value::object::<&str>([]), constant),
            public_env: document
                .project
                .public_env
                .iter()
                .map(|name| name.value.as_str())
                .collect(),
            manifests: lower::manifest::of(document, inputs.manifests, out),
            capabilities: BTreeSet::new(),
            secrets: BTreeSet::new(),
            marks: Marks::default(),
            statements: RefCell::default(),
        };
        project.capabilities = project.find_capabilities(out);
        project.secrets = project.find_secrets(out);
        project.marks = lower::hook::marks::of(&project);
        project
    }

    /// The finished statement of a query.
    pub(crate) fn statement(&self, query: &ir::Query) -> Arc<Statement> {
        self.kept(render(query, &self.catalog, self.dialect))
    }

    /// The finished statement of a query that may write, and whose rows.
    pub(crate) fn writing(&self, query: &ir::Query, whose: Whose) -> Arc<Statement> {
        let statement = render(query, &self.catalog, self.dialect);
        self.kept(Statement {
            writes: written(&self.catalog, query, whose),
            ..statement
        })
    }

    /// One statement for each text and what it writes.
    pub(crate) fn kept(&self, statement: Statement) -> Arc<Statement> {
        let mut known = self.statements.borrow_mut();
        Arc::clone(
            known
                .entry((statement.text.clone(), statement.writes.clone()))
                .or_insert_with(|| Arc::new(statement)),
        )
    }

    pub(crate) fn table(&self, id: TableId) -> &Table {
        self.catalog.table(id)
    }

    pub(crate) fn column(&self, table: TableId, column: ColumnId) -> &Column {
        self.catalog.column(table, column)
    }

    /// Whether two keys of tenants are equal only if their texts are: else nobody can tell from a text whose it is.
    pub(crate) fn tenants_have_texts(&self) -> bool {
        let key = self
            .tenancy
            .as_ref()
            .map(|tenancy| self.column(tenancy.table, tenancy.key));
        key.is_some_and(|key| matches!(key.ty, ColumnType::Uuid | ColumnType::Text) || key.ty.is_integer())
    }

    /// By which column the log of changes tells whose rows of a table were written: the triggers, and statements that
    /// log themselves. `None`: a change counts for everybody.
    pub(crate) fn logged_by(&self, table: TableId) -> Option<ColumnId> {
        let tenancy = self.tenancy.as_ref().filter(|_| self.tenants_have_texts())?;
        tenancy.tenant_column(table)
    }

    pub(crate) fn is_scoped(&self, table: TableId) -> bool {
        self.tenancy
            .as_ref()
            .is_some_and(|tenancy| tenancy.is_scoped(table))
    }

    pub(crate) fn is_directory(&self, table: TableId) -> bool {
        self.table(table).kind == TableKind::Directory
    }

    /// Declared capability columns, and unique, not-null text columns of scoped tables that the config writes,
    /// and only from `uuid()`. A column that is never written proves nothing, so it must be declared.
    fn find_capabilities(&self, out: &mut Diagnostics) -> BTreeSet<(TableId, ColumnId)> {
        let mut found = BTreeSet::new();
        if let Some(backflow_config::document::Tenancy::Declared(keys)) = &self.document.project.tenancy {
            found.extend(self.named_columns(&keys.capabilities, out));
        }
        for ((table, column), only_uuid) in self.written_columns() {
            let declared = self.column(table, column);
            let fits = declared.not_null && declared.ty.is_text() && self.table(table).is_unique(&[column]);
            if only_uuid && fits && self.is_scoped(table) {
                found.insert((table, column));
            }
        }
        found
    }

    fn find_secrets(&self, out: &mut Diagnostics) -> BTreeSet<(TableId, ColumnId)> {
        let mut secrets = self.capabilities.clone();
        secrets.extend(self.named_columns(&self.document.project.secret_columns, out));
        secrets
    }

    fn named_columns(
        &self,
        names: &[(Spanned<String>, Vec<Spanned<String>>)],
        out: &mut Diagnostics,
    ) -> Vec<(TableId, ColumnId)> {
        let mut found = Vec::new();
        for (table, columns) in names {
            let Some(id) = draft::table(&self.catalog, table, out) else {
                continue;
            };
            for column in columns {
                found.extend(draft::column(&self.catalog, id, column, out).map(|column| (id, column)));
            }
        }
        found
    }

    /// Every column that some query writes, and whether each write is exactly `{{uuid()}}`.
    fn written_columns(&self) -> BTreeMap<(TableId, ColumnId), bool> {
        let mut written = BTreeMap::new();
        for query in queries(self.document) {
            if matches!(query.operation.value, Operation::Select | Operation::Delete) {
                continue;
            }
            let quiet = &mut Diagnostics::default();
            let Some(draft) = DraftQuery::read(&self.catalog, query, quiet) else {
                continue;
            };
            if draft.whole_data.is_some() {
                // Which members it has, a route's rules say; none of them is made by `uuid()`.
                for column in self.table(draft.table).column_ids() {
                    written.insert((draft.table, column), false);
                }
            }
            for value in draft.rows.iter().flatten() {
                let uuid = match &value.value {
                    DraftValue::Template(template) => template
                        .single_hole()
                        .and_then(|e| e.as_call())
                        .is_some_and(|(name, _)| name == "uuid"),
                    DraftValue::Fixed(_) => false,
                };
                let entry = written.entry((draft.table, value.column)).or_insert(true);
                *entry = *entry && uuid;
            }
        }
        written
    }
}

/// Every query of a document, wherever it stands.
pub(crate) fn queries(document: &Document) -> impl Iterator<Item = &Query> {
    let in_routes = document
        .routes
        .iter()
        .flat_map(|route| route.queries.iter().flatten());
    let workflows = document
        .routes
        .iter()
        .filter_map(|route| route.workflow.as_ref())
        .chain(document.workflows.iter())
        .chain(
            document
                .webhooks
                .iter()
                .flat_map(|hook| hook.actions.iter().map(|action| &action.workflow)),
        );
    in_routes.chain(workflows.flat_map(workflow_queries))
}

/// The queries of a workflow.
pub(crate) fn workflow_queries(workflow: &Workflow) -> impl Iterator<Item = &Query> {
    workflow.steps.iter().filter_map(|step| match &step.action {
        StepAction::Database(query) => Some(query.as_ref()),
        _ => None,
    })
}

/// Whether some query is about the directory, directly or by an embed.
fn reads_directory(document: &Document) -> bool {
    queries(document).any(|query| {
        let embeds = query.select.as_ref().and_then(|select| {
            parse_select(select, &mut Diagnostics::default()).map(|list| embeds_directory(&list))
        });
        query.table.value == DIRECTORY || embeds == Some(true)
    })
}

fn embeds_directory(list: &SelectList) -> bool {
    list.items.iter().any(|item| match item {
        SelectItem::Embed { name, select, .. } => name.value == DIRECTORY || embeds_directory(select),
        _ => false,
    })
}

/// The directory's table: the engine fills it from verified tokens.
fn directory() -> Table {
    let column = |name: &str, ty: ColumnType, not_null: bool| {
        let mut column = Column::new(name, ty);
        column.not_null = not_null;
        column
    };
    Table {
        name: DIRECTORY.to_owned(),
        kind: TableKind::Directory,
        columns: vec![
            column("id", ColumnType::Uuid, true),
            column("email", ColumnType::Text, false),
            column("name", ColumnType::Text, false),
            column("created_at", ColumnType::TimestampTz, true),
            column("updated_at", ColumnType::TimestampTz, true),
        ],
        primary_key: vec![ColumnId(0)],
        uniques: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        triggers: false,
        exclusive: false,
        writes: Writes::ALL,
        span: None,
    }
}

/// A declared relation is read like a foreign key.
fn relate(catalog: &mut Catalog, relationship: &Relationship, out: &mut Diagnostics) {
    let from = draft::table(catalog, &relationship.table, out);
    let to = draft::table(catalog, &relationship.to_table, out);
    let (Some(from), Some(to)) = (from, to) else {
        return;
    };
    let column = draft::column(catalog, from, &relationship.column, out);
    let target = draft::column(catalog, to, &relationship.to_column, out);
    if let (Some(column), Some(target), Some(table)) =
        (column, target, catalog.tables.get_mut(from.0 as usize))
    {
        table.foreign_keys.push(ForeignKey {
            name: format!(
                "{}_{}_declared",
                relationship.table.value, relationship.column.value
            ),
            columns: vec![column],
            table: to,
            references: vec![target],
        });
    }
}

/// A fixed JSON value.
pub(crate) fn constant(node: &Node) -> Value {
    match &node.tree {
        Tree::Null => Value::Null,
        Tree::Bool(yes) => Value::Bool(*yes),
        Tree::Number(digits) => Number::parse(digits).map_or(Value::Null, Value::Number),
        Tree::Text(text) => Value::text(text.value.clone()),
        Tree::List(items) => Value::list(items.iter().map(constant)),
        Tree::Object(members) => {
            Value::object(members.iter().map(|m| (m.key.value.as_str(), constant(&m.value))))
        }
    }
}
