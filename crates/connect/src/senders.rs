//! Those whose events are understood, though no step calls them.
//!
//! Role: GitHub and Slack, as their own documentation describes their deliveries.
//! Invariant: names of headers are in lower case.
//! Not here: providers that are called (`stripe`), checking a signature (`signature`).

use crate::describe::names;
use backflow_plan::manifest::{
    Algorithm, At, Encoding, Events, HeaderSignature, SecretForm, Signature, Signed,
};

/// All of them, by name.
pub(crate) fn all() -> [(String, Events); 2] {
    [("github", github()), ("slack", slack())].map(|(name, events)| (name.to_owned(), events))
}

/// The payload of GitHub is what happened, with an object for each thing that took part: `installation`, `repository`.
fn github() -> Events {
    Events {
        signature: Some(Signature::Header(hmac(
            "x-hub-signature-256",
            "sha256=",
            vec![Signed::Body],
        ))),
        id: Some(At::Header("x-github-delivery".to_owned())),
        kind: Some(At::Header("x-github-event".to_owned())),
        ..Events::unknown()
    }
}

/// Slack's Events API: an envelope around `event`.
fn slack() -> Events {
    const SENT: &str = "x-slack-request-timestamp";
    let signed = vec![
        Signed::Text("v0:".to_owned()),
        Signed::Header(SENT.to_owned()),
        Signed::Text(":".to_owned()),
        Signed::Body,
    ];
    Events {
        signature: Some(Signature::Header(HeaderSignature {
            timestamp: Some((SENT.to_owned(), 300)),
            ..hmac("x-slack-signature", "v0=", signed)
        })),
        id: Some(At::Payload("event_id".to_owned())),
        kind: Some(At::First(names(&["event.type", "type"]))),
        created: Some(At::Payload("event_time".to_owned())),
        challenge: Some(("url_verification".to_owned(), "challenge".to_owned())),
        related: [("team", "team_id"), ("enterprise", "enterprise_id")]
            .map(|(object, path)| (object.to_owned(), path.to_owned()))
            .to_vec(),
        ..Events::unknown()
    }
}

/// HMAC-SHA256 in hexadecimal digits.
fn hmac(header: &str, prefix: &str, signed: Vec<Signed>) -> HeaderSignature {
    HeaderSignature {
        header: header.to_owned(),
        algorithm: Algorithm::Sha256,
        encoding: Encoding::Hex,
        prefix: prefix.to_owned(),
        signed,
        timestamp: None,
        secret: SecretForm::Text,
    }
}

#[cfg(test)]
mod tests {

    #[test]
    fn they_send_events_and_cannot_be_called() {
        let manifests = crate::manifests();
        for name in ["github", "slack"] {
            assert!(
                manifests
                    .events(name)
                    .is_some_and(|events| events.signature.is_some())
            );
            assert!(manifests.find(name).is_none());
        }
        assert!(
            manifests
                .events("stripe")
                .is_some_and(|events| events.subject == "data.object")
        );
        assert!(manifests.events("sendgrid").is_none());
    }
}
