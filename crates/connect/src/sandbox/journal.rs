//! State that outlives the process.
//!
//! Role: a file to which every request appends one line, an array of entries.
//! Invariant: a line is written whole by one call before the answer leaves, so that what was answered survives the
//! process being killed; an unfinished last line is cut off. A power cut is not covered: nothing is synced.
//! Not here: what the entries mean (`world.rs`).

use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    noted: Vec<Value>,
}

impl Journal {
    /// Opens or makes the file and hands each entry in it to `replay`.
    pub(crate) fn open(path: &Path, mut replay: impl FnMut(&Value)) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let mut reader = BufReader::new(&file);
        let (mut whole, mut line) = (0_u64, Vec::new());
        while reader.read_until(b'\n', &mut line)? > 0 {
            let Some(Value::Array(entries)) = entries(&line) else {
                break;
            };
            entries.iter().for_each(&mut replay);
            whole += u64::try_from(line.len()).unwrap_or(0);
            line.clear();
        }
        let rest = reader.read_until(b'\n', &mut Vec::new())?;
        if rest > 0 {
            let place = format!("{}: no line of a sandbox at byte {whole}", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, place));
        }
        file.set_len(whole)?;
        Ok(Self {
            file,
            noted: Vec::new(),
        })
    }

    /// Takes an entry into the next line.
    pub(crate) fn note(&mut self, entry: Value) {
        self.noted.push(entry);
    }

    /// Writes the line.
    pub(crate) fn commit(&mut self) {
        if self.noted.is_empty() {
            return;
        }
        let mut line = Value::Array(std::mem::take(&mut self.noted)).to_string();
        line.push('\n');
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            tracing::error!(%error, "the sandbox cannot keep its state");
        }
    }
}

/// A finished line.
fn entries(line: &[u8]) -> Option<Value> {
    serde_json::from_slice(line.strip_suffix(b"\n")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(path: &Path) -> io::Result<(Vec<Value>, Journal)> {
        let mut found = Vec::new();
        let journal = Journal::open(path, |entry| found.push(entry.clone()))?;
        Ok((found, journal))
    }

    #[test]
    fn an_unfinished_line_is_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        let (found, mut journal) = read(&path).expect("made");
        assert!(found.is_empty());
        journal.note(json!(1));
        journal.note(json!(2));
        journal.commit();
        journal.commit();
        std::fs::write(
            &path,
            [std::fs::read(&path).expect("there"), b"[3,".to_vec()].concat(),
        )
        .expect("written");
        let (found, mut journal) = read(&path).expect("opened");
        assert_eq!(found, [json!(1), json!(2)]);
        journal.note(json!(4));
        journal.commit();
        assert_eq!(read(&path).expect("opened").0, [json!(1), json!(2), json!(4)]);
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("other");
        std::fs::write(&path, "hello\nworld\n").expect("written");
        assert!(read(&path).is_err());
        assert_eq!(std::fs::read(&path).expect("there"), b"hello\nworld\n");
    }
}
