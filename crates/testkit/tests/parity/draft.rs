//! A route while it is being chosen.
//!
//! Role: hands out values (constants, and expressions that read the request) and remembers what requests must
//! send. Invariant: every expression has its hole, so that requests can be made for the route.
//! Not here: which queries a route has.

use crate::case::{Purpose, Route, Step};
use crate::json::Json;
use crate::rng::Rng;
use crate::rows::{Known, PEOPLE, cell};
use crate::schema::{Schema, Table};
use crate::types::Ty;
use crate::values;

/// What a hole is filled with.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Of(Ty),
    List(Ty),
    Pattern,
    Count,
    /// Objects of these members.
    Rows(Vec<(String, Ty, Vec<String>)>),
}

/// A value that a request sends.
#[derive(Debug, Clone)]
struct Hole {
    /// `params`, `query` or `body`.
    place: &'static str,
    name: String,
    kind: Kind,
    /// Values of the column.
    known: Vec<String>,
}

/// What an earlier query of the route found.
pub(crate) struct Outcome {
    pub(crate) alias: String,
    /// One row or null.
    pub(crate) one: bool,
    /// Whose columns are all there.
    pub(crate) table: Option<usize>,
}

/// A route while it is being chosen.
pub(crate) struct Draft<'a> {
    pub(crate) rng: &'a mut Rng,
    pub(crate) schema: &'a Schema,
    pub(crate) known: &'a Known,
    /// The table that the query is on.
    pub(crate) at: usize,
    holes: Vec<Hole>,
    /// Always there and fitting: what must not fail.
    pub(crate) tame: bool,
    /// The query writes, and answers what it wrote.
    pub(crate) writes: bool,
    pub(crate) results: Vec<Outcome>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(rng: &'a mut Rng, schema: &'a Schema, known: &'a Known, at: usize) -> Self {
        Self {
            rng,
            schema,
            known,
            at,
            holes: Vec::new(),
            tame: false,
            writes: false,
            results: Vec::new(),
        }
    }

    pub(crate) fn table(&self) -> &'a Table {
        &self.schema.tables[self.at]
    }

    /// Values that a column holds.
    pub(crate) fn known(&self, table: usize, column: usize) -> Vec<String> {
        self.known[table]
            .iter()
            .filter_map(|row| cell(row, column))
            .filter(|value| value != "null")
            .collect()
    }

    /// An expression without braces: `body.f3`.
    pub(crate) fn hole(&mut self, kind: Kind, known: Vec<String>) -> String {
        let scalar = !matches!(
            &kind,
            Kind::List(_) | Kind::Rows(_) | Kind::Of(Ty::Json | Ty::Jsonb | Ty::Array(_))
        );
        let place = match self.rng.below(10) {
            0 | 1 if scalar && !self.tame => "params",
            2..5 if scalar && !self.tame => "query",
            _ => "body",
        };
        let name = format!("f{}", self.holes.len());
        let path = format!("{place}.{name}");
        self.holes.push(Hole {
            place,
            name,
            kind,
            known,
        });
        path
    }

    /// A value for a column: a constant, or one of the request.
    pub(crate) fn value(&mut self, ty: &Ty, known: Vec<String>) -> Json {
        if !self.results.is_empty()
            && self.rng.chance(35)
            && let Some(path) = self.found(ty)
        {
            return Json::text(format!("{{{{{path}}}}}"));
        }
        match self.rng.below(20) {
            _ if self.tame => {
                let path = self.hole(Kind::Of(ty.clone()), known);
                Json::text(format!("{{{{{path}}}}}"))
            }
            0..6 => self.constant(ty, &known),
            6 if ty.is_number() || ty.is_moment() || ty.is_json() || *ty == Ty::Bool => {
                let constant = self.pick(ty, &known);
                Json::text(values::plain(&constant))
            }
            7 if ty.is_moment() => {
                Json::text(
                    *self
                        .rng
                        .of_list(&["now()", "now() - '7d'", "now() + '1h'", "now() + '1mo'"]),
                )
            }
            8 if ty.is_text() => {
                let path = self.hole(Kind::Of(Ty::Text), known);
                let (before, after) = (self.rng.pick(&["", "a", "%"]), self.rng.pick(&["", "b", "%"]));
                Json::text(format!("{before}{{{{{path}}}}}{after}"))
            }
            _ => {
                let path = self.hole(Kind::Of(ty.clone()), known);
                Json::text(format!("{{{{{path}}}}}"))
            }
        }
    }

    /// A JSON text of the type, often one that rows hold.
    pub(crate) fn pick(&mut self, ty: &Ty, known: &[String]) -> String {
        if !known.is_empty() && self.rng.chance(60) {
            self.rng.of_list(known).clone()
        } else {
            values::fitting(self.rng, ty)
        }
    }

    /// A constant, seldom one of another type.
    pub(crate) fn constant(&mut self, ty: &Ty, known: &[String]) -> Json {
        if self.rng.chance(4) {
            return Json::raw(values::odd(self.rng));
        }
        let constant = self.pick(ty, known);
        // Braces in the author's own text would be an expression.
        if constant.contains("{{") {
            Json::raw("\"a\"")
        } else {
            Json::raw(constant)
        }
    }

    /// The route whose queries were chosen, and requests for it.
    pub(crate) fn finish(
        mut self,
        number: usize,
        (method, queries): (&'static str, Json),
        more: Vec<(&str, Json)>,
    ) -> (Route, Vec<Step>) {
        let sends = self.holes.iter().any(|hole| hole.place == "body");
        let method = if method == "get" && sends { "post" } else { method };
        let mut path = format!("/r{number}");
        if self.schema.scoped {
            path = format!("/teams/:team{path}");
        }
        for hole in self.holes.iter().filter(|hole| hole.place == "params") {
            path.push_str(&format!("/:{}", hole.name));
        }
        let mut doc = Json::object([
            ("path", Json::text(path.as_str())),
            ("method", Json::text(method)),
        ]);
        if self.schema.scoped {
            doc.put("requireAuth", Json::raw("true"));
            if self.rng.chance(20) {
                doc.put("rbac", Json::raw(r#"{"roles": ["owner"]}"#));
            }
        }
        if self.rng.chance(4) && !self.tame {
            let columns = &self.table().columns;
            let name = &self.rng.of_list(columns).name;
            doc.put("excludeFields", Json::List(vec![Json::text(name.as_str())]));
        }
        if let Some(validation) = self.validation() {
            doc.put("validation", validation);
        }
        doc.put("supabaseQueries", queries);
        for (key, value) in more {
            doc.put(key, value);
        }
        let route = Route { doc, method, path };
        let count = if self.tame { 1 } else { self.rng.between(1, 4) };
        let steps = (0..count).map(|_| self.step(number)).collect();
        (route, steps)
    }

    fn validation(&mut self) -> Option<Json> {
        let mut places = Vec::new();
        for place in ["body", "query"] {
            let here: Vec<&Hole> = self.holes.iter().filter(|hole| hole.place == place).collect();
            let needed = here.iter().any(|hole| matches!(hole.kind, Kind::Rows(_)));
            if here.is_empty() || self.tame || !(needed || self.rng.chance(25)) {
                continue;
            }
            let fields = self
                .holes
                .iter()
                .filter(|hole| hole.place == place)
                .map(|hole| (hole.name.clone(), rule(&hole.kind)));
            places.push((place.to_owned(), Json::Object(fields.collect())));
        }
        (!places.is_empty()).then_some(Json::Object(places))
    }

    /// A request that fills every hole, or leaves some out.
    pub(crate) fn step(&mut self, route: usize) -> Step {
        let (mut params, mut query, mut body) = (Vec::new(), Vec::new(), Vec::new());
        for hole in self.holes.clone() {
            let value = self.fill(&hole);
            match (hole.place, value) {
                ("params", value) => {
                    let value = value.map_or_else(|| "1".to_owned(), |value| values::plain(&value));
                    params.push((hole.name, if value.is_empty() { "0".to_owned() } else { value }));
                }
                ("query", Some(value)) => query.push((hole.name, values::plain(&value))),
                (_, Some(value)) => body.push((hole.name, value)),
                (_, None) => {}
            }
        }
        let sends = self.holes.iter().any(|hole| hole.place == "body");
        let mut caller = None;
        if self.schema.scoped {
            let team = self.known[0].first().map_or("none", |_| "team");
            let which = self.rng.weighted(&[(6, 0), (3, 1), (1, 2)]);
            let id = self.known[0]
                .get(which)
                .and_then(|row| cell(row, 0))
                .unwrap_or_else(|| "\"none\"".to_owned());
            params.push((team.to_owned(), values::plain(&id)));
            let index = self.rng.weighted(&[(7, 0), (5, 1), (1, 2)]);
            caller = PEOPLE.get(index).copied();
        }
        Step {
            purpose: Purpose::Query,
            route,
            params,
            query,
            body: sends.then_some(body),
            caller,
        }
    }

    /// A JSON text for a hole; `None`: absent.
    fn fill(&mut self, hole: &Hole) -> Option<String> {
        if self.tame {
            return match &hole.kind {
                Kind::Of(ty) => Some(self.pick(ty, &hole.known)),
                _ => None,
            };
        }
        match self.rng.below(100) {
            0..7 => return None,
            7..11 => return Some("null".to_owned()),
            11..20 => return Some(values::odd(self.rng)),
            _ => {}
        }
        Some(match &hole.kind {
            Kind::Of(ty) => self.pick(ty, &hole.known),
            Kind::Pattern => crate::json::quoted(&values::pattern(self.rng)),
            Kind::Count => self
                .rng
                .pick(&[
                    "0",
                    "1",
                    "2",
                    "3",
                    "10",
                    "1000000",
                    "-1",
                    "1.5",
                    "9223372036854775807",
                ])
                .to_owned(),
            Kind::Rows(members) => {
                let rows: Vec<String> = (0..self.rng.below(4)).map(|_| self.item(members)).collect();
                format!("[{}]", rows.join(","))
            }
            Kind::List(ty) => {
                let items: Vec<String> = (0..self.rng.below(4))
                    .map(|_| self.pick(ty, &hole.known))
                    .collect();
                format!("[{}]", items.join(","))
            }
        })
    }
}

impl Draft<'_> {
    /// An object of a list that the body sends.
    fn item(&mut self, members: &[(String, Ty, Vec<String>)]) -> String {
        let mut said = Vec::new();
        for (name, ty, known) in members {
            let value = match self.rng.below(40) {
                0..3 => continue,
                3 => "null".to_owned(),
                4 => values::odd(self.rng),
                _ => self.pick(ty, known),
            };
            said.push(format!("{}:{value}", crate::json::quoted(name)));
        }
        format!("{{{}}}", said.join(","))
    }
}

/// What validation says of a hole.
fn rule(kind: &Kind) -> Json {
    let rule = match kind {
        Kind::Rows(members) => {
            let members = members
                .iter()
                .map(|(name, ty, _)| (name.clone(), rule(&Kind::Of(ty.clone()))))
                .collect();
            let items = Json::object([
                ("type", Json::text("object")),
                ("properties", Json::Object(members)),
            ]);
            return Json::object([("type", Json::text("array")), ("items", items)]);
        }
        Kind::Pattern => r#"{"type": "string"}"#,
        Kind::Count => r#"{"type": "integer"}"#,
        Kind::List(_) | Kind::Of(Ty::Array(_)) => r#"{"type": "array"}"#,
        Kind::Of(ty) => match ty {
            Ty::Bool => r#"{"type": "boolean"}"#,
            ty if ty.is_integer() => r#"{"type": "integer"}"#,
            ty if ty.is_number() => r#"{"type": "number", "nullable": true}"#,
            Ty::Json | Ty::Jsonb => "{}",
            Ty::Uuid => r#"{"type": "string", "format": "uuid"}"#,
            Ty::Date => r#"{"type": "string", "format": "date"}"#,
            _ => r#"{"type": "string", "nullable": true}"#,
        },
    };
    Json::raw(rule)
}
