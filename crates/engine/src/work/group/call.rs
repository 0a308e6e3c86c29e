//! Steps of type `integration`, up to the request that will be sent.
//!
//! Invariant: a request is frozen and journalled before it is sent; a parameter that is needed is there, of its
//! kind, neither null nor empty.
//! Not here: sending; see `send`.

use super::{Group, Pending, Verdict};
use crate::connector::{self, Earlier};
use crate::fault::{Code, Detail, Fault};
use crate::render;
use crate::store::Turn;
use crate::work::journal::{self, StepEntry, StepState};
use crate::work::kept;
use backflow_expr::{Slot, Value};
use backflow_plan::manifest::ParamKind;
use backflow_plan::model::{Call, Shape, WorkStep};
use std::sync::Arc;

impl Group {
    /// Freezes a request and ends the group with it.
    pub(super) fn call(&mut self, at: usize, step: &WorkStep, call: &Call) -> Result<Turn, Fault> {
        let params = self.params(step, call)?;
        let context = Arc::clone(&self.context);
        let frozen = freeze(&context, (step, call), (&params, 0), &self.progress.earlier)?;
        let entry = StepEntry {
            run: &context.id,
            step: &step.id,
            position: at,
            state: StepState::Sending,
            epoch: 0,
            params: Some(params.to_json()),
            request: Some(kept::frozen(&frozen)),
            outcome: None,
            sent: Some(self.now),
        };
        self.outbox.push(journal::write_step(&context.journal, entry));
        self.finish(Verdict::Call(Box::new(Pending {
            at,
            params,
            frozen,
            epoch: 0,
            since: self.now,
            again: false,
        })))
    }

    /// The parameters of a call.
    pub(super) fn params(&mut self, step: &WorkStep, call: &Call) -> Result<Value, Fault> {
        let label = format!("{}.params", step.label);
        let (reading, _) = self.reading();
        let params = render::shape(&call.params, reading.frame, reading.host, &label)?;
        for (name, kind) in &call.required {
            needed(&label, name, kind, &params.member(name))?;
        }
        Ok(params)
    }

    /// Judges the parameters of a call that need no result of an earlier step.
    pub(super) fn judge_call(
        &mut self,
        step: &WorkStep,
        call: &Call,
        late: impl Fn(Slot) -> bool,
    ) -> Result<(), Fault> {
        let label = format!("{}.params", step.label);
        let members: &[(String, Shape)] = match &call.params {
            Shape::Object(members) => members,
            _ => &[],
        };
        for (name, shape) in members {
            if shape.slots().into_iter().any(&late) {
                continue;
            }
            let (reading, _) = self.reading();
            let value = render::shape(shape, reading.frame, reading.host, &label)?;
            if let Some((_, kind)) = call.required.iter().find(|(needed, _)| needed == name) {
                needed(&label, name, kind, &value)?;
            }
        }
        Ok(())
    }
}

/// A parameter that must be there, of its kind, neither null nor empty.
fn needed(label: &str, name: &str, kind: &ParamKind, value: &Value) -> Result<(), Fault> {
    let missing = value.is_nothing() || value.as_text().is_some_and(str::is_empty);
    let (code, what) = match (missing, fits(value, kind)) {
        (false, true) => return Ok(()),
        (true, _) => (Code::UndefinedValue, "is missing"),
        (false, false) => (Code::InvalidValue, "is of another kind"),
    };
    let path = format!("{label}.{name}");
    let detail = Detail::new(&path, code.text(), what);
    Err(Fault::new(code, format!("{path} {what}")).detail(detail))
}

/// The request of a call, under the key of an attempt epoch.
pub(crate) fn freeze(
    context: &super::Context,
    (step, call): (&WorkStep, &Call),
    (params, epoch): (&Value, i64),
    earlier: &[(String, Earlier)],
) -> Result<connector::Frozen, Fault> {
    let connector = context.connectors.get(&call.provider).ok_or_else(|| {
        Fault::of(Code::ProviderRefusedUs).private(format!("{} has no credentials", call.provider))
    })?;
    let earlier: Vec<Earlier> = earlier
        .iter()
        .filter(|(provider, _)| *provider == call.provider)
        .map(|(_, earlier)| earlier.clone())
        .collect();
    let asked = connector::Asked {
        action: &call.action,
        params,
        run: &context.id,
        key: &key(&context.id, &step.id, epoch),
        earlier: &earlier,
    };
    connector.freeze(&asked).map_err(|misfit| {
        let path = format!("{}.params.{}", step.label, misfit.param);
        let detail = Detail::new(&path, Code::InvalidValue.text(), &misfit.message);
        Fault::new(Code::InvalidValue, format!("{path}: {}", misfit.message)).detail(detail)
    })
}

/// The idempotency key of a step: run, step and attempt epoch; never longer than providers take.
fn key(run: &str, step: &str, epoch: i64) -> String {
    let step = match step.len() <= 120 && step.is_ascii() {
        true => step.to_owned(),
        false => crate::work::intent::digest(step.as_bytes()),
    };
    format!("{run}:{step}:{epoch}")
}

fn fits(value: &Value, kind: &ParamKind) -> bool {
    match kind {
        ParamKind::Text => value.as_text().is_some(),
        ParamKind::Integer => value.as_i64().is_some(),
        ParamKind::Number => value.as_number().is_some(),
        ParamKind::Bool => matches!(value, Value::Bool(_)),
        ParamKind::Object => value.as_object().is_some(),
        ParamKind::List(item) => value
            .as_list()
            .is_some_and(|items| items.iter().all(|value| fits(value, item))),
        ParamKind::OneOf(kinds) => kinds.iter().any(|kind| fits(value, kind)),
        ParamKind::Any => true,
    }
}
