//! Versions of Stripe's API, as far as answers differ.
//!
//! Role: [`Shape`]: up to `2025-02-24.acacia`, and since `2025-03-31.basil`.
//! Invariant: a version is a date, and maybe a name behind a dot; anything else is refused.
//! Not here: what differs (`shape.rs`, `edges.rs`).

use super::failure::Failure;

/// How answers look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Up to `2025-02-24.acacia`.
    Acacia,
    /// Since `2025-03-31.basil`.
    Basil,
}

/// The first day of the newer shape.
const BASIL: &str = "2025-03-31";

impl Shape {
    /// The shape of a version.
    pub(crate) fn of(version: &str) -> Result<Self, Failure> {
        let (date, name) = version.split_once('.').unwrap_or((version, "x"));
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if date.len() != 10 || date.parse::<jiff::civil::Date>().is_err() || !is_name {
            return Err(Failure::invalid(format!("Invalid Stripe API version: {version}")));
        }
        Ok(if date < BASIL { Shape::Acacia } else { Shape::Basil })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_dates() {
        assert_eq!(Shape::of("2019-05-16"), Ok(Shape::Acacia));
        assert_eq!(Shape::of("2025-02-24.acacia"), Ok(Shape::Acacia));
        assert_eq!(Shape::of("2025-03-31.basil"), Ok(Shape::Basil));
        assert_eq!(Shape::of("2026-01-28.clover"), Ok(Shape::Basil));
        for wrong in [
            "",
            "latest",
            "2025-13-01",
            "2025-02-24.",
            "2025-02-24.A",
            "2025-2-24",
        ] {
            assert!(Shape::of(wrong).is_err(), "{wrong}");
        }
    }
}
