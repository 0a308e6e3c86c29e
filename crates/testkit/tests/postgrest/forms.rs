//! Differences in form that are met everywhere, and are none of substance.
//!
//! Role: two answers, and a note of the forms in which they differ.
//! Invariant: a form counts as used only where the answers differ without it.
//! Not here: why they differ; docs/postgrest.md says so, by the names that are noted here.

use crate::json::Json;
use jiff::Timestamp;
use jiff::civil::DateTime;
use std::collections::BTreeSet;

/// Whether two answers say the same.
pub(crate) fn alike(ours: &Json, theirs: &Json, embeds: bool, used: &mut BTreeSet<&'static str>) -> bool {
    let mut met = BTreeSet::new();
    let mut comparison = Comparison {
        embeds,
        met: &mut met,
    };
    let alike = comparison.alike(ours, theirs);
    if alike {
        used.append(&mut met);
    }
    alike
}

struct Comparison<'a> {
    /// Whether the answers hold embedded rows.
    embeds: bool,
    met: &'a mut BTreeSet<&'static str>,
}

impl Comparison<'_> {
    fn alike(&mut self, ours: &Json, theirs: &Json) -> bool {
        if ours == theirs {
            return true;
        }
        match (ours, theirs) {
            (Json::Text(ours), Json::Text(theirs)) => {
                let same = instant(ours).is_some_and(|ours| Some(ours) == instant(theirs));
                self.note("instants", same)
            }
            (Json::List(ours), Json::List(theirs)) => {
                let mut pairs = ours.iter().zip(theirs);
                ours.len() == theirs.len() && pairs.all(|(ours, theirs)| self.alike(ours, theirs))
            }
            (Json::Object(ours), Json::Object(theirs)) if ours.len() == theirs.len() => {
                self.members(ours, theirs)
            }
            _ => false,
        }
    }

    /// The same members; in the same order too, unless rows are embedded.
    fn members(&mut self, ours: &[(String, Json)], theirs: &[(String, Json)]) -> bool {
        let names = |side: &[(String, Json)]| side.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let ordered = names(ours) == names(theirs);
        if !ordered && !self.note("order of members", self.embeds) {
            return false;
        }
        ours.iter().enumerate().all(|(at, (name, ours))| {
            let found = if ordered {
                theirs.get(at)
            } else {
                theirs.iter().find(|(other, _)| other == name)
            };
            found.is_some_and(|(_, theirs)| self.alike(ours, theirs))
        })
    }

    fn note(&mut self, form: &'static str, met: bool) -> bool {
        if met {
            self.met.insert(form);
        }
        met
    }
}

/// `2026-11-23T18:10:15.12+00:00` and `2026-11-23T18:10:15.12`, each with as many digits as there are.
fn instant(text: &str) -> Option<(bool, DateTime)> {
    text.get(10..11).filter(|sign| *sign == "T")?;
    let zoned = text.strip_suffix("+00:00");
    let whole = zoned.unwrap_or(text).parse::<DateTime>().ok()?;
    zoned.map_or(Some(()), |_| text.parse::<Timestamp>().ok().map(drop))?;
    Some((zoned.is_some(), whole))
}
