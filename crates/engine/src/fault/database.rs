//! What callers are told of a database's errors.
//!
//! Invariant: names of columns and nothing else of the database reach callers.
//! Not here: telling the errors apart; each store does that.

use super::{Code, Detail, Fault};
use crate::store::{StatementError, StoreError};

impl From<StatementError> for Fault {
    fn from(error: StatementError) -> Self {
        match error {
            StatementError::Unique(columns) => unique(&columns),
            StatementError::ForeignKey => Fault::of(Code::ForeignKeyViolation),
            StatementError::NotNull(column) => Fault::new(
                Code::NotNullViolation,
                format!("{column} is needed"),
            )
            .detail(Detail::new(column, "required", "is needed")),
            StatementError::Check(None) => Fault::of(Code::CheckViolation),
            StatementError::Check(Some(name)) => Fault::new(
                Code::CheckViolation,
                format!("The value of {name} is not allowed"),
            )
            .detail(Detail::new(name, "check", "is not allowed")),
            StatementError::Invalid => Fault::of(Code::InvalidValue),
            StatementError::OutOfRange => Fault::of(Code::OutOfRange),
            StatementError::TimedOut => Fault::of(Code::Timeout),
            StatementError::Other(text) => Fault::internal(text),
        }
    }
}

fn unique(columns: &[String]) -> Fault {
    if columns.is_empty() {
        return Fault::of(Code::UniqueViolation);
    }
    let message = format!("A row with this {} exists already", columns.join(", "));
    let details = columns
        .iter()
        .map(|column| Detail::new(column, "unique", "is taken"));
    Fault::new(Code::UniqueViolation, message).details(details)
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(seconds) => Fault::of(Code::Unavailable).retry_after(seconds.max(1)),
            StoreError::OutcomeUnknown(text) => Fault::of(Code::OutcomeUnknown).private(text),
            StoreError::TimedOut => Fault::of(Code::Timeout),
            StoreError::Failed(text) => Fault::internal(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_leak_columns_and_nothing_else() {
        let fault = Fault::from(StatementError::Unique(vec![
            "organization_id".into(),
            "user_id".into(),
        ]));
        assert_eq!(
            (fault.status().as_u16(), fault.code().text()),
            (409, "unique_violation")
        );
        assert_eq!(
            fault.message(),
            "A row with this organization_id, user_id exists already"
        );
        assert_eq!(fault.details.len(), 2);
        let fault = Fault::from(StatementError::Other("syntax error near \"x\"".into()));
        assert_eq!(fault.status().as_u16(), 500);
        assert!(!String::from_utf8(fault.body("r")).unwrap().contains("syntax"));
        assert_eq!(fault.private_text(), Some("syntax error near \"x\""));
    }

    #[test]
    fn only_what_is_surely_undone_may_be_retried() {
        assert_eq!(Fault::from(StoreError::Unavailable(0)).retry_seconds(), Some(1));
        let unknown = Fault::from(StoreError::OutcomeUnknown("lost".into()));
        assert_eq!((unknown.status().as_u16(), unknown.retry_seconds()), (500, None));
        assert_eq!(Fault::from(StoreError::TimedOut).status().as_u16(), 504);
        assert_eq!(Fault::from(StatementError::TimedOut).status().as_u16(), 504);
    }
}
