//! How values print on PostgreSQL.
//!
//! Role: constants; values as JSON and as canonical text.
//! Invariant: the text of a value is that of [`crate::ir::Datum`], whatever the session's zone, styles and
//! output formats are.
//! Not here: which column is printed.

use super::dialect::Typed;
use backflow_catalog::ColumnType;

/// A text constant, read alike whatever `standard_conforming_strings` is. NUL becomes U+FFFD.
pub(super) fn constant(value: &str) -> String {
    let quoted = value.replace('\'', "''").replace('\0', "\u{fffd}");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// A value as JSON text; NULL gives `null`.
pub(super) fn json(value: &str, ty: &ColumnType) -> String {
    let text = match ty {
        ColumnType::Bool
        | ColumnType::Int2
        | ColumnType::Int4
        | ColumnType::Int8
        | ColumnType::Json
        | ColumnType::Jsonb => format!("{value}::text"),
        // Quotes around what is no number.
        ColumnType::Numeric(_) | ColumnType::Date => format!("to_json({value})::text"),
        ColumnType::Float4 | ColumnType::Float8 => shortest(&format!("to_json({value})::text")),
        ColumnType::Array(_) => text(value, ty),
        ColumnType::Uuid | ColumnType::Time | ColumnType::Timestamp | ColumnType::TimestampTz => {
            format!("'\"'||{}||'\"'", text(value, ty))
        }
        _ => format!("to_json({})::text", text(value, ty)),
    };
    format!("coalesce({text},'null')")
}

/// A value as stores take it: booleans, integers, floats, and canonical text for all else.
pub(super) fn cell(value: &Typed) -> String {
    match &value.ty {
        None => format!("{}::text", value.sql),
        Some(
            ColumnType::Bool
            | ColumnType::Int2
            | ColumnType::Int4
            | ColumnType::Int8
            | ColumnType::Float8
            | ColumnType::Text,
        ) => value.sql.clone(),
        // The double of its digits, not that of the binary fraction.
        Some(ty @ ColumnType::Float4) => format!("{}::float8", text(&value.sql, ty)),
        Some(ty) => text(&value.sql, ty),
    }
}

/// A value in canonical text; NULL stays NULL.
pub(super) fn text(value: &str, ty: &ColumnType) -> String {
    match ty {
        ColumnType::Text => value.to_owned(),
        ColumnType::Float4 | ColumnType::Float8 => shortest(&format!("to_json({value})#>>'{{}}'")),
        ColumnType::Date => format!("(to_json({value})#>>'{{}}')"),
        ColumnType::Timestamp => format!("to_char({value},'YYYY-MM-DD\"T\"HH24:MI:SS.US')"),
        ColumnType::TimestampTz => {
            format!("to_char({value} AT TIME ZONE 'UTC','YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')")
        }
        ColumnType::Bytea => format!("(E'\\\\x'||encode({value},'hex'))"),
        ColumnType::Array(item) => array(value, item),
        ColumnType::Interval => interval(value),
        ColumnType::Other(name) => other(value, name),
        _ => format!("{value}::text"),
    }
}

/// A text of floats with all their digits. How many those are is a setting that no expression can be told;
/// so it is made for the transaction before the first such text is. A plain cast to text of a constant would be
/// computed earlier, with the plan.
fn shortest(text: &str) -> String {
    format!("CASE WHEN (SELECT set_config('extra_float_digits','1',TRUE)) IS NOT NULL THEN {text} END")
}

/// Types whose own text depends on the session, in a text that does not.
fn other(value: &str, name: &str) -> String {
    let bounds = match name {
        "tstzrange" | "tstzmultirange" => ColumnType::TimestampTz,
        "tsrange" | "tsmultirange" => ColumnType::Timestamp,
        "daterange" | "datemultirange" => ColumnType::Date,
        // Its own text is money of the session's country.
        "money" => return format!("{value}::numeric::text"),
        _ => return format!("{value}::text"),
    };
    if name.ends_with("multirange") {
        let ranges = format!(
            "SELECT '{{'||coalesce(string_agg({},',' ORDER BY o),'')||'}}' \
             FROM unnest({value}) WITH ORDINALITY AS u(e,o)",
            range("e", &bounds)
        );
        return format!("CASE WHEN {value} IS NOT NULL THEN ({ranges}) END");
    }
    range(value, &bounds)
}

/// `["2026-01-01T00:00:00.000000+00:00",)`
fn range(value: &str, bounds: &ColumnType) -> String {
    let bound = |side: &str| {
        let bound = text(&format!("{side}({value})"), bounds);
        // What has no canonical text is endless.
        let endless = format!("CASE WHEN {side}({value}) IS NOT NULL THEN {side}({value})::text ELSE '' END");
        match bounds {
            ColumnType::Date => format!("coalesce({bound},{endless})"),
            _ => format!("coalesce('\"'||{bound}||'\"',{endless})"),
        }
    };
    format!(
        "CASE WHEN isempty({value}) THEN 'empty' ELSE CASE WHEN lower_inc({value}) THEN '[' ELSE '(' END||{}||','||{}\
         ||CASE WHEN upper_inc({value}) THEN ']' WHEN {value} IS NOT NULL THEN ')' END END",
        bound("lower"),
        bound("upper")
    )
}

/// `1 year 2 mons -3 days +04:05:06.7`, as PostgreSQL itself writes it unless it is told otherwise.
fn interval(value: &str) -> String {
    let unit = |count: &str, name: &str, sign: &str| {
        format!(
            "CASE WHEN {count}<>0 THEN {sign}{count}||CASE {count} WHEN 1 THEN ' {name}' ELSE ' {name}s' END END"
        )
    };
    let after = |negative: &str| format!("CASE WHEN {negative} THEN '+' ELSE '' END||");
    let years = unit("y", "year", "");
    let months = unit("m", "mon", "");
    let days = unit("d", "day", &after("d>0 AND y+m<0"));
    let clock = "rtrim(rtrim(to_char(make_interval(secs=>abs(s)::float8),'HH24:MI:SS.US'),'0'),'.')";
    let sign = "CASE WHEN s<0 THEN '-' WHEN d<0 OR d=0 AND y+m<0 THEN '+' ELSE '' END";
    let time = format!("CASE WHEN s<>0 OR y=0 AND m=0 AND d=0 THEN {sign}||{clock} END");
    let part = |field: &str| format!("extract({field} FROM i)");
    let seconds = format!("{}*3600+{}*60+{}", part("hour"), part("minute"), part("second"));
    format!(
        "(SELECT concat_ws(' ',{years},{months},{days},{time}) \
         FROM (SELECT {} AS y,{} AS m,{} AS d,{seconds} AS s FROM (SELECT {value} AS i) AS v WHERE i IS NOT NULL) AS p)",
        part("year"),
        part("month"),
        part("day")
    )
}

/// An array as JSON.
fn array(value: &str, item: &ColumnType) -> String {
    match item {
        ColumnType::Date
        | ColumnType::Timestamp
        | ColumnType::TimestampTz
        | ColumnType::Interval
        | ColumnType::Bytea
        | ColumnType::Other(_) => {
            let item = json("e", item);
            let items = format!(
                "SELECT '['||coalesce(string_agg({item},',' ORDER BY o),'')||']' \
                 FROM unnest({value}) WITH ORDINALITY AS u(e,o)"
            );
            format!("CASE WHEN {value} IS NOT NULL THEN ({items}) END")
        }
        ColumnType::Float4 | ColumnType::Float8 => shortest(&format!("array_to_json({value})::text")),
        // Their own text is without the blanks at the end.
        ColumnType::Char(_) => format!("array_to_json({value}::text[])::text"),
        _ => format!("array_to_json({value})::text"),
    }
}
