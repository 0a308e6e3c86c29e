//! Values of `data` and filters.
//!
//! Role: reads a value by the type of the column it is for, and makes the scalar and binds of it.
//! Invariant: a value that comes from a request is a parameter; only the author's own text is ever read as
//! arithmetic or `now()`, and a single expression never is.
//! Not here: which statement the value goes into.

use super::binds::{self, Binds, param};
use super::pin::Pins;
use super::scalar;
use crate::convert::convert;
use crate::draft::{DraftValue, read_value};
use crate::frame::Frame;
use crate::model::{BindValue, Shape};
use crate::project::{Project, constant};
use crate::types;
use backflow_catalog::{ColumnType, TableId};
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Span, codes};
use backflow_expr::{Part, Program, Template, Value};
use backflow_sql::ddl::array_items;
use backflow_sql::ir::{Datum, ParamId, Scalar};
use backflow_sql::{ScalarAst, try_parse_scalar};
use std::ops::Range;

const SECRET_SOURCE: &str = "comes from the environment, or from a secret column";
const SECRET_HELP: &str =
    "if it is no secret: list the variable under `publicEnv`, or name the column in the query's `select`";

/// What lowering a query works with.
pub(crate) struct Cx<'c, 'a> {
    pub(crate) project: &'a Project<'a>,
    pub(crate) frame: &'c mut Frame<'a>,
    pub(crate) binds: Binds,
    pub(crate) pins: Pins<'a>,
    pub(crate) table: TableId,
    /// Where the query stands, for faults about the whole of it.
    pub(crate) place: Span,
    /// Readings taken and relations inferred, for `plan` and `check`.
    pub(crate) facts: &'c mut Vec<String>,
    pub(crate) out: &'c mut Diagnostics,
}

/// What a value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Compared in a filter; undefined refuses the request, unless the filter is optional.
    Filter {
        /// `"optional": true`
        optional: bool,
    },
    /// Given to a new row.
    Insert,
    /// Given to an existing row.
    Update,
}

/// The column a value is for.
pub(crate) struct Target<'t> {
    pub(crate) ty: &'t ColumnType,
    /// `data.slug`
    pub(crate) label: String,
    pub(crate) usage: Usage,
}

/// A value in a statement.
pub(crate) struct Lowered {
    pub(crate) scalar: Scalar,
    /// A flag that says whether the value was given; `None`: always.
    pub(crate) given: Option<ParamId>,
}

impl<'a> Cx<'_, 'a> {
    /// Lowers a value for a column; `None`: a fault was reported.
    pub(crate) fn value(&mut self, value: &DraftValue<'a>, target: &Target<'_>) -> Option<Lowered> {
        match value {
            DraftValue::Fixed(node) => self.fixed(node, target),
            DraftValue::Template(template) => self.template(template, target),
        }
    }

    fn fixed(&mut self, node: &'a Node, target: &Target<'_>) -> Option<Lowered> {
        if matches!(node.tree, Tree::List(_) | Tree::Object(_)) && has_expressions(node) {
            return self.document(node, target);
        }
        let value = constant(node);
        self.literal(&value, node.span, target, false)
    }

    /// A JSON value with expressions in it.
    fn document(&mut self, node: &'a Node, target: &Target<'_>) -> Option<Lowered> {
        if !matches!(
            target.ty,
            ColumnType::Json | ColumnType::Jsonb | ColumnType::Array(_)
        ) {
            self.out.push(unassignable(
                node.span,
                target,
                "an object or list goes only into JSON columns",
            ));
            return None;
        }
        let shape = shape(self.frame, node, self.out)?;
        Some(self.bind(BindValue::Document(shape), target))
    }

    fn template(&mut self, template: &Template, target: &Target<'_>) -> Option<Lowered> {
        if template.single_hole().is_some() {
            return self.expression(template, target);
        }
        if let Some(ast) = typed_reading(template, target.ty) {
            return scalar::typed(self, &ast, template, target);
        }
        if !template.is_literal() {
            return self.expression(template, target);
        }
        let text = Value::text(template.text.value.clone());
        if target.ty.is_text() && template.text.as_str() == "now()" {
            self.out.push(
                Diagnostic::new(codes::TEXT_NOW, "`now()` is stored as these five characters")
                    .at(template.text.span(), "the column is text")
                    .help("write `{{now()}}` for the instant, or make the column `timestamptz`"),
            );
        }
        self.literal(&text, template.text.span(), target, true)
    }

    /// A whole template whose value is converted when the request is there.
    fn expression(&mut self, template: &Template, target: &Target<'_>) -> Option<Lowered> {
        let program = self.frame.template(template, self.out)?;
        let span = template.text.span();
        if let Some(value) = program.as_constant() {
            let value = value.clone();
            return self.literal(&value, span, target, true);
        }
        self.programmed(program, span, target)
    }

    /// A compiled expression whose value is converted when the request is there.
    pub(crate) fn programmed(
        &mut self,
        program: Program,
        span: Span,
        target: &Target<'_>,
    ) -> Option<Lowered> {
        let ty = program.ty().clone();
        if let Some(why) = types::misfit(&ty, target.ty) {
            self.out.push(unassignable(span, target, why));
            return None;
        }
        if ty.secret && !matches!(target.usage, Usage::Filter { .. }) {
            self.out.push(
                Diagnostic::new(
                    codes::SECRET_LEAK,
                    "a secret would be stored, and so could be read",
                )
                .at(span, SECRET_SOURCE)
                .help(SECRET_HELP),
            );
        }
        let may_miss = match target.usage {
            Usage::Filter { optional } => optional,
            Usage::Insert | Usage::Update => ty.optional,
        };
        let value = if may_miss {
            BindValue::Optional(program)
        } else {
            BindValue::Needed(program)
        };
        Some(self.bind(value, target))
    }

    /// Adds a bind, and a flag if it may be missing.
    fn bind(&mut self, value: BindValue, target: &Target<'_>) -> Lowered {
        let may_miss = matches!(value, BindValue::Optional(_));
        let id = self
            .binds
            .program((self.project, self.frame), &target.label, target.ty, value);
        let given = may_miss.then(|| self.binds.given(id));
        Lowered {
            scalar: param(id, target.ty),
            given,
        }
    }

    /// A value known now. `text`: the author's text, read as PostgreSQL reads a literal of the type.
    pub(crate) fn literal(
        &mut self,
        value: &Value,
        span: Span,
        target: &Target<'_>,
        text: bool,
    ) -> Option<Lowered> {
        let labels = binds::labels(self.project, target.ty);
        let read = json_literal(value, target.ty).unwrap_or_else(|| value.clone());
        match convert(&read, target.ty, &labels, text) {
            Ok(datum) => Some(Lowered {
                scalar: Scalar::Literal(datum, target.ty.clone()),
                given: None,
            }),
            Err(misfit) => {
                let message = format!("this is no value for {}: it {misfit}", target.label);
                let ty = type_name(self.project, target.ty);
                let mut fault = Diagnostic::new(codes::BAD_LITERAL, message)
                    .at(span, format!("the column is of type {ty}"))
                    .note("what you write yourself is read now, so that it cannot fail in a request");
                if target.ty.is_temporal() {
                    fault = fault.help(
                        "write `now()`, `now() + '7d'`, `2026-01-31T12:00:00Z`, or an expression in `{{…}}`",
                    );
                }
                self.out.push(fault);
                None
            }
        }
    }
}

/// The author's text for a JSON column is read as JSON, for an array as `{a,"b c"}` or JSON.
pub(crate) fn json_literal(value: &Value, ty: &ColumnType) -> Option<Value> {
    let is_json = matches!(ty, ColumnType::Json | ColumnType::Jsonb | ColumnType::Array(_));
    let text = value.as_text().filter(|_| is_json)?;
    if let (ColumnType::Array(_), Some(items)) = (ty, array_items(text)) {
        let items = items
            .into_iter()
            .map(|item| item.map_or(Value::Null, Value::text));
        return Some(Value::list(items));
    }
    backflow_expr::json::parse(text.as_bytes(), 64).ok()
}

/// Author's text that is more than a literal for this type: `now()`, `used + {{…}}`.
fn typed_reading(template: &Template, ty: &ColumnType) -> Option<ScalarAst> {
    if !ty.is_number() && !ty.is_temporal() {
        return None;
    }
    let ast = try_parse_scalar(&template.text, &holes(template))?;
    // A bare word or text is a literal of the type, if anything; so is a date, though its hyphens could be minus.
    let more = match &ast {
        ScalarAst::Number(_) | ScalarAst::Text(_) | ScalarAst::Null(_) | ScalarAst::Bool(_) => false,
        ast => ty.is_number() || is_moved(ast),
    };
    more.then_some(ast)
}

/// An instant, perhaps moved by lengths of time.
fn is_moved(ast: &ScalarAst) -> bool {
    match ast {
        ScalarAst::Now(_) | ScalarAst::Hole(_) => true,
        ScalarAst::Binary { left, right, .. } => matches!(**right, ScalarAst::Duration(_)) && is_moved(left),
        _ => false,
    }
}

/// Where the expressions of a template stand in its text.
pub(crate) fn holes(template: &Template) -> Vec<Range<usize>> {
    template
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Hole { range, .. } => Some(range.clone()),
            Part::Literal { .. } => None,
        })
        .collect()
}

pub(crate) fn has_expressions(node: &Node) -> bool {
    match &node.tree {
        Tree::Text(text) => text.as_str().contains("{{") || text.as_str().contains("${"),
        Tree::List(items) => items.iter().any(has_expressions),
        Tree::Object(members) => members.iter().any(|member| has_expressions(&member.value)),
        _ => false,
    }
}

/// A JSON value with expressions in it.
pub(crate) fn shape(frame: &mut Frame<'_>, node: &Node, out: &mut Diagnostics) -> Option<Shape> {
    if !has_expressions(node) {
        return Some(Shape::Constant(constant(node)));
    }
    match &node.tree {
        Tree::List(items) => {
            let items: Vec<_> = items.iter().map(|item| shape(frame, item, out)).collect();
            items.into_iter().collect::<Option<_>>().map(Shape::List)
        }
        Tree::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|member| Some((member.key.value.clone(), shape(frame, &member.value, out)?)))
                .collect();
            members.into_iter().collect::<Option<_>>().map(Shape::Object)
        }
        _ => match read_value(node, out)? {
            DraftValue::Template(template) => {
                let program = frame.template(&template, out)?;
                if program.ty().secret {
                    out.push(
                        Diagnostic::new(codes::SECRET_LEAK, "a secret would leave the server")
                            .at(node.span, SECRET_SOURCE)
                            .help(SECRET_HELP),
                    );
                }
                Some(Shape::Program(program))
            }
            DraftValue::Fixed(node) => Some(Shape::Constant(constant(node))),
        },
    }
}

fn unassignable(span: Span, target: &Target<'_>, why: &str) -> Diagnostic {
    Diagnostic::new(
        codes::TYPE_NOT_ASSIGNABLE,
        format!("this can never be a value for {}", target.label),
    )
    .at(span, "of another type")
    .note(why)
}

/// The constant a literal scalar holds, for checks at check time.
pub(crate) fn literal_of(scalar: &Scalar) -> Option<&Datum> {
    match scalar {
        Scalar::Literal(datum, _) => Some(datum),
        _ => None,
    }
}

/// A type's name, for people.
pub(crate) fn type_name(project: &Project<'_>, ty: &ColumnType) -> String {
    match ty {
        ColumnType::Enum(id) => {
            let known = project.catalog.enums.get(id.0 as usize);
            known.map_or_else(|| ty.to_string(), |known| known.name.clone())
        }
        ColumnType::Array(item) => format!("{}[]", type_name(project, item)),
        other => other.to_string(),
    }
}
