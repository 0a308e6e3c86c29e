//! The journal of durable runs, as tables and statements.
//!
//! Role: declares the tables once and makes every statement from them, for the dialect of the plan.
//! Output: [`Journal`].
//! Invariant: the tables' names are reserved; they lie in a catalog of their own, in which no route can look.
//! Not here: when a statement runs, and what its rows mean; see the engine.

mod inbox;
mod keys;
mod locks;
mod runs;
mod steps;
mod tables;

use crate::model::{Journal, Membership};
use crate::project::Project;
use backflow_sql::ir::{Cond, Outputs, ParamId, Query, Read};
use tables::Tables;

/// The journal of a project.
pub(crate) fn build(project: &Project<'_>) -> Journal {
    let tables = Tables::new(project.dialect);
    Journal {
        setup: tables.setup(),
        runs: runs::statements(&tables),
        steps: steps::statements(&tables),
        locks: locks::statements(&tables),
        keys: keys::statements(&tables),
        inbox: inbox::statements(&tables),
        membership: membership(project),
    }
}

/// A caller's membership in a tenant known by its key.
fn membership(project: &Project<'_>) -> Option<Membership> {
    let members = &project.tenancy.as_ref()?.members;
    let of = |column| project.column(members.table, column).ty.clone();
    let pinned = |column, position| Cond::equals(column, ParamId(position), of(column));
    let read = Read {
        from: members.table,
        outputs: Outputs {
            cells: vec![members.tenant],
            ..Outputs::default()
        },
        filter: Cond::All(vec![pinned(members.tenant, 0), pinned(members.user, 1)]),
        order: Vec::new(),
        limit: None,
        offset: None,
        lock: false,
    };
    Some(Membership {
        statement: project.statement(&Query::Read(read)),
        tenant: of(members.tenant),
        user: of(members.user),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Inputs;
    use crate::manifest::Manifests;
    use backflow_diag::Diagnostics;
    use backflow_sql::ir::Dialect;

    fn journal(dialect: Dialect) -> Journal {
        let inputs = Inputs {
            document: &Default::default(),
            catalog: &Default::default(),
            manifests: &Manifests::default(),
            environment: &Default::default(),
            dialect,
        };
        build(&Project::new(&inputs, &mut Diagnostics::default()))
    }

    #[test]
    fn whoever_changes_a_running_run_names_its_fence() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            let runs = journal(dialect).runs;
            for statement in [&runs.hold, &runs.end, &runs.resume] {
                let (_, filter) = statement.text.split_once(" WHERE ").unwrap();
                assert!(filter.contains("\"fence\""), "{}", statement.text);
            }
            for statement in [&runs.claim, &runs.resume, &runs.stop] {
                assert!(statement.text.contains("\"fence\" = "), "{}", statement.text);
            }
        }
    }

    #[test]
    fn an_intent_is_taken_once() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            let journal = journal(dialect);
            assert!(
                journal
                    .setup
                    .iter()
                    .any(|text| text.contains("UNIQUE (\"intent\")"))
            );
            assert!(
                journal
                    .runs
                    .open
                    .text
                    .contains("ON CONFLICT (\"intent\") DO NOTHING")
            );
        }
    }
}
