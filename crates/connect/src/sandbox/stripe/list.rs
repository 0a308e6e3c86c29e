//! Lists.
//!
//! Role: the newest first, pages by `limit`, `starting_after`, `ending_before`, and `created`.
//! Invariant: a page is at most 100 long; deleted objects are in no list.
//! Not here: the filters of each kind (their own files).

use super::super::world::World;
use super::args::Args;
use super::failure::Failure;
use serde_json::{Value, json};

/// Elements of a page.
const MOST: u64 = 100;

/// A page of a kind, of those that `is_meant` chooses.
pub(crate) fn page(
    world: &World,
    kind: &str,
    args: &Args,
    is_meant: impl Fn(&Value) -> bool,
) -> Result<Value, Failure> {
    let limit = args.number("limit").unwrap_or(10);
    if limit == 0 || limit > MOST {
        let message =
            format!("This value must be between 1 and {MOST} inclusive (it currently is '{limit}').");
        return Err(Failure::invalid(message)
            .code("parameter_invalid_integer")
            .param("limit"));
    }
    let limit = usize::try_from(limit).unwrap_or(1);
    let (after, before) = (
        cursor(world, kind, args, "starting_after")?,
        cursor(world, kind, args, "ending_before")?,
    );
    let range = args.params.get("created");
    let fits = |position: usize| {
        let object = world.at(kind, position)?;
        let is_there = object.get("deleted").is_none();
        (is_there && is_created_in(object, range) && is_meant(object)).then_some(object)
    };
    let count = world.count(kind);
    let (mut data, has_more) = match (after, before) {
        (Some(_), Some(_)) => {
            return Err(Failure::invalid(
                "You cannot parameterize both starting_after and ending_before.",
            ));
        }
        (None, Some(before)) => take((before + 1..count).filter_map(fits), limit),
        (after, None) => take((0..after.unwrap_or(count)).rev().filter_map(fits), limit),
    };
    if before.is_some() {
        data.reverse();
    }
    Ok(json!({"object": "list", "data": data, "has_more": has_more, "url": args.path}))
}

fn take<'a>(mut found: impl Iterator<Item = &'a Value>, limit: usize) -> (Vec<Value>, bool) {
    let data = found.by_ref().take(limit).cloned().collect();
    (data, found.next().is_some())
}

fn cursor(world: &World, kind: &str, args: &Args, name: &str) -> Result<Option<usize>, Failure> {
    let Some(id) = args.text(name) else {
        return Ok(None);
    };
    match world.position(kind, id) {
        Some(position) => Ok(Some(position)),
        None => Err(Failure::unknown(kind, id, name)),
    }
}

/// Whether an object was created in a range: an instant, or `{gt, gte, lt, lte}`.
fn is_created_in(object: &Value, range: Option<&Value>) -> bool {
    let created = object.get("created").and_then(Value::as_i64).unwrap_or(0);
    match range {
        None => true,
        Some(Value::Object(bounds)) => bounds.iter().all(|(word, bound)| {
            let bound = bound.as_i64().unwrap_or(0);
            match word.as_str() {
                "gt" => created > bound,
                "gte" => created >= bound,
                "lt" => created < bound,
                _ => created <= bound,
            }
        }),
        Some(instant) => instant.as_i64() == Some(created),
    }
}

/// Whether the fields of an object are what parameters of the same names say.
pub(crate) fn equals(object: &Value, args: &Args, names: &[&str]) -> bool {
    names.iter().all(|name| {
        let wanted = args.params.get(*name).filter(|wanted| !wanted.is_null());
        wanted.is_none_or(|wanted| object.get(*name) == Some(wanted))
    })
}
