//! SendGrid.
//!
//! Role: `POST /v3/mail/send`: checks a mail as SendGrid does and keeps it.
//! Invariant: 202 without a body, or 400 and nothing kept; no idempotency, since SendGrid has none.
//! Not here: sending anything.

use super::asked::{Answer, Asked, Forced};
use super::sent::Email;
use super::world::World;
use serde_json::{Map, Value, json};

/// Recipients of one call, personalizations of one call.
const MOST: usize = 1000;

/// What is wrong with a mail: words and field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wrong(String, Option<String>);

/// Answers a request.
pub(crate) fn answer(world: &mut World, asked: &Asked, forced: Option<&Forced>) -> Answer {
    let key = asked
        .header("authorization")
        .and_then(|header| header.strip_prefix("Bearer "));
    if !key.is_some_and(|key| key.starts_with("SG.")) {
        return failed(
            401,
            &[said(
                "The provided authorization grant is invalid, expired, or revoked",
            )],
        );
    }
    if asked.path != "/v3/mail/send" {
        return failed(404, &[said("not found: the sandbox has POST /v3/mail/send only")]);
    }
    if asked.method != "POST" {
        return failed(405, &[said("method not allowed")]);
    }
    let Ok(mail) = serde_json::from_slice::<Value>(&asked.body) else {
        return failed(400, &[said("Bad Request")]);
    };
    let wrong = check(&mail);
    if world.is_full() {
        return failed(507, &[said("this sandbox is full: start it anew")]);
    }
    let mut answer = match forced {
        _ if !wrong.is_empty() => failed(400, &wrong),
        Some(Forced::Failed { effect: false } | Forced::Declined) => failed(500, &[said("internal error")]),
        Some(Forced::Failed { effect: true }) => {
            keep(world, &mail);
            Answer {
                effect: true,
                ..failed(500, &[said("internal error")])
            }
        }
        None => {
            let id = keep(world, &mail);
            let mut answer = Answer {
                status: 202,
                effect: true,
                ..Answer::default()
            };
            answer.header("X-Message-Id", &id);
            answer.request = Some(id);
            answer
        }
    };
    answer.params = mail;
    answer
}

fn said(message: &str) -> Wrong {
    Wrong(message.to_owned(), None)
}

/// The answer to a failure.
fn failed(status: u16, wrong: &[Wrong]) -> Answer {
    let errors: Vec<Value> = wrong
        .iter()
        .map(|Wrong(message, field)| json!({"message": message, "field": field, "help": null}))
        .collect();
    Answer::json(status, json!({ "errors": errors }).to_string())
}

/// An answer that a fault asks for.
pub(crate) fn refused(status: u16, message: &str) -> Answer {
    failed(status, &[said(message)])
}

fn check(mail: &Value) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    if address(mail.get("from")).is_none() {
        wrong.push(at(
            "The from object must be provided for every email send. It is an object that requires the \
                       email parameter, but may also contain a name parameter.",
            "from.email",
        ));
    }
    let template = mail
        .get("template_id")
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty());
    let people = mail
        .get("personalizations")
        .and_then(Value::as_array)
        .filter(|people| !people.is_empty());
    match people {
        None => wrong.push(at(
            "The personalizations field is required and must have at least one personalization.",
            "personalizations",
        )),
        Some(people) if people.len() > MOST => {
            wrong.push(at("There are too many personalizations.", "personalizations"));
        }
        Some(people) => recipients(people, &mut wrong),
    }
    let has_subject = |part: &Value| {
        part.get("subject")
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    if !has_subject(mail)
        && template.is_none()
        && !people.is_some_and(|people| people.iter().all(has_subject))
    {
        wrong.push(at(
            "The subject is required. You can get around this requirement if you use a template with a \
                       subject defined or if every personalization has a subject defined.",
            "subject",
        ));
    }
    content(mail, template.is_some(), &mut wrong);
    wrong
}

fn at(message: &str, field: &str) -> Wrong {
    Wrong(message.to_owned(), Some(field.to_owned()))
}

fn content(mail: &Value, has_template: bool, wrong: &mut Vec<Wrong>) {
    let parts = mail
        .get("content")
        .and_then(Value::as_array)
        .filter(|parts| !parts.is_empty());
    let Some(parts) = parts else {
        if !has_template {
            wrong.push(at(
                "Unless a valid template_id is provided, the content parameter is required. There must be \
                           at least one defined content block.",
                "content",
            ));
        }
        return;
    };
    for (position, part) in parts.iter().enumerate() {
        let text = |key: &str| {
            part.get(key)
                .and_then(Value::as_str)
                .is_some_and(|text| !text.is_empty())
        };
        for key in ["type", "value"] {
            if !text(key) {
                let message = format!("The content {key} must be a string at least one character in length.");
                wrong.push(at(&message, &format!("content.{position}.{key}")));
            }
        }
    }
}

/// The address in `{"email": …}` if it looks like one.
fn address(value: Option<&Value>) -> Option<&str> {
    let email = value?.get("email")?.as_str()?;
    let (name, host) = email.rsplit_once('@')?;
    let is_clean = !email
        .chars()
        .any(|letter| letter.is_whitespace() || letter.is_control());
    (is_clean && !name.is_empty() && !host.is_empty()).then_some(email)
}

fn recipients(people: &[Value], wrong: &mut Vec<Wrong>) {
    for (position, person) in people.iter().enumerate() {
        let mut seen = Vec::new();
        for kind in ["to", "cc", "bcc"] {
            let Some(list) = person.get(kind) else {
                continue;
            };
            for (place, recipient) in list.as_array().into_iter().flatten().enumerate() {
                let field = format!("personalizations.{position}.{kind}.{place}.email");
                match address(Some(recipient)) {
                    None => wrong.push(at("Does not contain a valid address.", &field)),
                    Some(email) => seen.push(email.to_ascii_lowercase()),
                }
            }
        }
        if person
            .get("to")
            .and_then(Value::as_array)
            .is_none_or(Vec::is_empty)
        {
            let field = format!("personalizations.{position}.to");
            wrong.push(at(
                "The to array is required for all personalization objects, and must have at least one email \
                           object with a valid email address.",
                &field,
            ));
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        if seen.len() < count {
            let message =
                "Each email address in the personalization block should be unique between to, cc, and bcc.";
            wrong.push(at(message, &format!("personalizations.{position}.to")));
        }
    }
}

/// Keeps a mail for each personalization; the message's id.
fn keep(world: &mut World, mail: &Value) -> String {
    let id = world.id("");
    let people = mail
        .get("personalizations")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for person in people {
        let list = ["to", "cc", "bcc"]
            .iter()
            .filter_map(|kind| person.get(*kind)?.as_array())
            .flatten();
        let word = |key: &str| {
            person
                .get(key)
                .or(mail.get(key))
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let mut custom_args = mail
            .get("custom_args")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        custom_args.extend(
            person
                .get("custom_args")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
        );
        let parts = mail
            .get("content")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let content: Map<String, Value> = parts
            .filter_map(|part| Some((part.get("type")?.as_str()?.to_owned(), part.get("value")?.clone())))
            .collect();
        let data = ["dynamic_template_data", "substitutions"]
            .iter()
            .find_map(|key| person.get(*key))
            .cloned();
        let email = Email {
            at: world.now(),
            id: id.clone(),
            from: address(mail.get("from")).unwrap_or_default().to_owned(),
            to: list
                .filter_map(|one| address(Some(one)))
                .map(str::to_owned)
                .collect(),
            subject: word("subject"),
            template: mail.get("template_id").and_then(Value::as_str).map(str::to_owned),
            data: data.unwrap_or_else(|| json!({})),
            content: Value::Object(content),
            custom_args: Value::Object(custom_args),
            warning: doubt(mail),
        };
        world.note(json!({"email": email.write()}));
        world.emails.push(email);
    }
    world.weigh(0);
    id
}

/// What SendGrid itself would not have taken, though the sandbox does: a template's name where its id belongs.
fn doubt(mail: &Value) -> Option<String> {
    let id = mail
        .get("template_id")
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty())?;
    let is_id = id.starts_with("d-") || id.len() == 36;
    (!is_id).then(|| {
        format!("SendGrid would refuse the template_id '{id}': ids of dynamic templates begin with d-.")
    })
}
