//! Reads.
//!
//! Role: [`Read`] → `SELECT`. Invariant: every order key that can be NULL says where NULLs go; grouped rows are ordered by their
//! group.
//! Not here: related rows; see `rows`.

use super::dialect::Typed;
use super::{Renderer, Scope, fallible};
use crate::ir::{Bound, Link, Member, Read, Scalar};
use backflow_catalog::ColumnType;

impl Renderer<'_> {
    pub(super) fn top_read(&mut self, read: &Read) -> String {
        let scope = self.aliased(read.from);
        let first = fallible::chosen_first(read);
        let around = if first { scope.chosen() } else { scope.clone() };
        let mut columns = self.columns_out(&read.outputs, &around);
        if columns.is_empty() {
            columns.push("1".to_owned());
        }
        let conditions = self.row_conditions(read, &scope);
        let filter = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        let (group, order) = (self.group_by(read, &scope), self.order_by(read, &scope));
        let window = self.bounds(read);
        let lock = if read.lock && group.is_empty() {
            self.syntax.lock(&scope.qualifier)
        } else {
            String::new()
        };
        let (columns, source) = (columns.join(","), self.source(&scope));
        let rest = format!("{filter}{group}{order}{window}{lock}");
        if first {
            let all = self.passed_on("*", &scope);
            let order = self.order_by(read, &around);
            return format!(
                "SELECT {columns} FROM (SELECT {all} FROM {source}{rest}) AS {}{order}",
                scope.qualifier
            );
        }
        format!("SELECT {columns} FROM {source}{rest}")
    }

    pub(super) fn bounds(&self, read: &Read) -> String {
        let bound = |bound: &Bound| match bound {
            Bound::Fixed(rows) => rows.min(&(i64::MAX as u64)).to_string(),
            Bound::Param(param) => self.syntax.param(*param, &ColumnType::Int8),
        };
        let (limit, offset) = (read.limit.as_ref().map(bound), read.offset.as_ref().map(bound));
        self.syntax.window(limit.as_deref(), offset.as_deref())
    }

    /// What rows are grouped by, if they are.
    pub(super) fn grouping(&mut self, read: &Read, scope: &Scope) -> Option<Vec<Typed>> {
        let members = read.outputs.members.as_deref().unwrap_or(&[]);
        if !members
            .iter()
            .any(|member| matches!(member, Member::Aggregate { .. }))
        {
            return None;
        }
        let mut keys = Vec::new();
        for member in members {
            match member {
                Member::Column { column, path, .. } => keys.push(self.json_path(*column, path, scope)),
                // A bare number there would name an output column.
                Member::Computed { value, .. } if !matches!(value, Scalar::Literal(..)) => {
                    keys.push(self.scalar(value, scope));
                }
                Member::Embed(embed) => {
                    let (Link::Direct(pairs) | Link::Junction { outer: pairs, .. }) = &embed.link;
                    keys.extend(pairs.iter().map(|(outer, _)| self.typed_column(scope, *outer)));
                }
                Member::Computed { .. } | Member::Aggregate { .. } => {}
            }
        }
        keys.extend(
            read.outputs
                .cells
                .iter()
                .map(|column| self.typed_column(scope, *column)),
        );
        let mut distinct: Vec<Typed> = Vec::new();
        for key in keys {
            if !distinct.iter().any(|known| known.sql == key.sql) {
                distinct.push(key);
            }
        }
        Some(distinct)
    }

    pub(super) fn group_by(&mut self, read: &Read, scope: &Scope) -> String {
        match self.grouping(read, scope) {
            Some(keys) if !keys.is_empty() => {
                let keys: Vec<String> = keys.iter().map(|key| self.syntax.group_key(key)).collect();
                format!(" GROUP BY {}", keys.join(","))
            }
            _ => String::new(),
        }
    }

    pub(super) fn order_by(&mut self, read: &Read, scope: &Scope) -> String {
        let order = self.order(read, scope);
        if order.is_empty() {
            order
        } else {
            format!(" ORDER BY {order}")
        }
    }

    /// The order's keys. Rows that are grouped can only be ordered by what they are grouped by.
    pub(super) fn order(&mut self, read: &Read, scope: &Scope) -> String {
        let mut groups = self.grouping(read, scope);
        let mut keys = Vec::new();
        for term in read
            .order
            .iter()
            .filter(|term| !matches!(term.by, Scalar::Literal(..)))
        {
            let value = self.scalar(&term.by, scope);
            if let Some(groups) = &mut groups {
                let Some(at) = groups.iter().position(|group| group.sql == value.sql) else {
                    continue;
                };
                groups.remove(at);
            }
            let key = self.syntax.sort_key(&value);
            let direction = if term.descending { " DESC" } else { "" };
            // Without NULLs the words would only keep an index from serving the order.
            let nulls = match &term.by {
                Scalar::Column(column) if self.catalog.column(scope.table, *column).not_null => "",
                _ if term.nulls_first => " NULLS FIRST",
                _ => " NULLS LAST",
            };
            keys.push(format!("{key}{direction}{nulls}"));
        }
        keys.extend(
            groups
                .unwrap_or_default()
                .into_iter()
                .map(|group| format!("{} NULLS LAST", self.syntax.sort_key(&group))),
        );
        keys.join(",")
    }
}
