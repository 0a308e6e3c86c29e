//! Calls of functions, checked and compiled.
//!
//! Role: name, number and kinds of arguments; durations and patterns that are known are read now.
//! Invariant: every argument of a call is checked, also when its function is unknown.
//! Not here: the table; see `functions`.

use crate::ast::Expr;
use crate::code::Code;
use crate::compile::{Compiled, Compiler, one_of};
use crate::date::{self, Duration};
use crate::functions::{Function, Parameter, Signature, TABLE};
use crate::pattern::Pattern;
use crate::types::{Kind, Type};
use crate::value::Value;
use backflow_diag::{Diagnostic, Span, Spanned, codes, nearest};
use std::sync::Arc;

impl Compiler<'_> {
    pub(crate) fn call(
        &mut self,
        name: &Spanned<String>,
        arguments: &[Expr],
        span: Span,
    ) -> Option<Compiled> {
        let compiled: Vec<Option<Compiled>> = arguments.iter().map(|argument| self.expr(argument)).collect();
        let Some(signature) = Function::find(name) else {
            return self.refuse(unknown_function(name));
        };
        if let Some(fault) = wrong_count(signature, arguments, span) {
            return self.refuse(fault);
        }
        let mut sound = true;
        for (index, (argument, expr)) in compiled.iter().zip(arguments).enumerate() {
            let parameter = signature.parameter(index).unwrap_or(Parameter::Any);
            let Some(argument) = argument else {
                sound = false;
                continue;
            };
            if !parameter.takes(&argument.ty.kind) {
                self.diagnostics
                    .push(wrong_kind(signature, parameter, &argument.ty.kind, expr.span));
                sound = false;
            }
        }
        let compiled: Vec<Compiled> = compiled.into_iter().collect::<Option<_>>()?;
        if !sound {
            return None;
        }
        self.checked(signature.function, compiled, arguments, span)
    }

    fn checked(
        &mut self,
        function: Function,
        compiled: Vec<Compiled>,
        arguments: &[Expr],
        span: Span,
    ) -> Option<Compiled> {
        let ty = match function {
            Function::Coalesce => coalesced(&compiled),
            _ => {
                let types: Vec<Type> = compiled.iter().map(|argument| argument.ty.clone()).collect();
                function.result(&types)
            }
        };
        let mut codes_: Vec<Code> = compiled.into_iter().map(|argument| argument.code).collect();
        let known = codes_.get(1).and_then(Code::as_constant).and_then(Value::as_text);
        let second = arguments.get(1).map_or(span, |argument| argument.span);
        let dated = known.and_then(|text| read_now(function, text));
        let code = match dated {
            Some(Err(fault)) => return self.refuse(fault.at(second, "")),
            Some(Ok(make)) => make(codes_.swap_remove(0)),
            None => Code::Call(function, codes_.into()),
        };
        if !function.is_pure() {
            return Some(Compiled { code, ty });
        }
        self.fold(code, ty, span, codes::WRONG_ARGUMENTS)
    }
}

type Make = Box<dyn FnOnce(Code) -> Code>;

/// Reads a duration or pattern that is known at check time; nothing for other functions.
fn read_now(function: Function, text: &str) -> Option<Result<Make, Diagnostic>> {
    match function {
        Function::DateAdd | Function::DateSub => Some(match Duration::parse(text) {
            Some(duration) => {
                let duration = if function == Function::DateSub {
                    duration.negated()
                } else {
                    duration
                };
                Ok(Box::new(move |time| Code::Shift(Box::new(time), duration)))
            }
            None => Err(Diagnostic::new(
                codes::WRONG_ARGUMENTS,
                format!("`{}` is no duration", text.escape_debug()),
            )
            .note(date::FORM)
            .help("for example `'7d'`, `'1mo'` or `'-30m'`")),
        }),
        Function::FormatDate => Some(match Pattern::parse(text) {
            Ok(pattern) => {
                let pattern = Arc::new(pattern);
                Ok(Box::new(move |time| Code::Format(Box::new(time), pattern)))
            }
            Err(error) => Err(Diagnostic::new(codes::WRONG_ARGUMENTS, error.message())
                .note("patterns are those of moment.js, such as `YYYY-MM-DD HH:mm`")
                .help("put plain words into brackets: `[week] W`")
                .did_you_mean(error.suggestion())),
        }),
        _ => None,
    }
}

/// The type of `coalesce`: the first argument that is there, else the last.
fn coalesced(arguments: &[Compiled]) -> Type {
    let mut certain = false;
    let mut result: Option<Compiled> = None;
    for argument in arguments {
        let ty = match &result {
            None => argument.ty.clone(),
            Some(before) => one_of(before, argument),
        };
        certain |= !argument.ty.maybe_nothing();
        result = Some(Compiled {
            code: argument.code.clone(),
            ty,
        });
    }
    let mut ty = result.map_or_else(Type::unknown, |result| result.ty);
    if let Some(last) = arguments.last() {
        ty.optional = !certain && last.ty.optional;
        ty.nullable = !certain && last.ty.nullable;
    }
    ty
}

fn unknown_function(name: &Spanned<String>) -> Diagnostic {
    let names: Vec<&str> = TABLE.iter().map(|signature| signature.name).collect();
    Diagnostic::new(
        codes::UNKNOWN_FUNCTION,
        format!("unknown function `{}`", name.value),
    )
    .at(name.span, "")
    .did_you_mean(nearest(name, names.iter().copied()))
    .note(format!("known are {}", names.join(", ")))
}

fn wrong_count(signature: &Signature, arguments: &[Expr], span: Span) -> Option<Diagnostic> {
    let count = arguments.len();
    let most = if signature.repeats {
        usize::MAX
    } else {
        signature.parameters.len()
    };
    if (signature.required..=most).contains(&count) {
        return None;
    }
    let message = match (signature.required, most) {
        (least, usize::MAX) => format!(
            "`{}` takes {least} or more arguments, not {count}",
            signature.name
        ),
        (least, most) if least == most => {
            format!("`{}` takes {least} arguments, not {count}", signature.name)
        }
        (least, most) => format!(
            "`{}` takes {least} to {most} arguments, not {count}",
            signature.name
        ),
    };
    let at = arguments.get(most).map_or(span, |extra| extra.span);
    let fault = Diagnostic::new(codes::WRONG_ARGUMENTS, message).at(at, "");
    Some(fault.help(format!("write `{}`", signature.form)))
}

fn wrong_kind(signature: &Signature, parameter: Parameter, kind: &Kind, span: Span) -> Diagnostic {
    let message = format!("`{}` takes {} here, not {kind}", signature.name, parameter.name());
    let fault = Diagnostic::new(codes::WRONG_ARGUMENTS, message)
        .at(span, format!("{kind}"))
        .note(format!("the function is `{}`", signature.form));
    match (parameter, kind) {
        (Parameter::Text, _) if matches!(signature.function, Function::DateAdd | Function::DateSub) => {
            fault.help(date::FORM)
        }
        (Parameter::Text, Kind::Integer | Kind::Number | Kind::Bool | Kind::Time) => {
            fault.help("convert it with `string(…)`")
        }
        (Parameter::Number, Kind::Text) => fault.help("convert it with `number(…)`"),
        (Parameter::Text, Kind::List(_)) => fault.help("join the items with `join(list, ', ')`"),
        _ => fault,
    }
}
