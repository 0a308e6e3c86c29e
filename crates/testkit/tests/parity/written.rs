//! Values of written rows.
//!
//! Invariant: columns that the database computes or numbers are not written.
//! Not here: the queries; see `queries`.

use crate::draft::{Draft, Kind};
use crate::json::Json;
use crate::names;
use crate::types::Ty;

impl Draft<'_> {
    /// Values that a written row may well have in a column.
    fn values_for(&mut self, at: usize) -> Vec<String> {
        let table = self.table();
        let column = &table.columns[at];
        match table.keys.iter().find(|key| key.columns.contains(&at)) {
            Some(key) => {
                let part = key.columns.iter().position(|column| *column == at).unwrap_or(0);
                self.known(key.table, key.references[part])
            }
            None if self.rng.chance(15) => self.known(self.at, at),
            None if table.primary.contains(&at) || column.unique => self.fresh(&column.ty),
            None => Vec::new(),
        }
    }

    /// A value for a column of a written row.
    pub(crate) fn cell(&mut self, at: usize) -> Json {
        let column = &self.table().columns[at];
        let known = self.values_for(at);
        if column.ty.is_number() && self.rng.chance(15) {
            return self.arithmetic(at);
        }
        if column.ty.is_json() && self.rng.chance(15) {
            let path = self.hole(Kind::Of(Ty::Text), Vec::new());
            let text = self.rng.pick(&[
                r#"{"a": "{{#}}", "b": [1, "x{{#}}"]}"#,
                r#"["{{#}}", null, 1.0]"#,
                r#"{"b": 1e2, "a": {"c": "{{#}}"}}"#,
            ]);
            return Json::raw(text.replace('#', &path));
        }
        self.value(&column.ty, known)
    }

    /// Values that rows hardly have already.
    fn fresh(&mut self, ty: &Ty) -> Vec<String> {
        let one = |draft: &mut Self| {
            let n = draft.rng.between(100, 32000);
            match ty {
                ty if ty.is_number() => n.to_string(),
                Ty::Text => format!("\"new {n}\""),
                Ty::Uuid => format!("\"00000000-0000-4000-9000-{n:012}\""),
                Ty::Date => format!("\"{:04}-06-01\"", n % 9000 + 1),
                ty => crate::values::fitting(draft.rng, ty),
            }
        };
        (0..3).map(|_| one(self)).collect()
    }

    /// `n + {{body.f1}} * 2`
    fn arithmetic(&mut self, at: usize) -> Json {
        let table = self.table();
        let ty = table.columns[at].ty.clone();
        let path = self.hole(Kind::Of(ty), Vec::new());
        let numbers: Vec<usize> = table
            .present()
            .into_iter()
            .filter(|at| table.columns[*at].ty.is_number())
            .collect();
        let other = if numbers.is_empty() || self.rng.chance(60) {
            at
        } else {
            *self.rng.of_list(&numbers)
        };
        let name = names::path(&table.columns[other].name);
        let form = self.rng.pick(&[
            "# + {{@}}",
            "# - {{@}}",
            "# * {{@}}",
            "# / {{@}}",
            "# % {{@}}",
            "(# + 1) * {{@}} / 2",
            "coalesce(#, {{@}}) + 0.5",
            "-# + {{@}}",
            "# + 1",
        ]);
        Json::text(form.replace('#', &name).replace('@', &path))
    }

    /// Values of a row; `like` another, of the same columns.
    pub(crate) fn row(&mut self, needed: &[usize], like: Option<&Json>) -> Json {
        let table = self.table();
        let mut members = Vec::new();
        for at in table.present() {
            let column = &table.columns[at];
            let skip = column.default.is_some() || !column.not_null;
            let wanted = match like {
                Some(Json::Object(like)) => like.iter().any(|(name, _)| *name == column.name),
                _ => !skip || needed.contains(&at) || self.rng.chance(65),
            };
            if column.is_written() && wanted {
                members.push((column.name.clone(), self.cell(at)));
            }
        }
        Json::Object(members)
    }

    /// A list of the body, a row for each item; perhaps with further columns.
    pub(crate) fn listed(&mut self, needed: &[usize]) -> Json {
        let table = self.table();
        let written: Vec<usize> = table
            .present()
            .into_iter()
            .filter(|at| table.columns[*at].is_written())
            .collect();
        let (mut own, mut more) = (Vec::new(), Vec::new());
        for at in written {
            let column = &table.columns[at];
            if self.rng.chance(15) && !needed.contains(&at) {
                more.push((column.name.clone(), self.cell(at)));
            } else if column.not_null || needed.contains(&at) || self.rng.chance(70) {
                let known = self.values_for(at);
                own.push((column.name.clone(), column.ty.clone(), known));
            }
        }
        let path = self.hole(Kind::Rows(own), Vec::new());
        let items = Json::text(format!("{{{{{path}}}}}"));
        if more.is_empty() {
            return items;
        }
        more.insert(0, ("...".to_owned(), items));
        Json::Object(more)
    }
}
