//! The columns of unique keys.
//!
//! Role: looks up, by the name that an error gives, which columns a constraint or index is about.
//! Invariant: the same columns in the same order as the SQLite store names: plain columns as in the key, then
//! those that expressions mention, as in the table.
//! Not here: the errors.

use crate::aside::Aside;
use crate::errors::Key;
use crate::event;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_postgres::types::Type;

/// How many keys are remembered.
const KEPT: usize = 1024;

/// How long: a migration may give a name to other columns.
const FRESH: Duration = Duration::from_secs(30);

/// Plain columns in the key's order; where there are expressions, every other column that the index depends on.
const COLUMNS: &str = "\
SELECT a.attname::text
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0
CROSS JOIN LATERAL (
  SELECT min(k.place) AS place
  FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
  WHERE k.number = a.attnum AND k.place <= i.indnkeyatts
) AS k
WHERE n.nspname = $1 AND t.relname = $2 AND c.relname = $3
  AND (k.place IS NOT NULL OR i.indexprs IS NOT NULL AND EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = i.indrelid
      AND d.refobjsubid = a.attnum))
ORDER BY k.place, a.attnum";

/// Keys that were looked up.
#[derive(Default)]
pub(crate) struct Keys(Mutex<HashMap<Key, (Vec<String>, Instant)>>);

impl Keys {
    /// The columns of a key; none if they cannot be had.
    pub(crate) async fn columns(&self, key: &Key, aside: &Aside) -> Vec<String> {
        if let Some(known) = self.known(key) {
            return known;
        }
        let values = [
            (&key.schema as _, Type::NAME),
            (&key.table as _, Type::NAME),
            (&key.name as _, Type::NAME),
        ];
        match aside.texts(COLUMNS, &values).await {
            Ok(columns) => {
                self.remember(key, &columns);
                columns
            }
            Err(why) => {
                event::key_unknown(&why);
                Vec::new()
            }
        }
    }

    fn known(&self, key: &Key) -> Option<Vec<String>> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (columns, since) = keys.get(key)?;
        (since.elapsed() < FRESH).then(|| columns.clone())
    }

    fn remember(&self, key: &Key, columns: &[String]) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEPT {
            keys.clear();
        }
        keys.insert(key.clone(), (columns.to_vec(), Instant::now()));
    }
}
