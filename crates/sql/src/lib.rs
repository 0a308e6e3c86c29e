//! Select grammar, queries and DDL turned into SQL text for a dialect.
pub mod ddl;
pub mod ir;
