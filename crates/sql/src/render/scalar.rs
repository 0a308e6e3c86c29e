//! Values.
//!
//! Role: [`Scalar`] → an expression that can stand anywhere, with its type.
//! Invariant: constants and parameters are the only values in the text.
//! Not here: how a database computes; see `dialect`.

use super::dialect::Typed;
use super::{Renderer, Scope, fallible};
use crate::ir::{Assigned, JsonStep, ParamId, Scalar};
use backflow_catalog::{ColumnId, ColumnType};

impl Renderer<'_> {
    pub(super) fn scalar(&mut self, value: &Scalar, scope: &Scope) -> Typed {
        if self.deferred || !fallible::needs_no_row(value, self.catalog, scope.table) {
            return self.value(value, scope);
        }
        self.deferred = true;
        let typed = self.value(value, scope);
        self.deferred = false;
        typed
    }

    /// A side of an operation. Beside a NULL that is known beforehand, PostgreSQL would not compute the other side, which
    /// may fail.
    fn operand(&mut self, side: &Scalar, other: &Scalar, scope: &Scope) -> Typed {
        if self.deferred || !fallible::hides(side, other) {
            return self.scalar(side, scope);
        }
        self.deferred = true;
        let typed = self.value(side, scope);
        self.deferred = false;
        typed
    }

    /// A constant or parameter; where it is computed with and no row is needed, so that this is not done early.
    fn leaf(&self, sql: String, ty: ColumnType) -> Typed {
        match self.deferred {
            true => Typed::new(self.syntax.deferred(sql), ty),
            false => Typed::new(sql, ty),
        }
    }

    fn value(&mut self, value: &Scalar, scope: &Scope) -> Typed {
        match value {
            Scalar::Column(column) => self.typed_column(scope, *column),
            Scalar::Json(column, path) => self.json_path(*column, path, scope),
            Scalar::Excluded(column) => {
                let sql = format!("excluded.{}", self.column_name(scope.table, *column));
                Typed::new(sql, self.column_type(scope, *column))
            }
            Scalar::Param(param, ty) => self.leaf(self.syntax.param(*param, ty), ty.clone()),
            Scalar::Literal(datum, ty) => self.leaf(self.syntax.literal(datum, ty), ty.clone()),
            Scalar::Item(at, ty) => Typed::new(self.syntax.list_value(*at, ty), ty.clone()),
            Scalar::Arithmetic { op, left, right, ty } => {
                let (left, right) = (self.operand(left, right, scope), self.operand(right, left, scope));
                Typed::new(self.syntax.arithmetic(*op, &left.sql, &right.sql, ty), ty.clone())
            }
            Scalar::Cast(inner, ty) => {
                let inner = self.scalar(inner, scope);
                Typed::new(self.syntax.cast(&inner, ty), ty.clone())
            }
            Scalar::Coalesce(values) => self.coalesce(values, scope),
            Scalar::IfGiven {
                flag,
                value,
                otherwise,
            } => {
                let (value, otherwise) = (self.scalar(value, scope), self.scalar(otherwise, scope).sql);
                let sql = format!(
                    "CASE WHEN {} THEN {} ELSE {otherwise} END",
                    self.flag(*flag),
                    value.sql
                );
                Typed { sql, ty: value.ty }
            }
            Scalar::Test(cond) => Typed::new(format!("({})", self.cond(cond, scope)), ColumnType::Bool),
            Scalar::DefaultOf(column) => {
                let default = self.syntax.default(scope.table, *column);
                self.leaf(default, self.column_type(scope, *column))
            }
            Scalar::Lookup {
                table,
                column,
                key,
                value,
            } => {
                let value = self.scalar(value, scope);
                let other = self.aliased(*table);
                let key = self.typed_column(&other, *key);
                let (left, right) = self.syntax.equal_keys(&key, &value);
                let from = self.source(&other);
                let found = self.column(&other, *column);
                let sql = format!("(SELECT {found} FROM {from} WHERE {left} = {right})");
                Typed::new(sql, self.column_type(&other, *column))
            }
            Scalar::Related { link, read, value } => self.related_value((link, read, value), scope),
            Scalar::Earlier { part, cell, ty } => Typed::new(self.earlier(*part, *cell), ty.clone()),
            Scalar::Lower(text) => {
                let text = self.scalar(text, scope);
                Typed::new(self.syntax.lower(&text.sql), ColumnType::Text)
            }
            Scalar::Shift(instant, micros) => {
                let instant = self.scalar(instant, scope);
                Typed {
                    sql: self.syntax.shift(&instant, *micros),
                    ty: instant.ty,
                }
            }
        }
    }

    pub(super) fn column_type(&self, scope: &Scope, column: ColumnId) -> ColumnType {
        self.catalog.column(scope.table, column).ty.clone()
    }

    pub(super) fn typed_column(&self, scope: &Scope, column: ColumnId) -> Typed {
        Typed::new(self.column(scope, column), self.column_type(scope, column))
    }

    /// A column, perhaps with steps into its JSON.
    pub(super) fn json_path(&self, column: ColumnId, path: &[JsonStep], scope: &Scope) -> Typed {
        let mut value = self.typed_column(scope, column);
        for step in path {
            let sql = self.syntax.json_step(&value, step);
            value.sql = sql;
            if step.as_text {
                value.ty = Some(ColumnType::Text);
            }
        }
        value
    }

    fn coalesce(&mut self, values: &[Scalar], scope: &Scope) -> Typed {
        let mut values: Vec<Typed> = values.iter().map(|value| self.scalar(value, scope)).collect();
        if values.len() < 2 {
            let null = Typed {
                sql: "NULL".to_owned(),
                ty: None,
            };
            return values.pop().unwrap_or(null);
        }
        let list: Vec<&str> = values.iter().map(|value| value.sql.as_str()).collect();
        let sql = format!("coalesce({})", list.join(","));
        let ty = values.into_iter().find_map(|value| value.ty);
        Typed { sql, ty }
    }

    /// A boolean parameter.
    pub(super) fn flag(&self, flag: ParamId) -> String {
        self.syntax.param(flag, &ColumnType::Bool)
    }

    /// What a column is given; `otherwise` stands where nothing is.
    pub(super) fn assigned(
        &mut self,
        value: &Assigned,
        otherwise: &str,
        column: ColumnId,
        scope: &Scope,
    ) -> String {
        match value {
            Assigned::Value(value) => self.scalar(value, scope).sql,
            Assigned::IfGiven { flag, value } => {
                let value = self.scalar(value, scope).sql;
                format!("CASE WHEN {} THEN {value} ELSE {otherwise} END", self.flag(*flag))
            }
            Assigned::Default => self.syntax.default(scope.table, column),
        }
    }
}
