//! The codes of refusals.
//!
//! Invariant: a code has one status for ever; programs may rely on its text.
//! Not here: codes of diagnostics for authors; see the diag crate.

use http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $text:literal, $status:literal, $message:literal;)+) => {
        /// Why a request was refused or failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])+ $name,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            /// How it is written.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Code::$name => $text,)+ }
            }

            /// Its status.
            #[must_use]
            pub fn status(self) -> StatusCode {
                let number: u16 = match self { $(Code::$name => $status,)+ };
                StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// What callers read unless something better is known.
            #[must_use]
            pub fn message(self) -> &'static str {
                match self { $(Code::$name => $message,)+ }
            }
        }
    };
}

codes! {
    /// An `Idempotency-Key` that cannot be used.
    BadKey = "bad_idempotency_key", 400, "The Idempotency-Key is not valid, or its sender is not known";
    /// The path cannot be decoded.
    BadPath = "bad_path", 400, "The path is not valid";
    /// The query string cannot be decoded.
    BadQuery = "bad_query", 400, "The query string is not valid";
    /// The body ended early.
    BrokenBody = "broken_body", 400, "The body could not be read";
    /// The body is not JSON.
    InvalidJson = "invalid_json", 400, "The body is not valid JSON";
    /// The body is nested too deep.
    TooDeep = "json_too_deep", 400, "The body is nested too deep";
    /// A text holds U+0000.
    Nul = "nul_character", 400, "A text holds the character U+0000";
    /// Some rule for the request does not hold; the details say which.
    ValidationFailed = "validation_failed", 400, "Validation failed";
    /// No credential where one is needed.
    Unauthorized = "unauthorized", 401, "A bearer token is needed";
    /// A credential that is not valid.
    InvalidToken = "invalid_token", 401, "The token is not valid";
    /// A delivery that its sender did not sign, or not with our secret.
    InvalidSignature = "invalid_signature", 401, "The signature is not valid";
    /// A credential whose time is over.
    TokenExpired = "token_expired", 401, "The token has expired";
    /// The provider wants money.
    PaymentRequired = "payment_required", 402, "The payment was refused";
    /// A write would pass its limit.
    LimitExceeded = "limit_exceeded", 402, "The limit does not allow this";
    /// The request names no tenant.
    NoTenant = "no_tenant", 403, "The request names no tenant";
    /// A member without the role that is needed.
    ForbiddenRole = "forbidden_role", 403, "Your role does not allow this";
    /// Data that belong to another tenant.
    WrongTenant = "wrong_tenant", 403, "The data name another tenant";
    /// A secret that was meant for somebody else.
    WrongEmail = "wrong_email", 403, "This is for another e-mail address";
    /// There is no such thing, or none for this caller.
    NotFound = "not_found", 404, "Not found";
    /// The path exists, not with this method.
    MethodNotAllowed = "method_not_allowed", 405, "This method is not allowed here";
    /// The body came too slowly.
    BodyTimeout = "body_timeout", 408, "The body did not arrive in time";
    /// The workflow ended here by its author's word.
    Refused = "refused", 409, "Refused";
    /// A request with this key is being answered.
    InProgress = "in_progress", 409, "A request with this Idempotency-Key is being answered";
    /// Another run holds the lock.
    Locked = "locked", 409, "Something else is at work on this";
    /// An upsert met a row that is somebody else's.
    Conflict = "conflict", 409, "Not written: the key is taken, or a row that it refers to does not exist";
    /// A unique key is taken.
    UniqueViolation = "unique_violation", 409, "A row with this key exists already";
    /// A row that is referred to is missing, or a row that goes is referred to.
    ForeignKeyViolation = "foreign_key_violation", 409,
        "A row that is referred to does not exist, or other rows refer to this one";
    /// A row that is referred to is missing.
    MissingParent = "missing_parent", 409, "A row that is referred to does not exist";
    /// Several rows where one was meant.
    MultipleRows = "multiple_rows", 409, "More than one row matches";
    /// The body is too large.
    PayloadTooLarge = "payload_too_large", 413, "The body is too large";
    /// The body is not JSON by its own word.
    UnsupportedMediaType = "unsupported_media_type", 415, "The body must be application/json";
    /// An `Idempotency-Key` was used with another body.
    KeyReused = "idempotency_key_reused", 422, "This Idempotency-Key was used for another request";
    /// A provider refused what it was asked.
    ProviderRefused = "provider_refused", 422, "A provider refused the request";
    /// A value that is needed is absent.
    UndefinedValue = "undefined_value", 422, "A value that is needed is missing";
    /// A value does not fit where it is used.
    InvalidValue = "invalid_value", 422, "A value does not fit";
    /// An update without any value.
    NothingToUpdate = "nothing_to_update", 422, "There is nothing to update";
    /// A required column would be NULL.
    NotNullViolation = "not_null_violation", 422, "A value that is needed is missing";
    /// A constraint does not hold.
    CheckViolation = "check_violation", 422, "A value is not allowed";
    /// A number does not fit its column.
    OutOfRange = "out_of_range", 422, "A number is out of range";
    /// A caller, user or tenant has sent too many requests.
    RateLimited = "rate_limited", 429, "Too many requests; nothing was changed";
    /// Our mistake, or a broken database.
    Internal = "internal", 500, "Something went wrong";
    /// The database did not say whether it committed.
    OutcomeUnknown = "outcome_unknown", 500, "It is not known whether the change was made";
    /// The run is over in a way that cannot be told any more.
    RunLost = "run_lost", 500, "The run came to no end that can be told";
    /// This version does not serve the route.
    NotServed = "not_served", 501, "This route is not served by this version";
    /// A provider does not accept our credentials.
    ProviderRefusedUs = "provider_refused_us", 502, "A provider could not be used";
    /// A provider failed.
    ProviderFailed = "provider_failed", 502, "A provider failed";
    /// A provider is busy.
    ProviderBusy = "provider_busy", 503, "A provider is busy";
    /// The database cannot be reached or is overloaded.
    Unavailable = "unavailable", 503, "The service is busy; nothing was changed";
    /// A provider took too long.
    ProviderTimeout = "provider_timeout", 504, "A provider did not answer in time";
    /// A statement took too long.
    Timeout = "timeout", 504, "It took too long; nothing was changed";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_unique_and_statuses_are_errors() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.text()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.status().as_u16() >= 400, "{code:?}");
            assert!(code.status().canonical_reason().is_some(), "{code:?}");
        }
    }
}
