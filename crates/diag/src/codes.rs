//! The list of all codes.
//!
//! Numbers go by stage: `01` files and JSON, `02` the shape of the document, `03` expressions, `04` schema,
//! `05` selects, filters and data, `06` tenancy and secrets, `07` answers and features, `08` providers and
//! workflows, `09` webhooks. `E` refuses the config, `W` does not. A code is never used again for something else.
//! To add one: a line below, a page `docs/errors/<ID>.md`, and a golden document that raises it; tests hold
//! all three together.

/// How grave a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Refuses the config.
    Error,
    /// Worth a look; the config runs.
    Warning,
}

/// A kind of diagnostic.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// For example `E0201`.
    pub id: &'static str,
    /// Refuses or warns; follows from the first letter of the id.
    pub severity: Severity,
    /// A few words; the heading of its page.
    pub title: &'static str,
}

impl Code {
    /// The code with this id, in any case.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Code> {
        ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
    }
}

macro_rules! codes {
    ($($name:ident = $id:literal $title:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: &Code = &Code {
                id: $id,
                severity: if $id.as_bytes()[0] == b'E' { Severity::Error } else { Severity::Warning },
                title: $title,
            };
        )*
        /// Every code, by id.
        pub static ALL: &[&Code] = &[$($name),*];
        pub(crate) static PAGES: &[(&str, &str)] =
            &[$(($id, include_str!(concat!("../../../docs/errors/", $id, ".md")))),*];
    };
}

codes! {
    SYNTAX = "E0101" "the file is not valid JSON";
    DUPLICATE_KEY = "E0102" "a key stands twice in one object";
    TOO_DEEP = "E0103" "the file is nested too deep";
    NOTHING_TO_READ = "E0104" "a file holds nothing that can be read";
    DOTENV_SYNTAX = "E0105" "a line of .env cannot be read";

    UNKNOWN_KEY = "E0201" "unknown key";
    MISSING_KEY = "E0202" "a required key is missing";
    WRONG_TYPE = "E0203" "a value has the wrong type";
    UNKNOWN_WORD = "E0204" "a word is not one of those known here";
    DUPLICATE_ROUTE = "E0205" "two routes answer the same requests";
    BAD_PATH = "E0206" "a path cannot be used";
    QUERIES_AND_WORKFLOW = "E0207" "a route has both queries and a workflow";
    DUPLICATE_NAME = "E0208" "a name is used twice";
    BAD_PATTERN = "E0209" "a pattern cannot be compiled";
    BAD_SCHEMA = "E0210" "a validation rule contradicts itself";
    OUT_OF_RANGE = "E0211" "a setting is out of its range";
    EMPTY_ROUTE = "E0212" "a route does nothing";
    KEY_NEEDS_OTHER = "E0213" "a key makes no sense without another";
    EXCLUSIVE_KEYS = "E0214" "two keys say the same thing";
    UNKNOWN_ENDPOINT = "E0215" "a limit is set for a path that no route has";

    EXPR_SYNTAX = "E0301" "an expression cannot be parsed";
    UNKNOWN_ROOT = "E0302" "an expression starts with an unknown name";
    UNKNOWN_FIELD = "E0303" "an expression reads an unknown field";
    UNKNOWN_FUNCTION = "E0304" "unknown function";
    WRONG_ARGUMENTS = "E0305" "a function is called with the wrong arguments";
    TYPE_MISMATCH = "E0306" "an operator cannot work on these types";
    HYPHEN_AMBIGUOUS = "E0307" "a hyphen could be a minus";
    MISSING_ENV = "E0308" "an environment variable is missing";
    SECRET_LEAK = "E0309" "a secret would leave the server";
    RESULT_NOT_YET = "E0310" "a result is read before it exists";
    EXPR_TOO_LARGE = "E0311" "an expression is too large";

    DDL_SYNTAX = "E0401" "a migration cannot be read";
    DDL_UNSUPPORTED = "E0402" "a statement is not supported on SQLite";
    UNKNOWN_TYPE = "E0403" "unknown column type";
    UNKNOWN_REFERENCE = "E0404" "a key refers to what does not exist";
    DUPLICATE_TABLE = "E0405" "a table or column is made twice";
    UNKNOWN_TABLE = "E0406" "unknown table";
    UNKNOWN_COLUMN = "E0407" "unknown column";
    DATABASE_DIFFERS = "E0408" "the database differs from the migrations";

    SELECT_SYNTAX = "E0501" "a select cannot be parsed";
    NO_RELATION = "E0502" "two tables are not related";
    AMBIGUOUS_RELATION = "E0503" "two tables are related in several ways";
    BAD_LITERAL = "E0504" "a text is no value of the column's type";
    TYPE_NOT_ASSIGNABLE = "E0505" "a value can never fit the column";
    OPERATOR_NOT_HERE = "E0506" "an operator cannot be used on this column or database";
    NO_FILTER = "E0507" "an update or delete names no rows";
    OPTIONAL_FORBIDDEN = "E0508" "a filter must not be optional here";
    NO_CONFLICT_KEY = "E0509" "an upsert names no unique key";
    MISSING_VALUE = "E0510" "a required column gets no value";
    DUPLICATE_OUTPUT = "E0511" "an answer would hold a name twice";
    NOT_IN_OPERATION = "E0512" "a key does not belong to this operation";
    SELECT_UNSUPPORTED = "E0513" "a select form is not available on this database";
    VIEW_NOT_WRITABLE = "E0514" "a view's rows cannot be changed";
    BAD_REQUIRE = "E0515" "a limit cannot be held by the write";

    NO_TENANCY = "E0601" "no tenancy is declared or found";
    AMBIGUOUS_TENANCY = "E0602" "several tables could be the tenants' members";
    AMBIGUOUS_SCOPE = "E0603" "a table leads to the tenant in several ways";
    TENANT_LEAK = "E0604" "a request would cross a tenant boundary";
    NEEDS_AUTH = "E0605" "tenant data is open to callers without a token";
    FOREIGN_MEMBERSHIP = "E0606" "a capability would make somebody else a member";
    CREATED_SKIPPED = "E0607" "a tenant may not exist where rows are written under it";
    TENANT_BY_UPSERT = "E0608" "a tenant must be created by a plain insert";
    DIRECTORY_ACCESS = "E0609" "the directory of users is read or written directly";
    BAD_TENANCY = "E0610" "the tenancy declaration does not fit the schema";
    ROLES_WITHOUT_TENANT = "E0611" "roles are asked for where no tenant is known";
    UNKNOWN_ROLE = "E0612" "a role can never be held";
    LIMIT_WITHOUT_TENANT = "E0613" "requests are counted by a tenant that a route does not have";

    WEAK_SECRET = "E0701" "the JWT secret is too short or missing";
    BAD_RESPONSE = "E0702" "the response template cannot be used";

    UNKNOWN_PROVIDER = "E0801" "nobody knows this provider";
    BAD_ADDRESS = "E0802" "a provider's address cannot be used";
    BAD_HEADER = "E0803" "a header cannot be set";
    NOT_FIXED = "E0804" "a value of a provider's request changes by itself";
    RETIRED_VALUE = "E0805" "a provider's version does not take this value any more";
    UNKNOWN_ACTION = "E0811" "a provider has no such action";
    UNKNOWN_PARAMETER = "E0812" "a parameter is not known";
    MISSING_PARAMETER = "E0813" "a parameter that must be given is missing";
    BAD_PARAMETER = "E0814" "a parameter can never be taken";
    STALE_SECRET = "E0816" "a row opened by a secret is used in another transaction";
    UNKNOWN_WORKFLOW = "E0817" "a route starts a workflow that does not exist";
    LATE_LOCK = "E0818" "a lock comes after what it should protect";

    BAD_SIGNATURE = "E0901" "a webhook's signature would not show who sent what";
    NO_EVENT_TENANT = "E0902" "an event cannot find its tenant like this";
    TENANT_MARK_FROM_CALLER = "E0903" "a caller would choose whose events are whose";

    DEFAULT_ENV = "W0301" "an environment variable is missing and its default is used";
    ALWAYS_TRUE = "W0302" "a condition is always true or always false";
    RESERVED_WORD = "W0401" "a reserved word is used as a name";
    MISSING_INDEX = "W0402" "a column that every request filters by has no index";
    DEFERRABLE_KEY = "W0403" "deferrable keys are checked at once on SQLite";
    ROW_SECURITY = "W0404" "row security hides rows from the server";
    INFERRED_RELATION = "W0501" "a relation was inferred";
    TEXT_NOW = "W0502" "`now()` is stored as text";
    UNKNOWN_BODY_FIELD = "W0503" "a body member is read that nothing validates";
    UNIQUE_ORACLE = "W0601" "a unique key tells strangers what exists";
    ROLE_FROM_CALLER = "W0602" "a role is filled from caller data without an enum";
    CROSS_TENANT = "W0603" "a route crosses tenants on purpose";
    MEMBER_FROM_CALLER = "W0604" "a caller can name any user";
    UNUSED_ALIAS = "W0701" "a route alias matches no route";
    UNREAD_RESULT = "W0702" "a result has a name but nobody reads it";
    NOT_SERVED_YET = "W0703" "a setting is not part of this version";
    UNUSED_PARAM = "W0704" "a validated parameter is not in the path";
    NEVER_KEPT = "W0705" "a route's answers cannot be kept";
    UNMAPPED_NAME = "W0801" "a name is sent to a provider as it stands";
    SECRET_KEPT = "W0802" "a secret is kept with the requests to a provider";
    SECRET_SENT = "W0805" "a secret is sent to a provider";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_well_formed() {
        let mut ids: Vec<_> = ALL.iter().map(|code| code.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
        assert!(
            ids.iter()
                .all(|id| id.len() == 5 && id.bytes().skip(1).all(|b| b.is_ascii_digit()))
        );
    }
}
