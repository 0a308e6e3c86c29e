//! Reader of database queries: members of `supabaseQueries`, and `params` of a step of type `database`.
//!
//! Input: an object. Output: [`Query`].
//! Invariant: both spellings of a conflict target arrive as one list of columns.
//! Not here: which operators and keys fit which operation, and whether tables exist.

use crate::document::{Filter, FilterTest, OfEmbed, Operation, Query};
use crate::object::Object;
use crate::tree::{Node, Tree};
use crate::value;
use backflow_diag::{Diagnostic, Diagnostics, Spanned, Text, codes};

const OPERATIONS: [(&str, Operation); 5] = [
    ("select", Operation::Select),
    ("insert", Operation::Insert),
    ("update", Operation::Update),
    ("upsert", Operation::Upsert),
    ("delete", Operation::Delete),
];

/// Where a query's operation is said.
pub(crate) enum OperationAt {
    /// In the query itself.
    Inside,
    /// Next to it, as the action of a webhook does; `None` if it is missing there, which was reported.
    Beside(Option<Spanned<String>>),
}

/// Reads a query.
pub(crate) fn query(node: &Node, key: &str, operation: OperationAt, out: &mut Diagnostics) -> Option<Query> {
    let mut object = Object::open(node, key, "a query", out)?;
    let table = object.required_word("table");
    let operation = match operation {
        OperationAt::Beside(word) => word,
        OperationAt::Inside => object.required_word("operation"),
    };
    let operation = operation.and_then(|word| {
        let found = value::one_of(&word, "operation", &OPERATIONS, object.out)?;
        Some(Spanned::new(found, word.span))
    });
    let (on_conflict, ignore_duplicates) = conflict(&mut object);
    let count = object.word("count");
    let select = object.text("select");
    let data = data(&mut object);
    let filters = object.each("filters", "a list of filters", filter);
    let order = object.kept("order", ORDER, is_order);
    let (limit, offset) = (amount(&mut object, "limit"), amount(&mut object, "offset"));
    let of_embeds = of_embeds(&mut object);
    let single = object.flag("single", false);
    let alias = object.word("alias");
    let condition = object.text("condition");
    let count = value::keyword(count, "count", &["exact", "planned", "estimated"], object.out);
    let all_rows = object.switch("allRows").filter(|rows| rows.value);
    let require = object.text("require");
    let exclude_fields = object.words("excludeFields");
    let cross_tenant = cross_tenant(&mut object);
    let span = object.span();
    object.finish();
    Some(Query {
        span,
        table: table?,
        operation: operation?,
        select,
        data,
        filters: filters.unwrap_or_default(),
        order,
        limit,
        offset,
        of_embeds,
        single,
        alias,
        condition,
        on_conflict,
        ignore_duplicates,
        count,
        all_rows,
        require,
        exclude_fields,
        cross_tenant,
    })
}

/// `data`: an object, a list of objects, or a template.
fn data(object: &mut Object<'_, '_>) -> Option<Node> {
    let node = object.node("data")?;
    let is_row = |tree: &Tree| matches!(tree, Tree::Object(_) | Tree::Text(_));
    let wrong = match &node.tree {
        Tree::List(rows) => rows.iter().find(|row| !is_row(&row.tree)),
        tree if is_row(tree) => None,
        _ => Some(node),
    };
    if let Some(wrong) = wrong {
        value::wrong_type(
            wrong,
            "data",
            "an object, a list of objects or a template",
            object.out,
        );
        return None;
    }
    Some(node.clone())
}

const ORDER: &str = "text, an object or a list";

fn is_order(tree: &Tree) -> bool {
    matches!(tree, Tree::Text(_) | Tree::Object(_) | Tree::List(_))
}

/// `limit` and `offset`: a whole number or a template.
fn amount(object: &mut Object<'_, '_>, key: &'static str) -> Option<Node> {
    let node = object.node(key)?;
    is_amount(node, key, object.out).then(|| node.clone())
}

fn is_amount(node: &Node, key: &str, out: &mut Diagnostics) -> bool {
    match &node.tree {
        Tree::Number(_) => value::integer(node, key, 0..=u32::MAX, out).is_some(),
        Tree::Text(_) => true,
        _ => {
            value::wrong_type(node, key, "a whole number or a template", out);
            false
        }
    }
}

/// `tasks.order`, `tasks.limit`, `tasks.offset`.
fn of_embeds(object: &mut Object<'_, '_>) -> Vec<OfEmbed> {
    let mut found = Vec::new();
    for member in object.ending([".order", ".limit", ".offset"]) {
        let (key, value) = (&member.key, &member.value);
        let fits = if key.value.ends_with(".order") {
            let fits = is_order(&value.tree);
            if !fits {
                value::wrong_type(value, &key.value, ORDER, object.out);
            }
            fits
        } else {
            is_amount(value, &key.value, object.out)
        };
        if fits {
            let key = Text::plain(key.value.clone(), key.span);
            found.push(OfEmbed {
                key,
                value: value.clone(),
            });
        }
    }
    found
}

type Conflict = (Option<Spanned<Vec<Spanned<String>>>>, Option<Spanned<bool>>);

/// `onConflict` and `ignoreDuplicates`, on the query or in `upsertOptions`.
fn conflict(object: &mut Object<'_, '_>) -> Conflict {
    let options = object.node("upsertOptions");
    let columns = object.node("onConflict");
    let ignore = object.switch("ignoreDuplicates");
    for key in ["onConflict", "ignoreDuplicates"] {
        if options.is_some_and(|options| options.member(key).is_some()) {
            object.not_both(key, "upsertOptions");
        }
    }
    let columns = columns.and_then(|node| conflict_columns(node, object.out));
    let Some(options) = options else {
        return (columns, ignore);
    };
    let Some(mut options) = Object::open(options, "upsertOptions", "`upsertOptions`", object.out) else {
        return (columns, ignore);
    };
    let inner_columns = options.node("onConflict");
    let inner_columns = inner_columns.and_then(|node| conflict_columns(node, options.out));
    let inner_ignore = options.switch("ignoreDuplicates");
    options.finish();
    (columns.or(inner_columns), ignore.or(inner_ignore))
}

/// A list of columns, or the same as one text with commas.
fn conflict_columns(node: &Node, out: &mut Diagnostics) -> Option<Spanned<Vec<Spanned<String>>>> {
    let columns = match &node.tree {
        Tree::Text(text) => {
            let mut start = 0;
            let mut columns = Vec::new();
            for part in text.as_str().split(',') {
                let name = part.trim();
                let at = start + (part.len() - part.trim_start().len());
                start += part.len() + 1;
                if !name.is_empty() {
                    columns.push(Spanned::new(name.to_owned(), text.map.span(at..at + name.len())));
                }
            }
            columns
        }
        _ => value::words(node, "onConflict", out),
    };
    let is_empty_list = matches!(&node.tree, Tree::List(items) if items.is_empty());
    if columns.is_empty() && (is_empty_list || matches!(node.tree, Tree::Text(_))) {
        let fault = Diagnostic::new(codes::OUT_OF_RANGE, "`onConflict` names no column")
            .at(node.place(), "empty")
            .note("an upsert decides by these columns whether a row exists already")
            .help("name the columns of a unique key, or leave `onConflict` out to use the primary key");
        out.push(fault);
    }
    (!columns.is_empty()).then(|| Spanned::new(columns, node.span))
}

/// Reads a member of `filters`.
fn filter(node: &Node, out: &mut Diagnostics) -> Option<Filter> {
    for key in ["or", "and"] {
        if node.member(key).is_some() {
            return group(node, key, out);
        }
    }
    let mut object = Object::open(node, "filters", "a filter", out)?;
    let column = object.required_text("column");
    let operator = object.required_word("operator");
    let value = object.required("value");
    let (not, optional) = (object.flag("not", false), object.flag("optional", false));
    let span = object.span();
    object.finish();
    Some(Filter::Test(FilterTest {
        span,
        column: column?,
        operator: operator?,
        value: value?.clone(),
        not,
        optional,
    }))
}

fn group(node: &Node, key: &'static str, out: &mut Diagnostics) -> Option<Filter> {
    let mut object = Object::open(node, "filters", "a group of filters", out)?;
    let members = object.each(key, "a list of filters", filter);
    let not = object.flag("not", false);
    if object
        .node(key)
        .is_some_and(|list| matches!(&list.tree, Tree::List(items) if items.is_empty()))
    {
        let fault = Diagnostic::new(codes::OUT_OF_RANGE, format!("`{key}` holds no filter"))
            .at(node.place(), "an empty group")
            .note("it could be read as everything or as nothing")
            .help("list at least one filter, or remove the group");
        object.out.push(fault);
    }
    let span = object.span();
    object.finish();
    let group = match key {
        "or" => Filter::Or(members?, span),
        _ => Filter::And(members?, span),
    };
    Some(if not {
        Filter::Not(Box::new(group), span)
    } else {
        group
    })
}

/// `crossTenant.reason`, which must say something.
pub(crate) fn cross_tenant(object: &mut Object<'_, '_>) -> Option<Spanned<String>> {
    let node = object.node("crossTenant")?;
    let mut inner = Object::open(node, "crossTenant", "`crossTenant`", object.out)?;
    let reason = inner.required_text("reason");
    inner.finish();
    let reason = reason?;
    if reason.as_str().trim().is_empty() {
        let fault = Diagnostic::new(codes::OUT_OF_RANGE, "`crossTenant` gives no reason")
            .at(node.place(), "the reason is empty")
            .note("whoever reviews this config sees the reason in the list of all crossings")
            .help("say in a few words why the data of all tenants may be touched here");
        object.out.push(fault);
        return None;
    }
    Some(Spanned::new(reason.value.to_string(), reason.span()))
}
