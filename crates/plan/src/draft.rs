//! Queries with their texts parsed and their names looked up, before anything is decided.
//!
//! Role: reads templates, selects and filters of a [`Query`] once, for the proof and for lowering.
//! Invariant: a draft exists only if its table does; columns that do not exist were reported.
//! Not here: types of expressions, tenancy, SQL.

mod filter;

pub(crate) use filter::{DraftFilter, DraftTest};

use backflow_catalog::{Catalog, ColumnId, TableId};
use backflow_config::document::{Field, Query};
use backflow_config::tree::{Member, Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Span, Spanned, Text, codes, nearest};
use backflow_expr::{Expr, Key, Template, parse_condition};
use backflow_sql::{SelectList, parse_select};
use filter::read_filter;

/// The member of `data` whose list gives a row for each item, which all have the other members beside their own.
pub(crate) const SPREAD: &str = "...";

/// A query with its texts parsed.
pub(crate) struct DraftQuery<'a> {
    pub(crate) doc: &'a Query,
    pub(crate) table: TableId,
    pub(crate) select: Option<SelectList>,
    pub(crate) condition: Option<Expr>,
    /// `require`
    pub(crate) require: Option<Template>,
    /// One list of values for each row of `data`.
    pub(crate) rows: Vec<Vec<DraftAssignment<'a>>>,
    /// `data` is one template: all of the declared body, or a row for each item of a list.
    pub(crate) whole_data: Option<Spanned<Template>>,
    /// `rows` is one pattern for the items of this list, each of which has these members.
    pub(crate) each: Option<Each<'a>>,
    /// `data` is a list, so the answer is one too.
    pub(crate) many_rows: bool,
    pub(crate) filters: Vec<DraftFilter<'a>>,
}

/// A list of the request whose items become rows.
#[derive(Clone)]
pub(crate) struct Each<'a> {
    pub(crate) list: Template,
    pub(crate) fields: &'a [Field],
}

/// A member of `data`.
pub(crate) struct DraftAssignment<'a> {
    pub(crate) name: Spanned<String>,
    pub(crate) column: ColumnId,
    pub(crate) value: DraftValue<'a>,
}

/// A value as written.
pub(crate) enum DraftValue<'a> {
    /// A string; it may hold expressions.
    Template(Template),
    /// Anything else.
    Fixed(&'a Node),
}

impl DraftValue<'_> {
    /// The path, if the value is exactly one path.
    pub(crate) fn as_path(&self) -> Option<String> {
        match self {
            DraftValue::Template(template) => template.single_hole()?.as_path().map(ToString::to_string),
            DraftValue::Fixed(_) => None,
        }
    }

    fn reads_tenant(&self) -> bool {
        match self {
            DraftValue::Template(template) => template_reads_tenant(template),
            DraftValue::Fixed(node) => node_reads_tenant(node),
        }
    }

    /// `(alias, column)`, if the value is exactly `results.<alias>.<column>` or `steps.<id>.result.<column>`.
    pub(crate) fn as_result(&self) -> Option<(String, String)> {
        let DraftValue::Template(template) = self else {
            return None;
        };
        let path = template.single_hole()?.as_path()?;
        let names: Vec<&str> = path.keys.iter().filter_map(|key| key.value.as_name()).collect();
        match (path.root.value.as_str(), names.as_slice(), path.keys.len()) {
            ("results", [alias, column], 2) => Some(((*alias).to_owned(), (*column).to_owned())),
            ("steps", [id, "result", column], 3) => Some(((*id).to_owned(), (*column).to_owned())),
            _ => None,
        }
    }
}

fn expr_reads_tenant(expr: &Expr) -> bool {
    expr.paths()
        .iter()
        .any(|path| matches!(path.root.value.as_str(), "tenant" | "context"))
}

fn template_reads_tenant(template: &Template) -> bool {
    template.holes().any(expr_reads_tenant)
}

/// Whether some text of a value reads the tenant or its row.
pub(crate) fn node_reads_tenant(node: &Node) -> bool {
    match &node.tree {
        Tree::Text(text) => {
            Template::parse(text, &mut Diagnostics::default()).is_some_and(|t| template_reads_tenant(&t))
        }
        Tree::List(items) => items.iter().any(node_reads_tenant),
        Tree::Object(members) => members.iter().any(|member| node_reads_tenant(&member.value)),
        _ => false,
    }
}

/// The paths that the texts of a value read.
pub(crate) fn node_paths(node: &Node) -> Vec<String> {
    match &node.tree {
        Tree::Text(text) => text_paths(text),
        Tree::List(items) => items.iter().flat_map(node_paths).collect(),
        Tree::Object(members) => members.iter().flat_map(|m| node_paths(&m.value)).collect(),
        _ => Vec::new(),
    }
}

/// The paths that a text reads.
pub(crate) fn text_paths(text: &Text) -> Vec<String> {
    let template = Template::parse(text, &mut Diagnostics::default());
    let holes = template.iter().flat_map(Template::holes);
    holes.flat_map(Expr::paths).map(ToString::to_string).collect()
}

/// Whether some text of a value reads what the caller sent.
pub(crate) fn node_reads_caller(node: &Node) -> bool {
    let Tree::Text(text) = &node.tree else {
        return false;
    };
    let caller = |expr: &Expr| {
        let root = |path: &&backflow_expr::Path| {
            matches!(
                path.root.value.as_str(),
                "body" | "query" | "params" | "headers" | "input"
            )
        };
        expr.paths().iter().any(root)
    };
    Template::parse(text, &mut Diagnostics::default()).is_some_and(|template| template.holes().any(caller))
}

impl<'a> DraftQuery<'a> {
    pub(crate) fn read(catalog: &Catalog, doc: &'a Query, out: &mut Diagnostics) -> Option<Self> {
        let table = table(catalog, &doc.table, out)?;
        let select = doc.select.as_ref().and_then(|text| parse_select(text, out));
        let condition = doc.condition.as_ref().and_then(|text| parse_condition(text, out));
        let require = doc.require.as_ref().and_then(|text| Template::parse(text, out));
        let filters = doc
            .filters
            .iter()
            .filter_map(|filter| read_filter((catalog, table, select.as_ref()), filter, out))
            .collect();
        let mut draft = DraftQuery {
            doc,
            table,
            select,
            condition,
            require,
            rows: Vec::new(),
            whole_data: None,
            each: None,
            many_rows: false,
            filters,
        };
        if let Some(data) = &doc.data {
            draft.read_data(catalog, data, out);
        }
        Some(draft)
    }

    fn read_data(&mut self, catalog: &Catalog, data: &'a Node, out: &mut Diagnostics) {
        match &data.tree {
            Tree::Object(members) => {
                let row = self.read_row(catalog, data, out);
                self.rows.push(row);
                let spread = members.iter().find(|member| member.key.value == SPREAD);
                if let Some(Tree::Text(text)) = spread.map(|member| &member.value.tree) {
                    self.whole_data =
                        Template::parse(text, out).map(|template| Spanned::new(template, text.span()));
                }
            }
            Tree::List(items) => {
                self.many_rows = true;
                for item in items {
                    let row = self.read_row(catalog, item, out);
                    self.rows.push(row);
                }
            }
            Tree::Text(text) => {
                self.whole_data =
                    Template::parse(text, out).map(|template| Spanned::new(template, data.span));
            }
            _ => out.push(wrong_data(data.span)),
        }
    }

    fn read_row(&self, catalog: &Catalog, row: &'a Node, out: &mut Diagnostics) -> Vec<DraftAssignment<'a>> {
        let Tree::Object(members) = &row.tree else {
            out.push(wrong_data(row.span));
            return Vec::new();
        };
        let excluded = |name: &str| self.doc.exclude_fields.iter().any(|field| field.value == name);
        let mut values = Vec::new();
        let spread =
            |member: &Member| member.key.value == SPREAD && matches!(member.value.tree, Tree::Text(_));
        for member in members.iter().filter(|m| !excluded(&m.key) && !spread(m)) {
            let column = column(catalog, self.table, &member.key, out);
            let value = read_value(&member.value, out);
            if let (Some(column), Some(value)) = (column, value) {
                values.push(DraftAssignment {
                    name: member.key.clone(),
                    column,
                    value,
                });
            }
        }
        values
    }

    /// Without the values for columns that the query or its route leaves out.
    pub(crate) fn without(mut self, also: &[Spanned<String>]) -> Self {
        let excluded = self.doc.exclude_fields.iter().chain(also);
        let names: Vec<&str> = excluded.map(|name| name.value.as_str()).collect();
        for row in &mut self.rows {
            row.retain(|value| !names.contains(&value.name.value.as_str()));
        }
        self
    }

    /// The tests that every row must pass: top level and inside `and`, not negated, not optional.
    pub(crate) fn certain_tests(&self) -> Vec<&DraftTest<'a>> {
        let mut found = Vec::new();
        let mut open: Vec<&DraftFilter<'a>> = self.filters.iter().collect();
        while let Some(filter) = open.pop() {
            match filter {
                DraftFilter::Test(test) if !test.doc.optional && !test.operator.negated && !test.doc.not => {
                    found.push(test);
                }
                DraftFilter::And(inner) => open.extend(inner),
                _ => {}
            }
        }
        found
    }

    /// The value that a column is certainly compared with by `eq`.
    pub(crate) fn pinned_to(&self, column: ColumnId) -> Option<&DraftTest<'a>> {
        self.certain_tests().into_iter().find(|test| {
            test.column == Some(column)
                && test.path.json.is_empty()
                && test.operator.op == backflow_sql::FilterOp::Eq
        })
    }

    /// The value that `data` gives a column, if there is one row.
    pub(crate) fn assigned(&self, column: ColumnId) -> Option<&DraftAssignment<'a>> {
        match self.rows.as_slice() {
            [row] => row.iter().find(|value| value.column == column),
            _ => None,
        }
    }

    /// Whether some expression reads the tenant or its row.
    pub(crate) fn reads_tenant(&self) -> bool {
        let condition = self.condition.as_ref().is_some_and(expr_reads_tenant);
        let data = self.rows.iter().flatten().any(|value| value.value.reads_tenant());
        let mut open: Vec<&DraftFilter<'_>> = self.filters.iter().collect();
        let mut filters = false;
        while let Some(filter) = open.pop() {
            match filter {
                DraftFilter::Test(test) => filters |= test.value.reads_tenant(),
                DraftFilter::Or(inner) | DraftFilter::And(inner) => open.extend(inner),
                DraftFilter::Not(inner) => open.push(inner),
            }
        }
        let require = self.require.as_ref().is_some_and(template_reads_tenant);
        condition || require || data || filters
    }

    /// Whether `data` is a text.
    pub(crate) fn has_template(&self) -> bool {
        matches!(self.doc.data.as_ref().map(|data| &data.tree), Some(Tree::Text(_)))
    }

    /// Where the query stands, for faults about the whole of it.
    pub(crate) fn place(&self) -> Span {
        self.doc.table.span
    }
}

fn wrong_data(span: Span) -> Diagnostic {
    Diagnostic::new(
        codes::WRONG_TYPE,
        "`data` must be an object, or a list of objects",
    )
    .at(span, "not an object")
    .help("write `{\"column\": value}`")
}

/// A value of the document: strings may hold expressions.
pub(crate) fn read_value<'a>(node: &'a Node, out: &mut Diagnostics) -> Option<DraftValue<'a>> {
    match &node.tree {
        Tree::Text(text) => Template::parse(text, out).map(DraftValue::Template),
        _ => Some(DraftValue::Fixed(node)),
    }
}

/// The table of a name, or the fault.
pub(crate) fn table(catalog: &Catalog, name: &Spanned<String>, out: &mut Diagnostics) -> Option<TableId> {
    let found = catalog.find(name);
    if found.is_none() {
        let near = nearest(name, catalog.tables.iter().map(|table| table.name.as_str()));
        out.push(
            Diagnostic::new(codes::UNKNOWN_TABLE, format!("unknown table `{}`", name.value))
                .at(name.span, "no migration makes it")
                .did_you_mean(near),
        );
    }
    found
}

/// The column of a name, or the fault.
pub(crate) fn column(
    catalog: &Catalog,
    table: TableId,
    name: &Spanned<String>,
    out: &mut Diagnostics,
) -> Option<ColumnId> {
    let row = catalog.table(table);
    let found = row.column(name);
    if found.is_none() {
        let near = nearest(name, row.columns.iter().map(|column| column.name.as_str()));
        let message = format!("table `{}` has no column `{}`", row.name, name.value);
        out.push(
            Diagnostic::new(codes::UNKNOWN_COLUMN, message)
                .at(name.span, "unknown column")
                .did_you_mean(near),
        );
    }
    found
}

/// Whether an expression holds only if the result of this alias is there: it is that path, or a
/// conjunction with it.
pub(crate) fn implies_result(condition: &Expr, alias: &str) -> bool {
    use backflow_expr::ast::{BinaryOp, Node};
    match &condition.node {
        Node::Path(path) => {
            matches!(path.root.value.as_str(), "results" | "steps")
                && path.keys.first().and_then(|k| k.value.as_name()) == Some(alias)
        }
        Node::Binary(BinaryOp::And, left, right) => {
            implies_result(left, alias) || implies_result(right, alias)
        }
        _ => false,
    }
}

/// A path as keys, for sources.
pub(crate) fn keys(path: &backflow_expr::Path, from: usize) -> Vec<Key> {
    path.keys.iter().skip(from).map(|key| key.value.clone()).collect()
}
