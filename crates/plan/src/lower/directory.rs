//! The directory of users: its table and the statement that keeps it.
//!
//! Invariant: an older token never overwrites what a newer one said.
//! Not here: which projects have one; see `project`.

use crate::model::Directory;
use crate::project::Project;
use backflow_catalog::{ColumnId, ColumnType};
use backflow_sql::ddl;
use backflow_sql::ir::{
    Assigned, Comparison, Cond, Conflict, ConflictUpdate, Insert, Outputs, ParamId, Query, Scalar, Whose,
};

/// Columns of the directory, by position.
const ID: ColumnId = ColumnId(0);
const EMAIL: ColumnId = ColumnId(1);
const NAME: ColumnId = ColumnId(2);
const CREATED: ColumnId = ColumnId(3);
const UPDATED: ColumnId = ColumnId(4);

/// The directory, if the project reads one that no migration makes.
pub(crate) fn build(project: &Project<'_>) -> Option<Directory> {
    let id = project.catalog.table_ids().find(|id| project.is_directory(*id))?;
    let of = |column: ColumnId| project.column(id, column).ty.clone();
    let param = |position: u16, column: ColumnId| Scalar::Param(ParamId(position), of(column));
    let value = |scalar: Scalar| Assigned::Value(scalar);
    let offered = |column: ColumnId| (column, value(Scalar::Excluded(column)));
    // `updated_at` is the instant the newest token was issued: an older token changes nothing.
    let newer = Cond::Compare {
        left: Scalar::Column(UPDATED),
        op: Comparison::Lt,
        right: Scalar::Excluded(UPDATED),
    };
    let insert = Insert {
        into: id,
        columns: vec![ID, EMAIL, NAME, CREATED, UPDATED],
        rows: vec![vec![
            value(param(0, ID)),
            value(param(1, EMAIL)),
            value(param(2, NAME)),
            value(param(3, CREATED)),
            value(param(3, UPDATED)),
        ]],
        each: None,
        guard: Cond::TRUE,
        conflict: Some(Conflict {
            target: vec![ID],
            update: Some(ConflictUpdate {
                set: vec![offered(EMAIL), offered(NAME), offered(UPDATED)],
                filter: newer,
            }),
        }),
        outputs: Outputs {
            members: None,
            cells: vec![ID],
            ..Outputs::default()
        },
    };
    debug_assert_eq!(
        of(UPDATED),
        ColumnType::TimestampTz,
        "the last parameter is an instant"
    );
    Some(Directory {
        table: project.table(id).name.clone(),
        setup: vec![ddl::system(project.table(id), ddl::Rows::Short, project.dialect)],
        record: project.writing(&Query::Insert(insert), Whose::Any),
    })
}
