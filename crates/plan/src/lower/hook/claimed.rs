//! Callers who would say whose an event is.
//!
//! Role: refuses what a caller sent where a webhook looks for the tenant of an event: columns that hold a provider's
//! ids, and metadata that this project puts on a provider's objects.
//! Invariant: what the provider answered, what rows hold and what a guard verified passes; so does a verified event.
//! Not here: which columns and keys those are; see `marks`.

use super::compared::METADATA;
use super::marks::MetadataMark;
use crate::draft::DraftAssignment;
use crate::frame::Frame;
use crate::lower::value::Cx;
use crate::manifest::{Param, ParamKind};
use crate::model::{BindValue, Shape};
use crate::project::Project;
use crate::types;
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Span, codes};
use backflow_expr::{Key, Kind, Program, Type};

/// Judges the value of a column. `binds`: how many there were before it was lowered.
pub(crate) fn column(cx: &mut Cx<'_, '_>, value: &DraftAssignment<'_>, binds: usize) {
    let binds = cx.binds.list.iter().skip(binds);
    if binds.into_iter().any(|bind| is_of_caller(&bind.value)) {
        listed(cx, value);
    }
}

/// Judges a column whose value comes from an item of a list that the caller sends.
pub(crate) fn listed(cx: &mut Cx<'_, '_>, value: &DraftAssignment<'_>) {
    let mark = cx.project.marks.columns.get(&(cx.table, value.column));
    let Some(webhook) = mark.filter(|_| !cx.frame.is_of_event()) else {
        return;
    };
    let message = format!("a caller would choose `{}`", value.name.value);
    cx.out.push(
        Diagnostic::new(codes::TENANT_MARK_FROM_CALLER, message)
            .at(value.name.span, "filled from what the caller sent")
            .note(format!(
                "by this column the webhook `{webhook}` finds the tenant of an event: a stranger's id in it would \
                 claim the stranger's events"
            ))
            .help("take it from the provider's answer (`{{steps.<id>.result.id}}`), or from a row"),
    );
}

fn is_of_caller(value: &BindValue) -> bool {
    match value {
        BindValue::Needed(program)
        | BindValue::Optional(program)
        | BindValue::Secret(program)
        | BindValue::List(program)
        | BindValue::SameTenant(program)
        | BindValue::Count(program) => program.ty().caller,
        BindValue::Or(program, other) => program.ty().caller || is_of_caller(other),
        BindValue::Document(shape) => programs(shape).iter().any(|program| program.ty().caller),
        BindValue::Rows(rows) => rows.list.ty().caller,
        BindValue::Given(_)
        | BindValue::NewKey
        | BindValue::Tenant
        | BindValue::Caller
        | BindValue::Now
        | BindValue::Constant(_) => false,
    }
}

fn programs(shape: &Shape) -> Vec<&Program> {
    match shape {
        Shape::Constant(_) => Vec::new(),
        Shape::Program(program) => vec![program],
        Shape::Object(members) => members.iter().flat_map(|(_, value)| programs(value)).collect(),
        Shape::List(items) => items.iter().flat_map(programs).collect(),
    }
}

/// A call while its parameters are judged.
struct Call<'c> {
    marks: Vec<&'c MetadataMark>,
    provider: &'c str,
}

/// Judges a parameter of a call; `param`: what the manifest says of it.
pub(crate) fn parameter(
    (project, frame): (&Project<'_>, &Frame<'_>),
    (provider, param): (&str, Option<&Param>),
    (name, node, value): (&str, &Node, &Shape),
    out: &mut Diagnostics,
) {
    let marks = project.marks.metadata.iter();
    let marks: Vec<_> = marks.filter(|mark| mark.provider == provider).collect();
    let plain = param.is_some_and(|param| is_plain(&param.kind));
    if marks.is_empty() || plain || frame.is_of_event() {
        return;
    }
    let call = Call { marks, provider };
    call.value(&segments(name), (node, value), out);
}

/// Whether a kind of parameter holds no members.
fn is_plain(kind: &ParamKind) -> bool {
    match kind {
        ParamKind::Text | ParamKind::Integer | ParamKind::Number | ParamKind::Bool => true,
        ParamKind::List(item) => is_plain(item),
        ParamKind::OneOf(kinds) => kinds.iter().all(is_plain),
        ParamKind::Object | ParamKind::Any => false,
    }
}

/// The names in one that leads inside by brackets, as in a form: `metadata[org_id]`.
fn segments(name: &str) -> Vec<Key> {
    let names = name.split(['[', ']']).filter(|name| !name.is_empty());
    names.map(Key::name).collect()
}

impl Call<'_> {
    /// Looks into a value that stands at this path.
    fn value(&self, path: &[Key], (node, value): (&Node, &Shape), out: &mut Diagnostics) {
        match (value, &node.tree) {
            (Shape::Constant(_), _) => {}
            (Shape::Object(members), Tree::Object(nodes)) => {
                for ((name, value), node) in members.iter().zip(nodes) {
                    let path = [path, &segments(name)].concat();
                    self.value(&path, (&node.value, value), out);
                }
            }
            (Shape::List(items), Tree::List(nodes)) => {
                for (value, node) in items.iter().zip(nodes) {
                    self.value(path, (node, value), out);
                }
            }
            (Shape::Program(program), _) if program.ty().caller => {
                self.program(path, (node.span, program), out)
            }
            _ => {}
        }
    }

    fn program(&self, path: &[Key], (span, program): (Span, &Program), out: &mut Diagnostics) {
        let metadata = path.iter().position(|key| key.as_name() == Some(METADATA));
        let mark = match metadata.and_then(|at| path.get(at + 1..)) {
            Some(below) => self
                .marks
                .iter()
                .find(|mark| reaches(program.ty(), &mark.keys, below)),
            None => self.marks.first().filter(|_| may_hold_metadata(program.ty())),
        };
        if let Some(mark) = mark {
            out.push(self.fault(mark, (span, metadata.is_some())));
        }
    }

    fn fault(&self, mark: &MetadataMark, (span, is_metadata): (Span, bool)) -> Diagnostic {
        let keys: Vec<String> = mark.keys.iter().map(ToString::to_string).collect();
        let key = format!("metadata{}", keys.concat());
        let (message, why) = if is_metadata {
            (
                format!("a caller would choose `{key}`"),
                "filled from what the caller sent",
            )
        } else {
            (
                format!("a caller could send `{key}` in this"),
                "may be an object with anything in it",
            )
        };
        let MetadataMark { webhook, .. } = mark;
        let fault = Diagnostic::new(codes::TENANT_MARK_FROM_CALLER, message)
            .at(span, why)
            .note(format!(
                "{} gives it back in events, and by it the webhook `{webhook}` finds their tenant",
                self.provider
            ));
        if is_metadata {
            return fault
                .help("put the verified tenant there: `{{tenant.id}}`, or the path parameter that names it by its key");
        }
        fault.help("validate it as what it must be: text and numbers hold no members")
    }
}

/// Whether a value at a path below metadata is a key of it, holds it, or is a part of it.
fn reaches(ty: &Type, key: &[Key], below: &[Key]) -> bool {
    match key.strip_prefix(below) {
        Some(rest) => rest
            .iter()
            .try_fold(ty.clone(), |ty, key| types::step(&ty, key))
            .is_some(),
        None => below.starts_with(key),
    }
}

/// Whether a value may be an object with metadata somewhere in it.
fn may_hold_metadata(ty: &Type) -> bool {
    match &ty.kind {
        Kind::Unknown | Kind::Object(None) => true,
        Kind::Object(Some(members)) => members
            .iter()
            .any(|(name, ty)| name == METADATA || may_hold_metadata(ty)),
        Kind::List(item) => may_hold_metadata(item),
        _ => false,
    }
}
