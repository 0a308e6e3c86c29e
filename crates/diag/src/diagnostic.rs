//! One thing to say to the author, and the collection of all of them.
//!
//! Invariant: rendering order is by file and place, so output does not depend on the order of checks.
//! Not here: how a report looks; see `render`.

use crate::codes::{Code, Severity};
use crate::source::Span;
use std::collections::HashSet;

/// A place with a few words about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What to say there; may be empty.
    pub text: String,
}

/// A fault or warning in the author's files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Diagnostic {
    /// What kind of thing it is; has a page.
    pub code: &'static Code,
    /// One sentence: what is wrong.
    pub message: String,
    /// The places; the first is the main one.
    pub labels: Vec<Label>,
    /// Why it is a fault, or facts that help to see it. One sentence or more each.
    pub notes: Vec<String>,
    /// What to do about it.
    pub helps: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic without a place yet.
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// Adds a place; the first one added is the main one. `text` may be empty.
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds why.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }

    /// Adds a "did you mean" when there is a near word.
    pub fn did_you_mean(self, near: Option<&str>) -> Self {
        match near {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// The main place.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// All that was found so far.
#[derive(Debug, Default, Clone)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    /// Code, main place and message of each.
    seen: HashSet<(&'static str, Option<Span>, String)>,
}

impl Diagnostics {
    /// Adds one; one that says the same of the same place is kept once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let same = (diagnostic.code.id, diagnostic.span(), diagnostic.message.clone());
        if self.seen.insert(same) {
            self.items.push(diagnostic);
        }
    }

    /// Whether anything refuses the config.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|d| d.code.severity == Severity::Error)
    }

    /// How many of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.items.iter().filter(|d| d.code.severity == severity).count()
    }

    /// All, by file and place.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        let mut sorted: Vec<_> = self.items.iter().collect();
        sorted.sort_by_key(|d| (d.span(), d.code.id));
        sorted.into_iter()
    }

    /// Takes over everything from another collection.
    pub fn extend(&mut self, other: Diagnostics) {
        for diagnostic in other.items {
            self.push(diagnostic);
        }
    }
}
