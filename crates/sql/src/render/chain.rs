//! Several queries as one statement.
//!
//! Role: [`Chain`] → one text. Reads that lock nothing become lateral sub-selects, each beside the rows before
//! it; otherwise every part is a common table expression, and all are joined at the end.
//! Invariant: a part's values are named `j` (JSON), `p` (there is a row) and `c0`, `c1` … (cells).
//! Not here: whether one statement does the same as several; that is proved by the planner.

use super::Renderer;
use super::dialect::Typed;
use crate::ir::{Chain, Chained, PartCell, PartLayout, Query, Statement};

/// How the parts of the chain in hand are joined.
pub(super) struct State {
    lateral: bool,
    /// The cells of the part that was rendered last.
    cells: Vec<Typed>,
}

impl State {
    pub(super) fn of(chain: &Chain) -> Self {
        let reads = |query: &Query| matches!(query, Query::Read(read) if !read.lock);
        Self {
            lateral: chain.parts.iter().all(reads),
            cells: Vec::new(),
        }
    }

    /// Every part's row is in scope behind it.
    pub(super) fn beside() -> Self {
        Self {
            lateral: true,
            cells: Vec::new(),
        }
    }

    /// The cells of the part that was rendered last.
    pub(super) fn take_cells(&mut self) -> Vec<Typed> {
        std::mem::take(&mut self.cells)
    }

    /// A part's columns under the names by which later parts call them.
    pub(super) fn part_columns(&mut self, json: Option<String>, cells: Vec<Typed>) -> Vec<String> {
        let json = json.map(|json| format!("{json} AS j"));
        let present = "TRUE AS p".to_owned();
        let mut columns: Vec<String> = json.into_iter().chain([present]).collect();
        let named = cells.iter().enumerate();
        columns.extend(named.map(|(at, cell)| format!("{} AS c{at}", cell.sql)));
        self.cells = cells;
        columns
    }
}

/// A part's name. No table of an author can be hidden by it: the prefix is refused in migrations.
pub(super) fn name(part: usize) -> String {
    format!("\"_backflow_{part}\"")
}

fn column(cell: PartCell) -> String {
    match cell {
        PartCell::Present => "p".to_owned(),
        PartCell::Cell(at) => format!("c{at}"),
    }
}

impl Renderer<'_> {
    pub(super) fn chain(&mut self, chain: &Chain) -> Chained {
        let (mut texts, mut cells) = (Vec::new(), Vec::new());
        for query in &chain.parts {
            texts.push(self.query(query));
            cells.push(self.chain.as_mut().map(State::take_cells).unwrap_or_default());
        }
        let lateral = self.chain.as_ref().is_some_and(|state| state.lateral);
        let (columns, parts) = self.joined_columns(chain, &cells);
        let json = main_json(chain);
        let width = columns.len() - usize::from(json);
        let columns = columns.join(",");
        let text = if lateral {
            format!("SELECT {columns} FROM {}", laterals(chain, &texts))
        } else {
            let with = texts
                .iter()
                .enumerate()
                .map(|(at, text)| format!("{} AS ({text})", name(at)));
            let with = with.collect::<Vec<_>>().join(", ");
            format!("WITH {with} SELECT {columns} FROM {}", joins(chain))
        };
        let statement = Statement {
            text,
            json,
            cells: width,
            ..Statement::default()
        };
        Chained { statement, parts }
    }

    /// The columns of the whole statement, and where each part's values stand among its cells.
    pub(super) fn joined_columns(
        &self,
        chain: &Chain,
        cells: &[Vec<Typed>],
    ) -> (Vec<String>, Vec<PartLayout>) {
        let (mut json, mut columns, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (query, cells)) in chain.parts.iter().zip(cells).enumerate() {
            let mut layout = PartLayout {
                present: columns.len(),
                cells: cells.len(),
                ..PartLayout::default()
            };
            columns.push(format!("{}.p", name(at)));
            if query.outputs().members.is_some() {
                let own = format!("{}.j", name(at));
                if at == chain.main {
                    json.push(own);
                } else {
                    layout.json = Some(columns.len());
                    columns.push(own);
                }
            }
            layout.first = columns.len();
            for (cell, typed) in cells.iter().enumerate() {
                let sql = format!("{}.c{cell}", name(at));
                columns.push(self.syntax.cell(&Typed {
                    sql,
                    ty: typed.ty.clone(),
                }));
            }
            parts.push(layout);
        }
        json.append(&mut columns);
        (json, parts)
    }

    /// A value of an earlier part's row. Beside a lateral sub-select it is in scope; out of a common table
    /// expression it is fetched, once for the statement.
    pub(super) fn earlier(&self, part: usize, cell: PartCell) -> String {
        let (part, column) = (name(part), column(cell));
        if self.chain.as_ref().is_some_and(|state| state.lateral) {
            format!("{part}.{column}")
        } else {
            format!("(SELECT {column} FROM {part})")
        }
    }
}

fn main_json(chain: &Chain) -> bool {
    let main = chain.parts.get(chain.main);
    main.is_some_and(|query| query.outputs().members.is_some())
}

/// What gives one row where no part must give one.
const ONE_ROW: &str = "(SELECT) AS \"_backflow_row\"";

fn laterals(chain: &Chain, texts: &[String]) -> String {
    let mut from = if chain.guarded {
        String::new()
    } else {
        ONE_ROW.to_owned()
    };
    for (at, text) in texts.iter().enumerate() {
        let name = name(at);
        from.push_str(&match from.is_empty() {
            true => format!("({text}) AS {name}"),
            false => format!(" LEFT JOIN LATERAL ({text}) AS {name} ON TRUE"),
        });
    }
    from
}

fn joins(chain: &Chain) -> String {
    let mut from = if chain.guarded {
        String::new()
    } else {
        ONE_ROW.to_owned()
    };
    for at in 0..chain.parts.len() {
        let name = name(at);
        from.push_str(&match from.is_empty() {
            true => name,
            false => format!(" LEFT JOIN {name} ON TRUE"),
        });
    }
    from
}
