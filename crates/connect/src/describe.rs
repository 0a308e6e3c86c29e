//! Manifests in few words.
//!
//! Role: reads `text!: to subject` as two parameters of a kind, so that a table of actions stays readable.
//! Invariant: what a provider's table says is read when its manifest is made, and a test reads all of them.
//! Not here: the tables.

use backflow_plan::manifest::{Credential, Member, Param, ParamKind};

/// Names of a kind, and what stands after the kind: `!` required, `?` may be absent.
fn described(text: &str) -> impl Iterator<Item = (&str, &str, ParamKind)> {
    let mut head = ("", "");
    text.split_whitespace().filter_map(move |word| {
        if let Some(kind) = word.strip_suffix(':') {
            let bare = kind.trim_end_matches(['!', '?']);
            head = (bare, kind.get(bare.len()..).unwrap_or_default());
            return None;
        }
        Some((word, head.1, kind(head.0)))
    })
}

fn kind(word: &str) -> ParamKind {
    match word {
        "text" => ParamKind::Text,
        "integer" => ParamKind::Integer,
        "number" => ParamKind::Number,
        "bool" => ParamKind::Bool,
        "object" => ParamKind::Object,
        "list" => ParamKind::List(Box::new(ParamKind::Any)),
        "texts" => ParamKind::List(Box::new(ParamKind::Text)),
        "objects" => ParamKind::List(Box::new(ParamKind::Object)),
        "text/texts" => ParamKind::OneOf(vec![ParamKind::Text, kind("texts")]),
        "text/object" => ParamKind::OneOf(vec![ParamKind::Text, ParamKind::Object]),
        "object/text" => ParamKind::OneOf(vec![ParamKind::Object, ParamKind::Text]),
        "text/object/list" => {
            let item = Box::new(kind("text/object"));
            ParamKind::OneOf(vec![ParamKind::Text, ParamKind::Object, ParamKind::List(item)])
        }
        "integer/text" => ParamKind::OneOf(vec![ParamKind::Integer, ParamKind::Text]),
        _ => ParamKind::Any,
    }
}

/// Parameters.
pub(crate) fn params(text: &str) -> Vec<Param> {
    described(text)
        .map(|(name, mark, kind)| Param {
            name: name.to_owned(),
            required: mark == "!",
            kind,
            choices: Vec::new(),
        })
        .collect()
}

/// Members of a result.
pub(crate) fn members(text: &str) -> Vec<Member> {
    described(text)
        .map(|(name, mark, kind)| Member {
            name: name.to_owned(),
            kind,
            optional: mark == "?",
        })
        .collect()
}

/// Credentials; `public` are those that may be seen.
pub(crate) fn credentials(text: &str, public: &[&str]) -> Vec<Credential> {
    described(text)
        .map(|(name, mark, kind)| Credential {
            name: name.to_owned(),
            required: mark == "!",
            public: public.contains(&name),
            kind,
        })
        .collect()
}

/// Lists of names.
pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
