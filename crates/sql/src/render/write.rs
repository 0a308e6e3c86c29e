//! Writes.
//!
//! Role: [`Insert`], [`Update`], [`Delete`] → statements. Invariant: the written row goes by its table's own
//! name, because `RETURNING` knows no alias; tables inside sub-selects always have one.
//! Not here: values of a request.

use super::{Renderer, Scope};
use crate::ir::{Assigned, Cond, Conflict, Delete, Insert, Outputs, Update};
use backflow_catalog::{ColumnId, TableId};

impl Renderer<'_> {
    pub(super) fn insert(&mut self, insert: &Insert) -> String {
        let scope = self.bare(insert.into);
        let guard = self.conjuncts(&insert.guard, &scope);
        let stored = self.stored(insert);
        let alias = if stored.qualifier == scope.qualifier {
            String::new()
        } else {
            format!(" AS {}", stored.qualifier)
        };
        let into = format!("INSERT INTO {}{alias}", scope.qualifier);
        let body = match self.given(insert) {
            Some((columns, rows)) => {
                let names: Vec<String> = columns
                    .iter()
                    .map(|c| self.column_name(insert.into, *c))
                    .collect();
                // Only where rows are values as they stand can a word take a default's place.
                let plain = guard.is_empty() && insert.each.is_none();
                let word = plain.then(|| self.syntax.default_word()).flatten();
                let rows = self.value_rows(&columns, &rows, &scope, word);
                let source = match insert.each {
                    Some(list) => listed_rows(&rows, &guard, &self.syntax.list_rows(list)),
                    None => source_rows(&rows, &guard, columns.len()),
                };
                format!(" ({}) {source}", names.join(","))
            }
            // Either nothing else is asked for, or every column is the database's own.
            None => " DEFAULT VALUES".to_owned(),
        };
        let conflict = insert
            .conflict
            .as_ref()
            .map(|conflict| self.conflict(conflict, insert.into, &stored));
        let answered = if self.syntax.returns_alias() {
            &stored
        } else {
            &scope
        };
        let returning = self.returning(&insert.outputs, answered);
        format!("{into}{body}{}{returning}", conflict.unwrap_or_default())
    }

    /// The scope of the stored row in an upsert: the table's name, unless `excluded` is taken by it.
    fn stored(&mut self, insert: &Insert) -> Scope {
        let clash = self
            .catalog
            .table(insert.into)
            .name
            .eq_ignore_ascii_case("excluded");
        if clash && insert.conflict.is_some() {
            self.aliased(insert.into)
        } else {
            self.bare(insert.into)
        }
    }

    /// Columns and rows; where no column is given but rows must be written out, one default stands for all.
    fn given(&self, insert: &Insert) -> Option<(Vec<ColumnId>, Vec<Vec<Assigned>>)> {
        if !insert.columns.is_empty() {
            return Some((insert.columns.clone(), insert.rows.clone()));
        }
        let one = insert.rows.len() == 1 && insert.each.is_none();
        let plain = insert.guard == Cond::TRUE && insert.conflict.is_none() && one;
        let table = self.catalog.table(insert.into);
        let column = table
            .column_ids()
            .find(|id| !self.catalog.column(insert.into, *id).generated);
        match column {
            Some(column) if !plain => Some((
                vec![column],
                insert.rows.iter().map(|_| vec![Assigned::Default]).collect(),
            )),
            _ => None,
        }
    }

    fn value_rows(
        &mut self,
        columns: &[ColumnId],
        rows: &[Vec<Assigned>],
        scope: &Scope,
        word: Option<&str>,
    ) -> Vec<String> {
        let mut texts = Vec::with_capacity(rows.len());
        for row in rows {
            let mut values = Vec::with_capacity(columns.len());
            for (at, column) in columns.iter().enumerate() {
                let value = match (row.get(at), word) {
                    (None | Some(Assigned::Default), Some(word)) => word.to_owned(),
                    (None, None) => self.syntax.default(scope.table, *column),
                    (Some(value), _) => {
                        let default = self.syntax.default(scope.table, *column);
                        self.assigned(value, &default, *column, scope)
                    }
                };
                values.push(value);
            }
            texts.push(values.join(","));
        }
        texts
    }

    pub(super) fn conflict(&mut self, conflict: &Conflict, table: TableId, stored: &Scope) -> String {
        let names: Vec<String> = conflict
            .target
            .iter()
            .map(|c| self.column_name(table, *c))
            .collect();
        let target = if names.is_empty() {
            String::new()
        } else {
            format!(" ({})", names.join(","))
        };
        let Some(update) = &conflict.update else {
            return format!(" ON CONFLICT{target} DO NOTHING");
        };
        let set = self.assignments(&update.set, stored);
        let filter = self.filter(&update.filter, stored);
        format!(" ON CONFLICT{target} DO UPDATE SET {set}{filter}")
    }

    /// `"a" = …, "b" = …`; without any, the first column keeps its value, so that the row is still answered.
    fn assignments(&mut self, set: &[(ColumnId, Assigned)], scope: &Scope) -> String {
        let mut parts = Vec::with_capacity(set.len());
        for (column, value) in set {
            let kept = self.column(scope, *column);
            let value = match (value, self.syntax.default_word()) {
                (Assigned::Default, Some(word)) => word.to_owned(),
                (value, _) => self.assigned(value, &kept, *column, scope),
            };
            parts.push(format!("{} = {value}", self.column_name(scope.table, *column)));
        }
        if parts.is_empty() {
            let table = self.catalog.table(scope.table);
            let first = table.primary_key.first().copied().unwrap_or(ColumnId(0));
            parts.push(format!(
                "{} = {}",
                self.column_name(scope.table, first),
                self.column(scope, first)
            ));
        }
        parts.join(", ")
    }

    pub(super) fn update(&mut self, update: &Update) -> String {
        let scope = self.bare(update.table);
        let set = self.assignments(&update.set, &scope);
        let filter = self.filter(&update.filter, &scope);
        let returning = self.returning(&update.outputs, &scope);
        format!("UPDATE {} SET {set}{filter}{returning}", scope.qualifier)
    }

    pub(super) fn delete(&mut self, delete: &Delete) -> String {
        let scope = self.bare(delete.table);
        let filter = self.filter(&delete.filter, &scope);
        let returning = self.returning(&delete.outputs, &scope);
        format!("DELETE FROM {}{filter}{returning}", scope.qualifier)
    }

    fn returning(&mut self, outputs: &Outputs, scope: &Scope) -> String {
        let columns = self.columns_out(outputs, scope);
        if columns.is_empty() {
            String::new()
        } else {
            format!(" RETURNING {}", columns.join(","))
        }
    }
}

/// The pattern of a row for each of a list, in the list's order. Without `WHERE`, SQLite would take `ON CONFLICT`
/// for a part of the source.
fn listed_rows(pattern: &[String], guard: &[String], source: &str) -> String {
    let row = pattern.first().map_or("", String::as_str);
    let guard = match guard {
        [] => "TRUE".to_owned(),
        guard => guard.join(" AND "),
    };
    format!("SELECT {row} FROM {source} WHERE {guard} ORDER BY i.key")
}

/// `VALUES (…),(…)`, or a select of them if there is a guard.
fn source_rows(rows: &[String], guard: &[String], width: usize) -> String {
    let values = || {
        format!(
            "VALUES {}",
            rows.iter()
                .map(|row| format!("({row})"))
                .collect::<Vec<_>>()
                .join(",")
        )
    };
    match (rows, guard) {
        ([], _) => format!("SELECT {} WHERE FALSE", vec!["NULL"; width].join(",")),
        (_, []) => values(),
        ([row], guard) => format!("SELECT {row} WHERE {}", guard.join(" AND ")),
        (_, guard) => format!("SELECT * FROM ({}) AS v WHERE {}", values(), guard.join(" AND ")),
    }
}
