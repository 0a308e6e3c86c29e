//! The documented differences: the tables of docs/postgrest.md.
//!
//! Role: the text of the document → three tables; [`Document::unmet`] names the rows that nothing met.
//! Invariant: every row is met by a case, or the test fails.
//! Not here: comparing.

use std::collections::{BTreeMap, BTreeSet};

/// The tables.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// `## Forms`: names.
    forms: BTreeSet<String>,
    /// `## Statuses and codes`: what stands for what.
    pairs: BTreeSet<(String, String)>,
    /// `## Cases`: both outcomes of a case.
    cases: BTreeMap<String, (String, String)>,
    met: BTreeSet<String>,
}

impl Document {
    /// Reads the tables; every row has a reason in its last cell.
    pub(crate) fn read(text: &str) -> Self {
        let mut document = Document::default();
        let mut section = "";
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                section = title.trim();
            }
            let cells = cells(line);
            let known = ["Forms", "Statuses and codes", "Cases"].contains(&section);
            if !known || cells.first().is_none_or(|cell| cell.starts_with("--")) {
                continue;
            }
            let why = cells.last().map_or("", String::as_str);
            assert!(!why.is_empty(), "docs/postgrest.md gives no reason: {line}");
            document.row(section, &cells);
        }
        document
    }

    fn row(&mut self, section: &str, cells: &[String]) {
        let new = match (section, cells) {
            (_, [head, ..]) if head == "form" || head == "case" || head == "Backflow" => true,
            ("Forms", [name, ..]) => self.forms.insert(name.clone()),
            ("Statuses and codes", [ours, theirs, _]) => self.pairs.insert((ours.clone(), theirs.clone())),
            ("Cases", [name, ours, theirs, _]) => {
                let both = (ours.clone(), theirs.clone());
                self.cases.insert(name.clone(), both).is_none()
            }
            _ => panic!("docs/postgrest.md has a row of another width: {cells:?}"),
        };
        assert!(new, "docs/postgrest.md has a row twice: {cells:?}");
    }

    /// Whether a form may differ.
    pub(crate) fn allows_form(&mut self, name: &str) -> bool {
        self.met.insert(format!("form {name}"));
        self.forms.contains(name)
    }

    /// Whether a status or refusal of ours stands for one of theirs.
    pub(crate) fn allows_pair(&mut self, ours: &str, theirs: &str) -> bool {
        self.met.insert(format!("pair {ours} {theirs}"));
        self.pairs.contains(&(ours.to_owned(), theirs.to_owned()))
    }

    /// The outcomes that are documented for a case.
    pub(crate) fn case(&mut self, name: &str) -> Option<(String, String)> {
        self.met.insert(format!("case {name}"));
        self.cases.get(name).cloned()
    }

    /// Rows that nothing met: differences that occur no more.
    pub(crate) fn unmet(&self) -> Vec<String> {
        let forms = self.forms.iter().map(|name| format!("form {name}"));
        let pairs = self
            .pairs
            .iter()
            .map(|(ours, theirs)| format!("pair {ours} {theirs}"));
        let cases = self.cases.keys().map(|name| format!("case {name}"));
        let all = forms.chain(pairs).chain(cases);
        all.filter(|row| !self.met.contains(row)).collect()
    }
}

/// The cells of a table's line, without the signs around code.
fn cells(line: &str) -> Vec<String> {
    let Some(inner) = line
        .trim()
        .strip_prefix('|')
        .and_then(|line| line.strip_suffix('|'))
    else {
        return Vec::new();
    };
    let apart = inner.replace("\\|", "\u{0}");
    let clean = |cell: &str| cell.trim().trim_matches('`').replace('\u{0}', "|");
    apart.split('|').map(clean).collect()
}

/// Whether an outcome is the documented one, in which `…` stands for anything.
pub(crate) fn fits(documented: &str, outcome: &str) -> bool {
    let mut parts = documented.split('…');
    let Some(mut rest) = parts.next().and_then(|start| outcome.strip_prefix(start)) else {
        return false;
    };
    let mut open = false;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
        open = part.is_empty();
    }
    rest.is_empty() || open
}
