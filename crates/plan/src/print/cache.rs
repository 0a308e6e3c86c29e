//! How a route's answers are kept, as text.
//!
//! Invariant: everything that an answer is found by is in the text, and everything that makes it old.
//! Not here: the rest of a route.

use super::line;
use crate::model::{Cache, Place};

pub(super) fn lines(text: &mut String, cache: &Cache, place: &Place) {
    let mut found_by = vec!["route"];
    if matches!(place, Place::One(_)) {
        found_by.push("tenant");
    }
    if cache.by_caller {
        found_by.push("caller");
    }
    found_by.push("what its statements are given");
    let mut found_by: Vec<String> = found_by.into_iter().map(str::to_owned).collect();
    found_by.extend(cache.late.iter().map(|slot| format!("${}", slot.0)));
    found_by.extend(cache.key.iter().map(ToString::to_string));
    line(
        text,
        1,
        &format!("kept for {} s, found by {}", cache.ttl, found_by.join(", ")),
    );
    let reads = cache.reads.iter().map(|read| match read.scoped {
        true => format!("{} of the tenant", read.name),
        false => read.name.clone(),
    });
    let reads: Vec<String> = reads.collect();
    if !reads.is_empty() {
        line(text, 2, &format!("until a change of {}", reads.join(", ")));
    }
    if let Some(coherent) = &cache.coherent {
        line(text, 2, "unless this says in its last cell that there is one:");
        line(text, 3, &coherent.text);
    }
}
