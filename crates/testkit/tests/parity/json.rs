//! JSON that keeps its digits and can be made smaller piece by piece.
//!
//! Role: what projects and requests are written in. Invariant: [`Json::Raw`] is written as it stands, so that
//! numbers of any length and objects with equal keys can be said.
//! Not here: reading JSON.

use std::fmt::{self, Display, Formatter};

/// A JSON value to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    /// JSON text.
    Raw(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
    /// A `select`, written as one text.
    Select(Vec<Item>),
}

/// An item of a `select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The item, or what stands before the parentheses of an embed.
    pub(crate) head: String,
    /// What stands in them.
    pub(crate) inner: Option<Vec<Item>>,
}

impl Item {
    pub(crate) fn plain(head: impl Into<String>) -> Self {
        Self {
            head: head.into(),
            inner: None,
        }
    }
}

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        match &self.inner {
            Some(items) => write!(f, "({})", list(items, ", ")),
            None => Ok(()),
        }
    }
}

fn list<T: Display>(items: &[T], between: &str) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(between)
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

impl Json {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn raw(text: impl Into<String>) -> Self {
        Self::Raw(text.into())
    }

    pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Self {
        Self::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
    }

    /// Adds a member to an object.
    pub(crate) fn put(&mut self, key: &str, value: Json) {
        if let Self::Object(members) = self {
            members.push((key.to_owned(), value));
        }
    }

    /// A member of an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Every value that is this one with one piece less.
    pub(crate) fn smaller(&self) -> Vec<Json> {
        match self {
            Self::Raw(_) | Self::Text(_) => Vec::new(),
            Self::List(items) => without_one(items, Json::smaller)
                .into_iter()
                .map(Self::List)
                .collect(),
            Self::Object(members) => {
                let inside = |(key, value): &(String, Json)| {
                    value
                        .smaller()
                        .into_iter()
                        .map(|value| (key.clone(), value))
                        .collect()
                };
                without_one(members, inside)
                    .into_iter()
                    .map(Self::Object)
                    .collect()
            }
            Self::Select(items) => without_one(items, smaller_item)
                .into_iter()
                .map(Self::Select)
                .collect(),
        }
    }
}

fn smaller_item(item: &Item) -> Vec<Item> {
    let Some(inner) = &item.inner else {
        return Vec::new();
    };
    let with = |inner| Item {
        head: item.head.clone(),
        inner: Some(inner),
    };
    without_one(inner, smaller_item).into_iter().map(with).collect()
}

/// The list without each of its items, and with each made smaller.
fn without_one<T: Clone>(items: &[T], smaller: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let mut found = Vec::new();
    for at in 0..items.len() {
        let mut left = items.to_vec();
        left.remove(at);
        found.push(left);
    }
    for (at, item) in items.iter().enumerate() {
        for less in smaller(item) {
            let mut changed = items.to_vec();
            changed[at] = less;
            found.push(changed);
        }
    }
    found
}

impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(text) => f.write_str(text),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(items) => write!(f, "[{}]", list(items, ", ")),
            Self::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{}: {value}", quoted(key)))
                    .collect();
                write!(f, "{{{}}}", members.join(", "))
            }
            Self::Select(items) => f.write_str(&quoted(&list(items, ", "))),
        }
    }
}
