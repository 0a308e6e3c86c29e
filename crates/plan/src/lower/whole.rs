//! `data` that is a template: the members that the rules of the body declare.
//!
//! Role: `"{{body}}"` is a row of all declared members; a list in the body, whose items are declared objects, is a row
//! for each item; so is `{"...": "{{body.lines}}", "order_id": …}`, with further members in every row.
//! Invariant: no column is written that the rules do not name.
//! Not here: lowering the values; see `data` and `each`.

use crate::draft::{self, DraftAssignment, DraftQuery, DraftValue, Each};
use crate::project::Project;
use backflow_config::document::{Field, Operation, Route as RouteDoc, Rules, Workflow};
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Span, Spanned, Text, codes};
use backflow_expr::{Path, Template};

/// What a template may stand for.
pub(crate) struct Source<'a> {
    /// The root that it names.
    root: &'static str,
    /// What the rules declare there.
    fields: Option<&'a [Field]>,
    /// Members that are left out.
    excluded: &'a [Spanned<String>],
}

impl<'a> Source<'a> {
    /// A route's body.
    pub(crate) fn of_route(doc: &'a RouteDoc) -> Self {
        Source {
            root: "body",
            fields: doc.validation.body.as_deref(),
            excluded: &doc.exclude_fields,
        }
    }

    /// The input of a workflow that stands alone.
    pub(crate) fn of_input(doc: &'a Workflow) -> Self {
        Source {
            root: "input",
            fields: doc.input.as_deref(),
            excluded: &[],
        }
    }

    /// Nothing: what an event holds is not declared.
    pub(crate) fn nothing() -> Self {
        Source {
            root: "body",
            fields: None,
            excluded: &[],
        }
    }

    /// The members that are declared.
    pub(crate) fn fields(&self) -> &'a [Field] {
        self.fields.unwrap_or_default()
    }
}

/// Writes out the members of a template.
pub(crate) fn data<'a>(
    project: &Project<'_>,
    source: &Source<'a>,
    mut draft: DraftQuery<'a>,
    out: &mut Diagnostics,
) -> DraftQuery<'a> {
    let Some(whole) = draft.whole_data.take() else {
        return draft;
    };
    let path = whole.value.single_hole().and_then(|hole| hole.as_path());
    let from_body = path
        .zip(source.fields)
        .filter(|(path, _)| path.root.value == source.root);
    let left_out = draft.doc.exclude_fields.iter().chain(source.excluded);
    let left_out: Vec<&str> = left_out.map(|name| name.value.as_str()).collect();
    let kept = |field: &&Field| !left_out.contains(&field.name.value.as_str());
    match from_body {
        Some((path, fields)) if path.keys.is_empty() && draft.rows.is_empty() => {
            let fields = fields.iter().filter(kept);
            let row = assignments(project, (&draft, source.root), fields, whole.span, out);
            draft.rows.push(row);
        }
        Some((path, fields)) if !path.keys.is_empty() => match items(path, fields) {
            Some(_) if draft.doc.operation.value == Operation::Update => out.push(not_one(whole.span)),
            Some(fields) => {
                let own = draft.rows.pop().unwrap_or_default();
                let given = |field: &&Field| !own.iter().any(|value| value.name.value == field.name.value);
                let of_items = fields.iter().filter(kept).filter(given);
                let mut row = assignments(project, (&draft, "item"), of_items, whole.span, out);
                row.extend(own);
                draft.rows.push(row);
                draft.many_rows = true;
                draft.each = Some(Each {
                    list: whole.value,
                    fields,
                });
            }
            None => out.push(no_list(path, whole.span)),
        },
        _ => out.push(nameless(whole.span)),
    }
    draft
}

/// The members of a list's items, if the rules say that they are objects and which members they have.
fn items<'a>(path: &Path, fields: &'a [Field]) -> Option<&'a [Field]> {
    let mut fields = fields;
    let mut rules: Option<&'a Rules> = None;
    for key in &path.keys {
        let name = key.value.as_name()?;
        let field = fields.iter().find(|field| field.name.value == name)?;
        rules = Some(&field.rules);
        fields = field.rules.properties.as_deref().unwrap_or_default();
    }
    rules?.items.as_ref()?.properties.as_deref()
}

/// The declared members that `data` takes over: of the body, or of the items of a list.
pub(crate) fn declared<'a>(doc: &'a RouteDoc, data: &Node) -> &'a [Field] {
    let spread = data.member(draft::SPREAD).unwrap_or(data);
    let (Tree::Text(text), Some(body)) = (&spread.tree, doc.validation.body.as_deref()) else {
        return &[];
    };
    let template = Template::parse(text, &mut Diagnostics::default());
    let path = template
        .as_ref()
        .and_then(|template| template.single_hole()?.as_path());
    match path.filter(|path| path.root.value == "body") {
        Some(path) if path.keys.is_empty() => body,
        Some(path) => items(path, body).unwrap_or_default(),
        None => &[],
    }
}

/// A value for each declared member, which must be a column.
fn assignments<'f, 'a>(
    project: &Project<'_>,
    (draft, root): (&DraftQuery<'a>, &str),
    fields: impl Iterator<Item = &'f Field>,
    span: Span,
    out: &mut Diagnostics,
) -> Vec<DraftAssignment<'a>> {
    let row = fields.filter_map(|field| {
        let column = draft::column(&project.catalog, draft.table, &field.name, out)?;
        let text = Text::plain(format!("{{{{{root}['{}']}}}}", field.name.value), span);
        let value = Template::parse(&text, out)?;
        let value = DraftValue::Template(value);
        Some(DraftAssignment {
            name: field.name.clone(),
            column,
            value,
        })
    });
    row.collect()
}

fn not_one(span: Span) -> Diagnostic {
    Diagnostic::new(codes::WRONG_TYPE, "an update takes one object, not a list")
        .at(span, "may have many items")
        .help("use an upsert, which finds each row by its key")
}

fn nameless(span: Span) -> Diagnostic {
    Diagnostic::new(codes::WRONG_TYPE, "`data` must name its columns")
        .at(span, "may hold anything")
        .note("a body that goes into a table as it comes could set columns that nobody meant to open")
        .help(
            "write an object, or `{{body}}` or a list in it, on a route whose `validation.body` declares the members",
        )
}

fn no_list(path: &Path, span: Span) -> Diagnostic {
    let fault = Diagnostic::new(
        codes::WRONG_TYPE,
        format!("`{path}` is no list of declared objects"),
    )
    .at(span, "gives no rows")
    .note("a row for each item needs a rule of type array, whose `items` are objects with `properties`");
    match path.keys.last().and_then(|key| key.value.as_name()) {
        Some(name) => fault.help(format!(
            "declare it: `\"{name}\": {{\"type\": \"array\", \"items\": {{\"type\": \"object\", \"properties\": {{…}}}}}}`"
        )),
        None => fault,
    }
}

/// Whether a value is made of an item of a list.
pub(crate) fn is_of_item(value: &DraftValue<'_>) -> bool {
    match value {
        DraftValue::Template(template) => reads_item(template),
        DraftValue::Fixed(node) => node_reads_item(node),
    }
}

fn reads_item(template: &Template) -> bool {
    let is_item = |path: &&Path| path.root.value == "item";
    template.holes().any(|hole| hole.paths().iter().any(is_item))
}

fn node_reads_item(node: &Node) -> bool {
    match &node.tree {
        Tree::Text(text) => {
            Template::parse(text, &mut Diagnostics::default()).is_some_and(|t| reads_item(&t))
        }
        Tree::List(items) => items.iter().any(node_reads_item),
        Tree::Object(members) => members.iter().any(|member| node_reads_item(&member.value)),
        _ => false,
    }
}
