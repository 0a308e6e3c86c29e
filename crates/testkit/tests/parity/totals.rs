//! Totals in a select.
//!
//! Invariant: most functions are those that the column's type has.
//! Not here: rows as they are; see `selects`.

use crate::draft::Draft;
use crate::json::Item;
use crate::names;
use crate::selects::Selected;
use crate::types::Ty;

impl Draft<'_> {
    /// Totals, by groups or over all.
    pub(crate) fn totals(&mut self, table: usize) -> Selected {
        let row = &self.schema.tables[table];
        let (mut items, mut groups) = (Vec::new(), Vec::new());
        for at in row.present() {
            let column = &row.columns[at];
            let name = names::path(&column.name);
            match self.rng.below(100) {
                0..10 => {
                    items.push(Item::plain(name.clone()));
                    groups.push(name);
                }
                10..14 if column.ty.is_json() => {
                    let path = format!("{name}{}", self.rng.pick(&["->a", "->>a", "->>0", "->b"]));
                    items.push(Item::plain(format!("j{at}:{path}")));
                    groups.push(path);
                }
                14..60 => items.push(self.total(&column.ty, at, &name)),
                _ => {}
            }
        }
        if self.rng.chance(8) {
            let expression = self.number(table, 1);
            items.push(Item::plain(format!("({expression} > 1) as c9")));
        }
        if items.is_empty() || self.rng.chance(40) {
            items.push(Item::plain("n:count()"));
        }
        Selected {
            items,
            groups: Some(groups),
            ..Selected::default()
        }
    }

    /// `g3:price.sum()::text`
    fn total(&mut self, ty: &Ty, at: usize, name: &str) -> Item {
        let functions: &[&str] = match ty {
            ty if ty.is_number() => &["sum", "avg", "min", "max", "count"],
            Ty::Json | Ty::Jsonb | Ty::Bool | Ty::Uuid | Ty::Bytea | Ty::Array(_) => &["count"],
            _ => &["count", "min", "max"],
        };
        let function = match self.rng.chance(96) {
            true => self.rng.pick(functions),
            false => self.rng.pick(&["sum", "avg", "min", "max"]),
        };
        let (mut inside, mut function) = (String::new(), function);
        if ty.is_json() && self.rng.chance(70) {
            inside = self.rng.pick(&["->>a", "->>0", "->a", "->>b"]).to_owned();
            if inside.contains(">>") {
                function = self.rng.pick(&["min", "max", "count"]);
                if self.rng.chance(20) {
                    inside.push_str("::numeric");
                    function = self.rng.pick(&["sum", "avg", "max"]);
                }
            }
        } else if ty.is_number() && self.rng.chance(10) {
            inside = self
                .rng
                .pick(&["::text", "::numeric", "::float8", "::int8"])
                .to_owned();
            function = if inside == "::text" { "max" } else { function };
        }
        let after = match self.rng.below(10) {
            0 => "::text",
            1 if ["sum", "avg", "count"].contains(&function) => "::int8",
            _ => "",
        };
        Item::plain(format!("g{at}:{name}{inside}.{function}(){after}"))
    }
}
