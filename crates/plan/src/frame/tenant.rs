//! The roots that need a tenant: `tenant`, `context`.
//!
//! Invariant: they are known only where a guard has found exactly one tenant.
//! Not here: the guard's statement; see `lower::guard`.

use super::{Frame, TenantView, first_name, resolved, unknown_field};
use crate::model::Source;
use crate::types;
use backflow_catalog::singular;
use backflow_diag::{Diagnostic, codes, nearest};
use backflow_expr::{Kind, Path, Resolved, Type};

impl Frame<'_> {
    pub(super) fn tenant_type(&self) -> Type {
        let ty = self
            .project
            .tenancy
            .as_ref()
            .map(|t| &self.project.column(t.table, t.key).ty);
        ty.map_or_else(Type::unknown, types::of_column)
    }

    pub(super) fn needs_tenant(&self, path: &Path) -> Result<(), Diagnostic> {
        if self.tenant == TenantView::One {
            return Ok(());
        }
        Err(
            Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{path}` is not known here"))
                .at(path.span(), "this is bound to no tenant")
                .help("name the tenant in the path, by `\"tenant\"` on the route, or read rows of a tenant"),
        )
    }

    pub(super) fn tenant_root(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        self.needs_tenant(path)?;
        match first_name(path, "tenant", "`id` or `role`")? {
            "id" => Ok(resolved(self.slot(Source::TenantId), 1, self.tenant_type())),
            "role" => Ok(resolved(
                self.slot(Source::TenantRole),
                1,
                Type::new(Kind::Text).nullable(),
            )),
            name => {
                let near = nearest(name, ["id", "role"]);
                Err(unknown_field(path, 0, "a tenant has `id` and `role`").did_you_mean(near))
            }
        }
    }

    pub(super) fn context_root(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        self.needs_tenant(path)?;
        let Some(tenancy) = &self.project.tenancy else {
            return Err(self.unknown_root(path));
        };
        let table = self.project.table(tenancy.table);
        let name = singular(&table.name);
        if first_name(path, "context", &format!("`{name}`"))? != name {
            return Err(unknown_field(path, 0, "unknown context").did_you_mean(Some(&name)));
        }
        let Some(key) = path.keys.get(1).and_then(|key| key.value.as_name()) else {
            return Err(unknown_field(path, 0, "name a column of it"));
        };
        let Some(column) = table.column(key) else {
            let near = nearest(key, table.columns.iter().map(|column| column.name.as_str()));
            return Err(unknown_field(path, 1, "the tenant's table has no such column").did_you_mean(near));
        };
        let index = self
            .context
            .iter()
            .position(|known| *known == column)
            .unwrap_or_else(|| {
                self.context.push(column);
                self.context.len() - 1
            });
        let declared = self.project.column(tenancy.table, column);
        let mut ty = types::nullable(types::of_column(&declared.ty), !declared.not_null);
        ty.secret = self.project.secrets.contains(&(tenancy.table, column));
        Ok(resolved(self.slot(Source::Context(index)), 2, ty))
    }
}
