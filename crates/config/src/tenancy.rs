//! Reader of `tenancy`, and of relations and secret columns, which name tables and columns alike.
//!
//! Input: the settings' objects. Output: their typed forms.
//! Invariant: names are kept as written, each with its place.
//! Not here: whether the tables exist, and what is inferred where nothing is said.

use crate::document::{Members, Relationship, Tenancy, TenancyKeys};
use crate::object::Object;
use crate::tree::{Node, Tree};
use crate::value;
use backflow_diag::{Diagnostic, Diagnostics, Spanned, codes};

type Named<T> = Vec<(Spanned<String>, T)>;

/// Reads `tenancy`: `false` or an object.
pub(crate) fn tenancy(node: &Node, out: &mut Diagnostics) -> Option<Tenancy> {
    match &node.tree {
        Tree::Bool(false) => return Some(Tenancy::Off(node.span)),
        Tree::Object(_) => {}
        _ => {
            value::wrong_type(node, "tenancy", "false or an object", out);
            return None;
        }
    }
    let mut object = Object::open(node, "tenancy", "`tenancy`", out)?;
    let keys = TenancyKeys {
        span: object.span(),
        table: object.word("table"),
        members: members(&mut object),
        claim: object.word("claim"),
        params: object
            .node("params")
            .map(|node| value::one_or_more_words(node, "params", object.out))
            .unwrap_or_default(),
        capabilities: columns_by_table(&mut object, "capabilities"),
        tables: tables(&mut object),
    };
    object.finish();
    Some(Tenancy::Declared(Box::new(keys)))
}

fn members(object: &mut Object<'_, '_>) -> Option<Members> {
    let node = object.node("members")?;
    let mut inner = Object::open(node, "members", "`tenancy.members`", object.out)?;
    let table = inner.required_word("table");
    let (tenant, user, role) = (inner.word("tenant"), inner.word("user"), inner.word("role"));
    inner.finish();
    Some(Members {
        table: table?,
        tenant,
        user,
        role,
    })
}

/// `{"table": "column"}` or `{"table": ["column", …]}`
pub(crate) fn columns_by_table(
    object: &mut Object<'_, '_>,
    key: &'static str,
) -> Named<Vec<Spanned<String>>> {
    by_table(object, key, |node, key, out| {
        Some(value::one_or_more_words(node, key, out))
    })
}

/// `tenancy.tables`: `{"table": "column"}` or `{"table": false}`
fn tables(object: &mut Object<'_, '_>) -> Named<Option<Spanned<String>>> {
    by_table(object, "tables", |node, key, out| match &node.tree {
        Tree::Bool(false) => Some(None),
        Tree::Text(_) => value::word(node, key, out).map(Some),
        _ => {
            value::wrong_type(
                node,
                key,
                "text (the tenant column) or false (a global table)",
                out,
            );
            None
        }
    })
}

fn by_table<T>(
    object: &mut Object<'_, '_>,
    key: &'static str,
    read: fn(&Node, &str, &mut Diagnostics) -> Option<T>,
) -> Named<T> {
    let Some(node) = object.node(key) else {
        return Vec::new();
    };
    let Tree::Object(members) = &node.tree else {
        value::wrong_type(node, key, "an object of table names", object.out);
        return Vec::new();
    };
    let read = members.iter().filter_map(|member| {
        let value = read(&member.value, &member.key.value, object.out)?;
        Some((member.key.clone(), value))
    });
    read.collect()
}

/// Reads a member of `relationships`.
pub(crate) fn relationship(node: &Node, out: &mut Diagnostics) -> Option<Relationship> {
    let mut object = Object::open(node, "relationships", "a relationship", out)?;
    let table = object.required_word("table");
    let column = object.required_word("column");
    let references = object.required_text("references");
    let target = references.and_then(|text| {
        let target = text.as_str().split_once('.').and_then(|(table, column)| {
            let is_name = |name: &str| !name.is_empty() && !name.contains('.');
            let dot = table.len();
            (is_name(table) && is_name(column)).then(|| {
                let table_span = text.map.span(0..dot);
                let column_span = text.map.span(dot + 1..dot + 1 + column.len());
                (
                    Spanned::new(table.to_owned(), table_span),
                    Spanned::new(column.to_owned(), column_span),
                )
            })
        });
        if target.is_none() {
            let fault = Diagnostic::new(codes::OUT_OF_RANGE, "`references` is not a table and its column")
                .at(text.span(), "expected `table.column`")
                .note("the column it refers to must be named, since a table may have several keys")
                .help("write for example `\"users.id\"`");
            object.out.push(fault);
        }
        target
    });
    let span = object.span();
    object.finish();
    let (to_table, to_column) = target?;
    Some(Relationship {
        span,
        table: table?,
        column: column?,
        to_table,
        to_column,
    })
}
