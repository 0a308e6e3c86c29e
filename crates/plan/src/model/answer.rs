//! What a route answers.
//!
//! Invariant: a [`Shape`] is all of an answer's structure; no text in it is parsed again.
//! Not here: statuses of refusals, which the engine knows.

use backflow_expr::{Program, Slot, Value};

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

impl Shape {
    /// Every slot that its expressions read.
    #[must_use]
    pub fn slots(&self) -> Vec<Slot> {
        self.programs().into_iter().flat_map(Program::slots).collect()
    }

    /// Every expression in it.
    #[must_use]
    pub fn programs(&self) -> Vec<&Program> {
        match self {
            Shape::Constant(_) => Vec::new(),
            Shape::Program(program) => vec![program],
            Shape::Object(members) => members.iter().flat_map(|(_, shape)| shape.programs()).collect(),
            Shape::List(items) => items.iter().flat_map(Shape::programs).collect(),
        }
    }
}
