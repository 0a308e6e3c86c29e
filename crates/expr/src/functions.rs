//! The table of functions: names, parameters, result types.
//!
//! Role: what the compiler checks calls against.
//! Invariant: the table is closed; every function but `uuid` and `now` depends on its arguments alone.
//! Not here: what the functions do; see `call`.
//!
//! Where an argument is undefined the result is undefined, else where one is null the result is null;
//! `coalesce` and `json` are the exceptions.

use crate::types::{Kind, Type};

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Abs,
    Base64,
    Boolean,
    Ceil,
    Coalesce,
    Concat,
    DateAdd,
    DateSub,
    Floor,
    FormatDate,
    HmacSha256,
    Join,
    Json,
    Length,
    Lower,
    Max,
    Min,
    Now,
    Number,
    Replace,
    Round,
    Sha256,
    Split,
    String,
    Trim,
    Upper,
    Uuid,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameter {
    Any,
    /// Anything but lists and objects.
    Scalar,
    Text,
    Number,
    /// An instant, or the text of one.
    Moment,
    List,
    /// A text or a list.
    Sized,
}

impl Parameter {
    /// Whether a value of this kind may be passed; null is handled at run time.
    pub(crate) fn takes(self, kind: &Kind) -> bool {
        matches!(kind, Kind::Unknown | Kind::Null)
            || match self {
                Self::Any => true,
                Self::Scalar => !matches!(kind, Kind::List(_) | Kind::Object(_)),
                Self::Text => *kind == Kind::Text,
                Self::Number => kind.is_numeric(),
                Self::Moment => matches!(kind, Kind::Time | Kind::Text),
                Self::List => matches!(kind, Kind::List(_)),
                Self::Sized => matches!(kind, Kind::Text | Kind::List(_)),
            }
    }

    /// For messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Scalar => "a text, number, boolean or time",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Moment => "a time",
            Self::List => "a list",
            Self::Sized => "a text or a list",
        }
    }
}

/// How a function is called.
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) function: Function,
    pub(crate) parameters: &'static [Parameter],
    /// How many arguments there must be.
    pub(crate) required: usize,
    /// Whether the last parameter may be repeated.
    pub(crate) repeats: bool,
    /// For messages.
    pub(crate) form: &'static str,
}

impl Signature {
    /// What the argument at an index must be; `None` when there is no such argument.
    pub(crate) fn parameter(&self, index: usize) -> Option<Parameter> {
        let last = if self.repeats {
            self.parameters.last()
        } else {
            None
        };
        self.parameters.get(index).or(last).copied()
    }
}

const fn row(
    name: &'static str,
    function: Function,
    parameters: &'static [Parameter],
    required: usize,
    form: &'static str,
) -> Signature {
    Signature {
        name,
        function,
        parameters,
        required,
        repeats: false,
        form,
    }
}

const fn repeating(mut signature: Signature) -> Signature {
    signature.repeats = true;
    signature
}

/// Every function, by name.
pub(crate) static TABLE: [Signature; 27] = {
    use Parameter::{Any, List, Moment, Number, Scalar, Sized, Text};
    [
        row("abs", Function::Abs, &[Number], 1, "abs(number)"),
        row("base64", Function::Base64, &[Text], 1, "base64(text)"),
        row("boolean", Function::Boolean, &[Scalar], 1, "boolean(value)"),
        row("ceil", Function::Ceil, &[Number], 1, "ceil(number)"),
        repeating(row(
            "coalesce",
            Function::Coalesce,
            &[Any],
            1,
            "coalesce(a, b, …)",
        )),
        repeating(row("concat", Function::Concat, &[Any], 1, "concat(a, b, …)")),
        row(
            "dateAdd",
            Function::DateAdd,
            &[Moment, Text],
            2,
            "dateAdd(time, '7d')",
        ),
        row(
            "dateSub",
            Function::DateSub,
            &[Moment, Text],
            2,
            "dateSub(time, '7d')",
        ),
        row("floor", Function::Floor, &[Number], 1, "floor(number)"),
        row(
            "formatDate",
            Function::FormatDate,
            &[Moment, Text],
            2,
            "formatDate(time, 'YYYY-MM')",
        ),
        row(
            "hmacSha256",
            Function::HmacSha256,
            &[Text, Text],
            2,
            "hmacSha256(key, text)",
        ),
        row("join", Function::Join, &[List, Text], 1, "join(list, ', ')"),
        row("json", Function::Json, &[Any], 1, "json(value)"),
        row("length", Function::Length, &[Sized], 1, "length(text or list)"),
        row("lower", Function::Lower, &[Text], 1, "lower(text)"),
        repeating(row("max", Function::Max, &[Number], 1, "max(a, b, …)")),
        repeating(row("min", Function::Min, &[Number], 1, "min(a, b, …)")),
        row("now", Function::Now, &[], 0, "now()"),
        row("number", Function::Number, &[Scalar], 1, "number(value)"),
        row(
            "replace",
            Function::Replace,
            &[Text, Text, Text],
            3,
            "replace(text, 'old', 'new')",
        ),
        row(
            "round",
            Function::Round,
            &[Number, Number],
            1,
            "round(number, digits)",
        ),
        row("sha256", Function::Sha256, &[Text], 1, "sha256(text)"),
        row("split", Function::Split, &[Text, Text], 2, "split(text, ',')"),
        row("string", Function::String, &[Any], 1, "string(value)"),
        row("trim", Function::Trim, &[Text], 1, "trim(text)"),
        row("upper", Function::Upper, &[Text], 1, "upper(text)"),
        row("uuid", Function::Uuid, &[], 0, "uuid()"),
    ]
};

impl Function {
    /// The row of a function's name.
    pub(crate) fn find(name: &str) -> Option<&'static Signature> {
        TABLE.iter().find(|signature| signature.name == name)
    }

    /// As authors write it.
    pub(crate) fn name(self) -> &'static str {
        TABLE
            .iter()
            .find(|signature| signature.function == self)
            .map_or("", |signature| signature.name)
    }

    /// Whether the result depends on the arguments alone.
    pub(crate) fn is_pure(self) -> bool {
        !matches!(self, Function::Uuid | Function::Now)
    }

    /// The type of a call, by the types of its arguments; not for `coalesce`.
    pub(crate) fn result(self, arguments: &[Type]) -> Type {
        let whole = arguments.iter().all(|argument| argument.kind == Kind::Integer);
        let kind = match self {
            Self::Boolean => Kind::Bool,
            Self::Ceil | Self::Floor | Self::Length => Kind::Integer,
            Self::Round if arguments.len() == 1 => Kind::Integer,
            Self::Abs | Self::Max | Self::Min if whole => Kind::Integer,
            Self::Abs | Self::Max | Self::Min | Self::Number | Self::Round => Kind::Number,
            Self::Now | Self::DateAdd | Self::DateSub => Kind::Time,
            Self::Split => Kind::List(Box::new(Type::new(Kind::Text))),
            Self::Coalesce => Kind::Unknown,
            _ => Kind::Text,
        };
        let mut result = arguments.iter().fold(Type::new(kind), Type::tainted_by);
        result.optional = arguments.iter().any(|argument| argument.optional);
        result.nullable = self != Self::Json && arguments.iter().any(|argument| argument.nullable);
        // Cleaning up what came from a URL does not make it the author's.
        result.wire = matches!(self, Self::Lower | Self::Trim | Self::Upper)
            && arguments.first().is_some_and(|argument| argument.wire);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_complete() {
        assert!(TABLE.is_sorted_by_key(|signature| signature.name));
        for signature in &TABLE {
            assert_eq!(signature.function.name(), signature.name);
            assert!(signature.form.starts_with(signature.name));
            assert!(signature.required <= signature.parameters.len());
        }
    }

    #[test]
    fn the_page_of_unknown_functions_names_them_all() {
        let page = backflow_diag::page(backflow_diag::codes::UNKNOWN_FUNCTION);
        for signature in &TABLE {
            let is_named = page
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| word == signature.name);
            assert!(
                is_named,
                "docs/errors/E0304.md does not name `{}`",
                signature.name
            );
        }
    }
}
