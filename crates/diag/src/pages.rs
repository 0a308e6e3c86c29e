//! The page of each code, carried in the binary.
//!
//! Invariant: every code has a page, which opens with the code and its title.
//! Not here: the texts; `docs/errors` holds them.

use crate::codes::{Code, PAGES};

/// The Markdown page of a code: what it means, an example that raises it, how to mend it.
#[must_use]
pub fn page(code: &Code) -> &'static str {
    PAGES
        .iter()
        .find(|(id, _)| *id == code.id)
        .map_or("", |(_, page)| page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::ALL;

    #[test]
    fn every_code_has_a_page_under_its_own_heading() {
        for code in ALL {
            let heading = format!("# {}: {}\n", code.id, code.title);
            assert!(
                page(code).starts_with(&heading),
                "docs/errors/{}.md must start with `{heading}`",
                code.id
            );
            assert!(
                page(code).len() > heading.len() + 80,
                "docs/errors/{}.md says too little",
                code.id
            );
        }
    }
}
