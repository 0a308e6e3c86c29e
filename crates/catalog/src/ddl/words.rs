//! PostgreSQL's reserved words.
//!
//! Role: a reserved word used unquoted as a name is accepted with a warning; this is how it is noticed.
//! Input: a word in lower case. Output: yes or no.
//! Invariant: every word of [`IN_EXPRESSION`] is reserved.
//! Not here: words that are special only in one place.

/// Words that PostgreSQL refuses as unquoted column names.
const RESERVED: &str = "all analyse analyze and any array as asc asymmetric authorization binary both case cast \
    check collate collation column concurrently constraint create cross current_catalog current_date \
    current_role current_schema current_time current_timestamp current_user default deferrable desc distinct \
    do else end except false fetch for foreign freeze from full grant group having ilike in initially inner \
    intersect into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull \
    null offset on only or order outer overlaps placing primary references returning right select session_user \
    similar some symmetric system_user table tablesample then to trailing true union unique user using variadic \
    verbose when where window with";

/// Reserved words that mean something inside an expression, so they cannot be a column there.
const IN_EXPRESSION: &str = "all and any array as asymmetric both case cast collate current_catalog current_date \
    current_role current_schema current_time current_timestamp current_user distinct else false ilike in is \
    isnull leading like localtime localtimestamp not notnull null or overlaps select session_user similar some \
    symmetric system_user then trailing true user variadic when";

/// Whether PostgreSQL refuses this lower-case word as an unquoted column name.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.split_whitespace().any(|reserved| reserved == word)
}

/// Whether a reserved word can only be meant as a name where an expression may start.
pub(crate) fn is_name_in_expression(word: &str) -> bool {
    !IN_EXPRESSION.split_whitespace().any(|reserved| reserved == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_expressions_are_reserved() {
        assert!(IN_EXPRESSION.split_whitespace().all(is_reserved));
        assert!(is_reserved("limit") && is_reserved("with") && !is_reserved("role"));
        assert!(is_name_in_expression("limit") && !is_name_in_expression("null"));
    }
}
