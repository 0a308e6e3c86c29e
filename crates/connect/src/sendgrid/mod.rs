//! SendGrid.
//!
//! Role: its manifest, and the connector that sends what its official client for Node sends.
//! Input: `credentials.sendgrid`. Output: [`SendGrid`].
//! Invariant: the key is added when a mail is sent and is in no error; SendGrid knows no idempotency key, so what
//! cannot be known is sent again.
//! Not here: how the body is built (`mail`).

mod keys;
mod mail;
#[cfg(test)]
mod tests;

use crate::client::{Heard, Line, Sent};
use crate::describe::{credentials, members, names, params};
use crate::judge;
use backflow_engine::Secret;
use backflow_engine::connector::{Asked, Connector, Found, Frozen, Misfit, Outcome, Refusal};
use backflow_engine::store::BoxFuture;
use backflow_expr::{Object, Value};
use backflow_plan::manifest::{Action, Lookup, Manifest, Repeat};
use bytes::Bytes;
use std::time::Duration;

/// Its name in `integration` and `credentials`.
pub const NAME: &str = "sendgrid";

/// Where SendGrid is.
pub const BASE: &str = "https://api.sendgrid.com";

/// How its own ids of templates start.
const TEMPLATE: &str = "d-";

/// What both actions take.
const COMMON: &str =
    "text/object/list!: to  text/object/list: cc bcc  text/object: from replyTo  text: subject
    objects: attachments replyToList  text/texts: categories  object: customArgs headers asm mailSettings
    trackingSettings  integer: sendAt  text: batchId ipPoolName";

/// What SendGrid offers.
#[must_use]
pub fn manifest() -> Manifest {
    let action = |name: &str, own: &str, one_of: &[&str]| Action {
        name: name.to_owned(),
        params: params(&format!("{COMMON} {own}")),
        one_of: Some(names(one_of))
            .filter(|list| !list.is_empty())
            .into_iter()
            .collect(),
        open: false,
        result: Some(members("integer: status  text?: messageId")),
        repeat: Repeat::Doubled,
        retired: Vec::new(),
    };
    let mut email = action(
        "sendEmail",
        "text: text html  objects: content",
        &["html", "text", "content"],
    );
    for param in email.params.iter_mut().filter(|param| param.name == "subject") {
        param.required = true;
    }
    Manifest {
        name: NAME.to_owned(),
        credentials: credentials(
            "text!: apiKey  text: fromEmail fromName baseUrl  object: templates",
            &["fromEmail", "fromName", "baseUrl", "templates"],
        ),
        actions: vec![
            email,
            action(
                "sendTemplate",
                "text!: templateId  object: dynamicTemplateData",
                &[],
            ),
        ],
        lookups: vec![Lookup {
            action: "sendTemplate".to_owned(),
            param: "templateId".to_owned(),
            credential: "templates".to_owned(),
            own: TEMPLATE.to_owned(),
        }],
        events: None,
    }
}

/// SendGrid, as an account.
#[derive(Debug)]
pub struct SendGrid {
    line: Line,
    key: Secret,
    from: Option<Value>,
    templates: Object,
}

impl SendGrid {
    /// Calls SendGrid by this line, with this key.
    #[must_use]
    pub fn new(line: Line, key: Secret) -> Self {
        Self {
            line,
            key,
            from: None,
            templates: Object::new(),
        }
    }

    /// Names the sender of mails that name none.
    #[must_use]
    pub fn with_sender(mut self, email: &str, name: Option<&str>) -> Self {
        let name = name.map_or(Value::Undefined, Value::from);
        self.from = Some(Value::object([("email", email.into()), ("name", name)]));
        self
    }

    /// Gives names to templates.
    #[must_use]
    pub fn with_templates(mut self, templates: Object) -> Self {
        self.templates = templates;
        self
    }

    /// The call's parameters with the template's id in place of its name.
    fn named(&self, given: &Value) -> Value {
        let id = given.member("templateId");
        let found = id.as_text().and_then(|name| self.templates.get(name));
        let (Some(found), Some(object)) = (found, given.as_object()) else {
            return given.clone();
        };
        let mut object = object.clone();
        object.insert("templateId".into(), found.clone());
        Value::Object(object.into())
    }

    async fn sent(&self, frozen: &Frozen, within: Duration) -> Outcome {
        let mut exchange = judge::exchange(frozen);
        let bearer = Secret::new(format!("Bearer {}", self.key.expose()));
        exchange
            .headers
            .push(("Authorization".to_owned(), Sent::Hidden(bearer)));
        match self.line.call(&exchange, within).await {
            Ok(heard) => outcome(&heard, &self.key),
            Err(broken) => judge::broken(broken),
        }
    }
}

fn outcome(heard: &Heard, secret: &Secret) -> Outcome {
    if (200..300).contains(&heard.status) {
        let id = heard.header("x-message-id").map_or(Value::Undefined, Value::from);
        return Outcome::Done(Value::object([
            ("status", i64::from(heard.status).into()),
            ("messageId", id),
        ]));
    }
    let refusal = refusal(heard, secret);
    match heard.status {
        429 => Outcome::Again {
            refusal,
            after: judge::pause(heard),
        },
        500.. => Outcome::Unknown(refusal),
        _ => Outcome::Refused(refusal),
    }
}

fn refusal(heard: &Heard, secret: &Secret) -> Refusal {
    let first = judge::body(heard).unwrap_or_default().member("errors").index(0);
    let said = judge::text(&first, "message");
    let message = said.unwrap_or_else(|| format!("status {} without an explanation", heard.status));
    Refusal {
        status: Some(heard.status),
        kind: None,
        code: judge::text(&first, "error_id"),
        param: judge::text(&first, "field"),
        message: judge::words(&message, std::slice::from_ref(secret)),
        timed_out: false,
        request_id: heard.header("x-message-id").map(str::to_owned),
    }
}

impl Connector for SendGrid {
    fn freeze(&self, asked: &Asked<'_>) -> Result<Frozen, Misfit> {
        let params = match asked.action {
            "sendEmail" => asked.params.clone(),
            "sendTemplate" => self.named(asked.params),
            other => {
                return Err(judge::misfit(
                    "action",
                    format!("sendgrid has no action `{other}`"),
                ));
            }
        };
        let body = mail::body(&params, asked.run, self.from.clone())?;
        let json = "application/json".to_owned();
        Ok(Frozen {
            action: asked.action.to_owned(),
            method: "POST".to_owned(),
            path: "/v3/mail/send".to_owned(),
            headers: vec![
                ("Accept".to_owned(), json.clone()),
                ("Content-Type".to_owned(), json),
            ],
            body: Bytes::from(body.to_json()),
            key: None,
        })
    }

    fn send<'a>(&'a self, frozen: &'a Frozen, within: Duration) -> BoxFuture<'a, Outcome> {
        Box::pin(self.sent(frozen, within))
    }

    /// SendGrid cannot be asked for a mail by anything of ours in time: it is sent again, and `custom_args.run`
    /// tells the two apart.
    fn look_up<'a>(&'a self, _: &'a Frozen, _: jiff::Timestamp, _: Duration) -> BoxFuture<'a, Found> {
        Box::pin(async { Found::Nothing })
    }

    fn remembers(&self) -> Option<Duration> {
        None
    }
}
