//! What is selected: columns, casts, JSON, computed members.
//!
//! Invariant: members have names of their own, so that a select is refused for what it asks, not for its names.
//! Not here: totals; related rows; filters.

use crate::draft::Draft;
use crate::json::Item;
use crate::names;
use crate::types::{CASTS, Ty};

/// A select, and what filters and orders may say of it.
#[derive(Default)]
pub(crate) struct Selected {
    pub(crate) items: Vec<Item>,
    pub(crate) embeds: Vec<Embedded>,
    /// What totals are grouped by, as orders say it; `None`: these are no totals.
    pub(crate) groups: Option<Vec<String>>,
}

/// Embedded rows.
pub(crate) struct Embedded {
    /// `e00.e10`
    pub(crate) path: String,
    pub(crate) table: usize,
    /// At most one row.
    pub(crate) one: bool,
    /// What they are grouped by, if they are totals.
    pub(crate) groups: Option<Vec<String>>,
}

impl Draft<'_> {
    /// A select on the query's own table; `None`: none is said.
    pub(crate) fn select(&mut self) -> Option<Selected> {
        match self.rng.below(20) {
            0..3 => None,
            3..6 if !self.writes => Some(self.totals(self.at)),
            _ => Some(self.members(self.at, 0, "")),
        }
    }

    pub(crate) fn members(&mut self, table: usize, depth: usize, prefix: &str) -> Selected {
        let mut selected = Selected::default();
        if self.rng.chance(25) {
            selected.items.push(Item::plain("*"));
        } else {
            for at in self.schema.tables[table].present() {
                if self.rng.chance(55) {
                    let item = self.column(table, at);
                    selected.items.push(item);
                }
            }
        }
        for n in 0..self.rng.weighted(&[(6, 0), (3, 1), (1, 3)]) {
            let expression = self.number(table, 0);
            let mut text = expression;
            if self.rng.chance(25) {
                let op = self.rng.pick(&["=", "<>", "<", "<=", ">", ">=", "!="]);
                text = format!("{text} {op} {}", self.number(table, 1));
            }
            let name = format!("c{depth}{n}");
            let said = if self.rng.chance(50) {
                format!("({text}) as {name}")
            } else {
                format!("{name}:({text})")
            };
            selected.items.push(Item::plain(said));
        }
        for n in 0..self.rng.weighted(&[(5, 0), (5, 1), (2, 2)]) {
            if depth < 3 && !(self.writes && self.rng.chance(80)) {
                self.embed((table, depth, n), prefix, &mut selected);
            }
        }
        if selected.items.is_empty() {
            selected.items.push(Item::plain("*"));
        }
        self.rng.shuffle(&mut selected.items);
        selected
    }

    /// A column, renamed, cast or stepped into.
    fn column(&mut self, table: usize, at: usize) -> Item {
        let column = &self.schema.tables[table].columns[at];
        let mut said = names::path(&column.name);
        if column.ty.is_json() && self.rng.chance(40) {
            let path = self.rng.pick(&[
                "->a",
                "->>a",
                "->0",
                "->>0",
                "->a->b",
                "->a->>b",
                "->b",
                "->>-1",
                "->\"a b\"",
            ]);
            said = format!("j{at}:{said}{path}");
            if path.contains(">>") && self.rng.chance(20) {
                let casts = if self.rng.chance(90) {
                    Ty::Text.casts()
                } else {
                    CASTS
                };
                said.push_str(&format!("::{}", self.rng.pick(casts)));
            }
        } else if self.rng.chance(20) {
            let casts = if self.rng.chance(93) {
                column.ty.casts()
            } else {
                CASTS
            };
            said = format!("a{at}:{said}::{}", self.rng.pick(casts));
        } else if self.rng.chance(15) {
            said = format!("a{at}:{said}");
        }
        Item::plain(said)
    }

    /// Arithmetic over a table's numbers.
    pub(crate) fn number(&mut self, table: usize, depth: usize) -> String {
        let row = &self.schema.tables[table];
        let numbers: Vec<usize> = row
            .present()
            .into_iter()
            .filter(|at| row.columns[*at].ty.is_number())
            .collect();
        let any = row.present();
        match self.rng.below(12) {
            0..5 if !numbers.is_empty() => names::path(&row.columns[*self.rng.of_list(&numbers)].name),
            5 | 6 => self
                .rng
                .pick(&[
                    "0",
                    "1",
                    "2",
                    "7",
                    "10",
                    "0.5",
                    "1.10",
                    "3",
                    "2147483647",
                    "9223372036854775807",
                    "100000000000000000000",
                ])
                .to_owned(),
            7 => format!(
                "coalesce({}, {})",
                self.number(table, depth + 2),
                self.rng.pick(&["0", "1", "1.5"])
            ),
            8 if depth < 2 => format!("-({})", self.number(table, depth + 1)),
            9 if self.rng.chance(30) => names::path(&row.columns[*self.rng.of_list(&any)].name),
            _ if depth < 3 => {
                let op = self.rng.pick(&["+", "-", "*", "/", "/", "%"]);
                format!(
                    "({} {op} {})",
                    self.number(table, depth + 1),
                    self.number(table, depth + 1)
                )
            }
            _ => "1".to_owned(),
        }
    }
}
