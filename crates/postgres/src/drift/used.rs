//! What statements use of a catalog.
//!
//! Role: finds the names in finished statements, which are all quoted.
//! Input: texts. Output: the tables and columns of a catalog that they name.
//! Invariant: a table or column that a statement uses is found; one that is not used may be found too, where
//! another thing of the same statement has its name.
//! Not here: the grammar of SQL.

use backflow_catalog::{Catalog, ColumnId, TableId};
use std::collections::{BTreeMap, BTreeSet};

/// Tables with the columns of theirs that are used.
#[derive(Debug, Default)]
pub(super) struct Used {
    tables: BTreeMap<TableId, BTreeSet<ColumnId>>,
}

impl Used {
    /// What the statements use.
    pub(super) fn of<'s>(catalog: &Catalog, statements: impl IntoIterator<Item = &'s str>) -> Self {
        let mut used = Used::default();
        for text in statements {
            let names = quoted_names(text);
            for name in &names {
                let Some(id) = catalog.find(name) else { continue };
                let table = catalog.table(id);
                let columns = names.iter().filter_map(|name| table.column(name));
                used.tables.entry(id).or_default().extend(columns);
            }
        }
        used
    }

    pub(super) fn table(&self, id: TableId) -> bool {
        self.tables.contains_key(&id)
    }

    /// In the order of the table.
    pub(super) fn columns(&self, id: TableId) -> Vec<ColumnId> {
        self.tables.get(&id).into_iter().flatten().copied().collect()
    }
}

/// Every `"name"` of a statement, decoded; what stands in text constants is no name.
fn quoted_names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        if c == '"' || c == '\'' {
            let escapes = c == '\'' && before.eq_ignore_ascii_case(&'e');
            let mut inside = String::new();
            while let Some(next) = chars.next() {
                if next == '\\' && escapes {
                    chars.next();
                } else if next != c {
                    inside.push(next);
                } else if chars.next_if_eq(&c).is_some() {
                    inside.push(c);
                } else {
                    break;
                }
            }
            if c == '"' {
                names.insert(inside);
            }
        }
        before = c;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_constants() {
        let text =
            r#"SELECT '{"a":'||t0."b"||E'\'"c"'||'it''s "d"' FROM "e ""f""" AS t0 WHERE t0."g" = $1::"h""#;
        let names = quoted_names(text);
        assert_eq!(names.iter().collect::<Vec<_>>(), ["b", "e \"f\"", "g", "h"]);
    }
}
