//! Tables, columns, types, keys and relations, read from CREATE TABLE text.
