//! The template and condition language: lex, parse, type, compile, run.
//!
//! Role: turns the author's templates and conditions into typed programs at check time, and runs them on
//! values at request time.
//! Input: [`backflow_diag::Text`] and a [`Resolver`] that knows the roots. Output: [`Program`], [`Value`].
//! Invariant: a program is total: no loops, no host access but [`Host`], bounded depth and output; a value is
//! data and never parsed as program text.
//! Not here: which roots exist where, what columns expect, what happens with an undefined value in a filter.
//!
//! ```
//! use backflow_diag::{Diagnostic, Diagnostics, SourceMap, Text, codes};
//! use backflow_expr::{Host, Kind, Path, Program, Resolved, Resolver, Slot, Template, Type, Value};
//!
//! /// Knows one root, `body`, which lies in slot 0.
//! struct Roots;
//! impl Resolver for Roots {
//!     fn resolve(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
//!         if path.root.value != "body" {
//!             return Err(Diagnostic::new(codes::UNKNOWN_ROOT, "unknown root").at(path.root.span, ""));
//!         }
//!         let body = Type::object(vec![("name".into(), Type::new(Kind::Text).caller())]);
//!         Ok(Resolved { slot: Slot(0), used: 0, ty: body })
//!     }
//! }
//!
//! /// A request at the start of time.
//! struct Epoch;
//! impl Host for Epoch {
//!     fn now(&self) -> jiff::Timestamp {
//!         jiff::Timestamp::UNIX_EPOCH
//!     }
//!     fn uuid(&mut self) -> String {
//!         "00000000-0000-4000-8000-000000000000".into()
//!     }
//! }
//!
//! // Check time: parse and compile, faults go into the diagnostics.
//! let source = "{{body.name}} since {{formatDate(now(), 'YYYY')}}";
//! let mut sources = SourceMap::default();
//! let file = sources.add("routes/a.json", source);
//! let text = Text::plain(source, sources.span(file, 0..source.len()));
//! let mut diagnostics = Diagnostics::default();
//! let template = Template::parse(&text, &mut diagnostics).expect("it parses");
//! let program = Program::compile_template(&template, &mut Roots, &mut diagnostics).expect("it compiles");
//! assert_eq!(program.to_string(), "\"{{$0.name}} since {{formatDate(now(), 'YYYY')}}\"");
//! assert!(program.ty().caller);
//!
//! // Request time: a frame of values, one for each slot.
//! let body = Value::object([("name", "Ann".into())]);
//! assert_eq!(program.run(&[body], &mut Epoch), Ok("Ann since 1970".into()));
//! // What is absent stays absent; it never becomes an empty text.
//! assert_eq!(program.run(&[Value::Undefined], &mut Epoch), Ok(Value::Undefined));
//! ```

pub mod ast;
mod call;
mod calls;
mod check;
mod code;
mod compile;
mod date;
mod digest;
mod digits;
mod display;
mod functions;
pub mod json;
mod lexer;
pub mod limits;
mod number;
mod operands;
mod operators;
mod parser;
mod paths;
mod pattern;
mod run;
mod template;
mod time;
mod types;
mod value;
mod wanted;
mod write;

pub use ast::{Expr, Key, Path};
pub use code::{EvalError, Host, Program, Slot};
pub use compile::{Resolved, Resolver};
pub use json::{JsonError, JsonErrorKind};
pub use number::{Number, NumberError};
pub use template::{Part, Template, parse_condition};
pub use time::{parse_timestamp, timestamp_text};
pub use types::{Kind, Type};
pub use value::{Object, Value};
pub use wanted::Wanted;
pub use write::write_json_text;
