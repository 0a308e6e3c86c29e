//! Evidence cannot be forged.

#[test]
fn evidence_is_made_by_checks_alone() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
