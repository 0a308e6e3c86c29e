//! Golden documents as lines: prose and fenced blocks.
//!
//! Invariant: lines outside blocks are kept as they are.
//! Not here: what a block means; see `document`.

use backflow_sql::ir::Dialect;

/// A fenced block of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The first word behind the fence.
    pub(crate) kind: String,
    /// The database that it is for, if the next word names one.
    pub(crate) only: Option<Dialect>,
    /// What follows on the same line.
    pub(crate) info: String,
    /// The lines between the fences, each ended.
    pub(crate) text: String,
    /// Number of the first line between the fences, from 0.
    pub(crate) first: usize,
    /// Number of the closing fence's line, from 0.
    pub(crate) end: usize,
}

impl Block {
    /// A text that stands in no document.
    #[must_use]
    pub(crate) fn none(text: &str) -> Self {
        Block {
            kind: String::new(),
            only: None,
            info: String::new(),
            text: format!("{text}\n"),
            first: 0,
            end: 0,
        }
    }

    /// The value of `name=…` in the info.
    #[must_use]
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.info
            .split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }
}

/// All blocks of a document, in order.
#[must_use]
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in document.lines().enumerate() {
        let fence = line.strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(info)) => {
                let (kind, info) = word(info.trim());
                let (first, rest) = word(info);
                let only = match first {
                    "sqlite" => Some(Dialect::Sqlite),
                    "postgres" => Some(Dialect::Postgres),
                    _ => None,
                };
                let info = if only.is_some() { rest } else { info };
                open = Some(Block {
                    kind: kind.to_owned(),
                    only,
                    info: info.to_owned(),
                    text: String::new(),
                    first: number + 1,
                    end: number,
                });
            }
            (Some(block), Some("")) => {
                block.end = number;
                found.extend(open.take());
            }
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// The first word and what follows it.
fn word(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

/// The document with the texts of some blocks replaced.
#[must_use]
pub(crate) fn replaced(document: &str, changes: &[(Block, String)]) -> String {
    let mut lines: Vec<&str> = document.lines().collect();
    let mut changes: Vec<_> = changes.iter().collect();
    changes.sort_by_key(|(block, _)| std::cmp::Reverse(block.first));
    for (block, text) in changes {
        lines.splice(block.first..block.end, text.lines());
    }
    let mut whole = lines.join("\n");
    whole.push('\n');
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_kind_info_and_text_and_can_be_replaced() {
        let document =
            "# x\n```json file=a.json\n{}\n```\ntext\n```response\n200\n```\n```plan postgres GET /x\n```\n";
        let found = blocks(document);
        assert_eq!(found.len(), 3);
        assert_eq!((found[0].only, found[2].only), (None, Some(Dialect::Postgres)));
        assert_eq!(found[2].info, "GET /x");
        assert_eq!(found[0].option("file"), Some("a.json"));
        assert_eq!(found[1].text, "200\n");
        let changed = replaced(document, &[(found[1].clone(), "404\nno\n".to_owned())]);
        assert!(changed.contains("```response\n404\nno\n```\n```plan"));
    }
}
