//! By what an answer is found.
//!
//! Invariant: two keys are equal only if all that was put into them is: every part says what it is and how long.
//! Not here: what has to be put into one (`transaction::run::recalled`).

use backflow_expr::Value;
use backflow_sql::ir::Datum;
use std::sync::Arc;

/// By what an answer is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(Arc<[u8]>);

impl Key {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Writes a key, part by part.
#[derive(Debug, Default)]
pub(crate) struct KeyWriter(Vec<u8>);

impl KeyWriter {
    pub(crate) fn finish(self) -> Key {
        Key(self.0.into())
    }

    /// A mark that tells parts apart.
    pub(crate) fn mark(&mut self, mark: u8) {
        self.0.push(mark);
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.part(b'n', &number.to_le_bytes());
    }

    pub(crate) fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.part(b't', text.as_bytes()),
            None => self.mark(b'-'),
        }
    }

    pub(crate) fn datum(&mut self, datum: &Datum) {
        match datum {
            Datum::Null => self.mark(b'0'),
            Datum::Bool(value) => self.part(b'b', &[u8::from(*value)]),
            Datum::Int(value) => self.part(b'i', &value.to_le_bytes()),
            Datum::Float(value) => self.part(b'f', &value.to_bits().to_le_bytes()),
            Datum::Text(text) => self.part(b't', text.as_bytes()),
        }
    }

    pub(crate) fn value(&mut self, value: &Value) {
        match value {
            Value::Undefined => self.mark(b'u'),
            value => self.part(b'v', value.to_json().as_bytes()),
        }
    }

    fn part(&mut self, mark: u8, bytes: &[u8]) {
        self.mark(mark);
        self.0.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.0.extend_from_slice(bytes);
    }
}
