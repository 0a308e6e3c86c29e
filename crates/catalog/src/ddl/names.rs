//! Names that PostgreSQL makes up for keys, checks and indexes without one.
//!
//! Role: the same name in the catalog as in the database, so that an error can be matched to its key.
//! Invariant: a name made here is at most 63 bytes and not taken yet.
//! Not here: names that are written.

use super::ast::IndexPart;
use super::cursor::NAME_BYTES;
use super::expr::{ExprKind, SqlExpr};

/// `<table>_<middle>_<label>`, the longer of the first two shortened until it fits, numbered if taken.
pub(crate) fn choose(table: &str, middle: &str, label: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = make(table, middle, label);
    let mut pass = 0_u32;
    while taken(&name) {
        pass += 1;
        name = make(table, middle, &format!("{label}{pass}"));
    }
    name
}

fn make(table: &str, middle: &str, label: &str) -> String {
    let (mut first, mut second) = (table, middle);
    let separators = 1 + usize::from(!middle.is_empty());
    while first.len() + second.len() + separators + label.len() > NAME_BYTES {
        let longer = if first.len() > second.len() {
            &mut first
        } else {
            &mut second
        };
        let Some((end, _)) = longer.char_indices().next_back() else {
            break;
        };
        *longer = longer.get(..end).unwrap_or("");
    }
    if second.is_empty() {
        format!("{first}_{label}")
    } else {
        format!("{first}_{second}_{label}")
    }
}

/// What an index calls each of its parts: the column, the function, or `expr`, numbered when it repeats.
pub(crate) fn part_names(parts: &[IndexPart]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in parts {
        let plain = expr_name(&part.value.expr);
        let mut name = plain.to_owned();
        let mut pass = 0_u32;
        while names.contains(&name) {
            pass += 1;
            name = format!("{plain}{pass}");
        }
        names.push(name);
    }
    names
}

fn expr_name(expr: &SqlExpr) -> &str {
    match &expr.kind {
        ExprKind::Column(name) | ExprKind::Call { name, .. } => name,
        ExprKind::Cast(inner, ty) => match expr_name(inner) {
            "expr" => &ty.name,
            name => name,
        },
        ExprKind::Collate(inner) => expr_name(inner),
        ExprKind::Case { .. } => "case",
        ExprKind::Array(_) => "array",
        _ => "expr",
    }
}

/// The middle of a name made of several columns: joined, cut where PostgreSQL's buffer ends.
pub(crate) fn middle<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for column in columns {
        if !joined.is_empty() {
            joined.push('_');
        }
        joined.push_str(column);
        if joined.len() > NAME_BYTES {
            break;
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_postgresql() {
        let free = |_: &str| false;
        assert_eq!(choose("usage_records", "", "pkey", free), "usage_records_pkey");
        assert_eq!(
            choose(
                "usage_records",
                &middle(["organization_id", "feature", "period"]),
                "key",
                free
            ),
            "usage_records_organization_id_feature_period_key"
        );
        // Taken from a server: the longer part gives way.
        let table = "a_table_with_a_very_long_name_indeed_yes";
        let column = "another_column_with_a_rather_long_name";
        assert_eq!(
            choose(table, column, "fkey", free),
            "a_table_with_a_very_long_name_another_column_with_a_rather_fkey"
        );
        assert_eq!(
            choose("t", "c", "check", |name| name == "t_c_check"),
            "t_c_check1"
        );
    }
}
