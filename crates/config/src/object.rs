//! The reader of objects.
//!
//! Role: hands out the members of an object by key and remembers which keys were asked for, so that the keys
//! a reader knows are listed nowhere but in the reader itself.
//! Invariant: [`Object::finish`] reports every member that nobody asked for.
//! Not here: what a value must be; see `value`.

use crate::tree::{Member, Node, Tree, opening};
use crate::{unsupported, value};
use backflow_diag::{Diagnostic, Diagnostics, Span, Spanned, Text, codes, nearest};
use std::ops::RangeInclusive;

/// An object being read.
#[must_use = "call `finish`, or unknown keys pass silently"]
pub(crate) struct Object<'a, 'd> {
    /// What it is, with its article: "a route".
    what: &'static str,
    node: &'a Node,
    members: &'a [Member],
    known: Vec<&'a str>,
    /// Where faults go.
    pub(crate) out: &'d mut Diagnostics,
}

impl<'a, 'd> Object<'a, 'd> {
    /// Starts reading; `None` and a fault if the node is no object. `key` names it in that fault.
    pub(crate) fn open(
        node: &'a Node,
        key: &str,
        what: &'static str,
        out: &'d mut Diagnostics,
    ) -> Option<Self> {
        let Tree::Object(members) = &node.tree else {
            value::wrong_type(node, key, "an object", out);
            return None;
        };
        Some(Self {
            what,
            node,
            members,
            known: Vec::new(),
            out,
        })
    }

    /// Where the whole object stands.
    pub(crate) fn span(&self) -> Span {
        self.node.span
    }

    /// The member called `key`, and its key's place. From now on the key is known.
    pub(crate) fn member(&mut self, key: &'static str) -> Option<&'a Member> {
        self.known.push(key);
        self.members.iter().find(|member| member.key.value == key)
    }

    /// The members whose keys end so and say something before it. Their keys are known from now on.
    pub(crate) fn ending(&mut self, endings: [&str; 3]) -> Vec<&'a Member> {
        let ends = |key: &str| {
            endings
                .iter()
                .any(|end| key.len() > end.len() && key.ends_with(end))
        };
        let found: Vec<&'a Member> = self
            .members
            .iter()
            .filter(|member| ends(&member.key.value))
            .collect();
        self.known
            .extend(found.iter().map(|member| member.key.value.as_str()));
        found
    }

    /// The value of the member called `key`, of any type.
    pub(crate) fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        self.member(key).map(|member| &member.value)
    }

    /// Like [`Object::node`], for a key that must be there.
    pub(crate) fn required(&mut self, key: &'static str) -> Option<&'a Node> {
        let found = self.node(key);
        if found.is_none() {
            self.missing(key);
        }
        found
    }

    /// Reports that `key` must be there.
    pub(crate) fn missing(&mut self, key: &'static str) {
        let fault = Diagnostic::new(codes::MISSING_KEY, format!("{} needs `{key}`", self.what))
            .at(
                opening(self.node.span),
                format!("`{key}` is missing from this object"),
            )
            .note(format!(
                "without `{key}` it is not known what {} should do",
                self.what
            ))
            .help(format!("add `\"{key}\": …`"));
        let near = self
            .members
            .iter()
            .map(|member| member.key.value.as_str())
            .filter(|name| !self.known.contains(name));
        let fault = match nearest(key, near) {
            Some(near) => fault.note(format!("there is a `{near}`; it may be meant")),
            None => fault,
        };
        self.out.push(fault);
    }

    /// Text.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<Text> {
        self.node(key).and_then(|node| value::text(node, key, self.out))
    }

    /// Text that must be there.
    pub(crate) fn required_text(&mut self, key: &'static str) -> Option<Text> {
        self.required(key)
            .and_then(|node| value::text(node, key, self.out))
    }

    /// A name.
    pub(crate) fn word(&mut self, key: &'static str) -> Option<Spanned<String>> {
        self.node(key).and_then(|node| value::word(node, key, self.out))
    }

    /// A name that must be there.
    pub(crate) fn required_word(&mut self, key: &'static str) -> Option<Spanned<String>> {
        self.required(key)
            .and_then(|node| value::word(node, key, self.out))
    }

    /// A switch, with its place.
    pub(crate) fn switch(&mut self, key: &'static str) -> Option<Spanned<bool>> {
        self.node(key).and_then(|node| value::flag(node, key, self.out))
    }

    /// A switch that is `default` when absent.
    pub(crate) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        self.switch(key).map_or(default, |flag| flag.value)
    }

    /// A whole number within `range`.
    pub(crate) fn integer(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<Spanned<u32>> {
        self.node(key)
            .and_then(|node| value::integer(node, key, range, self.out))
    }

    /// A list of names; empty when absent.
    pub(crate) fn words(&mut self, key: &'static str) -> Vec<Spanned<String>> {
        self.node(key)
            .map(|node| value::words(node, key, self.out))
            .unwrap_or_default()
    }

    /// A value of any type out of `allowed`, kept as it is.
    pub(crate) fn kept(
        &mut self,
        key: &'static str,
        expected: &str,
        allowed: fn(&Tree) -> bool,
    ) -> Option<Node> {
        let node = self.node(key)?;
        if allowed(&node.tree) {
            return Some(node.clone());
        }
        value::wrong_type(node, key, expected, self.out);
        None
    }

    /// An object, kept as it is.
    pub(crate) fn kept_object(&mut self, key: &'static str) -> Option<Node> {
        self.kept(key, "an object", |tree| matches!(tree, Tree::Object(_)))
    }

    /// Reads every element of a list with `read`, leaving out those that cannot be read; `None` when absent.
    pub(crate) fn each<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        mut read: impl FnMut(&'a Node, &mut Diagnostics) -> Option<T>,
    ) -> Option<Vec<T>> {
        let node = self.node(key)?;
        let items = value::list(node, key, expected, self.out);
        Some(items.iter().filter_map(|item| read(item, self.out)).collect())
    }

    /// Reports that `first` and `second`, both known, say the same and stand side by side.
    pub(crate) fn not_both(&mut self, first: &'static str, second: &'static str) {
        let (Some(one), Some(two)) = (self.member(first), self.member(second)) else {
            return;
        };
        let fault = Diagnostic::new(
            codes::EXCLUSIVE_KEYS,
            format!("{} has both `{first}` and `{second}`", self.what),
        )
        .at(two.key.span, "says it again, or differently")
        .at(one.key.span, "already said here")
        .note("which of the two counts would be a guess")
        .help(format!("keep `{first}` and remove `{second}`"));
        self.out.push(fault);
    }

    /// Reports that `key` means nothing here; `why` says without what, `help` what to do.
    pub(crate) fn needs_other(&mut self, key: &'static str, why: &str, help: &str) {
        let Some(member) = self.member(key) else {
            return;
        };
        let fault = Diagnostic::new(codes::KEY_NEEDS_OTHER, format!("`{key}` makes no sense here"))
            .at(member.key.span, "has no effect")
            .note(why)
            .help(help);
        self.out.push(fault);
    }

    /// Reports all members whose keys nobody asked for.
    pub(crate) fn finish(self) {
        for member in self.members {
            let key = member.key.value.as_str();
            if self.known.contains(&key) {
                continue;
            }
            let fault = Diagnostic::new(codes::UNKNOWN_KEY, format!("unknown key `{key}`"))
                .at(member.key.span, format!("not a key of {}", self.what));
            let fault = match unsupported::why(key) {
                Some(why) => fault.note(why),
                None => fault
                    .note("unknown keys are refused, so that a typing error cannot switch a rule off")
                    .did_you_mean(nearest(key, self.known.iter().copied())),
            };
            self.out.push(fault);
        }
    }
}
