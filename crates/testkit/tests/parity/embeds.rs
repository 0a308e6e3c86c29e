//! Related rows in a select, and how those are bounded.
//!
//! Invariant: each embed has a name of its own, so that filters and orders can be about it.
//! Not here: what is selected of them; see `selects`.

use crate::draft::{Draft, Kind};
use crate::json::{Item, Json};
use crate::names;
use crate::selects::{Embedded, Selected};

/// A way to related rows.
struct Way {
    head: String,
    to: usize,
    one: bool,
}

impl Draft<'_> {
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

    pub(crate) fn embed(
        &mut self,
        (table, depth, n): (usize, usize, usize),
        prefix: &str,
        selected: &mut Selected,
    ) {
        let ways = self.ways(table);
        if ways.is_empty() {
            return;
        }
        let way = self.rng.of_list(&ways);
        let inner_join = match self.rng.below(10) {
            0 | 1 if !self.writes => "!inner",
            2 => "!left",
            _ => "",
        };
        if way.one && self.rng.chance(15) {
            let inner = vec![self.renamed(way.to, &format!("s{depth}{n}"))];
            let head = format!("...{}{inner_join}", way.head);
            selected.items.push(Item {
                head,
                inner: Some(inner),
            });
            return;
        }
        let name = format!("e{depth}{n}");
        let path = format!("{prefix}{name}");
        let inside = match self.rng.below(12) {
            0 if !way.one => Selected {
                items: vec![Item::plain("count")],
                groups: Some(Vec::new()),
                ..Selected::default()
            },
            1 if !way.one => self.totals(way.to),
            2 => Selected::default(),
            _ => self.members(way.to, depth + 1, &format!("{path}.")),
        };
        selected.embeds.push(Embedded {
            path,
            table: way.to,
            one: way.one,
            groups: inside.groups,
        });
        selected.embeds.extend(inside.embeds);
        let head = format!("{name}:{}{inner_join}", way.head);
        selected.items.push(Item {
            head,
            inner: Some(inside.items),
        });
    }

    /// A column of a table under another name.
    pub(crate) fn renamed(&mut self, table: usize, name: &str) -> Item {
        let row = &self.schema.tables[table];
        let column = *self.rng.of_list(&row.present());
        Item::plain(format!("{name}:{}", names::path(&row.columns[column].name)))
    }

    /// `e00.order`, `e00.limit`, `e00.offset`
    pub(crate) fn bounds(&mut self, embeds: &[Embedded], query: &mut Json) {
        for embed in embeds.iter().filter(|embed| !embed.one) {
            if self.rng.chance(20)
                && let Some(order) = self.order(embed.table, embed.groups.as_deref(), &[])
            {
                query.put(&format!("{}.order", embed.path), order);
            }
            for key in ["limit", "offset"] {
                if self.rng.chance(10) {
                    let bound = self.count();
                    query.put(&format!("{}.{key}", embed.path), bound);
                }
            }
        }
    }

    /// How many rows.
    pub(crate) fn count(&mut self) -> Json {
        if self.rng.chance(50) {
            return Json::raw(self.rng.pick(&["0", "1", "2", "3", "100"]));
        }
        let path = self.hole(Kind::Count, Vec::new());
        Json::text(format!("{{{{{path}}}}}"))
    }
}
