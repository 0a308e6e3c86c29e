//! How SQLite stores PostgreSQL's types.
//!
//! Input: a column's type. Output: its storage class and the CHECK that holds values to the canonical form.
//! Invariant: a CHECK is true or null for NULL, and uses only functions built into SQLite.
//! Not here: constants; see `literal`.

use super::fault::{Sql, instead, unsupported};
use super::quote::{ident, text};
use backflow_catalog::ColumnType;
use backflow_catalog::ddl::{BUILT_IN, Definition, TypeName};
use backflow_diag::{Diagnostic, codes, nearest};

/// Types that PostgreSQL has, or gets from a well-known extension, and that have no counterpart here.
const ONLY_POSTGRES: &[&str] = &[
    "bit",
    "box",
    "cidr",
    "circle",
    "citext",
    "daterange",
    "geography",
    "geometry",
    "halfvec",
    "hstore",
    "inet",
    "int4range",
    "int8range",
    "interval",
    "line",
    "lseg",
    "ltree",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "numrange",
    "oid",
    "path",
    "pg_lsn",
    "point",
    "polygon",
    "regclass",
    "timetz",
    "tsquery",
    "tsrange",
    "tstzrange",
    "tsvector",
    "txid_snapshot",
    "vector",
    "xml",
];

/// SQLite's name for the storage, as `STRICT` tables want it.
pub(super) fn storage(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Bool | ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => "INTEGER",
        ColumnType::Float4 | ColumnType::Float8 => "REAL",
        _ => "TEXT",
    }
}

/// The type behind a name, if SQLite can hold it.
pub(super) fn supported(definition: &Definition, ty: &TypeName) -> Sql<ColumnType> {
    let resolved = definition.column_type(ty);
    let element = match &resolved {
        ColumnType::Array(element) => element,
        other => other,
    };
    match element {
        ColumnType::Other(name) if !ONLY_POSTGRES.contains(&name.as_str()) => {
            let enums = definition.enums.iter().map(|known| known.name.as_str());
            let near = nearest(name, BUILT_IN.iter().copied().chain(enums));
            Err(Box::new(
                Diagnostic::new(codes::UNKNOWN_TYPE, format!("unknown column type `{name}`"))
                    .at(
                        ty.span,
                        "neither a type of PostgreSQL nor one made by `CREATE TYPE … AS ENUM`",
                    )
                    .did_you_mean(near),
            ))
        }
        ColumnType::Other(name) => {
            let fault = unsupported(
                ty.span,
                format!("the type `{name}`"),
                "SQLite has nothing like it",
            );
            Err(instead(fault, "use `text` or another plain type"))
        }
        ColumnType::Interval => {
            let why = "lengths of time have many spellings, which SQLite cannot compare";
            let fault = unsupported(ty.span, "the type `interval`", why);
            Err(instead(fault, "keep a number of seconds in a `bigint`"))
        }
        _ => Ok(resolved),
    }
}

/// The condition that a stored value meets; `None` when `STRICT` says it all.
pub(super) fn check(definition: &Definition, ty: &ColumnType, column: &str) -> Option<String> {
    let c = ident(column);
    Some(match ty {
        ColumnType::Bool => format!("{c} IN (0, 1)"),
        ColumnType::Int2 => format!("{c} BETWEEN {} AND {}", i16::MIN, i16::MAX),
        ColumnType::Int4 => format!("{c} BETWEEN {} AND {}", i32::MIN, i32::MAX),
        ColumnType::Numeric(limits) => numeric(&c, *limits),
        ColumnType::Varchar(length) => format!("length({c}) <= {length}"),
        ColumnType::Char(length) => format!("length({c}) <= {length} AND {c} NOT LIKE '% '"),
        ColumnType::Uuid => format!(
            "{c} GLOB '????????-????-????-????-????????????' AND length(replace({c}, '-', '')) = 32 \
             AND replace({c}, '-', '') NOT GLOB '*[^0-9a-f]*'"
        ),
        ColumnType::Date => format!("{c} GLOB '????-??-??' AND date({c}) IS {c}"),
        ColumnType::Time => format!(
            "{c} GLOB '??:??:??*' AND time(substr({c}, 1, 8)) IS substr({c}, 1, 8) AND (length({c}) = 8 \
             OR length({c}) <= 15 AND substr({c}, 9) GLOB '.[0-9]*' AND substr({c}, 10) NOT GLOB '*[^0-9]*')"
        ),
        ColumnType::Timestamp => instant(&c, ""),
        ColumnType::TimestampTz => instant(&c, "+00:00"),
        ColumnType::Json | ColumnType::Jsonb => format!("json_valid({c})"),
        ColumnType::Array(_) => {
            format!("CASE WHEN json_valid({c}) THEN json_type({c}) = 'array' ELSE {c} IS NULL END")
        }
        ColumnType::Bytea => {
            format!("{c} GLOB '\\x*' AND length({c}) % 2 = 0 AND substr({c}, 3) NOT GLOB '*[^0-9a-f]*'")
        }
        ColumnType::Enum(id) => {
            let labels = definition
                .enums
                .get(id.0 as usize)
                .map_or(&[][..], |known| &known.labels);
            let labels: Vec<_> = labels.iter().map(|label| text(label)).collect();
            format!("{c} IN ({})", labels.join(", "))
        }
        ColumnType::Int8
        | ColumnType::Float4
        | ColumnType::Float8
        | ColumnType::Text
        | ColumnType::Interval
        | ColumnType::Other(_) => return None,
    })
}

/// Six digits of a second, always; and a moment that exists.
fn instant(c: &str, zone: &str) -> String {
    format!(
        "{c} GLOB '????-??-??T??:??:??.??????{zone}' AND substr({c}, 21, 6) NOT GLOB '*[^0-9]*' \
         AND strftime('%Y-%m-%dT%H:%M:%S', substr({c}, 1, 19)) IS substr({c}, 1, 19)"
    )
}

/// Plain digits without needless zeros in front; as many behind the point as the scale says.
fn numeric(c: &str, limits: Option<(u16, u16)>) -> String {
    let mut check = format!(
        "{c} NOT GLOB '*[^-.0-9]*' AND {c} NOT GLOB '?*-*' AND {c} NOT GLOB '*.*.*' AND {c} GLOB '*[0-9]' \
         AND ltrim({c}, '-') GLOB '[0-9]*' AND ltrim({c}, '-') NOT GLOB '0[0-9]*'"
    );
    if let Some((precision, scale)) = limits {
        let scale_check = match scale {
            0 => format!(" AND {c} NOT GLOB '*.*'"),
            scale => format!(" AND instr({c}, '.') = length({c}) - {scale}"),
        };
        check.push_str(&scale_check);
        check.push_str(&format!(
            " AND length(ltrim(replace(ltrim({c}, '-'), '.', ''), '0')) <= {precision}"
        ));
    }
    check
}
