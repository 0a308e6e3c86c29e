//! Routes of several queries, of which later ones use what earlier ones found.
//!
//! Invariant: a result is read only behind the query that makes it.
//! Not here: single queries; see `queries`.

use crate::draft::{Draft, Outcome};
use crate::json::Json;
use crate::queries::Chosen;
use crate::types::Ty;

impl Draft<'_> {
    /// Two to four queries; perhaps a response made of their results.
    pub(crate) fn chain(&mut self) -> Chosen {
        let mut queries = Vec::new();
        let start = self.at;
        for number in 0..self.rng.between(2, 4) {
            if number > 0 && self.rng.chance(50) {
                self.at = self.beside(start);
            }
            let mut query = self.link();
            let alias = format!("a{number}");
            query.put("alias", Json::text(alias.as_str()));
            if number > 0 && self.rng.chance(25) {
                let condition = self.condition();
                query.put("condition", Json::text(condition));
            }
            self.results.push(Outcome {
                table: query.member("select").is_none().then_some(self.at),
                one: is_one(&query),
                alias,
            });
            self.writes = false;
            queries.push(query);
        }
        self.at = start;
        let mut more = Vec::new();
        if self.rng.chance(40) {
            let members = self.results.iter().map(|result| {
                (
                    result.alias.clone(),
                    Json::text(format!("{{{{results.{}}}}}", result.alias)),
                )
            });
            more.push(("response", Json::Object(members.collect())));
        }
        if self.rng.chance(5) {
            more.push(("status", Json::raw("202")));
        }
        Chosen {
            method: "post",
            queries,
            more,
        }
    }

    /// A table to which a key leads, or any.
    fn beside(&mut self, table: usize) -> usize {
        let tables = &self.schema.tables;
        let mut near: Vec<usize> = tables[table].keys.iter().map(|key| key.table).collect();
        for (at, other) in tables.iter().enumerate() {
            if other.keys.iter().any(|key| key.table == table) {
                near.push(at);
            }
        }
        near.push(self.rng.below(tables.len()));
        *self.rng.of_list(&near)
    }

    fn link(&mut self) -> Json {
        let calm = self.table().calm;
        let chosen = match self.rng.below(10) {
            0..3 => return self.find(),
            3..5 if !calm => self.inserts(),
            5 if !calm => self.upserts().unwrap_or_else(|| self.reads()),
            6 | 7 => self.updates(),
            8 => self.deletes(),
            _ => self.reads(),
        };
        chosen.queries.into_iter().next().unwrap_or_else(|| self.find())
    }

    /// One row by its key.
    fn find(&mut self) -> Json {
        let mut query = self.query("select");
        let tests = match self.by_key() {
            Some(tests) => tests,
            None => self.filters(1),
        };
        query.put("filters", Json::List(tests));
        query.put("single", Json::raw("true"));
        query
    }

    fn condition(&mut self) -> String {
        let result = self.rng.of_list(&self.results);
        let alias = result.alias.clone();
        match (result.one, self.rng.below(3)) {
            (true, 0) => format!("!{{{{results.{alias}}}}}"),
            (true, _) => format!("{{{{results.{alias}}}}}"),
            (false, 0) => format!("{{{{results.{alias}.length}}}} === 0"),
            (false, _) => format!("{{{{results.{alias}.length}}}} > 0"),
        }
    }

    /// `results.a0['my column']`: a value of the type that an earlier query found.
    pub(crate) fn found(&mut self, ty: &Ty) -> Option<String> {
        let mut ways = Vec::new();
        for result in self.results.iter().filter(|result| result.one) {
            let Some(table) = result.table else { continue };
            for column in self.schema.tables[table]
                .columns
                .iter()
                .filter(|column| column.ty == *ty)
            {
                let name = &column.name;
                let word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if word && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    ways.push(format!("results.{}.{name}", result.alias));
                } else if !name.contains(['\'', '"']) {
                    ways.push(format!("results.{}['{name}']", result.alias));
                }
            }
        }
        (!ways.is_empty()).then(|| self.rng.of_list(&ways).clone())
    }
}

/// Whether the result is an object or null, not a list.
fn is_one(query: &Json) -> bool {
    let inserts =
        matches!(query.member("operation"), Some(Json::Text(word)) if word == "insert" || word == "upsert");
    let one = matches!(query.member("data"), Some(Json::Object(members)) if !members.iter().any(|(name, _)| name == "..."));
    query.member("single").is_some() || (inserts && one)
}
