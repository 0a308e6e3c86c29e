//! The template and condition language: lex, parse, type, compile, run.
