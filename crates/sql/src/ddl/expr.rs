//! Scalar expressions in SQLite's dialect.
//!
//! Role: CHECKs, partial indexes, generated columns and computed defaults.
//! Input: an expression and the table it stands at. Output: SQL text and a type.
//! Invariant: what would compute something else on SQLite is a fault, never a guess; numeric columns, kept as
//! text, take part as numbers.
//! Not here: calls (`calls`), what compares with what (`compare`).

use super::calls::call;
use super::cast::cast;
use super::compare::{Class, by_code_point, class, class_of, comparable, singles};
use super::fault::{Sql, instead, unsupported};
use super::quote::{ident, text};
use super::types::supported;
use super::{arithmetic, literal, pattern};
use crate::functions::Decimal;
use backflow_catalog::ColumnType;
use backflow_catalog::ddl::{BinaryOp, Definition, ExprKind, Literal, SqlExpr, TableDef, UnaryOp};
use backflow_diag::{Diagnostic, Span};
use std::cell::Cell;

/// Where an expression stands.
pub(super) struct Scope<'a> {
    pub(super) definition: &'a Definition,
    pub(super) table: &'a TableDef,
    /// How many nodes may still be looked at: some are more than once, which nesting multiplies.
    budget: Cell<u32>,
}

/// Nodes looked at for one table or statement.
const BUDGET: u32 = 500_000;

/// SQL text and its type; `None` for NULL and for a text constant that has taken none yet.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) sql: String,
    pub(super) ty: Option<ColumnType>,
}

impl Typed {
    pub(super) fn new(sql: impl Into<String>, ty: ColumnType) -> Self {
        Self {
            sql: sql.into(),
            ty: Some(ty),
        }
    }
}

/// A fault about an expression that is not modelled.
pub(super) fn refused(span: Span, why: &str) -> Box<Diagnostic> {
    instead(
        unsupported(span, "this expression", why),
        "use comparisons, `IN`, `BETWEEN`, `LIKE` or `length`",
    )
}

impl<'a> Scope<'a> {
    /// Expressions of a table.
    pub(super) fn new(definition: &'a Definition, table: &'a TableDef) -> Self {
        Self {
            definition,
            table,
            budget: Cell::new(BUDGET),
        }
    }

    /// A condition.
    pub(super) fn condition(&self, expr: &SqlExpr) -> Sql {
        let condition = self.typed(expr, Some(&ColumnType::Bool))?;
        match condition.ty {
            Some(ColumnType::Bool) | None => Ok(condition.sql),
            Some(_) => Err(refused(expr.span, "a condition is true or false")),
        }
    }

    /// An expression; a text constant takes the type wanted.
    pub(super) fn typed(&self, expr: &SqlExpr, want: Option<&ColumnType>) -> Sql<Typed> {
        let left = self.budget.get().checked_sub(1);
        self.budget
            .set(left.ok_or_else(|| refused(expr.span, "it is nested too deep"))?);
        match &expr.kind {
            ExprKind::Column(name) => self.column(name, expr.span),
            ExprKind::Literal(constant) => self.constant(constant, want, expr.span),
            ExprKind::Unary(UnaryOp::Not, arg) => Ok(Typed::new(
                format!("(NOT {})", self.condition(arg)?),
                ColumnType::Bool,
            )),
            ExprKind::Unary(op, arg) => arithmetic::signed(self, *op, arg, expr.span),
            ExprKind::Collate(arg) => self.typed(arg, want),
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right, expr.span),
            ExprKind::In { arg, list, negated } => self.membership(arg, list, *negated),
            ExprKind::Between {
                arg,
                low,
                high,
                negated,
            } => {
                let (value, low) = self.pair(arg, low, true)?;
                let (_, high) = self.pair(arg, high, true)?;
                let not = not(*negated);
                Ok(truth(format!(
                    "({} {not}BETWEEN {} AND {})",
                    value.sql, low.sql, high.sql
                )))
            }
            ExprKind::Is { arg, value, negated } => self.is(arg, *value, *negated),
            ExprKind::Distinct { left, right, negated } => {
                let (left, right) = self.pair(left, right, false)?;
                let is = if *negated { "IS" } else { "IS NOT" };
                Ok(truth(format!("({} {is} {})", left.sql, right.sql)))
            }
            ExprKind::Match {
                arg,
                pattern,
                regex,
                ignore_case,
                negated,
            } => {
                let matched = self.matches(arg, pattern, (*regex, *ignore_case))?;
                Ok(truth(if *negated {
                    format!("(NOT {matched})")
                } else {
                    matched
                }))
            }
            ExprKind::Call { name, args } => call(self, name, args, (want, expr.span)),
            ExprKind::Cast(arg, ty) => cast(self, arg, ty, expr.span),
            ExprKind::Case {
                operand,
                branches,
                otherwise,
            } => self.case(operand.as_deref(), branches, otherwise.as_deref(), want),
            ExprKind::Array(_) => Err(refused(expr.span, "SQLite has no arrays")),
            ExprKind::Raw => Err(refused(
                expr.span,
                "only PostgreSQL's own operators and functions can do this",
            )),
        }
    }

    fn column(&self, name: &str, span: Span) -> Sql<Typed> {
        let Some(column) = self.table.column(name) else {
            return Err(refused(span, "there is no such column"));
        };
        let ty = supported(self.definition, &column.ty)?;
        let sql = match ty {
            ColumnType::Numeric(_) => format!("CAST({} AS NUMERIC)", ident(name)),
            _ => ident(name),
        };
        Ok(Typed::new(sql, ty))
    }

    fn constant(&self, constant: &Literal, want: Option<&ColumnType>, span: Span) -> Sql<Typed> {
        Ok(match (constant, want) {
            (Literal::Null, _) => Typed {
                sql: "NULL".to_owned(),
                ty: None,
            },
            (Literal::Bool(value), _) => Typed::new(if *value { "1" } else { "0" }, ColumnType::Bool),
            (Literal::Number(digits), _) => {
                let ty = match digits.parse::<i64>() {
                    Ok(number) if i32::try_from(number).is_ok() => ColumnType::Int4,
                    Ok(_) => ColumnType::Int8,
                    Err(_) => ColumnType::Numeric(None),
                };
                Typed::new(digits.clone(), ty)
            }
            (Literal::Text(value), Some(ty @ ColumnType::Numeric(_))) => {
                let number = Decimal::parse(value.trim());
                let number = number.map_err(|_error| refused(span, "the text is no number"))?;
                Typed::new(number.to_string(), ty.clone())
            }
            (Literal::Text(value), Some(ty)) => {
                // A limit on length does not cut what is compared.
                let (ty, value) = match ty {
                    // Blanks at the end mean nothing beside such a column.
                    ColumnType::Char(_) => (&ColumnType::Text, value.trim_end_matches(' ')),
                    ty if ty.is_text() => (&ColumnType::Text, value.as_str()),
                    ty => (ty, value.as_str()),
                };
                let sql = literal::literal(self.definition, value, ty)
                    .map_err(|why| refused(span, &format!("the text is no value of the type: {why}")))?;
                Typed::new(sql, ty.clone())
            }
            (Literal::Text(value), None) => Typed {
                sql: text(value),
                ty: None,
            },
        })
    }

    /// Two operands of one class.
    pub(super) fn pair(&self, left: &SqlExpr, right: &SqlExpr, ordered: bool) -> Sql<(Typed, Typed)> {
        let mut a = self.typed(left, None)?;
        let b = self.typed(right, a.ty.as_ref())?;
        if a.ty.is_none() {
            a = self.typed(left, b.ty.as_ref())?;
        }
        let span = left.span.to(right.span);
        comparable(a.ty.as_ref(), b.ty.as_ref(), ordered, span)?;
        singles((&a, left), (&b, right), span)?;
        if ordered && class_of(&a) == Some(Class::Text) {
            by_code_point(self.table, &[left, right], span)?;
        }
        Ok((a, b))
    }

    fn binary(&self, op: BinaryOp, left: &SqlExpr, right: &SqlExpr, span: Span) -> Sql<Typed> {
        let sign = match op {
            BinaryOp::And | BinaryOp::Or => {
                let word = if op == BinaryOp::And { "AND" } else { "OR" };
                return Ok(truth(format!(
                    "({} {word} {})",
                    self.condition(left)?,
                    self.condition(right)?
                )));
            }
            BinaryOp::Concat => return self.concat(left, right, span),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => {
                return arithmetic::binary(self, op, (left, right), span);
            }
            BinaryOp::Eq => "=",
            BinaryOp::Ne => "<>",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
        };
        let ordered = !matches!(op, BinaryOp::Eq | BinaryOp::Ne);
        let (left, right) = self.pair(left, right, ordered)?;
        Ok(truth(format!("({} {sign} {})", left.sql, right.sql)))
    }

    fn concat(&self, left: &SqlExpr, right: &SqlExpr, span: Span) -> Sql<Typed> {
        let mut parts = Vec::new();
        for side in [left, right] {
            let part = self.typed(side, Some(&ColumnType::Text))?;
            let plain = part.ty.as_ref().is_none_or(|ty| {
                ty.is_integer() || matches!(class(ty), Class::Text | Class::Uuid | Class::Enum(_))
            });
            if !plain {
                return Err(refused(span, "SQLite would print this value differently"));
            }
            parts.push(part.sql);
        }
        Ok(Typed::new(format!("({})", parts.join(" || ")), ColumnType::Text))
    }

    fn membership(&self, arg: &SqlExpr, list: &[SqlExpr], negated: bool) -> Sql<Typed> {
        let mut value = self.typed(arg, None)?;
        let mut items = Vec::new();
        for item in list {
            let (a, b) = self.pair(arg, item, false)?;
            value = a;
            items.push(b.sql);
        }
        Ok(truth(format!(
            "({} {}IN ({}))",
            value.sql,
            not(negated),
            items.join(", ")
        )))
    }

    fn is(&self, arg: &SqlExpr, value: Option<bool>, negated: bool) -> Sql<Typed> {
        let word = match value {
            None => "NULL",
            Some(true) => "TRUE",
            Some(false) => "FALSE",
        };
        let sql = if value.is_some() {
            self.condition(arg)?
        } else {
            self.typed(arg, None)?.sql
        };
        Ok(truth(format!("({sql} IS {}{word})", not(negated))))
    }

    fn matches(&self, arg: &SqlExpr, pattern: &SqlExpr, (regex, ignore_case): (bool, bool)) -> Sql {
        let value = self.typed(arg, Some(&ColumnType::Text))?;
        match &value.ty {
            Some(ty) if !ty.is_text() => return Err(refused(arg.span, "patterns are for text")),
            Some(ColumnType::Char(_)) => {
                let why = "PostgreSQL matches the blanks that fill up a `char(n)`, too";
                return Err(refused(arg.span, why));
            }
            _ => {}
        }
        let ExprKind::Literal(Literal::Text(written)) = &pattern.uncast().kind else {
            return Err(refused(pattern.span, "the pattern is not a constant"));
        };
        let why = "SQLite has no regular expressions; only `^[a-z]+$` and the like can be said otherwise";
        match (regex, ignore_case) {
            (true, true) => Err(refused(pattern.span, why)),
            (true, false) => pattern::regex(&value.sql, written).ok_or_else(|| refused(pattern.span, why)),
            (false, _) => {
                let lower = written.to_ascii_lowercase();
                let glob = pattern::like(if ignore_case { &lower } else { written });
                let glob = glob.ok_or_else(|| refused(pattern.span, "the pattern ends in `\\`"))?;
                let value = if ignore_case {
                    format!("lower({})", value.sql)
                } else {
                    value.sql
                };
                Ok(format!("({value} GLOB {glob})"))
            }
        }
    }

    fn case(
        &self,
        operand: Option<&SqlExpr>,
        branches: &[(SqlExpr, SqlExpr)],
        otherwise: Option<&SqlExpr>,
        want: Option<&ColumnType>,
    ) -> Sql<Typed> {
        let results: Vec<&SqlExpr> = branches.iter().map(|(_, then)| then).chain(otherwise).collect();
        let (results, ty) = self.alike(&results, want)?;
        let mut results = results.into_iter();
        let mut sql = String::from("CASE");
        for (when, _) in branches {
            let when = match operand {
                Some(operand) => {
                    let (a, b) = self.pair(operand, when, false)?;
                    format!("{} = {}", a.sql, b.sql)
                }
                None => self.condition(when)?,
            };
            sql.push_str(&format!(
                " WHEN {when} THEN {}",
                results.next().unwrap_or_default()
            ));
        }
        if let Some(last) = results.next() {
            sql.push_str(&format!(" ELSE {last}"));
        }
        Ok(Typed {
            sql: format!("({sql} END)"),
            ty,
        })
    }

    /// Expressions that must come to one type, and that type.
    pub(super) fn alike(
        &self,
        exprs: &[&SqlExpr],
        want: Option<&ColumnType>,
    ) -> Sql<(Vec<String>, Option<ColumnType>)> {
        let mut ty: Option<ColumnType> = None;
        for expr in exprs {
            let found = self.typed(expr, None)?.ty;
            comparable(ty.as_ref(), found.as_ref(), false, expr.span)?;
            // The wider number wins; their order in the type tells which.
            ty = match (ty, found) {
                (Some(a @ (ColumnType::Float4 | ColumnType::Float8)), _) => Some(a),
                (Some(_), Some(b @ (ColumnType::Numeric(_) | ColumnType::Float4 | ColumnType::Float8))) => {
                    Some(b)
                }
                (a, b) => a.or(b),
            };
        }
        let ty = ty.or_else(|| want.cloned());
        let sql = exprs
            .iter()
            .map(|expr| Ok(self.typed(expr, ty.as_ref())?.sql))
            .collect::<Sql<Vec<_>>>()?;
        Ok((sql, ty))
    }
}

fn truth(sql: String) -> Typed {
    Typed::new(sql, ColumnType::Bool)
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}
