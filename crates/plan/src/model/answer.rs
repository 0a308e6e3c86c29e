//! What a route answers.

use backflow_expr::{Program, Value};

/// Where the answer comes from.
#[derive(Debug, Clone, Default)]
pub enum Answer {
    /// The result of the last step that ran and names `select`, else of the last that ran.
    #[default]
    LastStep,
    /// A template.
    Template(Shape),
}

/// A JSON value with expressions in it.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A fixed value.
    Constant(Value),
    /// An expression.
    Program(Program),
    /// An object; undefined members are left out.
    Object(Vec<(String, Shape)>),
    /// A list.
    List(Vec<Shape>),
}
