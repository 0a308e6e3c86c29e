//! The parser of selects.
//!
//! Role: tokens → items. Invariant: after a fault, parsing goes on at the next item of the same level.
//! Not here: the tree's types.

use super::{SelectItem, SelectList};
use crate::ir::Aggregate;
use crate::lex::Kind;
use crate::scalar::parenthesised;
use crate::syntax::{Cursor, Fault, Parsed};
use backflow_diag::{Diagnostics, Span, Spanned, Text, codes, nearest};

/// Reads a select and reports every fault.
pub fn parse_select(text: &Text, out: &mut Diagnostics) -> Option<SelectList> {
    let mut cursor = Cursor::new(text, &[]);
    if cursor.at_end() && !cursor.faulty() {
        let fault = Fault::new("the select is empty", text.span(), "nothing is named");
        cursor.fault(fault.help("name columns, or `*` for all of them"));
    }
    let mut items = Vec::new();
    while !cursor.at_end() {
        list(&mut cursor, &mut items);
        if !cursor.at_end() {
            let fault = Fault::new("a `)` closes nothing", cursor.span(), "no `(` before it");
            cursor.fault(fault.help("remove it"));
            cursor.advance();
            // What follows is read as more items; the fault already refuses the text.
            cursor.take(",");
        }
    }
    let select = SelectList {
        items,
        span: text.span(),
    };
    cursor.finish(select, codes::SELECT_SYNTAX, out)
}

/// Items up to the end of this level; stops before its `)`.
fn list(cursor: &mut Cursor<'_>, items: &mut Vec<SelectItem>) {
    loop {
        match item(cursor).and_then(|item| ends(cursor).map(|()| item)) {
            Ok(item) => items.push(item),
            Err(fault) => {
                cursor.fault(fault);
                cursor.skip_item();
            }
        }
        if !cursor.take(",") {
            return;
        }
        if cursor.at_end() || cursor.is(")") {
            let fault = Fault::new(
                "a `,` stands after the last item",
                cursor.last_span(),
                "no item follows",
            );
            cursor.fault(fault.help("remove it"));
            return;
        }
    }
}

fn ends(cursor: &Cursor<'_>) -> Parsed<()> {
    if cursor.at_end() || cursor.is(",") || cursor.is(")") {
        return Ok(());
    }
    Err(cursor.unexpected("`,` or the end of the item"))
}

fn item(cursor: &mut Cursor<'_>) -> Parsed<SelectItem> {
    cursor.count()?;
    let start = cursor.span();
    if cursor.take("*") {
        return Ok(SelectItem::Star(start));
    }
    if cursor.take("...") {
        return spread(cursor, start);
    }
    if cursor.is("(") {
        let expr = parenthesised(cursor)?;
        if !cursor.is_word(0, "as") {
            let fault = Fault::new(
                "a computed column has no name",
                start.to(cursor.last_span()),
                "no name",
            );
            return Err(fault.help("write `(limit - used) as remaining`"));
        }
        cursor.advance();
        let alias = cursor.name()?;
        let span = start.to(alias.span);
        return Ok(SelectItem::Computed { expr, alias, span });
    }
    let first = cursor.name()?;
    if !cursor.take(":") {
        return target(cursor, None, first);
    }
    if cursor.is("(") {
        let expr = parenthesised(cursor)?;
        let span = start.to(cursor.last_span());
        return Ok(SelectItem::Computed {
            expr,
            alias: first,
            span,
        });
    }
    let name = cursor.name()?;
    target(cursor, Some(first), name)
}

fn spread(cursor: &mut Cursor<'_>, start: Span) -> Parsed<SelectItem> {
    let name = cursor.name()?;
    if cursor.is(":") {
        let fault = Fault::new(
            "a spread has no name of its own",
            start.to(name.span),
            "a name before `:`",
        );
        return Err(fault
            .note("its columns are put into the row around it")
            .help("leave out the name and the `:`, or name the columns inside the parentheses"));
    }
    if !cursor.is("!") && !cursor.is("(") {
        return Err(cursor.unexpected("`(` after the relation that is spread"));
    }
    embed(cursor, None, name, Some(start))
}

fn target(
    cursor: &mut Cursor<'_>,
    alias: Option<Spanned<String>>,
    name: Spanned<String>,
) -> Parsed<SelectItem> {
    let start = alias.as_ref().map_or(name.span, |alias| alias.span);
    if cursor.is("(") && cursor.is_ahead(1, ")") && name.value == "count" {
        cursor.advance();
        cursor.advance();
        let span = start.to(cursor.last_span());
        return Ok(SelectItem::Count { alias, span });
    }
    if cursor.is("(") || cursor.is("!") {
        return embed(cursor, alias, name, None);
    }
    let path = cursor.json_path()?;
    let (mut cast, mut input_cast) = (cast(cursor)?, None);
    let aggregate = aggregate(cursor)?;
    if aggregate.is_some() {
        input_cast = std::mem::replace(&mut cast, self::cast(cursor)?);
    }
    let span = start.to(cursor.last_span());
    Ok(SelectItem::Column {
        alias,
        name,
        path,
        cast,
        aggregate,
        input_cast,
        span,
    })
}

/// From the hints on: `!hint!inner(…)`.
fn embed(
    cursor: &mut Cursor<'_>,
    alias: Option<Spanned<String>>,
    name: Spanned<String>,
    dots: Option<Span>,
) -> Parsed<SelectItem> {
    let start = dots.unwrap_or(alias.as_ref().map_or(name.span, |alias| alias.span));
    let (mut hint, mut inner, mut left) = (None, false, false);
    while cursor.take("!") {
        let word = cursor.name()?;
        match word.value.as_str() {
            "inner" if !inner && !left => inner = true,
            "left" if !inner && !left => left = true,
            "inner" | "left" => {
                return Err(Fault::new("the join is named twice", word.span, "a second time"));
            }
            _ if hint.is_some() => {
                let fault = Fault::new("a relation has two hints", word.span, "the second hint");
                return Err(fault.help("at most one hint and one of `inner`, `left` can follow a relation"));
            }
            _ => hint = Some(word),
        }
    }
    let open = cursor.span();
    cursor.expect("(")?;
    let select = cursor.nested(|cursor| embedded(cursor, open))?;
    let span = start.to(cursor.last_span());
    Ok(SelectItem::Embed {
        alias,
        name,
        hint,
        inner,
        left,
        spread: dots.is_some(),
        select,
        span,
    })
}

fn embedded(cursor: &mut Cursor<'_>, open: Span) -> Parsed<SelectList> {
    let mut items = Vec::new();
    if !cursor.is(")") {
        list(cursor, &mut items);
    }
    if !cursor.is(")") {
        let fault = Fault::new("a `(` is never closed", open, "opened here");
        return Err(fault.help("add the `)`"));
    }
    cursor.advance();
    if let [item] = items.as_mut_slice() {
        bare_count(item);
    }
    let span = open.to(cursor.last_span());
    Ok(SelectList { items, span })
}

/// `tasks(count)` counts rows, as PostgREST reads it.
fn bare_count(item: &mut SelectItem) {
    let SelectItem::Column {
        alias,
        name,
        path,
        cast: None,
        aggregate: None,
        span,
        ..
    } = item
    else {
        return;
    };
    if name.value == "count" && path.is_empty() {
        *item = SelectItem::Count {
            alias: alias.take(),
            span: *span,
        };
    }
}

/// `::double precision`, `::numeric(10,2)`, `::text[]`
fn cast(cursor: &mut Cursor<'_>) -> Parsed<Option<Spanned<String>>> {
    if !cursor.take("::") {
        return Ok(None);
    }
    let first = cursor.name()?;
    let mut name = first.value;
    while let Kind::Word(word) = cursor.kind(0) {
        name.push(' ');
        name.push_str(word);
        cursor.advance();
    }
    if cursor.take("(") {
        name.push('(');
        loop {
            let Kind::Number(number) = cursor.kind(0) else {
                return Err(cursor.unexpected("a number"));
            };
            name.push_str(number);
            cursor.advance();
            if !cursor.take(",") {
                break;
            }
            name.push(',');
        }
        cursor.expect(")")?;
        name.push(')');
    }
    while cursor.take("[") {
        cursor.expect("]")?;
        name.push_str("[]");
    }
    Ok(Some(Spanned::new(name, first.span.to(cursor.last_span()))))
}

/// `.sum()`
fn aggregate(cursor: &mut Cursor<'_>) -> Parsed<Option<Aggregate>> {
    if !cursor.take(".") {
        return Ok(None);
    }
    let name = cursor.name()?;
    let function = match name.value.as_str() {
        "count" => Aggregate::Count,
        "sum" => Aggregate::Sum,
        "avg" => Aggregate::Avg,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        other => {
            let message = format!("`{other}` is no aggregate function");
            let help = match nearest(other, ["count", "sum", "avg", "min", "max"]) {
                Some(near) => format!("did you mean `{near}()`?"),
                None => "the functions are `count() sum() avg() min() max()`; columns of a relation go in \
                         parentheses: `projects(name)`"
                    .to_owned(),
            };
            return Err(Fault::new(message, name.span, "not known here").help(help));
        }
    };
    cursor.expect("(")?;
    cursor.expect(")")?;
    Ok(Some(function))
}
