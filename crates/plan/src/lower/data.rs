//! `data` becomes assignments.
//!
//! Role: the values of new and changed rows, with the tenant column filled or checked.
//! Invariant: in a statement tied to a tenant, the tenant column gets the tenant's key or a value that is
//! checked against it, never anything else.
//! Not here: parents that the row points at; see `parents`.

use super::defaults::{fall_back, fill_defaults};
use super::each::Listed;
use super::hook::claimed;
use super::pin::Anchor;
use super::value::{Cx, Target, Usage};
use super::{relate, whole};
use crate::draft::{DraftAssignment, DraftQuery, DraftValue};
use crate::model::BindValue;
use crate::project::constant;
use crate::prove::NamedBy;
use backflow_catalog::{ColumnId, ColumnType};
use backflow_config::tree::Tree;
use backflow_diag::{Diagnostic, Span, codes};
use backflow_expr::{Expr, Path, Program};
use backflow_sql::ir::{Assigned, Scalar};

/// What a row gets: its columns in order.
pub(crate) type Assignments = Vec<(ColumnId, Assigned)>;

/// The values of one row of `data`.
pub(crate) fn row<'a>(
    cx: &mut Cx<'_, 'a>,
    draft: &DraftQuery<'a>,
    row: &[DraftAssignment<'a>],
    usage: Usage,
    named: Option<&NamedBy>,
) -> Option<Assignments> {
    self::values(cx, (draft, row), usage, named, None)
}

/// The values of a row that is made for each item of a list; those that differ go into `listed`.
pub(crate) fn listed_row<'a>(
    cx: &mut Cx<'_, 'a>,
    (draft, row): (&DraftQuery<'a>, &[DraftAssignment<'a>]),
    named: Option<&NamedBy>,
    listed: &mut Listed,
) -> Option<Assignments> {
    cx.frame.item = draft.each.as_ref().map(|each| each.fields);
    let found = self::values(cx, (draft, row), Usage::Insert, named, Some(listed));
    cx.frame.item = None;
    found
}

fn values<'a>(
    cx: &mut Cx<'_, 'a>,
    (draft, row): (&DraftQuery<'a>, &[DraftAssignment<'a>]),
    usage: Usage,
    named: Option<&NamedBy>,
    mut listed: Option<&mut Listed>,
) -> Option<Assignments> {
    let mut found = Vec::new();
    let mut whole = true;
    for value in row {
        match assign(cx, value, usage, named, listed.as_deref_mut()) {
            Some(assigned) => found.push((value.column, assigned)),
            None => whole = false,
        }
    }
    if !whole {
        return None;
    }
    if usage == Usage::Insert {
        fill_tenant(cx, &mut found);
        fill_defaults(cx, &mut found, listed);
        require_all(cx, draft, &found);
    }
    Some(found)
}

fn assign<'a>(
    cx: &mut Cx<'_, 'a>,
    value: &DraftAssignment<'a>,
    usage: Usage,
    named: Option<&NamedBy>,
    listed: Option<&mut Listed>,
) -> Option<Assigned> {
    let declared = cx.project.column(cx.table, value.column);
    if declared.generated {
        cx.out.push(
            Diagnostic::new(
                codes::TYPE_NOT_ASSIGNABLE,
                format!("`{}` is computed by the database", declared.name),
            )
            .at(value.name.span, "cannot be written"),
        );
        return None;
    }
    let target = Target {
        ty: &declared.ty,
        label: format!("data.{}", declared.name),
        usage,
    };
    if let Some(listed) = listed.filter(|_| whole::is_of_item(&value.value)) {
        warn_of_roles(cx, value, &declared.ty);
        warn_of_members(cx, value);
        claimed::listed(cx, value);
        return listed.assign(cx, value, &target);
    }
    let tenant = cx
        .project
        .tenancy
        .as_ref()
        .and_then(|tenancy| tenancy.tenant_column(cx.table));
    if tenant == Some(value.column)
        && let Some(assigned) = tenant_value(cx, value, &target, named)
    {
        return Some(assigned);
    }
    warn_of_roles(cx, value, &declared.ty);
    warn_of_members(cx, value);
    let before = cx.binds.list.len();
    let lowered = cx.value(&value.value, &target)?;
    claimed::column(cx, value, before);
    if usage == Usage::Insert && lowered.given.is_some() {
        fall_back(cx, value.column, &lowered.scalar);
    }
    Some(match lowered.given {
        Some(flag) => Assigned::IfGiven {
            flag,
            value: lowered.scalar,
        },
        None => Assigned::Value(lowered.scalar),
    })
}

/// The value of a tenant column where the statement is tied to the route's tenant: the tenant's key itself if
/// the expression is known to be it, else checked when the request is there.
fn tenant_value<'a>(
    cx: &mut Cx<'_, 'a>,
    value: &DraftAssignment<'a>,
    target: &Target<'_>,
    named: Option<&NamedBy>,
) -> Option<Assigned> {
    let tenancy = cx.project.tenancy.as_ref()?;
    match cx.pins.anchor {
        Anchor::Route => {}
        // Under an earlier row the proof has shown where an inserted value comes from; a row that exists
        // must not move.
        Anchor::Earlier(_) | Anchor::Secret if target.usage == Usage::Update => {
            cx.out.push(
                Diagnostic::new(codes::TENANT_LEAK, "a row never changes its tenant")
                    .at(value.name.span, "names the tenant")
                    .note("a row that moves would be read by members of the other tenant")
                    .help("leave it out"),
            );
            return None;
        }
        _ => return None,
    }
    if is_tenant(cx, &value.value, named) {
        return Some(Assigned::Value(cx.pins.tenant(tenancy, &mut cx.binds)));
    }
    let program = match &value.value {
        DraftValue::Template(template) => cx.frame.template(template, cx.out)?,
        DraftValue::Fixed(node) if matches!(node.tree, Tree::Null) => {
            cx.out.push(
                Diagnostic::new(codes::TENANT_LEAK, "a row never leaves its tenant")
                    .at(node.span, "belongs to nobody")
                    .note("a row without a tenant is out of everybody's reach, also of those who made it")
                    .help("leave it out: it is filled"),
            );
            return None;
        }
        DraftValue::Fixed(node) => Program::constant(constant(node)),
    };
    let check = BindValue::SameTenant(program);
    let id = cx
        .binds
        .program((cx.project, cx.frame), &target.label, target.ty, check);
    Some(Assigned::Value(super::binds::param(id, target.ty)))
}

/// Whether an expression is certainly the key of the verified tenant.
fn is_tenant(cx: &Cx<'_, '_>, value: &DraftValue<'_>, named: Option<&NamedBy>) -> bool {
    let Some(tenancy) = &cx.project.tenancy else {
        return false;
    };
    let Some(path) = single_path(value) else {
        return false;
    };
    let keys: Vec<&str> = path.keys.iter().filter_map(|key| key.value.as_name()).collect();
    match (path.root.value.as_str(), keys.as_slice()) {
        ("tenant", ["id"]) => true,
        ("auth", _) => path.keys.iter().map(|key| &key.value).eq(tenancy.claim.iter()),
        ("params", [name]) => match named {
            Some(NamedBy::Param { index, column }) => {
                *column == tenancy.key && cx.frame.param_index(name) == Some(*index)
            }
            _ => false,
        },
        _ => false,
    }
}

fn single_path<'v>(value: &'v DraftValue<'_>) -> Option<&'v Path> {
    match value {
        DraftValue::Template(template) => template.single_hole().and_then(Expr::as_path),
        DraftValue::Fixed(_) => None,
    }
}

/// A tenant column that `data` leaves out is filled.
fn fill_tenant(cx: &mut Cx<'_, '_>, row: &mut Assignments) {
    let Some(tenancy) = cx.project.tenancy.as_ref() else {
        return;
    };
    let Some(column) = tenancy.tenant_column(cx.table) else {
        return;
    };
    let tied = matches!(cx.pins.anchor, Anchor::Route);
    if tied && cx.table != tenancy.table && !row.iter().any(|(known, _)| *known == column) {
        row.push((column, Assigned::Value(cx.pins.tenant(tenancy, &mut cx.binds))));
    }
}

/// Every column that must have a value gets one.
fn require_all(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>, row: &Assignments) {
    let table = cx.project.table(cx.table);
    for column in table.column_ids() {
        let declared = cx.project.column(cx.table, column);
        let given = row.iter().any(|(known, _)| *known == column);
        if declared.not_null && declared.default.is_none() && !declared.generated && !given {
            let place: Span = draft.doc.data.as_ref().map_or(draft.place(), |data| data.span);
            cx.out.push(
                Diagnostic::new(codes::MISSING_VALUE, format!("`{}` gets no value", declared.name))
                    .at(
                        place,
                        format!("`{}` is NOT NULL and has no default", declared.name),
                    )
                    .help(format!(
                        "add `\"{}\": …` to `data`, or give the column a default",
                        declared.name
                    )),
            );
        }
    }
}

/// A role that the caller chooses freely is a way to more rights.
fn warn_of_roles(cx: &mut Cx<'_, '_>, value: &DraftAssignment<'_>, ty: &ColumnType) {
    let Some(tenancy) = &cx.project.tenancy else {
        return;
    };
    let Some(role) = tenancy.members.role else { return };
    let role_name = &cx.project.column(tenancy.members.table, role).name;
    let declared = cx.project.column(cx.table, value.column);
    let limited = matches!(ty, ColumnType::Enum(_)) || !declared.allowed.is_empty();
    if declared.name != *role_name || limited || !cx.project.is_scoped(cx.table) {
        return;
    }
    let DraftValue::Template(template) = &value.value else {
        return;
    };
    let Some(expr) = template.single_hole() else {
        return;
    };
    if expr.paths().iter().any(|path| cx.frame.is_free(path)) {
        cx.out.push(
            Diagnostic::new(codes::ROLE_FROM_CALLER, "the caller chooses this role freely")
                .at(value.name.span, "filled from the request without an `enum`")
                .help("validate it: `\"role\": {\"type\": \"string\", \"enum\": [\"member\", …]}`"),
        );
    }
}

/// Whoever may name any user as a member may read what the directory says of them.
fn warn_of_members(cx: &mut Cx<'_, '_>, value: &DraftAssignment<'_>) {
    let Some(tenancy) = &cx.project.tenancy else {
        return;
    };
    let is_member = cx.table == tenancy.members.table && value.column == tenancy.members.user;
    let is_user = is_member
        || (cx.project.is_scoped(cx.table) && relate::leads_to_directory(cx.project, cx.table, value.column));
    let DraftValue::Template(template) = &value.value else {
        return;
    };
    let from_caller = template.holes().any(|hole| {
        let sent = |path: &&Path| {
            matches!(
                path.root.value.as_str(),
                "body" | "query" | "params" | "headers" | "item"
            )
        };
        hole.paths().iter().any(sent)
    });
    if is_user && from_caller {
        cx.out.push(
            Diagnostic::new(
                codes::MEMBER_FROM_CALLER,
                if is_member {
                    "the caller can make anybody a member"
                } else {
                    "the caller can name any user"
                },
            )
            .at(value.name.span, "the user comes from the request")
            .note("members of a tenant can read each other's rows, and what the directory says of them")
            .help("invite by e-mail and let the invited accept with `{{auth.sub}}`"),
        );
    }
}

/// Every scalar of an assignment.
pub(crate) fn scalar_of(assigned: &Assigned) -> Option<&Scalar> {
    match assigned {
        Assigned::Value(value) | Assigned::IfGiven { value, .. } => Some(value),
        Assigned::Default => None,
    }
}
