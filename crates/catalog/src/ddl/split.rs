//! Where statements end.
//!
//! Role: cuts the tokens of a file at the semicolons that end a statement, as `psql` does: those inside the
//! body of a routine (`BEGIN ATOMIC … END`) or the brackets of a rule's actions end none.
//! Invariant: every token but those semicolons is in exactly one statement, in order.
//! Not here: what a statement says.

use super::lexer::{Token, TokenKind};

/// The tokens of each statement that has any, and the position of the token that ends it.
pub(crate) fn statements(tokens: &[Token]) -> Vec<(&[Token], usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < tokens.len() {
        let rest = tokens.get(start..).unwrap_or(&[]);
        let len = length(rest);
        if len > 0 {
            found.push((rest.get(..len).unwrap_or(&[]), start + len));
        }
        start += len + 1;
    }
    found
}

/// How many tokens the first statement has.
fn length(tokens: &[Token]) -> usize {
    let nests = nests(tokens);
    let mut body = 0_usize;
    let mut brackets = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match &token.kind {
            TokenKind::Symbol(symbol) => match symbol.as_str() {
                ";" if body == 0 && (brackets == 0 || !nests) => return at,
                "(" => brackets += 1,
                ")" => brackets = brackets.saturating_sub(1),
                _ => {}
            },
            TokenKind::Word(word) if nests => match word.as_str() {
                "begin" if body > 0 || is_word(tokens, at + 1, "atomic") => body += 1,
                "case" if body > 0 => body += 1,
                "end" => body = body.saturating_sub(1),
                _ => {}
            },
            _ => {}
        }
    }
    tokens.len()
}

/// Whether semicolons may stand inside the statement.
fn nests(tokens: &[Token]) -> bool {
    if !is_word(tokens, 0, "create") {
        return false;
    }
    let object = if is_word(tokens, 1, "or") { 3 } else { 1 };
    ["function", "procedure", "rule"]
        .iter()
        .any(|word| is_word(tokens, object, word))
}

fn is_word(tokens: &[Token], at: usize, word: &str) -> bool {
    matches!(tokens.get(at).map(|token| &token.kind), Some(TokenKind::Word(found)) if found == word)
}

#[cfg(test)]
mod tests {
    use super::super::lexer::lex;
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        let lexed = lex(text);
        let slice = |(tokens, _): (&[Token], usize)| {
            let (first, last) = (tokens.first().unwrap(), tokens.last().unwrap());
            text.get(first.start..last.end).unwrap()
        };
        statements(&lexed.tokens).into_iter().map(slice).collect()
    }

    #[test]
    fn bodies_and_actions_keep_their_semicolons() {
        let function = "CREATE OR REPLACE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a > 0 THEN 1 \
                        ELSE 2 END; SELECT 3; END";
        let rule = "CREATE RULE r AS ON DELETE TO t DO ALSO (DELETE FROM a; DELETE FROM b)";
        assert_eq!(
            cut(&format!("{function}; {rule};; SELECT 1")),
            [function, rule, "SELECT 1"]
        );
    }

    #[test]
    fn a_lost_bracket_does_not_swallow_the_next_statement() {
        let text = "CREATE TABLE t (a int; CREATE TABLE u (b int); BEGIN; SELECT 1; END";
        assert_eq!(
            cut(text),
            [
                "CREATE TABLE t (a int",
                "CREATE TABLE u (b int)",
                "BEGIN",
                "SELECT 1",
                "END"
            ]
        );
    }
}
