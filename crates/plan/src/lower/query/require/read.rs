//! The text of `require`, with its names and expressions looked up.
//!
//! Invariant: both sides are numbers; every column has a value that is known before the row is written.
//! Not here: which row the columns are of.

use crate::draft::{self, DraftQuery};
use crate::lower::scalar::{hole, not_a_number};
use crate::lower::value::{Cx, Target, Usage, holes};
use crate::model::Source;
use backflow_catalog::{ColumnId, ColumnType, DefaultValue};
use backflow_config::document::Operation;
use backflow_diag::{Diagnostic, Span, Spanned, Text, codes};
use backflow_expr::{Kind, Program, Template, Value};
use backflow_sql::ir::{Comparison, Scalar};
use backflow_sql::{ScalarAst, parse_scalar};

/// A limit before it is known of which row it speaks.
pub(super) struct Required {
    pub(super) text: Text,
    /// What must not pass the limit.
    pub(super) counter: ScalarAst,
    pub(super) limit: ScalarAst,
    /// How the counter must be to the limit.
    pub(super) op: Comparison,
    /// The expressions, by their place in the text.
    pub(super) values: Vec<(Scalar, ColumnType)>,
}

/// Reads the limit of a write; `None`: there is none, or its fault was told.
pub(super) fn required(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>) -> Option<Required> {
    let template = draft.require.as_ref()?;
    let text = &template.text;
    one_row(cx, draft, text)?;
    let ast = parse_scalar(text, &holes(template), cx.out)?;
    let (op, left, right) = match ast {
        ScalarAst::Compare { op, left, right } if is_order(op.value) => (op.value, *left, *right),
        other => {
            cx.out.push(no_limit(other.span()));
            return None;
        }
    };
    let (mut of_left, mut of_right) = (Vec::new(), Vec::new());
    let names = [names(cx, &left, &mut of_left), names(cx, &right, &mut of_right)];
    let known = of_left
        .iter()
        .chain(&of_right)
        .map(|name| column(cx, draft, name));
    let known: Vec<Option<ColumnId>> = known.collect();
    let values: Vec<_> = (0..template.holes().count())
        .map(|at| value(cx, template, at))
        .collect();
    if names.contains(&None) || known.contains(&None) {
        return None;
    }
    let changes = |names: &[Spanned<String>]| {
        let mut written = draft.rows.iter().flatten();
        written.any(|value| names.iter().any(|name| name.value == value.name.value))
    };
    // What the write changes is what is counted.
    let turned = changes(&of_right) && !changes(&of_left);
    let (counter, limit, op) = match turned {
        true => (right, left, mirrored(op)),
        false => (left, right, op),
    };
    cx.facts.push(format!(
        "require: `{}` is held by the statement itself",
        text.as_str()
    ));
    Some(Required {
        text: text.clone(),
        counter,
        limit,
        op,
        values: values.into_iter().collect::<Option<_>>()?,
    })
}

/// Whether the write is of one row that it either writes or not.
fn one_row(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>, text: &Text) -> Option<()> {
    if draft.many_rows || draft.rows.len() > 1 {
        cx.out.push(
            Diagnostic::new(codes::BAD_REQUIRE, "a limit is held for one row")
                .at(text.span(), "would hold for each row by itself")
                .at(draft.place(), "writes a list of rows")
                .help("let `data` be one object"),
        );
        return None;
    }
    let ignore = draft.doc.ignore_duplicates.as_ref().filter(|ignore| ignore.value);
    if let Some(ignore) = ignore {
        cx.out.push(
            Diagnostic::new(codes::BAD_REQUIRE, "a row that is ignored holds to no limit")
                .at(text.span(), "nobody could tell a refusal from a duplicate")
                .at(ignore.span, "leaves rows that exist alone")
                .help("take one of the two away"),
        );
        return None;
    }
    Some(())
}

fn is_order(op: Comparison) -> bool {
    matches!(
        op,
        Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge
    )
}

fn mirrored(op: Comparison) -> Comparison {
    match op {
        Comparison::Lt => Comparison::Gt,
        Comparison::Le => Comparison::Ge,
        Comparison::Gt => Comparison::Lt,
        Comparison::Ge => Comparison::Le,
        other => other,
    }
}

fn no_limit(span: Span) -> Diagnostic {
    Diagnostic::new(codes::BAD_REQUIRE, "`require` compares a counter with its limit")
        .at(span, "no such comparison")
        .help("write it with `<=`, `<`, `>=` or `>`, as in `used <= limit`")
}

/// The columns that a side names; `None`: something in it is no number.
fn names(cx: &mut Cx<'_, '_>, ast: &ScalarAst, into: &mut Vec<Spanned<String>>) -> Option<()> {
    match ast {
        ScalarAst::Column(name) => into.push(name.clone()),
        ScalarAst::Number(_) | ScalarAst::Hole(_) => {}
        ScalarAst::Neg { value, .. } => names(cx, value, into)?,
        ScalarAst::Binary { left, right, .. } => {
            names(cx, left, into)?;
            names(cx, right, into)?;
        }
        ScalarAst::Coalesce { args, .. } => args.iter().try_for_each(|arg| names(cx, arg, into))?,
        other => {
            cx.out.push(not_a_number("this", other.span()));
            return None;
        }
    }
    Some(())
}

/// A column whose new value is known beforehand.
fn column(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>, name: &Spanned<String>) -> Option<ColumnId> {
    let column = draft::column(&cx.project.catalog, cx.table, name, cx.out)?;
    let declared = cx.project.column(cx.table, column);
    if !declared.ty.is_number() {
        cx.out.push(not_a_number(&declared.name, name.span));
        return None;
    }
    let computed = matches!(
        declared.default,
        Some(
            DefaultValue::Sequence
                | DefaultValue::Expression(_)
                | DefaultValue::Now
                | DefaultValue::RandomUuid
        )
    );
    let inserts = matches!(draft.doc.operation.value, Operation::Insert | Operation::Upsert);
    let given = draft.rows.iter().flatten().any(|value| value.column == column);
    let why = match (declared.generated, computed && inserts && !given) {
        (true, _) => "write out what it is computed from",
        (_, true) => "give it a value in `data`",
        _ => return Some(column),
    };
    cx.out.push(
        Diagnostic::new(
            codes::BAD_REQUIRE,
            format!("`{}` is not known before the row is written", declared.name),
        )
        .at(name.span, "computed by the database")
        .help(why),
    );
    None
}

/// An expression of the text, as a number.
fn value(cx: &mut Cx<'_, '_>, template: &Template, at: usize) -> Option<(Scalar, ColumnType)> {
    let expr = hole(template, at)?.clone();
    let program = cx.frame.expr(&expr, cx.out)?;
    if program.ty().secret {
        cx.out.push(
            Diagnostic::new(codes::SECRET_LEAK, "a secret would leave the server")
                .at(expr.span, "a refusal tells both sides of the comparison")
                .help("if it is no secret: list the variable under `publicEnv`"),
        );
    }
    let ty = number_type(cx, &program);
    let target = Target {
        ty: &ty,
        label: "require".to_owned(),
        usage: Usage::Filter { optional: false },
    };
    let lowered = match program.as_constant().cloned() {
        Some(constant) => cx.literal(&constant, expr.span, &target, false)?,
        None => cx.programmed(program, expr.span, &target)?,
    };
    Some((lowered.scalar, ty))
}

/// The type in which an expression's number is bound: that of the column it is read from, if there is one.
fn number_type(cx: &Cx<'_, '_>, program: &Program) -> ColumnType {
    if let Some(Value::Number(number)) = program.as_constant() {
        return match number.as_i64() {
            Some(_) => ColumnType::Int8,
            None => ColumnType::Numeric(None),
        };
    }
    let slot = program.as_slot();
    let column = slot.and_then(|slot| match cx.frame.source(slot)? {
        Source::Context(at) => {
            let tenancy = cx.project.tenancy.as_ref()?;
            let column = cx.frame.context.get(*at)?;
            Some(cx.project.column(tenancy.table, *column).ty.clone())
        }
        Source::Result => {
            let mut cells = cx.frame.results.iter().flat_map(|result| &result.cells);
            cells
                .find(|(_, _, known)| *known == slot)
                .map(|(_, ty, _)| ty.clone())
        }
        _ => None,
    });
    match (column, &program.ty().kind) {
        (Some(ty), _) if ty.is_number() => ty,
        (_, Kind::Integer | Kind::Null) => ColumnType::Int8,
        _ => ColumnType::Numeric(None),
    }
}
