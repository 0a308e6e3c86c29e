//! Paths to loads.
//!
//! Role: asks the resolver, then reads the rest of the path through the type of what it found.
//! Invariant: a field that is certainly missing is a fault; a field that may be missing makes the type
//! optional.
//! Not here: which roots exist; see the resolver.

use crate::ast::{Key, Path};
use crate::code::Code;
use crate::compile::{Compiled, Resolved, Resolver};
use crate::types::{Kind, Type};
use backflow_diag::{Diagnostic, Spanned, codes, nearest};
use std::sync::Arc;

/// The code that loads a path.
#[allow(clippy::result_large_err, reason = "made once per fault, at check time")]
pub(crate) fn load(resolver: &mut dyn Resolver, path: &Path) -> Result<Compiled, Diagnostic> {
    match locate(resolver, path) {
        Ok((resolved, ty)) => {
            let rest = path.keys.iter().skip(resolved.used);
            let code = Code::Load {
                slot: resolved.slot,
                keys: rest.map(|key| key.value.clone()).collect(),
                path: Arc::from(path.to_string()),
            };
            Ok(Compiled { code, ty })
        }
        Err(fault) => Err(hyphen_fault(resolver, path).unwrap_or(fault)),
    }
}

#[allow(clippy::result_large_err, reason = "made once per fault, at check time")]
fn locate(resolver: &mut dyn Resolver, path: &Path) -> Result<(Resolved, Type), Diagnostic> {
    let Some((last, before)) = path.keys.split_last() else {
        return plain(resolver, path);
    };
    if last.as_name() == Some("length")
        && let Ok((resolved, ty)) = plain(resolver, &path.first(before.len()))
        && matches!(ty.kind, Kind::Text | Kind::List(_) | Kind::Unknown)
    {
        let ty = field(&ty, last).map_err(|fault| *fault)?;
        return Ok((resolved, ty));
    }
    plain(resolver, path)
}

#[allow(clippy::result_large_err, reason = "made once per fault, at check time")]
fn plain(resolver: &mut dyn Resolver, path: &Path) -> Result<(Resolved, Type), Diagnostic> {
    let resolved = resolver.resolve(path)?;
    let rest = path.keys.get(resolved.used..).unwrap_or_default();
    let ty = under(resolved.ty.clone(), rest).map_err(|fault| *fault)?;
    Ok((resolved, ty))
}

/// The type of what lies under keys.
pub(crate) fn under(ty: Type, keys: &[Spanned<Key>]) -> Result<Type, Box<Diagnostic>> {
    keys.iter().try_fold(ty, |ty, key| field(&ty, key))
}

fn field(ty: &Type, key: &Spanned<Key>) -> Result<Type, Box<Diagnostic>> {
    let unknown = || {
        let mut found = Type::unknown();
        found.wire = ty.wire;
        Ok(found)
    };
    let found = match (&ty.kind, &key.value) {
        (Kind::Unknown | Kind::Object(None), _) => unknown(),
        (Kind::Text | Kind::List(_), Key::Name(name)) if name.as_ref() == "length" => {
            Ok(Type::new(Kind::Integer))
        }
        (Kind::List(item), Key::Index(_)) => Ok(item.as_ref().clone().optional()),
        (Kind::Object(Some(members)), Key::Name(name)) => {
            let member = members.iter().find(|(known, _)| known == name.as_ref());
            member
                .map(|(_, ty)| ty.clone())
                .ok_or_else(|| unknown_member(name, members, key))
        }
        (kind, key_) => {
            let fault =
                Diagnostic::new(codes::UNKNOWN_FIELD, format!("a {kind} has no `{key_}`")).at(key.span, "");
            Err(Box::new(match kind {
                Kind::List(_) => fault.help("write `[0]` for an item, `.length` for how many there are"),
                Kind::Text => {
                    fault.help("a text has only `.length`; functions are written before it: `lower(a.b)`")
                }
                _ => fault,
            }))
        }
    };
    let mut found = found?.tainted_by(ty);
    found.optional |= ty.maybe_nothing();
    Ok(found)
}

fn unknown_member(name: &str, members: &[(String, Type)], key: &Spanned<Key>) -> Box<Diagnostic> {
    let names = members.iter().map(|(name, _)| name.as_str());
    let fault = Diagnostic::new(codes::UNKNOWN_FIELD, format!("unknown field `{name}`"))
        .at(key.span, "")
        .did_you_mean(nearest(name, names.clone()));
    let known: Vec<_> = names.take(30).map(|name| format!("`{name}`")).collect();
    Box::new(if known.is_empty() {
        fault.note("the object has no fields")
    } else {
        fault.note(format!("known here: {}", known.join(", ")))
    })
}

/// The fault to report instead when a hyphen follows a number: the author most likely meant a minus.
fn hyphen_fault(resolver: &mut dyn Resolver, path: &Path) -> Option<Diagnostic> {
    for (index, key) in path.keys.iter().enumerate() {
        let Some(name) = key.as_name() else { continue };
        for (at, _) in name.match_indices('-').take(8) {
            let (head, tail) = (name.get(..at)?, name.get(at + 1..)?);
            let mut shorter = path.first(index);
            shorter.keys.push(Spanned::new(Key::name(head), key.span));
            let Ok((_, ty)) = locate(resolver, &shorter) else {
                continue;
            };
            if ty.kind.is_numeric() {
                let fault = Diagnostic::new(
                    codes::HYPHEN_AMBIGUOUS,
                    format!("`{shorter}` is a number, is this a minus?"),
                )
                .at(key.span, "read as one name")
                .note("after a dot, a hyphen before a letter belongs to the name")
                .help(format!("write spaces around a minus: `{shorter} - {tail}`"));
                return Some(fault);
            }
        }
    }
    None
}
