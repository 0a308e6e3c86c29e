//! Reports for people and for tools.
//!
//! Role: turns diagnostics and the source map into text. Nothing is decided here.
//! Invariant: the same diagnostics give the same bytes; ranges are on character borders.
//! Not here: where the text goes, and whether that place is a terminal.

use crate::codes::Severity;
use crate::diagnostic::{Diagnostic, Label};
use crate::source::{FileId, SourceMap, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};
use std::ops::Range;

/// Renders for people, in the look of rustc; `color` adds terminal colours.
#[must_use]
pub fn human<'a>(
    sources: &SourceMap,
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
    color: bool,
) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for diagnostic in diagnostics {
        let report = one(sources, diagnostic, &renderer);
        out.push_str(report.trim_end());
        out.push_str("\n\n");
    }
    out
}

fn one(sources: &SourceMap, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.code.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let windows: Vec<Window> = files_of(diagnostic)
        .into_iter()
        .map(|file| window(sources, diagnostic, file))
        .collect();
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.id);
    let mut group = Group::with_title(title);
    for window in &windows {
        let mut snippet = Snippet::source(window.text.as_str())
            .path(sources.name(window.file))
            .line_start(window.line)
            .fold(true);
        for (index, label) in diagnostic
            .labels
            .iter()
            .enumerate()
            .filter(|(_, l)| l.span.file == window.file)
        {
            let kind = if index == 0 {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let mut annotation = kind.span(window.range(label));
            if !label.text.is_empty() {
                annotation = annotation.label(label.text.as_str());
            }
            snippet = snippet.annotation(annotation);
        }
        group = group.element(snippet);
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    for help in &diagnostic.helps {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

fn files_of(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files = Vec::new();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

/// The lines of a file that a report shows; the rest of the file is not handed to the renderer.
struct Window {
    file: FileId,
    /// Number of the first line, from 1.
    line: usize,
    /// Byte of the file where it starts.
    start: usize,
    text: String,
}

fn window(sources: &SourceMap, diagnostic: &Diagnostic, file: FileId) -> Window {
    let spans = diagnostic
        .labels
        .iter()
        .map(|label| label.span)
        .filter(|span| span.file == file);
    let whole = spans.reduce(Span::to).unwrap_or(Span {
        file,
        start: 0,
        end: 0,
    });
    let (line, range) = sources.lines(whole);
    let start = range.start;
    let text = sources.text(file).get(range).unwrap_or_default().to_owned();
    Window {
        file,
        line,
        start,
        text,
    }
}

impl Window {
    /// A byte range on character borders inside the text: the renderer must never be handed anything else.
    fn range(&self, label: &Label) -> Range<usize> {
        let border = |offset: u32| {
            let mut n = (offset as usize).saturating_sub(self.start).min(self.text.len());
            while !self.text.is_char_boundary(n) {
                n -= 1;
            }
            n
        };
        let start = border(label.span.start);
        start..border(label.span.end).max(start)
    }
}

/// Renders as one JSON array for tools; lines and columns start at 1.
#[must_use]
pub fn json<'a>(sources: &SourceMap, diagnostics: impl IntoIterator<Item = &'a Diagnostic>) -> String {
    let items: Vec<Value> = diagnostics.into_iter().map(|d| json_one(sources, d)).collect();
    serde_json::to_string_pretty(&items).unwrap_or_else(|_| "[]".to_owned())
}

fn json_one(sources: &SourceMap, diagnostic: &Diagnostic) -> Value {
    let severity = match diagnostic.code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let labels: Vec<Value> = diagnostic
        .labels
        .iter()
        .map(|label| json_label(sources, label))
        .collect();
    json!({
        "code": diagnostic.code.id,
        "severity": severity,
        "title": diagnostic.code.title,
        "message": diagnostic.message,
        "labels": labels,
        "notes": diagnostic.notes,
        "help": diagnostic.helps,
    })
}

fn json_label(sources: &SourceMap, label: &Label) -> Value {
    let start = sources.position(label.span);
    let end = sources.position(crate::Span {
        start: label.span.end,
        ..label.span
    });
    json!({
        "file": sources.name(label.span.file),
        "line": start.line,
        "column": start.column,
        "endLine": end.line,
        "endColumn": end.column,
        "text": label.text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Diagnostic, codes};

    fn sample() -> (SourceMap, Diagnostic) {
        let mut sources = SourceMap::default();
        let file = sources.add("routes/a.json", "{\n  \"pth\": \"/é\"\n}");
        let diagnostic = Diagnostic::new(codes::UNKNOWN_KEY, "unknown key `pth`")
            .at(sources.span(file, 4..9), "not a key of a route")
            .note("unknown keys are refused")
            .help("did you mean `path`?");
        (sources, diagnostic)
    }

    #[test]
    fn people_see_place_code_reason_and_help() {
        let (sources, diagnostic) = sample();
        let text = human(&sources, [&diagnostic], false);
        for part in [
            "error[E0201]",
            "routes/a.json:2:3",
            "^^^^^ not a key",
            "unknown keys are",
            "did you mean",
        ] {
            assert!(text.contains(part), "{part} not in\n{text}");
        }
        assert!(human(&sources, [&diagnostic], true).contains('\u{1b}'));
    }

    #[test]
    fn tools_get_json() {
        let (sources, diagnostic) = sample();
        let parsed: Value = serde_json::from_str(&json(&sources, [&diagnostic])).unwrap();
        assert_eq!(parsed[0]["labels"][0]["line"], 2);
        assert_eq!(parsed[0]["labels"][0]["endColumn"], 8);
        assert_eq!(parsed[0]["code"], "E0201");
    }

    #[test]
    fn odd_spans_do_not_panic() {
        let (mut sources, _) = sample();
        let file = sources.add("b", "é");
        let odd = Diagnostic::new(codes::SYNTAX, "x").at(sources.span(file, 1..99), "");
        assert!(human(&sources, [&odd], false).contains("E0101"));
        let bare = Diagnostic::new(codes::SYNTAX, "no place");
        assert!(human(&sources, [&bare], false).contains("no place"));
    }
}
