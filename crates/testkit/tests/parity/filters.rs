//! Filters of queries.
//!
//! Invariant: most tests use an operator that the column's type has; a few use any, and are refused.
//! Not here: what is selected.

use crate::draft::{Draft, Kind};
use crate::json::Json;
use crate::names;
use crate::selects::Embedded;
use crate::types::{OPERATORS, Ty};

/// Steps into JSON, and the type they end in.
const PATHS: &[(&str, bool)] = &[
    ("->>a", true),
    ("->a", false),
    ("->>0", true),
    ("->0", false),
    ("->a->>b", true),
    ("->a->b->1->>c", true),
    ("->b", false),
    ("->>b", true),
    ("->>-1", true),
    ("->-1", false),
    ("->>\"a b\"", true),
    ("->\"\"", false),
    ("->>\"é\"", true),
];

impl Draft<'_> {
    /// Any number of filters on a table's own columns.
    pub(crate) fn filters(&mut self, least: usize) -> Vec<Json> {
        let count = least + self.rng.weighted(&[(4, 0), (4, 1), (2, 2)]);
        (0..count).map(|_| self.filter(0)).collect()
    }

    fn filter(&mut self, depth: usize) -> Json {
        if depth < 2 && self.rng.chance(15) {
            let word = self.rng.pick(&["or", "or", "and"]);
            let inner = (0..self.rng.between(1, 3))
                .map(|_| self.filter(depth + 1))
                .collect();
            return self.group(word, inner);
        }
        self.test(self.at, "", depth == 0)
    }

    fn group(&mut self, word: &str, inner: Vec<Json>) -> Json {
        let mut group = Json::object([(word, Json::List(inner))]);
        if self.rng.chance(15) {
            group.put("not", Json::raw("true"));
        }
        group
    }

    /// Filters on embeds, and on whether they are there.
    pub(crate) fn of_embeds(&mut self, embeds: &[Embedded]) -> Vec<Json> {
        let mut found = Vec::new();
        for embed in embeds {
            match self.rng.below(20) {
                0..5 => found.push(self.test(embed.table, &format!("{}.", embed.path), true)),
                5 => {
                    let inner = (0..2)
                        .map(|_| self.test(embed.table, &format!("{}.", embed.path), false))
                        .collect();
                    found.push(self.group("or", inner));
                }
                6 | 7 => {
                    let operator = self.rng.pick(&["is", "not.is"]);
                    let there = Json::object([
                        ("column", Json::text(embed.path.as_str())),
                        ("operator", Json::text(operator)),
                        ("value", Json::raw("null")),
                    ]);
                    if self.rng.chance(30) && !embed.path.contains('.') {
                        let other = self.test(self.at, "", false);
                        found.push(self.group("or", vec![there, other]));
                    } else {
                        found.push(there);
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// A test of a column; `prefix` leads to the embed that has it.
    pub(crate) fn test(&mut self, table: usize, prefix: &str, may_be_optional: bool) -> Json {
        let present = self.schema.tables[table].present();
        let at = *self.rng.of_list(&present);
        self.test_of(table, at, prefix, may_be_optional)
    }

    fn test_of(&mut self, table: usize, at: usize, prefix: &str, may_be_optional: bool) -> Json {
        let column = &self.schema.tables[table].columns[at];
        let mut ty = column.ty.clone();
        let mut name = format!("{prefix}{}", names::path(&column.name));
        let mut known = self.known(table, at);
        if ty.is_json() && self.rng.chance(65) {
            let (path, text) = *self.rng.of_list(PATHS);
            name.push_str(path);
            ty = if text { Ty::Text } else { Ty::Jsonb };
            known = if text {
                ["\"x\"", "\"1\"", "\"1.0\"", "\"d\"", "\"true\""]
                    .map(str::to_owned)
                    .to_vec()
            } else {
                ["1", "1.0", "\"1\"", "null", "[1, 2, 3]", "true"]
                    .map(str::to_owned)
                    .to_vec()
            };
        }
        let operator = if self.rng.chance(95) {
            self.rng.pick(ty.operators())
        } else {
            self.rng.pick(OPERATORS)
        };
        let listed =
            ["eq", "gt", "gte", "lt", "lte", "like", "ilike"].contains(&operator) && self.rng.chance(5);
        let (operator, value) = if listed {
            let which = self.rng.pick(&["any", "all"]);
            let items = (0..self.rng.between(1, 3))
                .map(|_| self.operand(operator, &ty, known.clone()))
                .collect();
            (format!("{operator}({which})"), Json::List(items))
        } else {
            (operator.to_owned(), self.operand(operator, &ty, known))
        };
        let mut test = Json::object([("column", Json::text(name))]);
        if self.rng.chance(12) {
            test.put("operator", Json::text(format!("not.{operator}")));
        } else {
            test.put("operator", Json::text(operator));
        }
        let open = matches!(&value, Json::Text(text) if text.contains("{{"));
        test.put("value", value);
        if self.rng.chance(8) {
            test.put("not", Json::raw("true"));
        }
        if open && may_be_optional && self.rng.chance(20) {
            test.put("optional", Json::raw("true"));
        }
        test
    }

    fn operand(&mut self, operator: &str, ty: &Ty, known: Vec<String>) -> Json {
        match operator {
            "is" => {
                let words: &[&str] = if *ty == Ty::Bool {
                    &["true", "false", "null", "\"unknown\"", "\"not_null\""]
                } else {
                    &["null", "null", "\"not_null\""]
                };
                Json::raw(self.rng.pick(words))
            }
            "in" => {
                if self.rng.chance(60) {
                    let holes = self.rng.chance(40);
                    let one = |draft: &mut Self| match holes {
                        true => draft.value(ty, known.clone()),
                        false => draft.constant(ty, &known),
                    };
                    let items = (0..self.rng.between(0, 3)).map(|_| one(self)).collect();
                    return Json::List(items);
                }
                let path = self.hole(Kind::List(ty.clone()), known);
                Json::text(format!("{{{{{path}}}}}"))
            }
            "like" | "ilike" => {
                if self.rng.chance(40) {
                    let pattern = crate::values::pattern(self.rng);
                    return Json::text(if pattern.contains("{{") {
                        "a%".to_owned()
                    } else {
                        pattern
                    });
                }
                let path = self.hole(Kind::Pattern, Vec::new());
                Json::text(
                    self.rng
                        .pick(&["{{#}}", "{{#}}", "%{{#}}%", "{{#}}%"])
                        .replace('#', &path),
                )
            }
            _ => self.value(ty, known),
        }
    }

    /// A test that finds rows by the table's key.
    pub(crate) fn by_key(&mut self) -> Option<Vec<Json>> {
        let key = self.table().key()?;
        let mut tests = Vec::new();
        for at in key {
            let column = &self.table().columns[at];
            let (ty, known) = (column.ty.clone(), self.known(self.at, at));
            let value = self.value(&ty, known);
            tests.push(Json::object([
                ("column", Json::text(names::path(&column.name))),
                ("operator", Json::text("eq")),
                ("value", value),
            ]));
        }
        Some(tests)
    }
}
