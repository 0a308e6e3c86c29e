//! SQLite's expressions, with the functions of [`crate::functions`].
//!
//! Role: [`Syntax`] for SQLite. Invariant: values are stored in the canonical forms of [`Datum`]; whatever
//! SQLite would do differently from PostgreSQL goes through a `bf_` function.
//! Not here: casts; see `sqlite_cast`.

use super::dialect::{Pattern, Syntax, Typed, text};
use super::sqlite_cast;
use crate::ir::{Aggregate, ArithmeticOp, Containment, Datum, JsonKey, JsonStep, Native, ParamId};
use backflow_catalog::{Catalog, ColumnId, ColumnType, DefaultValue, TableId};

/// The rows of a list in JSON. The schema says that no table of the author's is meant, whatever its name: in this one
/// there are none.
const EACH: &str = "temp.json_each";

pub(super) struct Sqlite<'a> {
    pub(super) catalog: &'a Catalog,
}

impl Syntax for Sqlite<'_> {
    fn text(&self, value: &str) -> String {
        text(value)
    }

    fn param(&self, param: ParamId, _: &ColumnType) -> String {
        format!("?{}", u32::from(param.0) + 1)
    }

    fn literal(&self, datum: &Datum, _: &ColumnType) -> String {
        match datum {
            Datum::Null => "NULL".to_owned(),
            Datum::Bool(value) => if *value { "1" } else { "0" }.to_owned(),
            Datum::Int(value) if *value < 0 => format!("({value})"),
            Datum::Int(value) => value.to_string(),
            Datum::Float(value) if value.is_nan() => "NULL".to_owned(),
            Datum::Float(value) if value.is_infinite() => {
                if *value > 0.0 { "9e999" } else { "(-9e999)" }.to_owned()
            }
            Datum::Float(value) if value.is_sign_negative() => format!("({value:?})"),
            Datum::Float(value) => format!("{value:?}"),
            // A NUL would end the statement.
            Datum::Text(value) if value.contains('\0') => {
                let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
                format!("CAST(x'{hex}' AS TEXT)")
            }
            Datum::Text(value) => text(value),
        }
    }

    fn json_value(&self, value: &str, ty: &ColumnType) -> String {
        match ty {
            ColumnType::Bool => {
                format!("CASE {value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END")
            }
            ColumnType::Numeric(_) | ColumnType::Json | ColumnType::Jsonb | ColumnType::Array(_) => {
                format!("coalesce({value},'null')")
            }
            ColumnType::Float4 => format!("coalesce(bf_real({value}),'null')"),
            ColumnType::Float8 => format!("coalesce(bf_float({value}),'null')"),
            _ => format!("json_quote({value})"),
        }
    }

    fn json_step(&self, document: &Typed, step: &JsonStep) -> String {
        let at = document.is(|ty| *ty == ColumnType::Jsonb) && matches!(step.key, JsonKey::Index(_));
        let function = match (step.as_text, at) {
            (true, true) => "bf_jsonb_text_at",
            (true, false) => "bf_json_text",
            (false, true) => "bf_jsonb_at",
            (false, false) => "bf_json_get",
        };
        let document = &document.sql;
        match &step.key {
            JsonKey::Name(name) => {
                let name = self.literal(&Datum::Text(name.as_str().into()), &ColumnType::Text);
                format!("{function}({document},{name})")
            }
            JsonKey::Index(index) => format!("{function}({document},{index})"),
        }
    }

    fn cell(&self, value: &Typed) -> String {
        value.sql.clone()
    }

    fn lower(&self, text: &str) -> String {
        format!("lower({text})")
    }

    fn arithmetic(&self, op: ArithmeticOp, left: &str, right: &str, ty: &ColumnType) -> String {
        let symbol = match op {
            ArithmeticOp::Add => "+",
            ArithmeticOp::Sub => "-",
            ArithmeticOp::Mul => "*",
            ArithmeticOp::Div => "/",
            ArithmeticOp::Rem => "%",
        };
        match ty {
            ColumnType::Int2 => format!("bf_int2({left} {symbol} {right})"),
            ColumnType::Int4 => format!("bf_int4({left} {symbol} {right})"),
            ColumnType::Numeric(_) => {
                let name = match op {
                    ArithmeticOp::Add => "add",
                    ArithmeticOp::Sub => "sub",
                    ArithmeticOp::Mul => "mul",
                    ArithmeticOp::Div => "div",
                    ArithmeticOp::Rem => "rem",
                };
                format!("bf_dec_{name}({left},{right})")
            }
            // SQLite's own `%` cuts to whole numbers.
            ColumnType::Float4 => match op {
                ArithmeticOp::Add => format!("bf_real_add({left},{right})"),
                ArithmeticOp::Sub => format!("bf_real_sub({left},{right})"),
                ArithmeticOp::Mul => format!("bf_real_mul({left},{right})"),
                ArithmeticOp::Div => format!("bf_real_div({left},{right})"),
                ArithmeticOp::Rem => format!("bf_float4(bf_float_rem({left},{right}))"),
            },
            ColumnType::Float8 => match op {
                ArithmeticOp::Rem => format!("bf_float_rem({left},{right})"),
                ArithmeticOp::Mul => format!("bf_float_mul({left},{right})"),
                ArithmeticOp::Div => format!("bf_float_div({left},{right})"),
                _ => format!("bf_float8({left} {symbol} {right})"),
            },
            _ => format!("bf_int8({left} {symbol} {right})"),
        }
    }

    fn deferred(&self, sql: String) -> String {
        sql
    }

    fn cast(&self, value: &Typed, to: &ColumnType) -> String {
        sqlite_cast::cast(value, to)
    }

    fn equal_keys(&self, left: &Typed, right: &Typed) -> (String, String) {
        let numeric = |side: &Typed| side.is(|ty| matches!(ty, ColumnType::Numeric(_)));
        let float = |side: &Typed| side.is(|ty| matches!(ty, ColumnType::Float4 | ColumnType::Float8));
        let json = |side: &Typed| side.is(|ty| *ty == ColumnType::Jsonb);
        let array = |side: &Typed| side.is(|ty| matches!(ty, ColumnType::Array(_)));
        if array(left) && array(right) {
            let key = |side: &Typed| format!("bf_array_key({})", side.sql);
            return (key(left), key(right));
        }
        if json(left) || json(right) {
            let key = |side: &Typed| format!("bf_json_key({})", side.sql);
            return (key(left), key(right));
        }
        if !numeric(left) && !numeric(right) {
            return (left.sql.clone(), right.sql.clone());
        }
        // As PostgreSQL compares: with a float both become floats, else both are numerics.
        let floats = float(left) || float(right);
        let key = |side: &Typed| match floats {
            true if numeric(side) => format!("CAST({} AS REAL)", side.sql),
            true => side.sql.clone(),
            false => format!("bf_dec_key({})", side.sql),
        };
        (key(left), key(right))
    }

    fn sort_key(&self, value: &Typed) -> String {
        match &value.ty {
            Some(ColumnType::Numeric(_)) => format!("bf_dec_key({})", value.sql),
            Some(ColumnType::Json | ColumnType::Jsonb) => format!("bf_json_key({})", value.sql),
            Some(ColumnType::Array(_)) => format!("bf_array_key({})", value.sql),
            Some(ColumnType::Enum(id)) => {
                let arms = self.catalog.labels(*id).iter().enumerate();
                let arms: String = arms
                    .map(|(at, label)| format!(" WHEN {} THEN {at}", text(label)))
                    .collect();
                if arms.is_empty() {
                    value.sql.clone()
                } else {
                    format!("CASE {}{arms} END", value.sql)
                }
            }
            _ => value.sql.clone(),
        }
    }

    fn group_key(&self, value: &Typed) -> String {
        match &value.ty {
            Some(ColumnType::Numeric(None) | ColumnType::Jsonb | ColumnType::Array(_)) => {
                self.sort_key(value)
            }
            _ => value.sql.clone(),
        }
    }

    fn of_group(&self, value: &Typed) -> String {
        match &value.ty {
            Some(ColumnType::Numeric(None) | ColumnType::Jsonb | ColumnType::Array(_)) => {
                format!("min({})", value.sql)
            }
            _ => value.sql.clone(),
        }
    }

    fn like(&self, left: &str, Pattern { sql: pattern, .. }: &Pattern, fold: bool) -> String {
        match fold {
            true => format!("lower({left}) LIKE lower({pattern}) ESCAPE '\\'"),
            false => format!("{left} LIKE {pattern} ESCAPE '\\'"),
        }
    }

    fn one_of(&self, left: &Typed, list: ParamId, ty: &ColumnType) -> String {
        let list = self.param(list, ty);
        // As JSON, texts keep their quotes, and numbers their digits.
        let element = match ty {
            ColumnType::Jsonb => format!("{list} -> fullkey"),
            ColumnType::Numeric(_) => format!("nullif(trim({list} -> fullkey,'\"'),'null')"),
            ColumnType::Float4 | ColumnType::Float8 => {
                format!("bf_text_float(nullif(trim({list} -> fullkey,'\"'),'null'))")
            }
            _ => "value".to_owned(),
        };
        let element = Typed::new(element, ty.clone());
        let (left, element) = self.equal_keys(left, &element);
        format!("{left} IN (SELECT {element} FROM {EACH}({list}))")
    }

    fn list_rows(&self, list: ParamId) -> String {
        format!("{EACH}({}) AS i", self.param(list, &ColumnType::Jsonb))
    }

    fn list_value(&self, at: u16, ty: &ColumnType) -> String {
        let value = format!("json_extract(i.value,'$[{at}]')");
        match ty {
            // SQLite's own reading of digits may be off in the last place.
            ColumnType::Float4 | ColumnType::Float8 => format!("bf_text_float({value})"),
            _ => value,
        }
    }

    fn contain(&self, left: &Typed, op: Containment, right: &Typed) -> String {
        let array = left.is(|ty| matches!(ty, ColumnType::Array(_)));
        let contains = if array { "bf_array_contains" } else { "bf_contains" };
        let (left, right) = (&left.sql, &right.sql);
        match op {
            Containment::Contains => format!("{contains}({left},{right})"),
            Containment::ContainedBy => format!("{contains}({right},{left})"),
            Containment::Overlaps => format!("bf_overlaps({left},{right})"),
        }
    }

    fn native(&self, _: &Typed, _: &Native, _: &Typed) -> String {
        "NULL".to_owned()
    }

    fn shift(&self, value: &Typed, micros: i64) -> String {
        format!(
            "bf_shift({},{})",
            value.sql,
            self.literal(&Datum::Int(micros), &ColumnType::Int8)
        )
    }

    fn default(&self, table: TableId, column: ColumnId) -> String {
        let column = self.catalog.column(table, column);
        match &column.default {
            // A missing value for an INTEGER PRIMARY KEY is NULL, too: SQLite assigns one.
            None | Some(DefaultValue::Sequence | DefaultValue::Expression(_)) => "NULL".to_owned(),
            Some(DefaultValue::Now) => now(&column.ty).to_owned(),
            Some(DefaultValue::RandomUuid) => RANDOM_UUID.to_owned(),
            Some(DefaultValue::Literal(value)) => {
                let canonical = crate::ddl::constant(value, &column.ty);
                canonical.unwrap_or_else(|| self.default_literal(value, &column.ty))
            }
        }
    }

    fn default_word(&self) -> Option<&'static str> {
        None
    }

    fn returns_alias(&self) -> bool {
        false
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
            Aggregate::Sum if exact => Typed::new(format!("bf_dec_sum({sql})"), numeric),
            Aggregate::Sum if ty.is_integer() => Typed::new(format!("sum({sql})"), ColumnType::Int8),
            // The digits are added, so that the order of rows does not matter.
            Aggregate::Sum if ty == ColumnType::Float4 => Typed::new(
                format!("bf_float4(bf_text_float(bf_dec_sum(bf_real({sql}))))"),
                ty,
            ),
            Aggregate::Sum => Typed::new(format!("bf_text_float(bf_dec_sum(bf_float({sql})))"), ty),
            Aggregate::Avg if exact || ty.is_integer() => Typed::new(format!("bf_dec_avg({sql})"), numeric),
            Aggregate::Avg => {
                let digits = if ty == ColumnType::Float4 {
                    "bf_real"
                } else {
                    "bf_float"
                };
                let mean = format!("bf_text_float(bf_dec_avg({digits}({sql})))");
                Typed::new(mean, ColumnType::Float8)
            }
            Aggregate::Min => Typed::new(self.extreme("min", value), ty),
            Aggregate::Max => Typed::new(self.extreme("max", value), ty),
        }
    }

    fn joined(&self, json: &str, order: &str) -> String {
        if order.is_empty() {
            return format!("group_concat({json},',')");
        }
        format!("group_concat({json},',' ORDER BY {order})")
    }

    fn window(&self, limit: Option<&str>, offset: Option<&str>) -> String {
        match (limit, offset) {
            (None, None) => String::new(),
            (Some(limit), None) => format!(" LIMIT {limit}"),
            (limit, Some(offset)) => format!(" LIMIT {} OFFSET {offset}", limit.unwrap_or("-1")),
        }
    }

    /// SQLite takes these for constants, and counts the columns instead.
    fn passed_on(&self, column: &str) -> Option<&'static str> {
        match column {
            _ if column.eq_ignore_ascii_case("true") => Some("_backflow_true"),
            _ if column.eq_ignore_ascii_case("false") => Some("_backflow_false"),
            _ => None,
        }
    }

    fn lock(&self, _: &str) -> String {
        String::new()
    }
}

impl Sqlite<'_> {
    /// `min` and `max`: enums by the order of their labels, numerics by value.
    fn extreme(&self, function: &str, value: &Typed) -> String {
        match &value.ty {
            Some(ColumnType::Numeric(_)) => format!("bf_dec_{function}({})", value.sql),
            Some(ColumnType::Enum(id)) if !self.catalog.labels(*id).is_empty() => {
                let key = self.sort_key(value);
                let arms = self.catalog.labels(*id).iter().enumerate();
                let arms: String = arms
                    .map(|(at, label)| format!(" WHEN {at} THEN {}", text(label)))
                    .collect();
                format!("CASE {function}({key}){arms} END")
            }
            _ => format!("{function}({})", value.sql),
        }
    }

    /// A default in the text that PostgreSQL reads, as SQLite stores it.
    fn default_literal(&self, value: &str, ty: &ColumnType) -> String {
        let datum = match ty {
            ColumnType::Bool => {
                let yes = value.to_ascii_lowercase();
                Datum::Bool(matches!(yes.as_str(), "t" | "true" | "y" | "yes" | "on" | "1"))
            }
            ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => match value.trim().parse() {
                Ok(number) => Datum::Int(number),
                Err(_) => Datum::Text(value.into()),
            },
            ColumnType::Float4 | ColumnType::Float8 => match value.trim().parse() {
                Ok(number) => Datum::Float(number),
                Err(_) => Datum::Text(value.into()),
            },
            _ => Datum::Text(value.into()),
        };
        self.literal(&datum, ty)
    }
}

/// Version 4, variant 1, in lower case.
const RANDOM_UUID: &str = "lower(hex(randomblob(4))||'-'||hex(randomblob(2))||'-4'||substr(hex(randomblob(2)),2)\
||'-'||substr('89ab',(random()&3)+1,1)||substr(hex(randomblob(2)),2)||'-'||hex(randomblob(6)))";

/// The present, in the canonical form of the type.
fn now(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Date => "strftime('%Y-%m-%d','now')",
        ColumnType::Time => "rtrim(rtrim(strftime('%H:%M:%f','now'),'0'),'.')",
        ColumnType::Timestamp => "(strftime('%Y-%m-%dT%H:%M:%f','now')||'000')",
        _ => "(strftime('%Y-%m-%dT%H:%M:%f','now')||'000+00:00')",
    }
}
