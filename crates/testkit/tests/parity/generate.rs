//! Choosing a case.
//!
//! Input: a seed and a number. Output: the same case, always.
//! Not here: what single routes are; see `queries`.

use crate::case::{Case, Purpose, Route, Step};
use crate::draft::Draft;
use crate::json::Json;
use crate::rng::Rng;
use crate::rows::{self, Known};
use crate::schema::Schema;
use crate::tables;

/// Routes of a case.
const ROUTES: usize = 24;

/// The case of a number.
pub(crate) fn case(seed: u64, number: u64) -> Case {
    let mut rng = Rng::of(seed, number);
    let scoped = rng.chance(20);
    let mut schema = tables::schema(&mut rng, scoped);
    let known = rows::rows(&mut rng, &mut schema);
    let mut case = Case {
        number,
        project: project(&mut rng, &schema),
        schema,
        routes: Vec::new(),
        steps: Vec::new(),
    };
    let schema = case.schema.clone();
    for at in 0..schema.tables.len() {
        if !schema.tables[at].loaded {
            load(&mut rng, &schema, &known, at, &mut case);
        }
    }
    let mut steps = Vec::new();
    let first = usize::from(scoped) * 2;
    for _ in 0..ROUTES {
        let at = if rng.chance(8) {
            rng.below(schema.tables.len())
        } else {
            rng.between(first, schema.tables.len() - 1)
        };
        let mut draft = Draft::new(&mut rng, &schema, &known, at);
        let chosen = draft.choose();
        let number = case.routes.len();
        let (route, asked) = draft.finish(number, (chosen.method, Json::List(chosen.queries)), chosen.more);
        case.routes.push(route);
        steps.extend(asked);
    }
    // Reads go before and between writes, so that no write hides what they would show.
    let half = steps.len() / 2;
    rng.shuffle(&mut steps);
    let looks = looks(&mut rng, &schema, &known, &mut case);
    case.steps.extend(steps.drain(..half));
    case.steps.extend(looks.clone());
    case.steps.extend(steps);
    case.steps.extend(looks);
    case
}

fn project(rng: &mut Rng, schema: &Schema) -> Json {
    let mut project = Json::object([("tenancy", tenancy(schema))]);
    let table = rng.of_list(&schema.tables);
    let free: Vec<&str> = (0..table.columns.len())
        .filter(|at| !table.primary.contains(at) && table.keys.iter().all(|key| !key.columns.contains(at)))
        .map(|at| table.columns[at].name.as_str())
        .collect();
    if rng.chance(12) && !free.is_empty() {
        let secret = Json::List(vec![Json::text(*rng.of_list(&free))]);
        project.put("secretColumns", Json::Object(vec![(table.name.clone(), secret)]));
    }
    project
}

fn tenancy(schema: &Schema) -> Json {
    if !schema.scoped {
        return Json::raw("false");
    }
    let members = r#"{"table": "team_members", "tenant": "team_id", "user": "user_id", "role": "role"}"#;
    let mut ways = Vec::new();
    for table in schema.tables.iter().skip(2) {
        // The first key leads to the team, where there are several.
        let keys = table.keys.iter().filter(|key| key.columns.len() == 1);
        let own = keys.clone().find(|key| key.table == 0);
        if let Some(key) = own.or(keys.clone().next()).filter(|_| keys.clone().count() > 1) {
            ways.push((
                table.name.clone(),
                Json::text(table.columns[key.columns[0]].name.as_str()),
            ));
        }
    }
    let mut tenancy = Json::object([("table", Json::text("teams")), ("members", Json::raw(members))]);
    if !ways.is_empty() {
        tenancy.put("tables", Json::Object(ways));
    }
    tenancy
}

/// A request for each row that is loaded by requests.
fn load(rng: &mut Rng, schema: &Schema, known: &Known, at: usize, case: &mut Case) {
    let number = case.routes.len();
    let mut draft = Draft::new(rng, schema, known, at);
    let chosen = draft.load();
    let (route, _) = draft.finish(number, (chosen.method, Json::List(chosen.queries)), chosen.more);
    case.routes.push(route);
    let columns = &schema.tables[at].columns;
    for row in &known[at] {
        let written = row.iter().filter(|(at, _)| columns[*at].is_written());
        let members = written
            .enumerate()
            .map(|(hole, (at, value))| (*at, format!("f{hole}"), value.clone()));
        // What is left out gets its default.
        let body = members
            .filter(|(at, _, value)| value != "null" || columns[*at].default.is_none())
            .map(|(_, name, value)| (name, value))
            .collect();
        case.steps.push(Step {
            purpose: Purpose::Load,
            route: number,
            params: Vec::new(),
            query: Vec::new(),
            body: Some(body),
            caller: None,
        });
    }
}

/// All rows of every table.
fn looks(rng: &mut Rng, schema: &Schema, known: &Known, case: &mut Case) -> Vec<Step> {
    let mut steps = Vec::new();
    for at in 0..schema.tables.len() {
        let number = case.routes.len();
        let mut draft = Draft::new(rng, schema, known, at);
        draft.tame = true;
        let chosen = draft.look();
        let (route, asked): (Route, Vec<Step>) =
            draft.finish(number, (chosen.method, Json::List(chosen.queries)), chosen.more);
        case.routes.push(route);
        steps.extend(asked.into_iter().map(|step| Step {
            purpose: Purpose::Look,
            ..step
        }));
    }
    steps
}
