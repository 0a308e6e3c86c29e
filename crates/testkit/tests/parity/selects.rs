//! What is selected: columns, casts, JSON, computed members, totals, related rows.
//!
//! Invariant: members have names of their own, so that a select is refused for what it asks, not for its names.
//! Not here: filters.

use crate::draft::Draft;
use crate::json::{Item, Json};
use crate::names;
use crate::types::{CASTS, Ty};

/// A select, and the embeds that filters may narrow: their path and table.
pub(crate) struct Selected {
    pub(crate) items: Vec<Item>,
    pub(crate) embeds: Vec<(String, usize)>,
}

/// A way to related rows.
struct Way {
    head: String,
    to: usize,
    one: bool,
}

impl Draft<'_> {
    /// A select on the query's own table; `None`: none is said.
    pub(crate) fn select(&mut self) -> Option<Selected> {
        match self.rng.below(20) {
            0..3 => None,
            3..6 => Some(self.totals(self.at)),
            _ => Some(self.members(self.at, 0, "")),
        }
    }

    fn members(&mut self, table: usize, depth: usize, prefix: &str) -> Selected {
        let mut selected = Selected {
            items: Vec::new(),
            embeds: Vec::new(),
        };
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
            if depth < 3 {
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
    fn number(&mut self, table: usize, depth: usize) -> String {
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

    /// Totals, by groups or over all.
    fn totals(&mut self, table: usize) -> Selected {
        let row = &self.schema.tables[table];
        let mut items = Vec::new();
        for at in row.present() {
            let column = &row.columns[at];
            let name = names::path(&column.name);
            if self.rng.chance(12) {
                items.push(Item::plain(name));
            } else if self.rng.chance(45) {
                let functions: &[&str] = match &column.ty {
                    ty if ty.is_number() => &["sum", "avg", "min", "max", "count"],
                    Ty::Json => &["count"],
                    _ => &["count", "min", "max"],
                };
                let function = self.rng.pick(functions);
                items.push(Item::plain(format!("g{at}:{name}.{function}()")));
            }
        }
        if items.is_empty() || self.rng.chance(40) {
            items.push(Item::plain("n:count()"));
        }
        Selected {
            items,
            embeds: Vec::new(),
        }
    }

    /// Every way from a table to others that a key declares.
    fn ways(&self, table: usize) -> Vec<Way> {
        let mut ways = Vec::new();
        let tables = &self.schema.tables;
        let hint = |from: usize, columns: &[usize]| match columns {
            [only] => format!("!{}", names::path(&tables[from].columns[*only].name)),
            _ => String::new(),
        };
        for (other, row) in tables.iter().enumerate() {
            for key in &row.keys {
                if other == table {
                    let head = format!(
                        "{}{}",
                        names::path(&tables[key.table].name),
                        hint(table, &key.columns)
                    );
                    ways.push(Way {
                        head,
                        to: key.table,
                        one: key.table != table,
                    });
                    if let [only] = key.columns.as_slice() {
                        ways.push(Way {
                            head: names::path(&row.columns[*only].name),
                            to: key.table,
                            one: true,
                        });
                    }
                }
                if key.table == table && other != table {
                    let head = format!("{}{}", names::path(&row.name), hint(other, &key.columns));
                    ways.push(Way {
                        head,
                        to: other,
                        one: row.primary == key.columns,
                    });
                }
                if key.table == table && row.primary.len() == 2 {
                    let across = row.keys.iter().filter(|to| to.table != table);
                    ways.extend(across.map(|to| Way {
                        head: names::path(&tables[to.table].name),
                        to: to.table,
                        one: false,
                    }));
                }
            }
        }
        ways
    }

    fn embed(&mut self, (table, depth, n): (usize, usize, usize), prefix: &str, selected: &mut Selected) {
        let ways = self.ways(table);
        if ways.is_empty() {
            return;
        }
        let way = self.rng.of_list(&ways);
        let name = format!("e{depth}{n}");
        let inner_join = if self.rng.chance(20) { "!inner" } else { "" };
        if way.one && self.rng.chance(15) {
            let row = &self.schema.tables[way.to];
            let column = *self.rng.of_list(&row.present());
            let item = format!("s{depth}{n}:{}", names::path(&row.columns[column].name));
            let head = format!("...{}{inner_join}", way.head);
            selected.items.push(Item {
                head,
                inner: Some(vec![Item::plain(item)]),
            });
            return;
        }
        let path = format!("{prefix}{name}.");
        let inside = match self.rng.below(10) {
            0 if !way.one => Selected {
                items: vec![Item::plain("count")],
                embeds: Vec::new(),
            },
            1 if !way.one => self.totals(way.to),
            _ => self.members(way.to, depth + 1, &path),
        };
        selected.embeds.push((path, way.to));
        selected.embeds.extend(inside.embeds);
        let head = format!("{name}:{}{inner_join}", way.head);
        selected.items.push(Item {
            head,
            inner: Some(inside.items),
        });
    }

    /// How rows are ordered.
    pub(crate) fn order(&mut self) -> Option<Json> {
        let row = self.table();
        let present = row.present();
        if self.rng.chance(45) {
            return None;
        }
        let mut terms = Vec::new();
        for _ in 0..self.rng.weighted(&[(5, 1), (3, 2), (1, 3)]) {
            let column = &row.columns[*self.rng.of_list(&present)];
            if self.rng.chance(25) {
                let mut term = Json::object([("column", Json::text(column.name.as_str()))]);
                for key in ["ascending", "nullsFirst"] {
                    if self.rng.chance(60) {
                        term.put(key, Json::raw(self.rng.pick(&["true", "false"])));
                    }
                }
                terms.push(term);
                continue;
            }
            let json = if column.ty.is_json() {
                self.rng.pick(&["->>a", "->a", "->>0", ""])
            } else {
                ""
            };
            let way = self.rng.pick(&[
                "",
                "",
                ".asc",
                ".desc",
                ".desc.nullslast",
                ".asc.nullsfirst",
                ".nullsfirst",
            ]);
            terms.push(Json::text(format!("{}{json}{way}", names::path(&column.name))));
        }
        Some(if terms.len() == 1 {
            terms.remove(0)
        } else {
            Json::List(terms)
        })
    }
}
