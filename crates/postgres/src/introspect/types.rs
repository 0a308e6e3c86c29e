//! Types of the server as types of the catalog.
//!
//! Role: built-in types by name, enums by position, domains as what they are made of, arrays by their elements.
//! Invariant: a type that is not known here keeps its name; following types to what they are made of ends.
//! Not here: types as files write them; the catalog reads those.

use super::rows::Type;
use backflow_catalog::{ColumnType, EnumId, EnumType};
use std::collections::HashMap;

/// Domains over domains over domains: so many at most.
const DEEPEST: u32 = 32;

/// The types of a database.
pub(super) struct Types<'a> {
    by_oid: HashMap<u32, &'a Type>,
    enums: HashMap<u32, EnumId>,
}

/// What a column's type comes to.
pub(super) struct Resolved<'a> {
    pub(super) ty: ColumnType,
    /// Whether a domain refuses NULL.
    pub(super) not_null: bool,
    /// A domain's own default.
    pub(super) default: Option<&'a str>,
    /// The CHECKs of domains.
    pub(super) checks: Vec<&'a str>,
}

impl<'a> Types<'a> {
    /// All types, and the enums among them.
    pub(super) fn new(types: &'a [Type]) -> (Self, Vec<EnumType>) {
        let mut found = Types {
            by_oid: types.iter().map(|ty| (ty.oid, ty)).collect(),
            enums: HashMap::new(),
        };
        let mut enums = Vec::new();
        // An enum that is not found by its bare name cannot be written into a statement.
        for ty in types.iter().filter(|ty| ty.kind == "e" && ty.is_visible) {
            found
                .enums
                .insert(ty.oid, EnumId(u32::try_from(enums.len()).unwrap_or(u32::MAX)));
            enums.push(EnumType {
                name: ty.name.clone(),
                labels: ty.labels.clone(),
            });
        }
        (found, enums)
    }

    /// The type of a column.
    pub(super) fn resolve(&self, oid: u32, modifier: i32) -> Resolved<'a> {
        let mut resolved = Resolved {
            ty: ColumnType::Other(String::new()),
            not_null: false,
            default: None,
            checks: Vec::new(),
        };
        let (mut oid, mut modifier) = (oid, modifier);
        for _ in 0..DEEPEST {
            match self.by_oid.get(&oid) {
                Some(ty) if ty.kind == "d" => {
                    resolved.not_null |= ty.not_null;
                    resolved.default = resolved.default.or(ty.default.as_deref());
                    resolved.checks.extend(ty.checks.iter().map(String::as_str));
                    (oid, modifier) = (ty.base, ty.modifier);
                }
                _ => break,
            }
        }
        resolved.ty = self.plain(oid, modifier);
        resolved
    }

    /// A type that is no domain; the elements of an array may be.
    fn plain(&self, oid: u32, modifier: i32) -> ColumnType {
        let Some(ty) = self.by_oid.get(&oid) else {
            return ColumnType::Other(format!("type {oid}"));
        };
        if ty.element != 0 {
            // A domain over an array is seen through here too, but arrays of arrays do not exist as types.
            let element = match self.by_oid.get(&ty.element) {
                Some(element) if element.kind == "d" => self.resolve_element(element),
                _ => self.scalar(ty.element, modifier),
            };
            return ColumnType::Array(Box::new(element));
        }
        self.scalar(oid, modifier)
    }

    fn resolve_element(&self, domain: &Type) -> ColumnType {
        let (mut base, mut modifier) = (domain.base, domain.modifier);
        for _ in 0..DEEPEST {
            match self.by_oid.get(&base) {
                Some(ty) if ty.kind == "d" => (base, modifier) = (ty.base, ty.modifier),
                _ => break,
            }
        }
        self.scalar(base, modifier)
    }

    fn scalar(&self, oid: u32, modifier: i32) -> ColumnType {
        if let Some(id) = self.enums.get(&oid) {
            return ColumnType::Enum(*id);
        }
        match self.by_oid.get(&oid) {
            Some(ty) if ty.is_systems => built_in(&ty.name, modifier),
            Some(ty) => ColumnType::Other(ty.name.clone()),
            None => ColumnType::Other(format!("type {oid}")),
        }
    }
}

fn built_in(name: &str, modifier: i32) -> ColumnType {
    match name {
        "bool" => ColumnType::Bool,
        "int2" => ColumnType::Int2,
        "int4" => ColumnType::Int4,
        "int8" => ColumnType::Int8,
        "float4" => ColumnType::Float4,
        "float8" => ColumnType::Float8,
        "numeric" => numeric(modifier),
        "text" => ColumnType::Text,
        "varchar" => limit(modifier).map_or(ColumnType::Text, ColumnType::Varchar),
        "bpchar" => limit(modifier).map_or(ColumnType::Text, ColumnType::Char),
        "uuid" => ColumnType::Uuid,
        "date" => ColumnType::Date,
        "time" => ColumnType::Time,
        "timestamp" => ColumnType::Timestamp,
        "timestamptz" => ColumnType::TimestampTz,
        "interval" => ColumnType::Interval,
        "json" => ColumnType::Json,
        "jsonb" => ColumnType::Jsonb,
        "bytea" => ColumnType::Bytea,
        other => ColumnType::Other(other.to_owned()),
    }
}

/// What the server adds to a length before it stores it as a modifier.
const HEADER: i32 = 4;

fn limit(modifier: i32) -> Option<u32> {
    u32::try_from(modifier.checked_sub(HEADER)?).ok()
}

/// Precision and scale share the modifier: 16 bits, then 11 bits with a sign.
fn numeric(modifier: i32) -> ColumnType {
    let Some(both) = limit(modifier) else {
        return ColumnType::Numeric(None);
    };
    let precision = u16::try_from(both >> 16).unwrap_or(u16::MAX);
    let bits = i32::try_from(both & 0x7ff).unwrap_or(0);
    let scale = (bits ^ 0x400) - 0x400;
    match u16::try_from(scale) {
        Ok(scale) => ColumnType::Numeric(Some((precision, scale))),
        // Digits before the point are rounded away.
        Err(_negative) => ColumnType::Other(format!("numeric({precision}, {scale})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers() {
        assert_eq!(numeric(-1), ColumnType::Numeric(None));
        // Taken from a server: numeric(10, 2), numeric(5), numeric(3, -2).
        assert_eq!(numeric(655_366), ColumnType::Numeric(Some((10, 2))));
        assert_eq!(numeric(327_684), ColumnType::Numeric(Some((5, 0))));
        assert_eq!(numeric(198_658), ColumnType::Other("numeric(3, -2)".to_owned()));
        assert_eq!(built_in("varchar", 24), ColumnType::Varchar(20));
        assert_eq!(built_in("varchar", -1), ColumnType::Text);
    }
}
