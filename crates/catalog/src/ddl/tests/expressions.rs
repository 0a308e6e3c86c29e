//! Expressions of checks, and what is drawn from them.

use super::{clean, column, read_one};
use crate::ddl::{ConstraintKind, Ddl, ExprKind};

/// The check of `CREATE TABLE t (a int, b int, c text, CHECK (…))`, fully parenthesised.
fn shape(check: &str) -> String {
    let sql = format!("CREATE TABLE t (a int, b int, c text, CHECK ({check}));");
    let (schema, said) = read_one(&sql);
    assert_eq!(said, Vec::<String>::new(), "{check}");
    let statement = schema
        .migrations
        .first()
        .and_then(|m| m.statements.first())
        .expect("statement");
    let Ddl::CreateTable(create) = &statement.ddl else {
        panic!("{statement:?}")
    };
    match create.constraints.first().map(|constraint| &constraint.kind) {
        Some(ConstraintKind::Check(check)) => print(&check.expr),
        other => panic!("{other:?}"),
    }
}

fn print(expr: &crate::ddl::SqlExpr) -> String {
    let list = |items: &[crate::ddl::SqlExpr]| items.iter().map(print).collect::<Vec<_>>().join(" ");
    match &expr.kind {
        ExprKind::Column(name) => name.clone(),
        ExprKind::Literal(literal) => format!("{literal:?}"),
        ExprKind::Unary(op, arg) => format!("({op:?} {})", print(arg)),
        ExprKind::Binary(op, left, right) => format!("({op:?} {} {})", print(left), print(right)),
        ExprKind::In {
            arg,
            list: items,
            negated,
        } => format!("(In{negated} {} {})", print(arg), list(items)),
        ExprKind::Between { arg, low, high, .. } => {
            format!("(Between {} {} {})", print(arg), print(low), print(high))
        }
        ExprKind::Is { arg, value, negated } => format!("(Is{negated} {} {value:?})", print(arg)),
        ExprKind::Distinct { left, right, .. } => format!("(Distinct {} {})", print(left), print(right)),
        ExprKind::Match {
            arg,
            pattern,
            regex,
            ignore_case,
            negated,
        } => {
            format!(
                "(Match {regex} {ignore_case} {negated} {} {})",
                print(arg),
                print(pattern)
            )
        }
        ExprKind::Call { name, args } => format!("({name} {})", list(args)),
        ExprKind::Collate(arg) => format!("(Collate {})", print(arg)),
        ExprKind::Cast(arg, ty) => format!("(Cast {} {})", print(arg), ty.name),
        ExprKind::Case {
            operand,
            branches,
            otherwise,
        } => format!(
            "(Case {} {} {})",
            operand.as_deref().map(print).unwrap_or_default(),
            branches
                .iter()
                .map(|(when, then)| format!("{}:{}", print(when), print(then)))
                .collect::<String>(),
            otherwise.as_deref().map(print).unwrap_or_default()
        ),
        ExprKind::Array(items) => format!("[{}]", list(items)),
        ExprKind::Raw => "raw".to_owned(),
    }
}

#[test]
fn operators_bind_as_on_the_server() {
    for (check, expected) in [
        (
            "a > 0 AND b < 1 OR NOT a = b",
            "(Or (And (Gt a Number(\"0\")) (Lt b Number(\"1\"))) (Not (Eq a b)))",
        ),
        (
            "a + b * 2 = -a - b",
            "(Eq (Add a (Mul b Number(\"2\"))) (Sub (Minus a) b))",
        ),
        ("a - b - a > 0", "(Gt (Sub (Sub a b) a) Number(\"0\"))"),
        (
            "(a + b) * 2 > 0",
            "(Gt (Mul (Add a b) Number(\"2\")) Number(\"0\"))",
        ),
        (
            "a NOT IN (1, 2) AND b IS NOT NULL",
            "(And (Intrue a Number(\"1\") Number(\"2\")) (Istrue b None))",
        ),
        (
            "c = ANY (ARRAY['x'::text, 'y'])",
            "(Infalse c (Cast Text(\"x\") text) Text(\"y\"))",
        ),
        (
            "a BETWEEN 1 AND 2 AND b = 3",
            "(And (Between a Number(\"1\") Number(\"2\")) (Eq b Number(\"3\")))",
        ),
        (
            "c LIKE 'a%' || c",
            "(Match false false false c (Concat Text(\"a%\") c))",
        ),
        ("c NOT ILIKE 'a'", "(Match false true true c Text(\"a\"))"),
        (
            "c ~* '^a' AND c !~ 'b'",
            "(And (Match true true false c Text(\"^a\")) (Match true false true c Text(\"b\")))",
        ),
        ("t.a IS NOT DISTINCT FROM b", "(Distinct a b)"),
        (
            "lower(c) COLLATE \"C\" > 'a'",
            "(Gt (Collate (lower c)) Text(\"a\"))",
        ),
        ("length(trim(c)) > 0", "(Gt (length (trim c)) Number(\"0\"))"),
        (
            "CASE WHEN a > 0 THEN b ELSE 1 END = 1",
            "(Eq (Case  (Gt a Number(\"0\")):b Number(\"1\")) Number(\"1\"))",
        ),
        (
            "cast(a AS text) <> c::varchar(3)",
            "(Ne (Cast a text) (Cast c varchar))",
        ),
        ("a = 1 IS TRUE", "(Isfalse (Eq a Number(\"1\")) Some(true))"),
    ] {
        assert_eq!(shape(check), expected, "{check}");
    }
}

#[test]
fn what_is_not_modelled_is_kept_raw() {
    for check in [
        "a = (SELECT 1)",
        "c @> 'x'",
        "(a, b) <> (1, 2)",
        "c COLLATE \"de_DE\" > 'a'",
        "a ^ 2 > 0",
        "c[1] = 1",
        "count(*) > 1",
    ] {
        assert_eq!(shape(check), "raw", "{check}");
    }
    let deep = format!("{}a{} > 0", "(".repeat(500), ")".repeat(500));
    assert_eq!(shape(&deep), "raw");
    let long = format!("{} > 0", vec!["a"; 5000].join(" + "));
    assert_eq!(shape(&long), "raw");
}

#[test]
fn a_check_lists_what_a_column_may_hold() {
    let allowed = |ddl: &str| {
        let catalog = clean(&format!("CREATE TABLE t ({ddl});"));
        column(&catalog, "t", "s").allowed.join(",")
    };
    assert_eq!(allowed("s text CHECK (s IN ('a', 'b'))"), "a,b");
    assert_eq!(
        allowed("s text, CHECK (((s)::text = ANY ((ARRAY['a'::varchar, 'b'])::text[])))"),
        "a,b"
    );
    assert_eq!(allowed("s text CHECK (s IS NULL OR s = 'a' OR 'b' = s)"), "a,b");
    assert_eq!(
        allowed("n int, s text CHECK (n > 0 AND s IN ('a', 'b')) CHECK (s IN ('b', 'c'))"),
        "b"
    );
    assert_eq!(allowed("n int, s text CHECK (n > 0 OR s IN ('a', 'b'))"), "");
    assert_eq!(allowed("s text CHECK (s NOT IN ('a'))"), "");
}
