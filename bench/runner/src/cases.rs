//! Questions and what must be answered.
//!
//! Role: each route with callers who may, strangers, and what is wrong with a request.
//! Invariant: order matters; later cases see what earlier ones wrote.
//! Not here: asking.

use crate::data::{FEATURES, INVITATIONS, Invitation, Organization, Usage, User, feature, instant, period};
use crate::people::People;
use crate::routes::{get, head, post};
use crate::verify::{ANY_ID, JUST_NOW};
use anyhow::Result;
use chrono::Utc;
use serde_json::{Value, json};

/// A question.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) request: Vec<u8>,
    pub(crate) status: u16,
    /// The answer, if it is compared.
    pub(crate) body: Option<Value>,
}

/// Where a case's request is written.
pub(crate) fn case(
    name: &'static str,
    status: u16,
    body: impl Into<Option<Value>>,
    write: impl FnOnce(&mut Vec<u8>),
) -> Case {
    let mut request = Vec::new();
    write(&mut request);
    Case {
        name,
        request,
        status,
        body: body.into(),
    }
}

/// All questions to a server.
pub(crate) fn cases(people: &People, side: &str, turn: u64) -> Result<Vec<Case>> {
    let mut cases = tokens(people)?;
    cases.extend(check(people));
    cases.extend(show(people));
    cases.extend(track(people, side));
    cases.extend(create(people, side));
    cases.extend(accept(people, turn));
    Ok(cases)
}

/// A member of the organisation that is asked about, not its owner.
pub(crate) const MEMBER: User = User(75);

fn tokens(people: &People) -> Result<Vec<Case>> {
    let home = MEMBER.organization();
    let path = format!("/usage/check/{}", feature(1));
    let ask = |name, token: &str| case(name, 401, None, |out| get(out, &path, token, Some(&home)));
    Ok(vec![
        ask("no token", ""),
        ask("a token that is none", "a.b.c"),
        ask("an expired token", &people.expired(&MEMBER)?),
        ask("a forged token", &people.forged(&MEMBER)?),
    ])
}

fn check(people: &People) -> Vec<Case> {
    let token = people.token(&MEMBER);
    let limit_of = |number: u64| {
        let usage = Usage {
            organization: MEMBER.organization(),
            feature: number,
        };
        let remaining = usage.limit().map(|limit| limit - usage.used());
        json!({"used": usage.used(), "limit": usage.limit(), "remaining": remaining})
    };
    let path = |number: u64| format!("/usage/check/{}", feature(number));
    let home = MEMBER.organization();
    let ask = |name, status, body: Option<Value>, number| {
        case(name, status, body, |out| {
            get(out, &path(number), token, Some(&home))
        })
    };
    let elsewhere = |out: &mut Vec<u8>| get(out, &path(3), token, Some(&Organization(8)));
    let malformed = |out: &mut Vec<u8>| {
        head(out, "GET", &path(3), token, Some("nowhere"));
        out.extend_from_slice(b"\r\n");
    };
    vec![
        ask("a limit", 200, Some(limit_of(3)), 3),
        ask("no limit", 200, Some(limit_of(FEATURES - 1)), FEATURES - 1),
        ask("an unknown feature", 404, None, FEATURES),
        case("a limit of others", 404, None, elsewhere),
        case("a tenant that is no uuid", 404, None, malformed),
        case("no tenant", 403, None, |out| get(out, &path(3), token, None)),
    ]
}

fn show(people: &People) -> Vec<Case> {
    let organization = MEMBER.organization();
    let mut members: Vec<User> = organization.members().collect();
    members.sort_by_key(User::membership);
    let members: Vec<Value> = members.iter().map(shown).collect();
    let body = json!({
        "id": organization.id(),
        "name": organization.name(),
        "slug": organization.slug(),
        "owner_id": organization.owner().id(),
        "created_at": instant(organization.created_at()),
        "organization_members": members,
    });
    let token = people.token(&MEMBER);
    let ask = |name, status, body: Option<Value>, slug: String| {
        case(name, status, body, |out| {
            get(out, &format!("/organizations/{slug}"), token, None)
        })
    };
    vec![
        ask("an organisation", 200, Some(body), organization.slug()),
        ask("an organisation of others", 404, None, Organization(8).slug()),
        ask("an unknown organisation", 404, None, "nobody".to_owned()),
    ]
}

fn shown(user: &User) -> Value {
    json!({
        "user_id": user.id(),
        "role": user.role(),
        "users": {"name": user.name(), "email": user.email()},
    })
}

fn track(people: &People, side: &str) -> Vec<Case> {
    let (token, home) = (people.token(&MEMBER), MEMBER.organization());
    let name = format!("verify-{side}");
    let row = |used: u64| {
        json!({
            "id": ANY_ID,
            "organization_id": MEMBER.organization().id(),
            "feature": name,
            "used": used,
            "limit": null,
            "period": period(Utc::now()),
        })
    };
    let ask = |case_name, status, used: Option<u64>, body: String, at: &Organization| {
        case(case_name, status, used.map(row), |out| {
            post(out, "/usage/track", token, Some(at), &body)
        })
    };
    let (five, one) = (json!({"feature": name, "quantity": 5}), json!({"feature": name}));
    vec![
        ask("a first use", 200, Some(5), five.to_string(), &home),
        ask(
            "a second use, of the usual quantity",
            200,
            Some(6),
            one.to_string(),
            &home,
        ),
        ask(
            "a use by a stranger",
            404,
            None,
            five.to_string(),
            &Organization(8),
        ),
        ask(
            "a use of nothing",
            400,
            None,
            json!({"quantity": 5}).to_string(),
            &home,
        ),
        ask("half a body", 400, None, "{".to_owned(), &home),
    ]
}

fn create(people: &People, side: &str) -> Vec<Case> {
    let token = people.token(&MEMBER);
    let slug = format!("verify-{side}");
    let mut made = json!({
        "id": ANY_ID,
        "name": "Verify",
        "slug": slug,
        "owner_id": MEMBER.id(),
        "created_at": JUST_NOW,
    });
    let post_it = |name, status, body: Option<Value>, sent: Value| {
        case(name, status, body, |out| {
            post(out, "/organizations", token, None, &sent.to_string())
        })
    };
    let mut cases = vec![
        post_it(
            "a new organisation",
            201,
            Some(made.clone()),
            json!({"name": "Verify", "slug": slug}),
        ),
        post_it(
            "a slug that is taken",
            409,
            None,
            json!({"name": "Verify", "slug": slug}),
        ),
        post_it(
            "a slug with capitals",
            400,
            None,
            json!({"name": "Verify", "slug": "Verify"}),
        ),
        post_it("no name", 400, None, json!({"slug": "verify-nameless"})),
        post_it("no slug", 422, None, json!({"name": "Verify"})),
    ];
    let owner = json!({
        "user_id": MEMBER.id(),
        "role": "owner",
        "users": {"name": MEMBER.name(), "email": MEMBER.email()},
    });
    made["organization_members"] = json!([owner]);
    cases.push(case("the new organisation, by its owner", 200, made, |out| {
        get(out, &format!("/organizations/{slug}"), token, None);
    }));
    cases
}

/// Each turn takes an invitation from the end, where no load will come to.
fn accept(people: &People, turn: u64) -> Vec<Case> {
    let invitation = Invitation(INVITATIONS - 1 - turn);
    let (user, other) = (invitation.user(), User(invitation.user().0 - 1));
    let body = json!([{
        "id": invitation.id(),
        "organization_id": invitation.organization().id(),
        "email": user.email(),
        "role": "member",
        "expires_at": instant(invitation.expires_at()),
        "accepted_at": JUST_NOW,
        "created_at": instant(invitation.created_at()),
    }]);
    let path = format!("/invites/{}/accept", invitation.token());
    let ask = |name, status, body: Option<Value>, token: &str, path: &str| {
        case(name, status, body, |out| post(out, path, token, None, ""))
    };
    let theirs = people.token(&user);
    vec![
        ask("an invitation of others", 403, None, people.token(&other), &path),
        ask("an invitation", 200, Some(body), theirs, &path),
        ask("an invitation that is used up", 404, None, theirs, &path),
        ask(
            "an unknown invitation",
            404,
            None,
            theirs,
            "/invites/unknown/accept",
        ),
    ]
}
