//! Migrations in a dialect.
