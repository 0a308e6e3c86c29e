//! Choosing tables.
//!
//! Invariant: a table refers to earlier ones or itself, so that migrations can make them in order.
//! Not here: rows; see `rows`.

use crate::constraints::{check, constraints, default, generated};
use crate::names::{self, COLUMNS, ODD_COLUMNS, ODD_TABLES, TABLES};
use crate::rng::Rng;
use crate::schema::{Column, ForeignKey, Schema, Table};
use crate::types::Ty;
use crate::values;

/// A schema of two to five tables; scoped ones have teams and their members before.
pub(crate) fn schema(rng: &mut Rng, scoped: bool) -> Schema {
    let mut schema = Schema {
        scoped,
        ..Schema::default()
    };
    if scoped {
        schema.tables.push(teams(rng));
        schema.tables.push(members(&schema.tables[0]));
    }
    let least = schema.tables.len();
    for _ in 0..rng.between(2, 5) {
        let table = if schema.tables.len() >= least + 2 && rng.chance(25) {
            junction(rng, &schema)
        } else {
            Some(table(rng, &schema))
        };
        schema.tables.extend(table);
    }
    schema
}

fn teams(rng: &mut Rng) -> Table {
    let mut table = Table::new("teams");
    let key = rng.of_list(&[Ty::Int8, Ty::Uuid, Ty::Text]).clone();
    table.columns.push(Column::new("id", key).needed());
    let mut slug = Column::new("slug", Ty::Text).needed();
    slug.unique = true;
    table.columns.push(slug);
    table.columns.push(Column::new("name", Ty::any(rng)));
    table.primary = vec![0];
    table.calm = true;
    table.loaded = true;
    table
}

fn members(teams: &Table) -> Table {
    let mut table = Table::new("team_members");
    table.columns = vec![
        Column::new("id", Ty::Int8).needed(),
        Column::new("team_id", teams.columns[0].ty.clone()).needed(),
        Column::new("user_id", Ty::Uuid).needed(),
        Column::new("role", Ty::Text).needed(),
    ];
    table.primary = vec![0];
    table.uniques = vec![vec![1, 2]];
    table.keys.push(ForeignKey {
        columns: vec![1],
        table: 0,
        references: vec![0],
        actions: String::new(),
    });
    table.calm = true;
    table.loaded = true;
    table
}

fn table_name(rng: &mut Rng, schema: &Schema) -> String {
    loop {
        let name = if rng.chance(25) {
            rng.pick(ODD_TABLES)
        } else {
            rng.pick(TABLES)
        };
        if schema.tables.iter().all(|table| table.name != name) {
            return name.to_owned();
        }
    }
}

/// A name that no column of the table has.
pub(crate) fn column_name(rng: &mut Rng, table: &Table) -> String {
    loop {
        let name = if rng.chance(30) {
            rng.pick(ODD_COLUMNS)
        } else {
            rng.pick(COLUMNS)
        };
        if table
            .columns
            .iter()
            .all(|column| !column.name.eq_ignore_ascii_case(name))
        {
            return name.to_owned();
        }
    }
}

fn table(rng: &mut Rng, schema: &Schema) -> Table {
    let mut table = Table::new(table_name(rng, schema));
    table.loaded = schema.scoped || rng.chance(40);
    keys(rng, &mut table);
    if schema.scoped && rng.chance(65) {
        let mut team = Column::new("team_id", schema.tables[0].columns[0].ty.clone());
        team.not_null = rng.chance(80);
        table.columns.push(team);
        let columns = vec![table.columns.len() - 1];
        table.keys.push(ForeignKey {
            columns,
            table: 0,
            references: vec![0],
            actions: String::new(),
        });
    }
    if !table.calm {
        for _ in 0..rng.weighted(&[(4, 0), (5, 1), (2, 2)]) {
            reference(rng, schema, &mut table);
        }
    }
    let calm = table.calm || table.loaded;
    for _ in 0..rng.between(2, 7) {
        let column = column(rng, &table, calm);
        table.columns.push(column);
    }
    if !calm {
        constraints(rng, &mut table);
    }
    if rng.chance(15) {
        generated(rng, &mut table);
    }
    if rng.chance(20) {
        let mut later = column(rng, &table, true);
        // What rows get that are there already must not depend on when they get it.
        later.default = None;
        if later.not_null || rng.chance(50) {
            later.default = Some(values::sql(&values::constant(rng, &later.ty), &later.ty));
        }
        later.added = true;
        table.columns.push(later);
    }
    if rng.chance(25) && table.checks.is_empty() && table.indexes.is_empty() {
        changed(rng, &mut table);
    }
    if table.key().is_none() {
        // Rows that differ in nothing that can be sorted by have no order.
        table.columns.retain(|column| !column.ty.is_unequal());
    }
    table
}

fn keys(rng: &mut Rng, table: &mut Table) {
    let kind = rng.weighted(&[
        (30, 0),
        (15, 1),
        (8, 2),
        (12, 3),
        (5, 4),
        (12, 5),
        (6, 6),
        (4, 7),
        (8, 8),
    ]);
    let simple = |ty| Column::new("id", ty).needed();
    match kind {
        0 => table.columns.push(simple(Ty::Int8)),
        1 => {
            let mut id = simple(Ty::Uuid);
            id.default = Some("gen_random_uuid()".to_owned());
            table.columns.push(id);
        }
        2 => table.columns.push(simple(Ty::Text)),
        3 => {
            let (ty, how) = *rng.of_list(&[
                (true, "BY DEFAULT"),
                (true, "ALWAYS"),
                (true, "BIGSERIAL"),
                (false, "SERIAL"),
            ]);
            let mut id = Column::new("id", if ty { Ty::Int8 } else { Ty::Int4 });
            id.numbered = Some(how);
            table.columns.push(id);
            table.calm = true;
        }
        4 => table.columns.push(simple(Ty::Int4)),
        5 => {
            for _ in 0..2 {
                let ty = rng
                    .of_list(&[Ty::Int8, Ty::Text, Ty::Date, Ty::Int4, Ty::Uuid])
                    .clone();
                let name = column_name(rng, table);
                table.columns.push(Column::new(name, ty).needed());
            }
            table.primary = vec![0, 1];
            return;
        }
        6 => {
            let mut only = Column::new("code", rng.of_list(&[Ty::Text, Ty::Int4, Ty::Uuid]).clone()).needed();
            only.unique = true;
            table.columns.push(only);
            return;
        }
        7 => return,
        _ => {
            let ty = rng
                .of_list(&[
                    Ty::Numeric(None),
                    Ty::TimestampTz,
                    Ty::Numeric(Some((12, 4))),
                    Ty::Date,
                    Ty::Float8,
                    Ty::Bool,
                ])
                .clone();
            table.columns.push(simple(ty));
        }
    }
    table.primary = vec![0];
}

fn reference(rng: &mut Rng, schema: &Schema, table: &mut Table) {
    let to = rng.below(schema.tables.len() + 1);
    let own = to == schema.tables.len();
    let target = if own { &*table } else { &schema.tables[to] };
    let Some(references) = target.key() else { return };
    if references
        .iter()
        .any(|at| matches!(target.columns[*at].ty, Ty::Bool))
    {
        return;
    }
    let types: Vec<Ty> = references
        .iter()
        .map(|at| target.columns[*at].ty.clone())
        .collect();
    let guess = format!("{}_id", names::singular(&target.name));
    let mut columns = Vec::new();
    for ty in types {
        let free = table
            .columns
            .iter()
            .all(|column| !column.name.eq_ignore_ascii_case(&guess));
        let name = if free && rng.chance(60) {
            guess.clone()
        } else {
            column_name(rng, table)
        };
        let mut column = Column::new(name, ty);
        column.not_null = !own && rng.chance(25);
        table.columns.push(column);
        columns.push(table.columns.len() - 1);
    }
    let nullable = columns.iter().all(|at| !table.columns[*at].not_null);
    let actions = match rng.below(6) {
        0 => " ON DELETE CASCADE",
        1 if nullable => " ON DELETE SET NULL",
        2 => " ON DELETE RESTRICT ON UPDATE CASCADE",
        3 => " ON UPDATE CASCADE",
        _ => "",
    };
    let actions = at_peace(table, to, actions);
    table.keys.push(ForeignKey {
        columns,
        table: to,
        references,
        actions: actions.to_owned(),
    });
}

/// Of two keys to one table both take their rows along, or neither: what becomes of a row where only one does, differs
/// between the databases and is documented (`docs/schema.md`).
fn at_peace<'a>(table: &Table, to: usize, actions: &'a str) -> &'a str {
    let cascades = |actions: &str| actions.contains("ON DELETE CASCADE");
    let holds = |actions: &str| !actions.contains("ON DELETE CASCADE") && !actions.contains("SET NULL");
    let mut others = table.keys.iter().filter(|key| key.table == to);
    if cascades(actions) && others.clone().any(|key| holds(&key.actions)) {
        return "";
    }
    match holds(actions) && others.any(|key| cascades(&key.actions)) {
        true => " ON DELETE CASCADE",
        false => actions,
    }
}

/// A table that joins two others.
fn junction(rng: &mut Rng, schema: &Schema) -> Option<Table> {
    let first = usize::from(schema.scoped) * 2;
    let keyed: Vec<usize> = (first..schema.tables.len())
        .filter(|at| schema.tables[*at].primary.len() == 1)
        .collect();
    let (left, right) = (keyed.first().copied()?, keyed.last().copied()?);
    if left == right {
        return None;
    }
    let mut table = Table::new(table_name(rng, schema));
    table.loaded = schema.scoped || rng.chance(50);
    for to in [left, right] {
        let target = &schema.tables[to];
        let ty = target.columns[target.primary[0]].ty.clone();
        let name = format!("{}_id", names::singular(&target.name));
        table.columns.push(Column::new(name, ty).needed());
        let at = table.columns.len() - 1;
        let actions = rng.pick(&["", " ON DELETE CASCADE"]).to_owned();
        table.keys.push(ForeignKey {
            columns: vec![at],
            table: to,
            references: target.primary.clone(),
            actions,
        });
    }
    table.primary = vec![0, 1];
    if rng.chance(50) {
        let more = column(rng, &table, true);
        table.columns.push(more);
    }
    Some(table)
}

fn column(rng: &mut Rng, table: &Table, calm: bool) -> Column {
    let name = column_name(rng, table);
    let mut column = Column::new(name, Ty::any(rng));
    column.not_null = rng.chance(25);
    if rng.chance(35) {
        column.default = Some(default(rng, &column.ty));
    }
    if !calm {
        column.unique = column.ty.is_key() && rng.chance(8);
        if rng.chance(20) {
            column.check = check(rng, &names::sql(&column.name), &column.ty);
        }
    }
    column
}

/// Types that a later migration makes of others.
const WIDER: &[(Ty, Ty)] = &[
    (Ty::Int2, Ty::Int4),
    (Ty::Int4, Ty::Int8),
    (Ty::Int4, Ty::Numeric(None)),
    (Ty::Int4, Ty::Text),
    (Ty::Int8, Ty::Numeric(Some((38, 10)))),
    (Ty::Int4, Ty::Float8),
    (Ty::Float4, Ty::Float8),
    (Ty::Varchar(3), Ty::Text),
    (Ty::Varchar(3), Ty::Varchar(10)),
    (Ty::Numeric(Some((10, 2))), Ty::Numeric(None)),
    (Ty::Numeric(Some((10, 2))), Ty::Numeric(Some((12, 4)))),
    (Ty::Uuid, Ty::Text),
    (Ty::Date, Ty::Timestamp),
    (Ty::Bool, Ty::Text),
    (Ty::Json, Ty::Jsonb),
];

/// A column has another type or name until a later migration.
fn changed(rng: &mut Rng, table: &mut Table) {
    if table.columns.iter().any(|column| column.generated.is_some()) {
        return;
    }
    let keys: Vec<usize> = table
        .keys
        .iter()
        .flat_map(|key| key.columns.clone())
        .chain(table.primary.clone())
        .collect();
    let free = |at: &usize| {
        let column = &table.columns[*at];
        let plain = column.check.is_none() && column.default.is_none() && !column.unique && !column.added;
        plain && !keys.contains(at) && !table.uniques.iter().any(|unique| unique.contains(at))
    };
    let free: Vec<usize> = (0..table.columns.len()).filter(free).collect();
    if free.is_empty() {
        return;
    }
    let at = *rng.of_list(&free);
    let old = match rng.chance(50) {
        true => column_name(rng, table),
        false => table.columns[at].name.clone(),
    };
    let (before, after) = rng.of_list(WIDER).clone();
    let column = &mut table.columns[at];
    if rng.chance(70) {
        column.ty = after;
        column.was = Some((before, old));
    } else {
        column.was = Some((column.ty.clone(), old));
    }
}
