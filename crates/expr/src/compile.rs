//! Skeleton.

use crate::ast::{Expr, Path};
use crate::code::{Program, Slot};
use crate::template::Template;
use crate::types::Type;
use backflow_diag::{Diagnostic, Diagnostics};

/// Where the value of a path is found.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The slot that holds the value, or one that it lies in.
    pub slot: Slot,
    /// How many keys of the path the slot covers; the others are read from its value.
    pub used: usize,
    /// The type of what is in the slot.
    pub ty: Type,
}

/// What knows the roots.
pub trait Resolver {
    /// Finds where the value of a path will be.
    ///
    /// # Errors
    /// The fault to report when root or field are not known here.
    #[allow(clippy::result_large_err, reason = "made once per fault, at check time")]
    fn resolve(&mut self, path: &Path) -> Result<Resolved, Diagnostic>;
}

impl Program {
    /// Compiles a template.
    pub fn compile_template(
        template: &Template,
        resolver: &mut dyn Resolver,
        diagnostics: &mut Diagnostics,
    ) -> Option<Program> {
        let _ = (template, resolver, diagnostics);
        None
    }

    /// Compiles an expression.
    pub fn compile_expr(
        expr: &Expr,
        resolver: &mut dyn Resolver,
        diagnostics: &mut Diagnostics,
    ) -> Option<Program> {
        let _ = (expr, resolver, diagnostics);
        None
    }
}
