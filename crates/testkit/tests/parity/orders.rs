//! How rows are ordered.
//!
//! Not here: bounds.

use crate::draft::Draft;
use crate::json::Json;
use crate::names;
use crate::selects::Embedded;

const WAYS: &[&str] = &[
    "",
    "",
    ".asc",
    ".desc",
    ".desc.nullslast",
    ".asc.nullsfirst",
    ".nullsfirst",
];

impl Draft<'_> {
    /// An order of a table's rows; of totals, by what they are grouped by.
    pub(crate) fn order(
        &mut self,
        table: usize,
        groups: Option<&[String]>,
        embeds: &[Embedded],
    ) -> Option<Json> {
        if self.rng.chance(45) {
            return None;
        }
        let count = self.rng.weighted(&[(5, 1), (3, 2), (1, 3)]);
        let mut terms = Vec::new();
        for _ in 0..count {
            let term = match groups {
                Some([]) => return None,
                Some(groups) => Json::text(format!("{}{}", self.rng.of_list(groups), self.rng.pick(WAYS))),
                None => self.term(table, embeds),
            };
            terms.push(term);
        }
        Some(if terms.len() == 1 {
            terms.remove(0)
        } else {
            Json::List(terms)
        })
    }

    fn term(&mut self, table: usize, embeds: &[Embedded]) -> Json {
        let ones: Vec<&Embedded> = embeds
            .iter()
            .filter(|embed| embed.one && !embed.path.contains('.'))
            .collect();
        if !ones.is_empty() && self.rng.chance(25) {
            let embed = *self.rng.of_list(&ones);
            let row = &self.schema.tables[embed.table];
            let column = &row.columns[*self.rng.of_list(&row.present())];
            let way = self.rng.pick(WAYS);
            return Json::text(format!("{}({}){way}", embed.path, names::path(&column.name)));
        }
        let row = &self.schema.tables[table];
        let column = &row.columns[*self.rng.of_list(&row.present())];
        if self.rng.chance(25) {
            let mut term = Json::object([("column", Json::text(names::path(&column.name)))]);
            for key in ["ascending", "nullsFirst"] {
                if self.rng.chance(60) {
                    term.put(key, Json::raw(self.rng.pick(&["true", "false"])));
                }
            }
            return term;
        }
        let json = match column.ty.is_json() {
            true => self.rng.pick(&["->>a", "->a", "->>0", ""]),
            false => "",
        };
        let way = self.rng.pick(WAYS);
        Json::text(format!("{}{json}{way}", names::path(&column.name)))
    }
}
