//! A store that plays a script.

use backflow_engine::permit::Permit;
use backflow_engine::store::{BoxFuture, Row, RowSet, StatementError, Store, StoreError, Turn};
use backflow_engine::transaction::Transaction;
use backflow_sql::ir::Datum;
use std::collections::HashMap;
use std::sync::Mutex;

type Rows = Result<RowSet, StatementError>;

/// Answers statements by their text, and writes down what happens.
#[derive(Default)]
pub(crate) struct FakeStore {
    script: HashMap<String, Rows>,
    log: Mutex<Vec<String>>,
    /// How often a finished transaction is lost and run again.
    lost: u32,
    error: Option<StoreError>,
}

impl FakeStore {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn on(mut self, statement: &str, rows: Rows) -> Self {
        self.script.insert(statement.to_owned(), rows);
        self
    }

    pub(crate) fn losing(mut self, times: u32) -> Self {
        self.lost = times;
        self
    }

    pub(crate) fn failing(mut self, error: StoreError) -> Self {
        self.error = Some(error);
        self
    }

    pub(crate) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    fn note(&self, line: String) {
        self.log.lock().unwrap().push(line);
    }

    fn play(&self, transaction: &mut Transaction) {
        self.note(if transaction.reads_only() { "read" } else { "write" }.to_owned());
        let mut last = None;
        loop {
            match transaction.next(last.take()) {
                Turn::Run(call) => {
                    let values: Vec<String> = call.values.iter().map(show).collect();
                    self.note(format!("{}({})", call.statement.text, values.join(", ")));
                    last = Some(
                        self.script
                            .get(&call.statement.text)
                            .cloned()
                            .unwrap_or(Ok(RowSet::default())),
                    );
                }
                Turn::Mark(mark) => {
                    self.note(format!("mark {mark:?}"));
                    last = Some(Ok(backflow_engine::store::RowSet::default()));
                }
                Turn::Commit => return self.note("commit".to_owned()),
                Turn::RollBack => return self.note("roll back".to_owned()),
            }
        }
    }
}

impl Store for FakeStore {
    fn run<'a>(
        &'a self,
        _: Permit,
        mut transaction: Transaction,
    ) -> BoxFuture<'a, Result<Transaction, StoreError>> {
        if let Some(error) = &self.error {
            return Box::pin(std::future::ready(Err(error.clone())));
        }
        for _ in 0..self.lost {
            self.play(&mut transaction);
            transaction.rewind();
        }
        self.play(&mut transaction);
        Box::pin(std::future::ready(Ok(transaction)))
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

fn show(datum: &Datum) -> String {
    match datum {
        Datum::Null => "NULL".to_owned(),
        Datum::Bool(truth) => truth.to_string(),
        Datum::Int(whole) => whole.to_string(),
        Datum::Float(float) => float.to_string(),
        Datum::Text(text) => format!("'{text}'"),
    }
}

pub(crate) fn row(json: &str, cells: &[&str]) -> Row {
    let cell = |text: &&str| match *text {
        "NULL" => Datum::Null,
        text => text.parse().map_or_else(|_| Datum::Text(text.into()), Datum::Int),
    };
    Row {
        json: json.to_owned(),
        cells: cells.iter().map(cell).collect(),
    }
}

pub(crate) fn found(rows: &[Row]) -> Rows {
    Ok(RowSet { rows: rows.to_vec() })
}
