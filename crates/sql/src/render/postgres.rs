//! PostgreSQL's expressions.
//!
//! Role: [`Syntax`] for PostgreSQL 15 and later. Invariant: every parameter and constant carries its type, for
//! parameters are sent as text of no type; no result depends on a setting of the session.
//! Not here: casts, see `postgres_cast`; how values print, see `postgres_text`.

use super::dialect::{Pattern, Syntax, Typed, quoted};
use super::{postgres_cast, postgres_native, postgres_text};
use crate::ir::{Aggregate, ArithmeticOp, Containment, Datum, JsonKey, JsonStep, Native, ParamId};
use backflow_catalog::{Catalog, ColumnId, ColumnType, DefaultValue, TableId};

/// `many`: parameters are columns of rows, one for each caller (`gather`).
pub(super) struct Postgres<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) many: bool,
}

impl Syntax for Postgres<'_> {
    fn text(&self, value: &str) -> String {
        postgres_text::constant(value)
    }

    fn param(&self, param: ParamId, ty: &ColumnType) -> String {
        let number = self.number(param);
        match ty {
            ColumnType::Array(item) => {
                let items = self.items(&number, item);
                let is_kept = **item == ColumnType::Json;
                let list = if is_kept { "json" } else { "jsonb" };
                format!("CASE WHEN {number}::{list} IS NOT NULL THEN {items} END")
            }
            ty => format!("{number}::{}", self.type_name(ty)),
        }
    }

    fn literal(&self, datum: &Datum, ty: &ColumnType) -> String {
        let name = self.type_name(ty);
        match (datum, ty) {
            (Datum::Null, _) => format!("NULL::{name}"),
            (Datum::Bool(value), _) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
            (Datum::Int(value), ColumnType::Int4) if *value >= 0 => value.to_string(),
            (Datum::Int(value), _) => format!("'{value}'::{name}"),
            (Datum::Float(value), _) => format!("'{value:?}'::{name}"),
            (Datum::Text(value), ColumnType::Array(item)) => {
                self.items(&postgres_text::constant(value), item)
            }
            (Datum::Text(value), _) => format!("{}::{name}", postgres_text::constant(value)),
        }
    }

    fn json_value(&self, value: &str, ty: &ColumnType) -> String {
        postgres_text::json(value, ty)
    }

    fn json_step(&self, document: &Typed, step: &JsonStep) -> String {
        let document = &document.sql;
        let arrow = if step.as_text { "->>" } else { "->" };
        match &step.key {
            JsonKey::Name(name) => format!("({document} {arrow} {})", self.text(name)),
            JsonKey::Index(index) => format!("({document} {arrow} {index})"),
        }
    }

    fn cell(&self, value: &Typed) -> String {
        postgres_text::cell(value)
    }

    fn lower(&self, text: &str) -> String {
        format!("lower({text} COLLATE \"C\")")
    }

    fn arithmetic(&self, op: ArithmeticOp, left: &str, right: &str, ty: &ColumnType) -> String {
        let float = matches!(ty, ColumnType::Float4 | ColumnType::Float8);
        // No zero below zero, which SQLite does not keep.
        let unsigned = float.then(|| format!(" + '0'::{}", self.type_name(ty)));
        let unsigned = unsigned.unwrap_or_default();
        match op {
            ArithmeticOp::Add => format!("({left} + {right})"),
            ArithmeticOp::Sub => format!("({left} - {right})"),
            ArithmeticOp::Mul => format!("({left} * {right}{unsigned})"),
            ArithmeticOp::Div => format!("({left} / nullif({right},0){unsigned})"),
            // There is no such operator for floats.
            ArithmeticOp::Rem if float => {
                let (left, right) = (postgres_text::text(left, ty), postgres_text::text(right, ty));
                let name = self.type_name(ty);
                format!("({left}::numeric % nullif({right}::numeric,0))::{name}")
            }
            ArithmeticOp::Rem => format!("({left} % nullif({right},0))"),
        }
    }

    fn deferred(&self, sql: String) -> String {
        format!("(SELECT {sql})")
    }

    fn cast(&self, value: &Typed, to: &ColumnType) -> String {
        postgres_cast::cast(self, value, to)
    }

    fn equal_keys(&self, left: &Typed, right: &Typed) -> (String, String) {
        postgres_cast::comparable(left, right)
    }

    fn sort_key(&self, value: &Typed) -> String {
        let sql = &value.sql;
        match &value.ty {
            Some(ty) if ty.is_text() => format!("{sql} COLLATE \"C\""),
            // By way of text, which is what rows are grouped by.
            Some(ColumnType::Json) => json_key(&format!("{sql}::text::jsonb")),
            Some(ColumnType::Jsonb) => json_key(sql),
            Some(ColumnType::Array(item)) => match **item {
                ref item if item.is_text() => format!("{sql} COLLATE \"C\""),
                ColumnType::Enum(_) => format!("{sql}::text[] COLLATE \"C\""),
                ColumnType::Jsonb => {
                    let rows = format!("unnest({sql}) WITH ORDINALITY AS u(e,o) ORDER BY o");
                    let keys = format!("ARRAY(SELECT {} FROM {rows})", json_key("e"));
                    format!("CASE WHEN {sql} IS NOT NULL THEN {keys} END")
                }
                _ => sql.clone(),
            },
            _ => sql.clone(),
        }
    }

    fn group_key(&self, value: &Typed) -> String {
        match &value.ty {
            // It knows no equality.
            Some(ColumnType::Json) => format!("{}::text", value.sql),
            _ => value.sql.clone(),
        }
    }

    fn of_group(&self, value: &Typed) -> String {
        match &value.ty {
            Some(ty @ (ColumnType::Numeric(None) | ColumnType::Jsonb)) => {
                let name = self.type_name(ty);
                format!("min({}::text COLLATE \"C\")::{name}", value.sql)
            }
            _ => value.sql.clone(),
        }
    }

    fn like(&self, left: &str, pattern: &Pattern, fold: bool) -> String {
        let Pattern { sql, may_dangle } = pattern;
        // Without `ESCAPE` the escape is `\`, and an index can serve a prefix.
        let like = match fold {
            true => format!("{} LIKE {}", self.lower(left), self.lower(sql)),
            false => format!("{left} LIKE {sql}"),
        };
        if !may_dangle {
            return like;
        }
        let slashes = format!("length({sql})-length(rtrim({sql},E'\\\\'))");
        let dangles = format!("right({sql},1) = E'\\\\' AND ({slashes}) % 2 = 1");
        format!("CASE WHEN {dangles} THEN {left} <> {left} ELSE {like} END")
    }

    fn one_of(&self, left: &Typed, list: ParamId, ty: &ColumnType) -> String {
        let items = self.candidates(&self.number(list), ty);
        format!("{} = ANY({items})", canonical(left))
    }

    fn list_rows(&self, list: ParamId) -> String {
        let list = self.param(list, &ColumnType::Jsonb);
        format!("jsonb_array_elements({list}) WITH ORDINALITY AS i(value,key)")
    }

    fn list_value(&self, at: u16, ty: &ColumnType) -> String {
        let value = format!("(i.value ->> {at})");
        match ty {
            ColumnType::Array(item) => {
                let items = self.items(&value, item);
                format!("CASE WHEN {value} IS NOT NULL THEN {items} END")
            }
            ty => format!("{value}::{}", self.type_name(ty)),
        }
    }

    fn contain(&self, left: &Typed, op: Containment, right: &Typed) -> String {
        let symbol = match op {
            Containment::Contains => "@>",
            Containment::ContainedBy => "<@",
            Containment::Overlaps => "&&",
        };
        format!("{} {symbol} {}", canonical(left), right.sql)
    }

    fn native(&self, left: &Typed, op: &Native, right: &Typed) -> String {
        postgres_native::native(left, op, right)
    }

    fn shift(&self, value: &Typed, micros: i64) -> String {
        if value.is(|ty| *ty == ColumnType::Date) {
            return format!("({} + '{}'::int4)", value.sql, micros.div_euclid(86_400_000_000));
        }
        format!("({} + '{micros} microseconds'::interval)", value.sql)
    }

    fn default(&self, table: TableId, column: ColumnId) -> String {
        let declared = self.catalog.column(table, column);
        let name = self.type_name(&declared.ty);
        match &declared.default {
            None => format!("NULL::{name}"),
            Some(DefaultValue::Now) => now(&declared.ty),
            Some(DefaultValue::RandomUuid) => format!("gen_random_uuid()::{name}"),
            Some(DefaultValue::Literal(value)) => {
                // Moments that say no zone are in UTC.
                let moment = declared
                    .ty
                    .is_temporal()
                    .then(|| crate::ddl::constant(value, &declared.ty));
                let unsigned = if value == "-0" { "0" } else { value };
                let text = moment
                    .flatten()
                    .unwrap_or_else(|| postgres_text::constant(unsigned));
                format!("{text}::{name}")
            }
            Some(DefaultValue::Sequence) => {
                let table = postgres_text::constant(&quoted(&self.catalog.table(table).name));
                let column = postgres_text::constant(&declared.name);
                format!("nextval(pg_get_serial_sequence({table},{column}))::{name}")
            }
            Some(DefaultValue::Expression(sql)) => format!("({sql})::{name}"),
        }
    }

    fn default_word(&self) -> Option<&'static str> {
        Some("DEFAULT")
    }

    fn returns_alias(&self) -> bool {
        true
    }

    fn aggregate(&self, function: Aggregate, value: Option<&Typed>) -> Typed {
        let Some(value) = value else {
            return Typed::new("count(*)".to_owned(), ColumnType::Int8);
        };
        let sql = &value.sql;
        let ty = value.ty.clone().unwrap_or(ColumnType::Text);
        let exact = ty == ColumnType::Int8 || matches!(ty, ColumnType::Numeric(_));
        let numeric = ColumnType::Numeric(None);
        match function {
            Aggregate::Count => Typed::new(format!("count({sql})"), ColumnType::Int8),
            Aggregate::Sum if exact => Typed::new(format!("sum({sql})"), numeric),
            Aggregate::Sum if ty.is_integer() => Typed::new(format!("sum({sql})"), ColumnType::Int8),
            // The digits are added, so that the order of rows does not matter.
            Aggregate::Sum => {
                let digits = postgres_text::text(sql, &ty);
                let sum = format!("sum({digits}::numeric)::{}", self.type_name(&ty));
                Typed::new(sum, ty)
            }
            Aggregate::Avg if exact || ty.is_integer() => Typed::new(format!("avg({sql})"), numeric),
            Aggregate::Avg => {
                let mean = format!("avg({}::numeric)::float8", postgres_text::text(sql, &ty));
                Typed::new(mean, ColumnType::Float8)
            }
            Aggregate::Min => Typed::new(self.extreme("min", value), ty),
            Aggregate::Max => Typed::new(self.extreme("max", value), ty),
        }
    }

    fn joined(&self, json: &str, order: &str) -> String {
        if order.is_empty() {
            return format!("string_agg({json},',')");
        }
        format!("string_agg({json},',' ORDER BY {order})")
    }

    fn window(&self, limit: Option<&str>, offset: Option<&str>) -> String {
        let limit = limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
        let offset = offset.map_or_else(String::new, |offset| format!(" OFFSET {offset}"));
        limit + &offset
    }

    fn passed_on(&self, _: &str) -> Option<&'static str> {
        None
    }

    fn lock(&self, qualifier: &str) -> String {
        format!(" FOR NO KEY UPDATE OF {qualifier}")
    }
}

impl Postgres<'_> {
    /// A type as casts call it. Lengths are left out: what is too long must fail, not be cut.
    pub(super) fn type_name(&self, ty: &ColumnType) -> String {
        let name = match ty {
            ColumnType::Bool => "bool",
            ColumnType::Int2 => "int2",
            ColumnType::Int4 => "int4",
            ColumnType::Int8 => "int8",
            ColumnType::Float4 => "float4",
            ColumnType::Float8 => "float8",
            ColumnType::Numeric(_) => "numeric",
            ColumnType::Text | ColumnType::Varchar(_) => "text",
            ColumnType::Char(_) => "bpchar",
            ColumnType::Uuid => "uuid",
            ColumnType::Date => "date",
            ColumnType::Time => "time",
            ColumnType::Timestamp => "timestamp",
            ColumnType::TimestampTz => "timestamptz",
            ColumnType::Interval => "interval",
            ColumnType::Json => "json",
            ColumnType::Jsonb => "jsonb",
            ColumnType::Bytea => "bytea",
            ColumnType::Enum(id) => {
                let known = self.catalog.enums.get(id.0 as usize);
                return known.map_or_else(|| "text".to_owned(), |known| qualified(&known.name));
            }
            // Arrays of `varchar` and of `text` have no common operators.
            ColumnType::Array(item) if matches!(**item, ColumnType::Varchar(_)) => "varchar[]",
            ColumnType::Array(item) => return format!("{}[]", self.type_name(item)),
            ColumnType::Other(name) => return qualified(name),
        };
        name.to_owned()
    }

    /// The items of a JSON array as an array.
    fn items(&self, json: &str, item: &ColumnType) -> String {
        let array = self.type_name(&ColumnType::Array(Box::new(item.clone())));
        // A `null` among documents is no document; `json` keeps the spaces as they are.
        let items = match item {
            ColumnType::Json => {
                let one = "CASE WHEN json_typeof(e) <> 'null' THEN e END";
                format!("{one} FROM json_array_elements({json}::json) AS e")
            }
            ColumnType::Jsonb => {
                format!("nullif(e,'null') FROM jsonb_array_elements({json}::jsonb) AS e")
            }
            _ => format!("jsonb_array_elements_text({json}::jsonb)"),
        };
        format!("ARRAY(SELECT {items})::{array}")
    }

    /// The items of a list to look for a value in; a `null` is a document like others.
    fn candidates(&self, json: &str, item: &ColumnType) -> String {
        match item {
            ColumnType::Json | ColumnType::Jsonb => {
                format!("ARRAY(SELECT jsonb_array_elements({json}::jsonb))::jsonb[]")
            }
            _ => self.items(json, item),
        }
    }

    /// `min` and `max`, of types that have none in their text form.
    fn extreme(&self, function: &str, value: &Typed) -> String {
        let sql = &value.sql;
        match &value.ty {
            Some(ColumnType::Bool) if function == "min" => format!("bool_and({sql})"),
            Some(ColumnType::Bool) => format!("bool_or({sql})"),
            Some(ty) if ty.is_text() => format!("{function}({sql} COLLATE \"C\")"),
            Some(ty @ (ColumnType::Uuid | ColumnType::Json | ColumnType::Jsonb | ColumnType::Bytea)) => {
                format!("{function}({sql}::text COLLATE \"C\")::{}", self.type_name(ty))
            }
            // Of equal ones with other digits the same, whatever the order of rows is.
            Some(ColumnType::Numeric(None)) => {
                let digits = format!("CASE WHEN {sql} IS NOT NULL THEN ARRAY[{sql},scale({sql})] END");
                format!("({function}({digits}))[1]")
            }
            _ => format!("{function}({sql})"),
        }
    }
}

/// JSON in its own order, but a string by code point and not in the database's collation. An empty string
/// stands for every string among values of other kinds.
fn json_key(sql: &str) -> String {
    let string = format!("jsonb_typeof({sql}) = 'string'");
    let kind = format!("CASE WHEN {string} THEN '\"\"'::jsonb ELSE {sql} END");
    let text = format!("CASE WHEN {string} THEN {sql}#>>'{{}}' ELSE '' END COLLATE \"C\"");
    format!("CASE WHEN {sql} IS NOT NULL THEN ROW({kind},{text}) END")
}

/// A name, perhaps with its schema before a point.
fn qualified(name: &str) -> String {
    let parts: Vec<String> = name.split('.').map(quoted).collect();
    parts.join(".")
}

/// The present, in UTC where the type has no zone.
fn now(ty: &ColumnType) -> String {
    match ty {
        ColumnType::TimestampTz => "now()".to_owned(),
        ColumnType::Date => "(now() AT TIME ZONE 'UTC')::date".to_owned(),
        ColumnType::Time => "(now() AT TIME ZONE 'UTC')::time".to_owned(),
        _ => "(now() AT TIME ZONE 'UTC')".to_owned(),
    }
}

/// A value that can be compared: `json`, a part of a column of that type, has no operators of its own.
fn canonical(value: &Typed) -> String {
    match value.is(|ty| *ty == ColumnType::Json) {
        true => format!("({})::jsonb", value.sql),
        false => value.sql.clone(),
    }
}
