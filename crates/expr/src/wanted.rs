//! Which parts of a document somebody reads.
//!
//! Role: made from paths once, it tells the reader of JSON what need not be built.
//! Invariant: under every path that was named, [`Value::at_path`](crate::Value::at_path) gives what it would give of the
//! whole document.
//! Not here: reading (`json`).

use crate::ast::Key;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Parts of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing of it.
    #[default]
    Nothing,
    /// Some members of an object.
    Members(BTreeMap<Arc<str>, Wanted>),
    /// All of it.
    Whole,
}

impl Wanted {
    /// All that lies under these paths.
    #[must_use]
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a [Key]>) -> Self {
        let mut wanted = Wanted::Nothing;
        for path in paths {
            wanted.add(path);
        }
        wanted
    }

    fn add(&mut self, path: &[Key]) {
        // A list is wanted whole: its items keep their places.
        let Some((Key::Name(name), rest)) = path.split_first() else {
            *self = Wanted::Whole;
            return;
        };
        if *self == Wanted::Nothing {
            *self = Wanted::Members(BTreeMap::new());
        }
        if let Wanted::Members(members) = self {
            members.entry(Arc::clone(name)).or_default().add(rest);
        }
    }

    /// What is wanted of a member.
    #[must_use]
    pub fn member(&self, name: &str) -> &Wanted {
        match self {
            Wanted::Nothing => &Wanted::Nothing,
            Wanted::Members(members) => members.get(name).unwrap_or(&Wanted::Nothing),
            Wanted::Whole => &Wanted::Whole,
        }
    }

    /// What is wanted of a list's items.
    pub(crate) fn item(&self) -> &Wanted {
        match self {
            Wanted::Whole => &Wanted::Whole,
            // A member of a list is undefined, as a member of nothing is.
            Wanted::Nothing | Wanted::Members(_) => &Wanted::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;
    use crate::json::{parse, parse_wanted};

    fn path(text: &str) -> Vec<Key> {
        let key = |part: &str| part.parse().map_or_else(|_| Key::name(part), Key::Index);
        text.split('.').filter(|part| !part.is_empty()).map(key).collect()
    }

    #[test]
    fn paths_give_what_they_give_of_the_whole() {
        let document = br#"{"a": {"b": [1, {"c": "x\n"}], "d": {"e": null, "f": {}}}, "g": "h", "a2": 7, "l": [{"m": 1}],
            "twice": {"n": 1}, "twice": {"n": 2, "o": 3}}"#;
        let whole = parse(document, 9).unwrap();
        for texts in [
            vec!["a.b.1.c", "g"],
            vec!["a", "a.d.e"],
            vec!["a.d.e", "a.d"],
            vec![""],
            vec!["g.x", "l.m", "l.length", "nothing", "a.d.f"],
            vec!["l.0.m", "l.1"],
            vec!["twice.n", "twice.o", "a2"],
        ] {
            let paths: Vec<Vec<Key>> = texts.iter().map(|text| path(text)).collect();
            let wanted = Wanted::of(paths.iter().map(Vec::as_slice));
            let some = parse_wanted(document, 9, &wanted).unwrap();
            for path in &paths {
                assert_eq!(some.at_path(path), whole.at_path(path), "{path:?}");
            }
        }
        let wanted = Wanted::of([path("g").as_slice()]);
        let some = parse_wanted(document, 9, &wanted).unwrap();
        assert_eq!(some, Value::object([("g", "h".into())]), "nothing else is built");
    }

    #[test]
    fn what_is_not_wanted_is_judged_all_the_same() {
        for bad in [
            r#"{"a": 01}"#,
            r#"{"a": "\q"}"#,
            r#"{"a": [1,]}"#,
            r#"{"a": [[[[]]]]}"#,
            r#"{"a": "\u0000"}"#,
            r#"{"a": {"b": tru}}"#,
            r#"{"a": 1"#,
        ] {
            let judged = parse_wanted(bad.as_bytes(), 4, &Wanted::Nothing).map(drop);
            assert!(judged.is_err(), "{bad}");
            assert_eq!(judged, parse(bad.as_bytes(), 4).map(drop), "{bad}");
        }
    }
}
