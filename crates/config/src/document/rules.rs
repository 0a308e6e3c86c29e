//! Rules for the values of a request, as written.
//!
//! Invariant: the rules of one value do not contradict each other; the reader reports those that do.
//! Not here: checking a value against them.

use crate::tree::Node;
use backflow_diag::{Span, Spanned, Text};

/// `validation`: what a request must look like. `None`: that part is not declared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Validation {
    /// `body`
    pub body: Option<Vec<Field>>,
    /// `params`
    pub params: Option<Vec<Field>>,
    /// `query`
    pub query: Option<Vec<Field>>,
}

/// A named value of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: Spanned<String>,
    /// Its rules.
    pub rules: Rules,
}

/// `type` of a validated value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleType {
    /// `string`
    String,
    /// `number`
    Number,
    /// `integer`
    Integer,
    /// `boolean`
    Boolean,
    /// `array`
    Array,
    /// `object`
    Object,
}

/// Rules for a value.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The whole object.
    pub span: Span,
    /// `type`; `None`: any.
    pub ty: Option<Spanned<RuleType>>,
    /// `required`
    pub required: bool,
    /// `nullable`
    pub nullable: bool,
    /// `format`
    pub format: Option<Spanned<String>>,
    /// `pattern`
    pub pattern: Option<Text>,
    /// `enum`
    pub choices: Option<Spanned<Vec<Node>>>,
    /// `minimum`, as written
    pub minimum: Option<Spanned<String>>,
    /// `maximum`, as written
    pub maximum: Option<Spanned<String>>,
    /// `minLength`, in characters
    pub min_length: Option<Spanned<u32>>,
    /// `maxLength`, in characters
    pub max_length: Option<Spanned<u32>>,
    /// `minItems`
    pub min_items: Option<Spanned<u32>>,
    /// `maxItems`
    pub max_items: Option<Spanned<u32>>,
    /// `items`
    pub items: Option<Box<Rules>>,
    /// `properties`
    pub properties: Option<Vec<Field>>,
    /// `default`
    pub default: Option<Node>,
}

equal_but_for_place!(Rules {
    ty,
    required,
    nullable,
    format,
    pattern,
    choices,
    minimum,
    maximum,
    min_length,
    max_length,
    min_items,
    max_items,
    items,
    properties,
    default,
});
