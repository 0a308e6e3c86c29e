//! Results of earlier queries and steps.
//!
//! Invariant: a column of a single row is read as a typed cell; only what is no column is read from the JSON.
//! Not here: reading the cells when a step has run; the engine does.

use super::{Frame, first_name, resolved, selects, unknown_field};
use crate::draft::keys;
use crate::model::Source;
use crate::types;
use backflow_catalog::{ColumnId, ColumnType};
use backflow_diag::{Diagnostic, codes, nearest};
use backflow_expr::{Expr, Key, Kind, Path, Program, Resolved, Slot, Type};

impl Frame<'_> {
    pub(super) fn bare_result(&self, expr: &Expr) -> Option<usize> {
        let path = expr.as_path()?;
        let names: Vec<&str> = path.keys.iter().filter_map(|key| key.value.as_name()).collect();
        match (path.root.value.as_str(), names.as_slice(), path.keys.len()) {
            ("results", [name], 1) | ("steps", [name, "result"], 2) => self.find_result(name),
            _ => None,
        }
    }

    pub(super) fn exists_slot(&mut self, index: usize) -> Slot {
        if let Some(slot) = self.results.get(index).and_then(|result| result.exists) {
            return slot;
        }
        let slot = self.slot(Source::Result);
        if let Some(result) = self.results.get_mut(index) {
            result.exists = Some(slot);
            result.read = true;
        }
        slot
    }
    /// The latest result of this name.
    pub(crate) fn find_result(&self, name: &str) -> Option<usize> {
        self.results
            .iter()
            .rposition(|result| result.name.as_ref().is_some_and(|n| n.value == name))
    }

    /// The slot of a column of an earlier result.
    pub(crate) fn cell(&mut self, index: usize, column: ColumnId, ty: &ColumnType) -> Slot {
        let known = self
            .results
            .get(index)
            .and_then(|r| r.cells.iter().find(|(c, ..)| *c == column));
        if let Some((_, _, slot)) = known {
            return *slot;
        }
        let slot = self.slot(Source::Result);
        if let Some(result) = self.results.get_mut(index) {
            result.read = true;
            result.cells.push((column, ty.clone(), slot));
        }
        slot
    }

    /// The slot of how many rows an earlier result has without bounds.
    pub(crate) fn total_slot(&mut self, index: usize) -> Slot {
        let slot = self.slot(Source::Result);
        if let Some(result) = self.results.get_mut(index) {
            result.total = Some(slot);
        }
        slot
    }

    /// A program that gives a column of an earlier result.
    pub(crate) fn cell_program(&mut self, index: usize, column: ColumnId, ty: &ColumnType) -> Program {
        let slot = self.cell(index, column, ty);
        Program::slot(slot, types::of_column(ty), "results")
    }
    pub(super) fn result(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let root = path.root.value.as_str();
        let name = first_name(path, root, "a result")?;
        let Some(index) = self.find_result(name) else {
            return Err(self.no_result(path, name));
        };
        let skip = if root == "steps" { 2 } else { 1 };
        if root == "steps" && path.keys.get(1).and_then(|key| key.value.as_name()) != Some("result") {
            return Err(unknown_field(path, 1, "a step has `result`").did_you_mean(Some("result")));
        }
        let Some(info) = self.results.get_mut(index) else {
            return Err(self.no_result(path, name));
        };
        info.read = true;
        let rest = keys(path, skip);
        let absent = info.maybe_absent && !self.present.contains(&index);
        if let (Some(_), false, [key]) = (info.table, info.one, rest.as_slice())
            && key.as_name() == Some("count")
        {
            let Some(slot) = info.total else {
                return Err(unknown_field(path, skip, "its query does not count")
                    .help("add `\"count\": \"exact\"` to the query; the rows on the page are `.length`"));
            };
            let mut ty = Type::new(Kind::Integer);
            ty.optional = info.conditional && !self.present.contains(&index);
            return Ok(resolved(slot, path.keys.len(), ty));
        }
        if let Some(known) = info.known.clone() {
            return self.known_result(index, (path, skip), types::nullable(known, absent));
        }
        let (Some(table), true) = (info.table, info.one) else {
            let list = info.table.is_some() && rest.is_empty();
            let ty = if list {
                Type::list(Type::unknown())
            } else {
                Type::unknown()
            };
            return Ok(self.result_path(index, rest, path.keys.len(), ty));
        };
        let Some(key) = rest.first() else {
            let ty = types::nullable(Type::new(Kind::Object(None)), absent);
            return Ok(self.result_path(index, rest, path.keys.len(), ty));
        };
        if info.grouped {
            // A column that is no member of a group has no single value in it.
            return Ok(self.result_path(index, rest, path.keys.len(), Type::unknown()));
        }
        let row = self.project.table(table);
        match key.as_name().and_then(|name| row.column(name)) {
            Some(column) => {
                let declared = self.project.column(table, column);
                let slot = self.cell(index, column, &declared.ty);
                let mut ty = types::nullable(types::of_column(&declared.ty), !declared.not_null);
                ty.optional = absent;
                // A secret column leaves only where the query's select names it.
                let named = self
                    .results
                    .get(index)
                    .is_some_and(|r| r.named.contains(&declared.name));
                ty.secret = self.project.secrets.contains(&(table, column)) && !named;
                Ok(resolved(slot, skip + 1, ty))
            }
            // Not a column: a computed member or an embed of the answer, if the query selects it.
            None if self.results.get(index).is_some_and(|r| r.table.is_some())
                && !selects(self, index, key) =>
            {
                let near = nearest(
                    key.as_name().unwrap_or_default(),
                    row.columns.iter().map(|column| column.name.as_str()),
                );
                let why = format!("rows of `{}` have no such column", row.name);
                let columns: Vec<&str> = row.columns.iter().map(|column| column.name.as_str()).collect();
                Err(unknown_field(path, skip, &why)
                    .note(format!("its columns are {}", columns.join(", ")))
                    .did_you_mean(near))
            }
            None => Ok(self.result_path(index, rest, path.keys.len(), Type::unknown())),
        }
    }

    /// A member of a result whose members are known, as far as they are.
    fn known_result(
        &mut self,
        index: usize,
        (path, skip): (&Path, usize),
        known: Type,
    ) -> Result<Resolved, Diagnostic> {
        let mut ty = known;
        for (depth, key) in path.keys.iter().enumerate().skip(skip) {
            ty = types::step(&ty, &key.value).ok_or_else(|| {
                let members: Vec<&str> = match &ty.kind {
                    Kind::Object(Some(members)) => members.iter().map(|(name, _)| name.as_str()).collect(),
                    _ => Vec::new(),
                };
                let near = nearest(key.value.as_name().unwrap_or_default(), members.iter().copied());
                let fault = unknown_field(path, depth, "the action's result has no such member");
                let fault = match members.as_slice() {
                    [] => fault,
                    _ if near.is_some() => fault,
                    _ => fault.note(format!("its members are {}", members.join(", "))),
                };
                fault.did_you_mean(near)
            })?;
        }
        Ok(self.result_path(index, keys(path, skip), path.keys.len(), ty))
    }

    pub(super) fn result_path(&mut self, index: usize, rest: Vec<Key>, used: usize, ty: Type) -> Resolved {
        let known = self.results.get(index).and_then(|result| {
            if rest.is_empty() {
                return result.whole;
            }
            result
                .paths
                .iter()
                .find(|(path, _)| *path == rest)
                .map(|(_, slot)| *slot)
        });
        if let Some(slot) = known {
            return resolved(slot, used, ty);
        }
        let slot = self.slot(Source::Result);
        if let Some(result) = self.results.get_mut(index) {
            if rest.is_empty() {
                result.whole = Some(slot);
            } else {
                result.paths.push((rest, slot));
            }
        }
        resolved(slot, used, ty)
    }

    pub(super) fn no_result(&self, path: &Path, name: &str) -> Diagnostic {
        if self.later.iter().any(|later| later == name) {
            return Diagnostic::new(codes::RESULT_NOT_YET, format!("`{path}` does not exist yet here"))
                .at(path.span(), "read before it is made")
                .note("queries and steps run in the order in which they are written")
                .help("move the reader behind the one that makes it");
        }
        let known: Vec<&str> = self
            .results
            .iter()
            .filter_map(|r| r.name.as_ref().map(|name| name.value.as_str()))
            .collect();
        unknown_field(path, 0, "nothing earlier has this name")
            .did_you_mean(nearest(name, known.iter().copied()))
            .help(match path.root.value.as_str() {
                "steps" => "a query or a call is read by the `id` of its step",
                _ => "give the query that makes it an `alias`",
            })
    }
}
