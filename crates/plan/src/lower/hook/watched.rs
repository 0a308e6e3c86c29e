//! All rows that an event could change, as a rehearsal compares them.
//!
//! Invariant: an action that writes only into its tenant watches only that tenant's rows.
//! Not here: when they are read (the engine); rows that the database itself changes with others.

use crate::lower::binds::Binds;
use crate::lower::order::{ascending, decisive};
use crate::lower::pin::{Anchor, Pins};
use crate::lower::select::star;
use crate::lower::work::Draft;
use crate::model::Watched;
use crate::project::Project;
use crate::prove::Kind;
use backflow_catalog::TableId;
use backflow_config::document::Operation;
use backflow_sql::ir::{Outputs, Query, Read, Scalar};
use std::collections::BTreeMap;

/// What the queries of an action write, by table.
pub(super) fn of<'a>(project: &'a Project<'a>, (draft, kinds): (&Draft<'a>, &[Kind])) -> Vec<Watched> {
    let mut tables: BTreeMap<TableId, bool> = BTreeMap::new();
    for ((_, query), kind) in draft.queries().zip(kinds) {
        if query.doc.operation.value != Operation::Select {
            let scoped = project.is_scoped(query.table) && *kind == Kind::System;
            let all = tables.entry(query.table).or_insert(true);
            *all = *all && scoped;
        }
    }
    let tables = tables.into_iter();
    tables
        .map(|(table, scoped)| one(project, table, scoped))
        .collect()
}

fn one<'a>(project: &'a Project<'a>, table: TableId, scoped: bool) -> Watched {
    let anchor = if scoped { Anchor::Route } else { Anchor::Anywhere };
    let pins = Pins { project, anchor };
    let key = decisive(project, table);
    let read = Read {
        from: table,
        filter: pins.on(table, &mut Binds::default()),
        order: key
            .iter()
            .map(|column| ascending(Scalar::Column(*column)))
            .collect(),
        outputs: Outputs {
            members: Some(star(project, table, &[])),
            cells: key,
            extra: Vec::new(),
        },
        limit: None,
        offset: None,
        lock: false,
    };
    Watched {
        table: project.table(table).name.clone(),
        statement: project.statement(&Query::Read(read)),
        scoped,
    }
}
