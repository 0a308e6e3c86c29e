//! Finds tenants and members.
//!
//! Role: the declaration, or the one table of the schema that looks like a table of members.
//! Invariant: between several candidates nothing is chosen; that is a fault.
//! Not here: the way of the other tables to their tenant; see `scope`.

use super::{Members, Tenancy, scope};
use crate::draft;
use backflow_catalog::{Catalog, ColumnId, Table, TableId};
use backflow_config::document::{Document, Members as MembersKeys, Tenancy as Declared, TenancyKeys};
use backflow_diag::{Diagnostic, Diagnostics, FileId, Span, Spanned, codes};
use backflow_expr::Key;

/// Columns that name a user when no key says so.
const USER_COLUMNS: [&str; 3] = ["user_id", "member_id", "profile_id"];

/// A members' table that the schema suggests.
struct Candidate {
    tenants: TableId,
    key: ColumnId,
    members: Members,
}

/// Reads the declaration or the schema. `None`: tenancy is off, or a fault was reported.
pub(crate) fn read(document: &Document, catalog: &Catalog, out: &mut Diagnostics) -> Option<Tenancy> {
    let keys = match &document.project.tenancy {
        Some(Declared::Off(_)) => return None,
        Some(Declared::Declared(keys)) => Some(keys.as_ref()),
        None => None,
    };
    if catalog.tables.is_empty() {
        return None;
    }
    let candidate = choose(catalog, keys, first_place(document, catalog), out)?;
    let claim = keys
        .and_then(|k| k.claim.as_ref())
        .map_or("tenant_id", |claim| claim.value.as_str());
    let mut tenancy = Tenancy {
        table: candidate.tenants,
        key: candidate.key,
        members: candidate.members,
        claim: claim.split('.').map(Key::name).collect(),
        params: keys
            .map(|k| k.params.iter().map(|p| p.value.clone()).collect())
            .unwrap_or_default(),
        scopes: Vec::new(),
    };
    tenancy.scopes = scope::all(catalog, &tenancy, keys, out);
    Some(tenancy)
}

/// Where to point when nothing is declared: the first table, else the first route.
fn first_place(document: &Document, catalog: &Catalog) -> Span {
    let table = catalog.tables.iter().find_map(|table| table.span);
    let route = document.routes.first().map(|route| route.span);
    table.or(route).unwrap_or(Span {
        file: FileId(0),
        start: 0,
        end: 0,
    })
}

fn choose(
    catalog: &Catalog,
    keys: Option<&TenancyKeys>,
    place: Span,
    out: &mut Diagnostics,
) -> Option<Candidate> {
    if let Some((keys, members)) = keys.and_then(|k| k.members.as_ref().map(|m| (k, m))) {
        return declared(catalog, keys, members, out);
    }
    let mut found: Vec<Candidate> = catalog
        .table_ids()
        .flat_map(|id| candidates(catalog, id, &MembersFilter::default()))
        .collect();
    if let Some(table) = keys.and_then(|k| k.table.as_ref()) {
        let id = draft::table(catalog, table, out)?;
        found.retain(|candidate| candidate.tenants == id);
    }
    let place = keys.map_or(place, |k| k.span);
    if found.len() > 1 {
        out.push(several(catalog, &found, keys.map(|k| k.span)));
        return None;
    }
    let candidate = found.pop();
    if candidate.is_none() {
        out.push(none(place));
    }
    candidate
}

/// Points at the declaration that leaves it open, else at the tables.
fn several(catalog: &Catalog, found: &[Candidate], declared: Option<Span>) -> Diagnostic {
    let names: Vec<String> = found
        .iter()
        .map(|c| {
            let members = &catalog.table(c.members.table).name;
            format!("`{members}` (members of `{}`)", catalog.table(c.tenants).name)
        })
        .collect();
    let mut fault = Diagnostic::new(
        codes::AMBIGUOUS_TENANCY,
        "several tables could hold the tenants' members",
    );
    if let Some(span) = declared {
        fault = fault.at(span, "does not say which of them is meant");
    } else {
        let tables = found.iter().filter_map(|c| catalog.table(c.members.table).span);
        fault = tables.fold(fault, |fault, span| fault.at(span, "could be it"));
    }
    let first = found
        .first()
        .map_or("…", |c| catalog.table(c.members.table).name.as_str());
    fault
        .note(format!("candidates: {}", names.join(", ")))
        .note("isolation rests on this choice, so it is not guessed")
        .help(format!(
            "name it in backflow.json: `\"tenancy\": {{\"members\": {{\"table\": \"{first}\"}}}}`"
        ))
}

fn none(place: Span) -> Diagnostic {
    Diagnostic::new(codes::NO_TENANCY, "nothing says who owns the rows")
        .at(place, "the schema has no table of members that could be recognised")
        .note(
            "a table of members has a foreign key to the tenants, a user column (a key to `users`, or `user_id`), \
             a `role` column, and a unique key on tenant and user",
        )
        .help("declare it: `\"tenancy\": {\"table\": \"…\", \"members\": {\"table\": \"…\"}}` in backflow.json")
        .help("or say that there is one tenant only: `\"tenancy\": false`")
}

#[derive(Default)]
struct MembersFilter {
    tenant: Option<ColumnId>,
    user: Option<ColumnId>,
    role: Option<ColumnId>,
    declared: bool,
}

/// The readings of a table as members: one for each foreign key that could name the tenant.
fn candidates(catalog: &Catalog, id: TableId, filter: &MembersFilter) -> Vec<Candidate> {
    let table = catalog.table(id);
    let role = filter.role.or_else(|| table.column("role"));
    if role.is_none() && !filter.declared {
        return Vec::new();
    }
    let Some(user) = filter.user.or_else(|| user_column(catalog, table)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for key in &table.foreign_keys {
        let ([tenant], [target]) = (key.columns.as_slice(), key.references.as_slice()) else {
            continue;
        };
        let wanted = filter.tenant.is_none_or(|column| column == *tenant);
        let is_tenant = key.table != id && catalog.table(key.table).name != "users" && *tenant != user;
        if wanted && is_tenant && (filter.declared || table.is_unique(&[*tenant, user])) {
            let members = Members {
                table: id,
                tenant: *tenant,
                user,
                role,
            };
            found.push(Candidate {
                tenants: key.table,
                key: *target,
                members,
            });
        }
    }
    found
}

/// A column with a key to `users`, else one with a conventional name.
fn user_column(catalog: &Catalog, table: &Table) -> Option<ColumnId> {
    table
        .foreign_keys
        .iter()
        .find(|key| catalog.table(key.table).name == "users" && key.columns.len() == 1)
        .and_then(|key| key.columns.first().copied())
        .or_else(|| USER_COLUMNS.iter().find_map(|name| table.column(name)))
}

fn declared(
    catalog: &Catalog,
    keys: &TenancyKeys,
    members: &MembersKeys,
    out: &mut Diagnostics,
) -> Option<Candidate> {
    let id = draft::table(catalog, &members.table, out)?;
    let mut column = |name: &Option<Spanned<String>>| match name {
        Some(name) => draft::column(catalog, id, name, out).map(Some),
        None => Some(None),
    };
    let (tenant, user, role) = (
        column(&members.tenant),
        column(&members.user),
        column(&members.role),
    );
    let filter = MembersFilter {
        tenant: tenant?,
        user: user?,
        role: role?,
        declared: true,
    };
    let tenants = match &keys.table {
        Some(name) => Some(draft::table(catalog, name, out)?),
        None => None,
    };
    let mut found = candidates(catalog, id, &filter);
    found.retain(|c| tenants.is_none_or(|t| c.tenants == t));
    if found.is_empty()
        && let Some(candidate) = without_key(catalog, id, tenants, &filter)
    {
        found.push(candidate);
    }
    if found.len() != 1 {
        out.push(unfit(catalog, id, members.table.span, found.len()));
        return None;
    }
    let candidate = found.pop()?;
    let key = [candidate.members.tenant, candidate.members.user];
    if !catalog.table(id).is_unique(&key) {
        out.push(not_unique(catalog, &candidate.members, members.table.span));
        return None;
    }
    Some(candidate)
}

/// With two memberships of one user in one tenant, it would be chance which role counts.
fn not_unique(catalog: &Catalog, members: &Members, span: Span) -> Diagnostic {
    let name = |column| catalog.column(members.table, column).name.as_str();
    let (tenant, user) = (name(members.tenant), name(members.user));
    Diagnostic::new(codes::BAD_TENANCY, "a user could be a member of one tenant twice")
        .at(span, format!("no unique key on ({tenant}, {user})"))
        .note("it would be chance which of the two roles counts")
        .help(format!("add `UNIQUE ({tenant}, {user})` to the table"))
}

/// Declared tenant and user columns need no foreign key when the tenants' table is named too.
fn without_key(
    catalog: &Catalog,
    id: TableId,
    tenants: Option<TableId>,
    filter: &MembersFilter,
) -> Option<Candidate> {
    let tenants = tenants?;
    let [key] = catalog.table(tenants).primary_key.as_slice() else {
        return None;
    };
    let user = filter.user.or_else(|| user_column(catalog, catalog.table(id)))?;
    let role = filter.role.or_else(|| catalog.table(id).column("role"));
    Some(Candidate {
        tenants,
        key: *key,
        members: Members {
            table: id,
            tenant: filter.tenant?,
            user,
            role,
        },
    })
}

fn unfit(catalog: &Catalog, id: TableId, span: Span, ways: usize) -> Diagnostic {
    let name = &catalog.table(id).name;
    let why = if ways == 0 {
        "it needs a column that names the tenant (with a foreign key, or declared) and one that names the user"
    } else {
        "several of its foreign keys could name the tenant"
    };
    Diagnostic::new(codes::BAD_TENANCY, format!("`{name}` cannot be read as the table of members"))
        .at(span, why)
        .help("name all: `\"tenancy\": {\"table\": \"…\", \"members\": {\"table\", \"tenant\", \"user\", \"role\"}}`")
}
