//! Whose event it is.
//!
//! Role: asks everything that may tell an event's tenant: what the author says, metadata, rows that hold its ids.
//! Invariant: what disagrees, what names no tenant, and rows of two tenants are no tenant; nothing that is absent
//! equals anything.
//! Not here: what is done without one (`pass`).

use super::Hooks;
use super::pass::Case;
use crate::fault::Fault;
use crate::host::RequestHost;
use backflow_expr::{Value, json};
use backflow_plan::convert::convert;
use backflow_plan::model::{Declared, FEW_ROWS, Finder, MetadataKey, RowFinder, RowValueFrom, Told};
use backflow_sql::ir::{Datum, Statement};
use jiff::SignedDuration;
use std::sync::Arc;

/// How long it is not noted again that something was needed.
const NOTED: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What was found.
pub(super) enum Found {
    /// The key of the one tenant.
    One(Datum),
    /// Why there is none.
    None(String),
}

/// Who says so, and whom they name; `None`: somebody who does not exist.
type Named = (String, Option<Datum>);

impl Hooks {
    /// Finds the tenant of an event.
    pub(super) async fn find_tenant(&self, finder: &Finder, case: &Case<'_>) -> Result<Found, Fault> {
        let mut named: Vec<Named> = Vec::new();
        let mut host = RequestHost::new(self.works.now(), Arc::clone(self.works.ids()));
        match &finder.declared {
            None => {}
            Some(Declared::Key(program)) => {
                let value = crate::render::run(program, &case.told.frame, &mut host, "tenant")?;
                if !value.is_nothing() {
                    named.push(("`tenant`".to_owned(), self.existing(finder, &value).await?));
                }
            }
            Some(Declared::Rows(rows)) => self.by_rows(rows, case, &mut host, &mut named).await?,
        }
        for key in &finder.metadata {
            for (label, value) in self.metadata(finder, key, case).await? {
                named.push((label, self.existing(finder, &value).await?));
            }
        }
        for rows in &finder.rows {
            self.by_rows(rows, case, &mut host, &mut named).await?;
        }
        Ok(agreed(&named))
    }

    /// The tenant that a value names, if there is such a tenant.
    async fn existing(&self, finder: &Finder, value: &Value) -> Result<Option<Datum>, Fault> {
        let Ok(key) = convert(value, &finder.tenant.key_type, &[], true) else {
            return Ok(None);
        };
        self.cell(&finder.tenant.statement, vec![key]).await
    }

    /// The first cell of a statement's first row.
    pub(super) async fn cell(
        &self,
        statement: &Arc<Statement>,
        values: Vec<Datum>,
    ) -> Result<Option<Datum>, Fault> {
        let call = crate::work::call(statement, values, true);
        let found = self.works.read(call).await?;
        let cell = found.rows.first().and_then(|row| row.cells.first().cloned());
        Ok(cell.filter(|cell| *cell != Datum::Null))
    }

    /// The values of a key of metadata: the event's own, copies in it, and what calls of ours once put there.
    async fn metadata(
        &self,
        finder: &Finder,
        key: &MetadataKey,
        case: &Case<'_>,
    ) -> Result<Vec<(String, Value)>, Fault> {
        let path: String = key.keys.iter().map(ToString::to_string).collect();
        let told = key.places.iter().map(|slot| case.slot(slot.0));
        let told = told.filter(|value| !value.is_nothing());
        let mut found: Vec<_> = told.map(|value| (format!("`metadata{path}`"), value)).collect();
        for carrier in &finder.carriers {
            let Some(id) = case.told_id(carrier) else { continue };
            let object = format!("{}:{id}", case.ready.hook.provider);
            if let Some(kept) = self.known(&object).await? {
                let kept = json::parse(kept.as_bytes(), 16).unwrap_or_default();
                let value = kept.at_path(&key.keys);
                if !value.is_nothing() {
                    found.push((format!("`metadata{path}` that was put on {id}"), value));
                }
            }
        }
        Ok(found)
    }

    /// The metadata that calls put on an object of a provider. That it was needed is noted now and then.
    async fn known(&self, object: &str) -> Result<Option<Arc<str>>, Fault> {
        let values = vec![crate::work::text(object)];
        let call = crate::work::call(&self.journal.inbox.known, values, true);
        let found = self.works.read(call).await?;
        let Some([Datum::Text(kept), _, Datum::Text(at)]) =
            found.rows.first().map(|row| row.cells.as_slice())
        else {
            return Ok(None);
        };
        let now = self.works.now();
        let noted = backflow_expr::parse_timestamp(at).is_some_and(|at| now.duration_since(at) < NOTED);
        if !noted {
            let values = vec![crate::work::text(object), crate::work::instant(now)];
            let touch = crate::work::call(&self.journal.inbox.touch, values, true);
            self.works.write(touch).await?;
        }
        Ok(Some(Arc::clone(kept)))
    }

    /// The tenants of the rows that hold an event's values.
    async fn by_rows(
        &self,
        rows: &RowFinder,
        case: &Case<'_>,
        host: &mut RequestHost,
        named: &mut Vec<Named>,
    ) -> Result<(), Fault> {
        let mut values = Vec::with_capacity(rows.values.len());
        for wanted in &rows.values {
            let value = match &wanted.from {
                RowValueFrom::Program(program) => {
                    crate::render::run(program, &case.told.frame, host, "tenant.by")?
                }
                RowValueFrom::Told(places) => {
                    let id = places.iter().find_map(|place| case.told_id(place));
                    id.map_or(Value::Undefined, Value::from)
                }
            };
            if value.is_nothing() {
                return Ok(());
            }
            match convert(&value, &wanted.ty, &[], true) {
                Ok(datum) => values.push(datum),
                // No row holds what is no value of the column.
                Err(_) => return Ok(()),
            }
        }
        let call = crate::work::call(&rows.first, values.clone(), true);
        let found = self.works.read(call).await?;
        let label = format!("`{}`", rows.label);
        let are_all = (found.rows.len() as u64) < FEW_ROWS;
        for row in found.rows {
            let tenant = row.cells.into_iter().next();
            named.push((label.clone(), tenant.filter(|tenant| *tenant != Datum::Null)));
        }
        if !are_all {
            let last = self.cell(&rows.last, values).await?;
            named.extend(last.map(|last| (label, Some(last))));
        }
        Ok(())
    }
}

impl Case<'_> {
    fn slot(&self, at: u32) -> Value {
        self.told.frame.get(at as usize).cloned().unwrap_or_default()
    }

    /// The id of an object, as text.
    fn told_id(&self, told: &Told) -> Option<String> {
        if let Some((slot, text)) = &told.only_if
            && self.slot(slot.0).as_text() != Some(text)
        {
            return None;
        }
        let value = self.slot(told.at.0);
        let value = match value.as_object() {
            Some(_) => value.member("id"),
            None => value,
        };
        match &value {
            Value::Text(text) if !text.is_empty() => Some(text.to_string()),
            Value::Number(_) => Some(value.to_json()),
            _ => None,
        }
    }
}

/// The tenant that all name.
fn agreed(named: &[Named]) -> Found {
    if let Some((who, _)) = named.iter().find(|(_, tenant)| tenant.is_none()) {
        return Found::None(format!("{who} names no tenant"));
    }
    let mut tenants = named
        .iter()
        .filter_map(|(who, tenant)| Some((who, tenant.as_ref()?)));
    let Some((first, tenant)) = tenants.next() else {
        return Found::None("nothing in the event tells its tenant".to_owned());
    };
    match tenants.find(|(_, other)| *other != tenant) {
        None => Found::One(tenant.clone()),
        Some((who, _)) if who == first => Found::None(format!("{who} names two tenants")),
        Some((who, _)) => Found::None(format!("{first} and {who} name two tenants")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(who: &str, tenant: Option<i64>) -> Named {
        (who.to_owned(), tenant.map(Datum::Int))
    }

    fn why(named: &[Named]) -> String {
        match agreed(named) {
            Found::One(tenant) => format!("{tenant:?}"),
            Found::None(why) => why,
        }
    }

    #[test]
    fn only_what_all_agree_on_is_a_tenant() {
        assert_eq!(why(&[says("a", Some(1)), says("b", Some(1))]), "Int(1)");
        assert_eq!(why(&[]), "nothing in the event tells its tenant");
        assert_eq!(
            why(&[says("a", Some(1)), says("b", Some(2))]),
            "a and b name two tenants"
        );
        assert_eq!(
            why(&[says("a", Some(1)), says("a", Some(2))]),
            "a names two tenants"
        );
        assert_eq!(why(&[says("a", Some(1)), says("b", None)]), "b names no tenant");
    }
}
