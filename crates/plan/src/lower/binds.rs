//! The parameters of a statement while it is built.
//!
//! Invariant: the position of a bind is its parameter; a bind that reads a result is late.
//! Not here: the values, which the engine computes.

use crate::frame::Frame;
use crate::model::{Bind, BindValue};
use crate::project::Project;
use backflow_catalog::ColumnType;
use backflow_sql::ir::{ParamId, Scalar};
use std::sync::Arc;

/// Collects binds; the position of a bind is its parameter.
#[derive(Debug, Default)]
pub(crate) struct Binds {
    pub(crate) list: Vec<Bind>,
}

impl Binds {
    /// Adds a bind.
    pub(crate) fn add(&mut self, bind: Bind) -> ParamId {
        self.list.push(bind);
        ParamId(u16::try_from(self.list.len() - 1).unwrap_or(u16::MAX))
    }

    /// A bind of an expression.
    pub(crate) fn program(
        &mut self,
        cx: (&Project<'_>, &Frame<'_>),
        label: &str,
        ty: &ColumnType,
        value: BindValue,
    ) -> ParamId {
        let late = value
            .slots()
            .into_iter()
            .any(|slot| cx.1.source(slot) == Some(&crate::model::Source::Result));
        let label = label.to_owned();
        self.add(Bind {
            label,
            value,
            ty: ty.clone(),
            labels: labels(cx.0, ty),
            late,
        })
    }

    /// A bind that every statement has at most once: the tenant, the caller, the instant.
    pub(crate) fn shared(&mut self, label: &str, ty: &ColumnType, value: BindValue) -> ParamId {
        let known = self.list.iter().position(|bind| {
            bind.ty == *ty
                && bind.label == label
                && std::mem::discriminant(&bind.value) == std::mem::discriminant(&value)
        });
        if let Some(index) = known {
            return ParamId(u16::try_from(index).unwrap_or(u16::MAX));
        }
        let labels = Arc::new([]);
        self.add(Bind {
            label: label.to_owned(),
            value,
            ty: ty.clone(),
            labels,
            late: false,
        })
    }

    /// Makes the value of a parameter one that must be there.
    pub(crate) fn need(&mut self, scalar: &Scalar) {
        let Scalar::Param(id, _) = scalar else { return };
        let Some(bind) = self.list.get_mut(usize::from(id.0)) else {
            return;
        };
        if let BindValue::Optional(program) = &bind.value {
            bind.value = BindValue::Needed(program.clone());
        }
    }

    /// Makes the value of a parameter a secret: a text that is not empty.
    pub(crate) fn secret(&mut self, scalar: &Scalar) {
        let Scalar::Param(id, _) = scalar else { return };
        let Some(bind) = self.list.get_mut(usize::from(id.0)) else {
            return;
        };
        if let BindValue::Needed(program) = &bind.value {
            bind.value = BindValue::Secret(program.clone());
        }
    }

    /// A flag that says whether a bind was given.
    pub(crate) fn given(&mut self, of: ParamId) -> ParamId {
        let late = self.list.get(usize::from(of.0)).is_some_and(|bind| bind.late);
        let value = BindValue::Given(usize::from(of.0));
        let bind = Bind {
            label: String::new(),
            value,
            ty: ColumnType::Bool,
            labels: Arc::new([]),
            late,
        };
        self.add(bind)
    }
}

/// Reads a parameter as a value.
pub(crate) fn param(id: ParamId, ty: &ColumnType) -> Scalar {
    Scalar::Param(id, ty.clone())
}

/// The labels of an enum type, or of the items of a list of them.
pub(crate) fn labels(project: &Project<'_>, ty: &ColumnType) -> Arc<[String]> {
    match ty {
        ColumnType::Enum(id) => project.catalog.labels(*id).into(),
        ColumnType::Array(item) => labels(project, item),
        _ => Arc::new([]),
    }
}
