//! What only the database knows.
//!
//! Role: tells faults that may be none, once the database is asked, from those that stay; and says so.
//! Invariant: only faults about names and types of the schema may go away, and none of a migration.
//! Not here: asking the database.

use backflow_catalog::{Reach, Schema, Unmodelled};
use backflow_diag::{Code, Diagnostic, Diagnostics, Severity, SourceMap, codes};

/// Faults that come from a table, column, type or key being unknown.
const UNKNOWN: [&Code; 7] = [
    codes::UNKNOWN_TYPE,
    codes::UNKNOWN_TABLE,
    codes::UNKNOWN_COLUMN,
    codes::NO_RELATION,
    codes::NO_CONFLICT_KEY,
    codes::NO_TENANCY,
    codes::BAD_TENANCY,
];

/// Stages whose faults may follow from those: expressions, the schema, queries, tenancy.
const FOLLOWING: [&str; 4] = ["E03", "E04", "E05", "E06"];

/// Faults of these stages that follow from nothing.
const CERTAIN: [&Code; 3] = [codes::EXPR_SYNTAX, codes::MISSING_ENV, codes::DATABASE_DIFFERS];

/// Whether a fault lies in a migration.
pub(crate) fn in_migration(sources: &SourceMap, fault: &Diagnostic) -> bool {
    fault
        .span()
        .is_some_and(|span| sources.name(span.file).ends_with(".sql"))
}

/// Whether all that is wrong may be right, if the database has what the files do not say.
pub(crate) fn may_be_right(sources: &SourceMap, diagnostics: &Diagnostics) -> bool {
    let faults = || {
        diagnostics
            .iter()
            .filter(|one| one.code.severity == Severity::Error)
    };
    let is_unknown = |fault: &Diagnostic| UNKNOWN.contains(&fault.code);
    let may_follow = |fault: &Diagnostic| {
        let stage = fault.code.id.get(..3).unwrap_or_default();
        FOLLOWING.contains(&stage) && !CERTAIN.contains(&fault.code) && !in_migration(sources, fault)
    };
    faults().any(is_unknown) && faults().all(may_follow)
}

/// Adds to each fault about something unknown that the database may know it.
pub(crate) fn point_out(sources: &SourceMap, schema: &Schema, diagnostics: Diagnostics) -> Diagnostics {
    let mut out = Diagnostics::default();
    for one in diagnostics.iter() {
        let mut one = one.clone();
        if UNKNOWN.contains(&one.code) && !in_migration(sources, &one) {
            if let Some(statement) = maker(sources, schema, &one) {
                one = one.note(format!(
                    "{} may make it, but only PostgreSQL knows what that does",
                    place(sources, statement)
                ));
            }
            one = one.help(
                "`backflow check --database` looks into the database for what the migrations do not say",
            );
        }
        out.push(one);
    }
    out
}

/// A statement that may make what is unknown: one that has its name, else one that may do anything.
fn maker<'s>(sources: &SourceMap, schema: &'s Schema, fault: &Diagnostic) -> Option<&'s Unmodelled> {
    let name = fault
        .span()
        .map(|span| sources.slice(span).to_lowercase())
        .unwrap_or_default();
    let names_it = |one: &&Unmodelled| sources.slice(one.span).to_lowercase().contains(&name);
    let reaching = || schema.unmodelled.iter().filter(|one| one.reach > Reach::Nothing);
    let named = reaching().find(|one| !name.is_empty() && names_it(one));
    named.or_else(|| reaching().find(|one| one.reach == Reach::Anything))
}

fn place(sources: &SourceMap, statement: &Unmodelled) -> String {
    let line = sources.position(statement.span).line;
    format!(
        "`{}` ({}:{line})",
        statement.keyword,
        sources.name(statement.span.file)
    )
}
