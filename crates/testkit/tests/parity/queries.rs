//! Queries of routes, reading and writing.
//!
//! Invariant: tables whose rows the database numbers get only rows that cannot fail, since a failed insert uses
//! up a number on one database and not on the other.
//! Not here: filters and selects.

use crate::draft::Draft;
use crate::json::{Item, Json};

fn said(name: &str) -> Json {
    Json::text(name)
}

/// What a route does: its method, queries, and further keys.
pub(crate) struct Chosen {
    pub(crate) method: &'static str,
    pub(crate) queries: Vec<Json>,
    pub(crate) more: Vec<(&'static str, Json)>,
}

impl Chosen {
    fn one(method: &'static str, query: Json) -> Self {
        Self {
            method,
            queries: vec![query],
            more: Vec::new(),
        }
    }
}

impl Draft<'_> {
    pub(crate) fn query(&self, operation: &str) -> Json {
        Json::object([
            ("table", said(&self.table().name)),
            ("operation", said(operation)),
        ])
    }

    /// Chooses what the route does.
    pub(crate) fn choose(&mut self) -> Chosen {
        let calm = self.table().calm;
        match self.rng.below(100) {
            0..58 => self.reads(),
            58..69 if !calm => self.inserts(),
            69..75 if !calm => self.upserts().unwrap_or_else(|| self.reads()),
            75..84 => self.updates(),
            84..88 => self.deletes(),
            88..92 => self.reads(),
            _ => self.chain(),
        }
    }

    pub(crate) fn reads(&mut self) -> Chosen {
        let mut query = self.query("select");
        let selected = self.select();
        let mut filters = self.filters(0);
        let (mut groups, mut embeds) = (None, Vec::new());
        if let Some(selected) = selected {
            query.put("select", Json::Select(selected.items));
            filters.extend(self.of_embeds(&selected.embeds));
            (groups, embeds) = (selected.groups, selected.embeds);
        }
        if !filters.is_empty() {
            query.put("filters", Json::List(filters));
        }
        if let Some(order) = self.order(self.at, groups.as_deref(), &embeds) {
            query.put("order", order);
        }
        self.bounds(&embeds, &mut query);
        if self.rng.chance(10) || groups.is_some_and(|groups| groups.is_empty()) {
            query.put("single", Json::raw("true"));
        } else if self.rng.chance(8) {
            query.put("count", said(self.rng.pick(&["exact", "planned", "estimated"])));
        }
        for key in ["limit", "offset"] {
            if self.rng.chance(15) {
                let bound = self.count();
                query.put(key, bound);
            }
        }
        Chosen::one("get", query)
    }

    fn answer(&mut self, query: &mut Json) {
        if self.rng.chance(35)
            && let Some(selected) = self.select()
        {
            query.put("select", Json::Select(selected.items));
        }
    }

    pub(crate) fn inserts(&mut self) -> Chosen {
        self.writes = true;
        let mut query = self.query("insert");
        let data = match self.rng.below(10) {
            0..6 => self.row(&[], None),
            6 | 7 => self.listed(&[]),
            _ => Json::List((0..self.rng.between(1, 3)).map(|_| self.row(&[], None)).collect()),
        };
        query.put("data", data);
        if self.rng.chance(10) && !self.table().primary.is_empty() {
            query.put("ignoreDuplicates", Json::raw("true"));
        }
        self.answer(&mut query);
        Chosen::one("post", query)
    }

    pub(crate) fn upserts(&mut self) -> Option<Chosen> {
        let table = self.table();
        let mut keys = vec![table.key()?];
        keys.extend(table.uniques.clone());
        keys.extend(
            (0..table.columns.len())
                .filter(|at| table.columns[*at].unique)
                .map(|at| vec![at]),
        );
        let key = self.rng.of_list(&keys).clone();
        let mut query = self.query("upsert");
        self.writes = true;
        let data = match self.rng.below(10) {
            0 | 1 => {
                let first = self.row(&key, None);
                let other = self.row(&key, Some(&first));
                Json::List(vec![first, other])
            }
            2 => self.listed(&key),
            _ => self.row(&key, None),
        };
        query.put("data", data);
        if key != table.primary || self.rng.chance(30) {
            let names = key.iter().map(|at| said(&table.columns[*at].name)).collect();
            query.put("onConflict", Json::List(names));
        }
        if self.rng.chance(25) {
            query.put("ignoreDuplicates", Json::raw("true"));
        }
        self.answer(&mut query);
        Some(Chosen::one("put", query))
    }

    fn which(&mut self) -> Vec<Json> {
        match self.by_key() {
            Some(key) if self.rng.chance(65) => key,
            _ => self.filters(1),
        }
    }

    pub(crate) fn updates(&mut self) -> Chosen {
        self.writes = true;
        let mut query = self.query("update");
        let table = self.table();
        let writable: Vec<usize> = table
            .present()
            .into_iter()
            .filter(|at| table.columns[*at].is_written())
            .collect();
        let mut members: Vec<(String, Json)> = Vec::new();
        for _ in 0..self.rng.weighted(&[(5, 1), (3, 2), (2, 3)]) {
            let Some(at) = (!writable.is_empty()).then(|| *self.rng.of_list(&writable)) else {
                break;
            };
            let name = table.columns[at].name.clone();
            if !members.iter().any(|(known, _)| *known == name) {
                let cell = self.cell(at);
                members.push((name, cell));
            }
        }
        query.put("data", Json::Object(members));
        if self.rng.chance(12) {
            query.put("allRows", Json::raw("true"));
        } else {
            let filters = self.which();
            query.put("filters", Json::List(filters));
        }
        if self.rng.chance(30) {
            query.put("single", Json::raw("true"));
        }
        self.answer(&mut query);
        Chosen::one("patch", query)
    }

    pub(crate) fn deletes(&mut self) -> Chosen {
        self.writes = true;
        let mut query = self.query("delete");
        let filters = self.which();
        query.put("filters", Json::List(filters));
        if self.rng.chance(30) {
            query.put("single", Json::raw("true"));
        }
        self.answer(&mut query);
        Chosen::one("delete", query)
    }

    /// Inserts a row as the request sends it.
    pub(crate) fn load(&mut self) -> Chosen {
        self.tame = true;
        let mut query = self.query("insert");
        let table = self.table();
        let mut members = Vec::new();
        for at in table.present() {
            let column = &table.columns[at];
            if column.is_written() && !column.added {
                let known = self.known(self.at, at);
                let value = self.value(&column.ty, known);
                members.push((column.name.clone(), value));
            }
        }
        query.put("data", Json::Object(members));
        query.put("select", Json::Select(vec![Item::plain("*")]));
        Chosen::one("post", query)
    }

    /// Answers all rows.
    pub(crate) fn look(&mut self) -> Chosen {
        Chosen::one("get", self.query("select"))
    }
}
