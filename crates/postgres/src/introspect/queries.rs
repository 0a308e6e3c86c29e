//! Questions to the system's tables.
//!
//! Invariant: every name is written with its schema, every value is cast to a plain type, every list is ordered;
//! so answers depend on no setting but `search_path`.
//! Not here: what answers mean.

use crate::OURS;
use backflow_engine::migrations::RESERVED;
use backflow_sql::changes::TRIGGERS;

/// Where the numbers of the relations that count stand while the transaction lasts.
const KEPT: &str = "backflow.relations";

/// All questions see the same state, and constants are printed in one way; nothing is given up because somebody
/// changes a table.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres';
    SET LOCAL bytea_output = 'hex'; SET LOCAL quote_all_identifiers = off; SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = 0";

/// Begins, and finds the relations that count: visible by their bare names, neither the system's nor an
/// extension's nor ours, and no partition, which its table stands for. They are looked for once and kept in a
/// setting, so that the other questions can go out in the same flight.
pub(super) fn begin() -> String {
    format!(
        "{BEGIN};
SELECT pg_catalog.set_config('{KEPT}', COALESCE(pg_catalog.array_agg(c.oid), '{{}}')::text, true)
FROM pg_catalog.pg_class c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND c.relnamespace = ANY (ARRAY(
    SELECT n.oid FROM pg_catalog.pg_namespace n
    WHERE n.nspname = ANY (pg_catalog.current_schemas(false))
      AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_') AND n.nspname <> 'information_schema'
  ))
  AND pg_catalog.pg_table_is_visible(c.oid)
  AND NOT pg_catalog.starts_with(pg_catalog.lower(c.relname::text), '{RESERVED}')
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
  )"
    )
}

/// The relations that count, as `rel (oid)`.
fn relations_that_count() -> String {
    format!("pg_catalog.unnest(pg_catalog.current_setting('{KEPT}')::pg_catalog.oid[]) AS rel (oid)")
}

/// Relations, and which changes they take (bits of the server's own kinds of statements, triggers in place of a
/// change included; a table takes all, and is not opened to be asked): also those below one (partitions, children)
/// may have triggers that act.
pub(super) fn relations() -> String {
    format!(
        "WITH RECURSIVE below (root, oid) AS (
  SELECT rel.oid, rel.oid FROM {rel}
  UNION SELECT b.root, i.inhrelid FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent = b.oid
)
SELECT r.oid, r.relname::text, r.relkind::text,
  pg_catalog.obj_description(r.oid, 'pg_class') IS NOT DISTINCT FROM '{OURS}',
  r.relkind IN ('v', 'm', 'f')
    OR EXISTS (
      SELECT FROM below b JOIN pg_catalog.pg_trigger t ON t.tgrelid = b.oid
      WHERE b.root = r.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'
        AND NOT pg_catalog.starts_with(t.tgname::text, '{TRIGGERS}')
    )
    OR EXISTS (
      SELECT FROM below b JOIN pg_catalog.pg_rewrite w ON w.ev_class = b.oid
      WHERE b.root = r.oid AND w.rulename <> '_RETURN'
    ),
  pg_catalog.row_security_active(r.oid),
  w.kinds & 8 <> 0, w.kinds & 4 <> 0, w.kinds & 16 <> 0
FROM {rel} JOIN pg_catalog.pg_class r ON r.oid = rel.oid,
  LATERAL (VALUES (
    CASE WHEN r.relkind IN ('r', 'p') THEN 28 ELSE pg_catalog.pg_relation_is_updatable(r.oid, true) END
  )) AS w (kinds)
ORDER BY r.relname::text COLLATE \"C\"",
        rel = relations_that_count()
    )
}

/// Columns in their order. A view's column that is computed counts as generated: nothing can be
/// written to it, unless a trigger in place of the change says otherwise.
pub(super) fn columns() -> String {
    format!(
        "SELECT a.attrelid, a.attnum, a.attname::text, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity::text,
  CASE WHEN r.relkind = 'v' AND pg_catalog.pg_relation_is_updatable(r.oid, false) <> 0
      AND NOT pg_catalog.pg_column_is_updatable(r.oid, a.attnum, false)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = r.oid AND t.tgtype & 64 <> 0)
    THEN 's' ELSE a.attgenerated::text END,
  pg_catalog.pg_get_expr(d.adbin, d.adrelid)
FROM {}
JOIN pg_catalog.pg_class r ON r.oid = rel.oid
JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum",
        relations_that_count()
    )
}

/// The types of columns, those that they are made of included.
pub(super) fn types() -> String {
    format!(
        "WITH RECURSIVE used (oid) AS (
  SELECT a.atttypid FROM {} JOIN pg_catalog.pg_attribute a ON a.attrelid = rel.oid
  WHERE a.attnum > 0 AND NOT a.attisdropped
  UNION
  SELECT part.oid FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.oid,
    LATERAL (VALUES (t.typbasetype), (CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END)) part (oid)
  WHERE part.oid <> 0
)
SELECT t.oid, t.typname::text, n.nspname = 'pg_catalog', pg_catalog.pg_type_is_visible(t.oid), t.typtype::text,
  CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END, t.typbasetype, t.typtypmod, t.typnotnull, t.typdefault,
  ARRAY(
    SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder
  ),
  ARRAY(
    SELECT pg_catalog.pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k
    WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname::text COLLATE \"C\"
  )
FROM used u
JOIN pg_catalog.pg_type t ON t.oid = u.oid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
ORDER BY n.nspname::text COLLATE \"C\", t.typname::text COLLATE \"C\"",
        relations_that_count()
    )
}

/// Primary, unique and foreign keys, checks and exclusions.
pub(super) fn constraints() -> String {
    format!(
        "SELECT k.conrelid, k.conname::text, k.contype::text, k.conkey, k.confrelid, COALESCE(k.confkey, '{{}}'),
  k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'),
  CASE WHEN k.contype = 'c' THEN pg_catalog.pg_get_constraintdef(k.oid) END
FROM {} JOIN pg_catalog.pg_constraint k ON k.conrelid = rel.oid
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conkey IS NOT NULL
ORDER BY k.conrelid, k.conname::text COLLATE \"C\"",
        relations_that_count()
    )
}

/// Indexes that can be used and that no key made.
pub(super) fn indexes() -> String {
    format!(
        "SELECT i.indrelid, c.relname::text, i.indisunique, i.indpred IS NOT NULL, m.amname = 'btree',
  (i.indkey::int2[])[0:i.indnkeyatts - 1]
FROM {}
JOIN pg_catalog.pg_index i ON i.indrelid = rel.oid
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE i.indisvalid AND i.indislive
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint k
    WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
  )
ORDER BY i.indrelid, c.relname::text COLLATE \"C\"",
        relations_that_count()
    )
}
