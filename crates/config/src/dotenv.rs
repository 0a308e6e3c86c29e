//! Reader of `.env`.
//!
//! Input: lines of `KEY=value`. Output: names and values; of a name that stands twice the last counts.
//! Invariant: a report never shows a line of the file, since its values are secrets: place and reason are in
//! the message.
//! Not here: the process environment, and which of the two wins.

use backflow_diag::{Diagnostic, Diagnostics, FileId, SourceMap, codes};

/// Reads a `.env` file: `KEY=value`, `export KEY=value`, values in single quotes (as they stand) or double
/// quotes (with `\n`, `\r`, `\t`, `\"`, `\\`, `\$`), which may run over lines, and comments after `#`.
pub fn parse_dotenv(
    sources: &SourceMap,
    file: FileId,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, String)> {
    let text = sources.text(file);
    let mut reader = Reader {
        rest: text.strip_prefix('\u{feff}').unwrap_or(&text),
        line: 1,
    };
    let mut found: Vec<(String, String)> = Vec::new();
    while !reader.rest.is_empty() {
        let line = reader.line;
        match reader.entry() {
            Ok(Some((name, value))) => {
                found.retain(|(other, _)| *other != name);
                found.push((name, value));
            }
            Ok(None) => {}
            Err((what, help)) => {
                diagnostics.push(fault(sources.name(file), line, what, help));
                reader.skip_line();
            }
        }
    }
    found
}

fn fault(name: &str, line: usize, what: &str, help: &str) -> Diagnostic {
    Diagnostic::new(codes::DOTENV_SYNTAX, format!("{name}:{line}: {what}"))
        .note("the line is not shown, since it may hold a secret")
        .help(help)
}

type Wrong = (&'static str, &'static str);

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    /// Reads one entry, or a line without one. On an error nothing after the mistake is consumed.
    fn entry(&mut self) -> Result<Option<(String, String)>, Wrong> {
        self.blanks();
        if self.rest.is_empty() || self.rest.starts_with(['\n', '\r', '#']) {
            self.skip_line();
            return Ok(None);
        }
        let mut name = self.name();
        if name == "export" && self.rest.starts_with([' ', '\t']) {
            self.blanks();
            name = self.name();
        }
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err((
                "a line does not start with a name",
                "names hold letters, digits and `_`, and do not start with a digit",
            ));
        }
        self.blanks();
        let Some(rest) = self.rest.strip_prefix('=') else {
            return Err((
                "no `=` follows the name",
                "write `NAME=value`, or start the line with `#`",
            ));
        };
        self.rest = rest;
        self.blanks();
        let value = match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            _ => self.plain(),
        };
        Ok(Some((name.to_owned(), value)))
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn name(&mut self) -> &'a str {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        self.take(length)
    }

    fn skip_line(&mut self) {
        let length = self.rest.find('\n').map_or(self.rest.len(), |n| n + 1);
        self.take(length);
    }

    fn plain(&mut self) -> String {
        let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
        let line = self.take(end);
        let comment = line.match_indices('#').map(|(at, _)| at).find(|at| {
            *at == 0
                || line
                    .get(..*at)
                    .is_some_and(|before| before.ends_with([' ', '\t']))
        });
        let value = comment.and_then(|at| line.get(..at)).unwrap_or(line);
        value.trim_end().to_owned()
    }

    fn quoted(&mut self, quote: char) -> Result<String, Wrong> {
        let mut value = String::new();
        let mut escaped = false;
        let mut end = None;
        for (at, c) in self.rest.char_indices().skip(1) {
            if escaped {
                escaped = false;
                match c {
                    'n' => value.push('\n'),
                    'r' => value.push('\r'),
                    't' => value.push('\t'),
                    '"' | '\\' | '$' => value.push(c),
                    other => value.extend(['\\', other]),
                }
            } else if c == quote {
                end = Some(at + 1);
                break;
            } else if c == '\\' && quote == '"' {
                escaped = true;
            } else {
                value.push(c);
            }
        }
        let Some(end) = end else {
            return Err(("a quoted value is not closed", "add the missing quote"));
        };
        self.take(end);
        self.blanks();
        if !self.rest.is_empty() && !self.rest.starts_with(['\n', '\r', '#']) {
            return Err((
                "something follows the closing quote",
                "put the whole value between the quotes; write `\\\"` for a quote inside of double quotes",
            ));
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<(String, String)>, Vec<String>) {
        let mut sources = SourceMap::default();
        let file = sources.add(".env", text);
        let mut diagnostics = Diagnostics::default();
        let found = parse_dotenv(&sources, file, &mut diagnostics);
        (found, diagnostics.iter().map(|d| d.message.clone()).collect())
    }

    fn value(text: &str) -> String {
        let (found, faults) = read(text);
        assert_eq!(faults, Vec::<String>::new(), "{text}");
        assert_eq!(found.len(), 1, "{text}");
        found[0].1.clone()
    }

    #[test]
    fn values_with_and_without_quotes() {
        assert_eq!(value("A=b c "), "b c");
        assert_eq!(value("  export A = b # note"), "b");
        assert_eq!(value("A=a#b=c"), "a#b=c");
        assert_eq!(value("A="), "");
        assert_eq!(value("A=#x"), "");
        assert_eq!(value("A='a\\n # \"b'"), "a\\n # \"b");
        assert_eq!(value("A=\"a\\n\\\"\\$b\\q\" # note"), "a\n\"$b\\q");
        assert_eq!(value("A=\"-----\nkey\n-----\"\r\n"), "-----\nkey\n-----");
        assert_eq!(value("\u{feff}A=b\r\n"), "b");
        assert_eq!(value("A=1\nA=2"), "2");
        assert_eq!(value("export=1"), "1");
    }

    #[test]
    fn every_bad_line_is_reported_with_its_number_and_without_its_text() {
        let (found, faults) = read("# ok\n=x\nA b\nB=\"s3cret\nC=1\n1D=2\n");
        assert_eq!(found, [("C".to_owned(), "1".to_owned())]);
        let lines: Vec<&str> = faults.iter().filter_map(|f| f.split(": ").next()).collect();
        assert_eq!(lines, [".env:2", ".env:3", ".env:4", ".env:6"]);
        assert!(!faults.iter().any(|fault| fault.contains("s3cret")));
        assert!(read("A='x' y").1[0].contains("follows the closing quote"));
    }
}
