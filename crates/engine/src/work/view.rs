//! A run as its caller looks at it.
//!
//! Role: the answer at a run's address.
//! Invariant: a caller sees own runs only, and only while a member of their tenant; nothing that was asked of a
//! provider is shown there.
//! Not here: whoever runs the project (`desk`).

use super::journal::{self, RunRow, State};
use super::{Works, kept};
use crate::caller::Identity;
use crate::fault::{Code, Fault};
use crate::reply::Reply;
use backflow_catalog::ColumnType;
use backflow_expr::{Value, json};
use backflow_plan::convert::convert;
use backflow_sql::ir::Datum;
use bytes::Bytes;
use http::StatusCode;

impl Works {
    /// The answer at `/_runs/{id}`.
    pub(crate) async fn show(&self, id: &str, caller: Option<&Identity>) -> Result<Reply, Fault> {
        let caller = caller.ok_or_else(|| Fault::of(Code::Unauthorized))?;
        let missing = || Fault::of(Code::NotFound);
        let id = convert(&Value::from(id), &ColumnType::Uuid, &[], true).map_err(|_| missing())?;
        let Datum::Text(id) = id else {
            return Err(missing());
        };
        let run = self.find(&id).await?.ok_or_else(missing)?;
        if run.caller.as_deref() != Some(&*caller.subject) || !self.is_member(&run, caller).await? {
            return Err(missing());
        }
        Ok(Reply::json_of(StatusCode::OK, Bytes::from(told(&run).to_json())))
    }

    /// Whether the caller belongs to the tenant of a run.
    async fn is_member(&self, run: &RunRow, caller: &Identity) -> Result<bool, Fault> {
        let (Some(tenant), Some(membership)) = (&run.tenant, &self.journal.membership) else {
            return Ok(run.tenant.is_none());
        };
        let datum = |text: &str, ty: &ColumnType| match ty.is_integer() {
            true => kept::read_tenant(text, ty),
            false => Datum::Text(text.into()),
        };
        let values = vec![
            datum(tenant, &membership.tenant),
            convert(&Value::from(&*caller.subject), &membership.user, &[], true)
                .map_err(|_| Fault::of(Code::NotFound))?,
        ];
        let call = journal::call(&membership.statement, values, true);
        Ok(!self.read(call).await?.rows.is_empty())
    }
}

/// What a caller reads of a run.
fn told(run: &RunRow) -> Value {
    let answer = run.answer.as_deref().filter(|_| run.state != State::Running);
    let answer = answer.and_then(|text| json::parse(text.as_bytes(), 512).ok());
    let members = [
        ("run", Value::from(&*run.id)),
        ("status", run.state.text().into()),
        ("startedAt", Value::Time(run.started)),
        ("endedAt", run.ended.map_or(Value::Undefined, Value::Time)),
        (
            "answer",
            answer.map_or(Value::Undefined, |body| {
                let status = run.status.map_or(Value::Null, |status| Value::int(status.into()));
                Value::object([("status", status), ("body", body)])
            }),
        ),
    ];
    Value::object(members.into_iter().filter(|(_, value)| !value.is_undefined()))
}
