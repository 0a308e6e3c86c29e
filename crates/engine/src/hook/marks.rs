//! Which events about an object wrote last where.
//!
//! Role: tells whether an action comes too late.
//! Invariant: only rows that were really written leave a mark; an event never supersedes one of the same instant.
//! Not here: reading and writing marks (`calls`).

use super::effect::Written;
use super::ready::Touched;
use backflow_expr::{Value, json, parse_timestamp, timestamp_text};
use backflow_sql::ir::Datum;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// By table, the newest events that wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Marks(BTreeMap<String, Mark>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Mark {
    changed: Option<Timestamp>,
    inserted: Option<Timestamp>,
}

impl Marks {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what an event wrote.
    pub(super) fn add(&mut self, written: &[Written], created: Timestamp) {
        for written in written {
            let mark = self.0.entry(written.table.clone()).or_default();
            let place = match written.changes {
                true => &mut mark.changed,
                false => &mut mark.inserted,
            };
            *place = (*place).max(Some(created));
        }
    }

    /// Whether an event that was made after `since` has written a table of these. New rows only come too late where
    /// rows were changed: two inserts do not contradict each other.
    pub(super) fn supersede(&self, tables: &[Touched], since: Timestamp) -> bool {
        tables.iter().any(|touched| {
            let mark = self.0.get(&touched.table).copied().unwrap_or_default();
            let inserted = mark.inserted.filter(|_| touched.changes);
            mark.changed.max(inserted) > Some(since)
        })
    }

    /// `None`: there is nothing to keep.
    pub(super) fn to_json(&self) -> Option<String> {
        let text = |at: Option<Timestamp>| at.map_or(Value::Null, |at| timestamp_text(at).into());
        let members = self.0.iter().map(|(table, mark)| {
            let both = [text(mark.changed), text(mark.inserted)];
            (table.as_str(), Value::list(both))
        });
        (!self.is_empty()).then(|| Value::object(members).to_json())
    }

    /// Out of the inbox's cell.
    pub(super) fn of(cell: &Datum) -> Self {
        match cell {
            Datum::Text(text) => Self::read(text),
            _ => Self::default(),
        }
    }

    /// What cannot be read supersedes nothing.
    fn read(text: &str) -> Self {
        let kept = json::parse(text.as_bytes(), 4).unwrap_or_default();
        let members = kept.as_object().into_iter().flat_map(|members| members.iter());
        let at = |both: &Value, place| both.index(place).as_text().and_then(parse_timestamp);
        let marks = members.map(|(table, both)| {
            let mark = Mark {
                changed: at(both, 0),
                inserted: at(both, 1),
            };
            (table.to_string(), mark)
        });
        Self(marks.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(table: &str, changes: bool) -> Vec<Written> {
        vec![Written {
            table: table.to_owned(),
            changes,
        }]
    }

    fn touched(table: &str, changes: bool) -> Vec<Touched> {
        vec![Touched {
            table: table.to_owned(),
            changes,
        }]
    }

    #[test]
    fn only_strictly_newer_writes_of_the_same_table_supersede() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut marks = Marks::default();
        marks.add(&written("plans", true), at(10));
        marks.add(&written("plans", true), at(5));
        assert!(marks.supersede(&touched("plans", true), at(9)));
        assert!(marks.supersede(&touched("plans", false), at(9)));
        assert!(!marks.supersede(&touched("plans", true), at(10)));
        assert!(!marks.supersede(&touched("others", true), at(0)));
        assert_eq!(Marks::read(&marks.to_json().unwrap()), marks);
    }

    #[test]
    fn new_rows_do_not_supersede_new_rows() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut marks = Marks::default();
        marks.add(&written("log", false), at(10));
        assert!(!marks.supersede(&touched("log", false), at(1)));
        assert!(marks.supersede(&touched("log", true), at(1)));
        assert_eq!(Marks::read("nonsense"), Marks::default());
        assert_eq!(Marks::default().to_json(), None);
    }
}
