//! The text that is made, in full, and that indexes serve look-ups.

use super::{STARTER, migrated, text, translate};

#[test]
fn the_text_is_as_expected() {
    let (made, said) = translate(&["CREATE TABLE \"we\"\"ird\" (id uuid PRIMARY KEY, n int DEFAULT 1 NOT NULL UNIQUE,
        up uuid REFERENCES \"we\"\"ird\" ON DELETE SET NULL, CHECK (n > 0 AND n <> 7));
        CREATE INDEX i ON \"we\"\"ird\" USING btree (n DESC NULLS LAST, lower(up::text)) INCLUDE (id) WHERE n IS NOT NULL;"]);
    assert_eq!(said, Vec::<String>::new());
    let made = made
        .into_iter()
        .flatten()
        .flatten()
        .collect::<Vec<_>>()
        .join(";\n");
    let uuid = |c: &str| {
        format!(
            "\"{c}\" GLOB '????????-????-????-????-????????????' AND length(replace(\"{c}\", '-', '')) = 32 \
             AND replace(\"{c}\", '-', '') NOT GLOB '*[^0-9a-f]*'"
        )
    };
    let expected = format!(
        "CREATE TABLE \"we\"\"ird\" (\n  \
           \"id\" TEXT NOT NULL CONSTRAINT \"we\"\"ird.id.type\" CHECK ({}),\n  \
           \"n\" INTEGER NOT NULL DEFAULT 1 CONSTRAINT \"we\"\"ird.n.type\" CHECK (\"n\" BETWEEN -2147483648 AND 2147483647),\n  \
           \"up\" TEXT CONSTRAINT \"we\"\"ird.up.type\" CHECK ({}),\n  \
           CONSTRAINT \"we\"\"ird_pkey\" PRIMARY KEY (\"id\"),\n  \
           CONSTRAINT \"we\"\"ird_check\" CHECK (((\"n\" > 0) AND (\"n\" <> 7))),\n  \
           CONSTRAINT \"we\"\"ird_up_fkey\" FOREIGN KEY (\"up\") REFERENCES \"we\"\"ird\" (\"id\") ON DELETE SET NULL\n\
         ) STRICT;\n\
         CREATE UNIQUE INDEX \"we\"\"ird_n_key\" ON \"we\"\"ird\" (\"n\");\n\
         CREATE INDEX \"i\" ON \"we\"\"ird\" (\"n\" DESC, lower(\"up\")) WHERE (\"n\" IS NOT NULL)",
        uuid("id"),
        uuid("up"),
    );
    assert_eq!(
        made,
        expected.replace("we\"\"ird_check\" CHECK", "we\"\"ird_n_check\" CHECK")
    );
}

#[test]
fn look_ups_use_the_keys() {
    let db = migrated(&[
        STARTER,
        "CREATE UNIQUE INDEX ON invitations (lower(email)) WHERE accepted_at IS NULL;",
    ]);
    for (sql, index) in [
        (
            "SELECT * FROM organizations WHERE slug = 'x'",
            "organizations_slug_key",
        ),
        (
            "SELECT * FROM usage_records WHERE organization_id = 'x' AND feature = 'y' AND period = 'z'",
            "usage_records_organization_id_feature_period_key",
        ),
        (
            "SELECT * FROM invitations WHERE lower(email) = 'x' AND accepted_at IS NULL",
            "invitations_lower_idx",
        ),
    ] {
        let plan = text(&db, &format!("EXPLAIN QUERY PLAN {sql}"));
        assert!(plan.contains(index), "{plan}");
    }
}
