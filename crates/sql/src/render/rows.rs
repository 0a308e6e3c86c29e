//! Related rows.
//!
//! Role: [`Embed`] → a correlated sub-select that gives JSON text. Invariant: a row without related rows gives
//! `null` or `[]`, never NULL, so that the row around it stays whole.
//! Not here: how related tables were found.

use super::dialect::Typed;
use super::{Renderer, Scope, fallible};
use crate::ir::{Cond, Embed, Link, Member, Read, Scalar};

/// Where related rows come from.
struct Related {
    scope: Scope,
    from: String,
    /// The join's conditions, before the embed's own filter.
    joined: Vec<String>,
}

/// A value of a related row, and its text.
pub(super) struct RelatedValue {
    what: (Link, Read, Scalar),
    outer: Scope,
    typed: Typed,
}

impl Related {
    /// The scope of what is made of the first row.
    fn first(&self, read: &Read) -> Scope {
        match fallible::outputs(&read.outputs) {
            true => self.scope.chosen(),
            false => self.scope.clone(),
        }
    }

    fn whole(&self, mut more: Vec<String>) -> String {
        let mut parts = self.joined.clone();
        parts.append(&mut more);
        if parts.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", parts.join(" AND "))
        }
    }
}

impl Renderer<'_> {
    /// An array or object-or-null.
    pub(super) fn embedded(&mut self, embed: &Embed, outer: &Scope) -> String {
        let related = self.related(&embed.link, &embed.read, outer);
        if embed.many {
            return self.array(&embed.read, &related);
        }
        let members = embed.read.outputs.members.as_deref().unwrap_or(&[]);
        let json = self.row_json(members, &related.first(&embed.read));
        format!("coalesce({},'null')", self.first(&embed.read, &related, &json))
    }

    /// Members to be put into the outer object, and what stands there without a row.
    pub(super) fn spread(&mut self, embed: &Embed, outer: &Scope) -> Option<(String, String)> {
        let related = self.related(&embed.link, &embed.read, outer);
        let members = embed.read.outputs.members.as_deref().unwrap_or(&[]);
        let fragment = self.fragment(members, &related.first(&embed.read));
        if fragment.absent.is_empty() {
            return None;
        }
        let absent = fragment.absent.clone();
        let json = fragment.concatenated("", "", &*self.syntax);
        let first = self.first(&embed.read, &related, &json);
        Some((format!("coalesce({first},{})", self.syntax.text(&absent)), absent))
    }

    /// The conditions that `!inner` puts on the outer rows.
    pub(super) fn inner_embeds(&mut self, members: Option<&[Member]>, outer: &Scope) -> Vec<String> {
        let mut parts = Vec::new();
        for member in members.unwrap_or(&[]) {
            let Member::Embed(embed) = member else {
                continue;
            };
            if embed.inner {
                let related = self.related(&embed.link, &embed.read, outer);
                let mut conditions = related.joined.clone();
                conditions.extend(self.row_conditions(&embed.read, &related.scope));
                parts.push(self.exists(&related.from, &conditions));
            }
        }
        parts
    }

    /// What a read's rows must fulfil: its filter, and its inner embeds.
    pub(super) fn row_conditions(&mut self, read: &Read, scope: &Scope) -> Vec<String> {
        let mut parts = self.conjuncts(&read.filter, scope);
        parts.extend(self.inner_embeds(read.outputs.members.as_deref(), scope));
        parts
    }

    /// A value of the first related row. Equal ones of one row have one text, by which a database knows that
    /// what is answered is what rows are grouped by.
    pub(super) fn related_value(
        &mut self,
        (link, read, value): (&Link, &Read, &Scalar),
        outer: &Scope,
    ) -> Typed {
        let known = self.related_values.iter().find(|known| {
            let (by, rows, of) = &known.what;
            known.outer == *outer && by == link && rows == read && of == value
        });
        if let Some(known) = known {
            return known.typed.clone();
        }
        let related = self.related(link, read, outer);
        let inner = self.scalar(value, &related.first(read));
        let typed = Typed {
            sql: self.first(read, &related, &inner.sql),
            ty: inner.ty,
        };
        self.related_values.push(RelatedValue {
            what: (link.clone(), read.clone(), value.clone()),
            outer: outer.clone(),
            typed: typed.clone(),
        });
        typed
    }

    fn related(&mut self, link: &Link, read: &Read, outer: &Scope) -> Related {
        let scope = self.aliased(read.from);
        match link {
            Link::Direct(pairs) => Related {
                from: self.source(&scope),
                joined: self.pairs(pairs, outer, &scope),
                scope,
            },
            Link::Junction {
                table,
                outer: outside,
                inner,
                filter,
            } => {
                let between = self.aliased(*table);
                let on = self.pairs(inner, &between, &scope);
                let on = if on.is_empty() {
                    "TRUE".to_owned()
                } else {
                    on.join(" AND ")
                };
                let from = format!("{} JOIN {} ON {on}", self.source(&between), self.source(&scope));
                let mut joined = self.pairs(outside, outer, &between);
                if *filter != Cond::TRUE {
                    joined.extend(self.conjuncts(filter, &between));
                }
                Related { scope, from, joined }
            }
        }
    }

    /// The rows that are left when some are left out.
    fn chosen(&self, related: &Related, tail: &str, window: &str) -> String {
        let alias = &related.scope.qualifier;
        let all = self.passed_on(&format!("{alias}.*"), &related.scope);
        format!("(SELECT {all} FROM {}{tail}{window}) AS {alias}", related.from)
    }

    /// The first related row's JSON as a scalar sub-select.
    fn first(&mut self, read: &Read, related: &Related, json: &str) -> String {
        let tail = self.tail(read, related, true);
        if fallible::outputs(&read.outputs) {
            return format!("(SELECT {json} FROM {})", self.chosen(related, &tail, " LIMIT 1"));
        }
        format!("(SELECT {json} FROM {}{tail} LIMIT 1)", related.from)
    }

    fn array(&mut self, read: &Read, related: &Related) -> String {
        let members = read.outputs.members.as_deref().unwrap_or(&[]);
        let first = fallible::chosen_first(read);
        let around = if first {
            related.scope.chosen()
        } else {
            related.scope.clone()
        };
        let json = self.row_json(members, &around);
        let from = &related.from;
        let bounded = read.limit.is_some() || read.offset.is_some();
        if !bounded && self.grouping(read, &related.scope).is_none() {
            let order = self.order(read, &related.scope);
            let rows = self.syntax.joined(&json, &order);
            let tail = self.tail(read, related, false);
            return format!("(SELECT '['||coalesce({rows},'')||']' FROM {from}{tail})");
        }
        // Groups and bounds need the rows to be made before they are joined.
        let tail = self.tail(read, related, true);
        let window = self.bounds(read);
        let rows = self.syntax.joined("j", "");
        let inside = if first {
            let order = self.order_by(read, &around);
            let rows = self.chosen(related, &tail, &window);
            format!("SELECT {json} AS j FROM {rows}{order}")
        } else {
            format!("SELECT {json} AS j FROM {from}{tail}{window}")
        };
        format!("(SELECT '['||coalesce({rows},'')||']' FROM ({inside}) AS r)")
    }

    /// `WHERE`, `GROUP BY` and, if wanted, `ORDER BY`.
    fn tail(&mut self, read: &Read, related: &Related, ordered: bool) -> String {
        let conditions = self.row_conditions(read, &related.scope);
        let filter = related.whole(conditions);
        let group = self.group_by(read, &related.scope);
        let order = if ordered {
            self.order_by(read, &related.scope)
        } else {
            String::new()
        };
        format!("{filter}{group}{order}")
    }
}
