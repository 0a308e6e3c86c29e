//! What an event says of itself.
//!
//! Invariant: what the author says goes before what is known of the provider.
//! Not here: whose the event is; see `tenant`.

use super::Event;
use super::compared::keys_of;
use super::signed::{self, Said};
use crate::frame::Frame;
use crate::manifest::At;
use crate::model::{Challenge, Reads, Source};
use backflow_diag::{Diagnostics, Span, Text};
use backflow_expr::{Program, Template, Type};

/// Its id, kind, object and instant; `None`: a fault was reported.
pub(super) fn reads<'a>(event: &Event<'a>, frame: &mut Frame<'a>, out: &mut Diagnostics) -> Option<Reads> {
    let own = event.doc.event.as_ref();
    let span = event.doc.provider.span;
    let signature = event.doc.signature.as_ref();
    let mut one = |said: Said, text: Option<&Text>, known: Option<&At>| match (text, known) {
        (Some(text), _) => {
            let template = Template::parse(text, out)?;
            signed::judge(signature, said, &template, out);
            frame.template(&template, out).map(Some)
        }
        (None, Some(at)) => program(frame, at, span, out).map(Some),
        (None, None) => Some(None),
    };
    let known = &event.events;
    let id = one(Said::Id, own.and_then(|own| own.id.as_ref()), known.id.as_ref());
    let kind = one(
        Said::Other,
        own.and_then(|own| own.kind.as_ref()),
        known.kind.as_ref(),
    );
    let object = one(
        Said::Other,
        own.and_then(|own| own.object.as_ref()),
        known.object.as_ref(),
    );
    let created = one(
        Said::Created,
        own.and_then(|own| own.created.as_ref()),
        known.created.as_ref(),
    );
    let challenge = known.challenge.as_ref().map(|(kind, path)| {
        let mut at = |path: &str| program(frame, &At::Payload(path.to_owned()), span, out);
        Some(Challenge {
            of: at("type")?,
            kind: kind.clone(),
            value: at(path)?,
        })
    });
    Some(Reads {
        challenge: match challenge {
            Some(challenge) => Some(challenge?),
            None => None,
        },
        id: id?,
        kind: kind?,
        object: object?,
        created: created?,
    })
}

/// What reads a place of a delivery.
fn program(frame: &mut Frame<'_>, at: &At, span: Span, out: &mut Diagnostics) -> Option<Program> {
    match at {
        At::Payload(path) => {
            let slot = frame.slot(Source::Body(keys_of(path)));
            Some(Program::slot(
                slot,
                Type::unknown().caller(),
                &format!("payload.{path}"),
            ))
        }
        At::Header(name) => {
            let slot = frame.slot(Source::Header(name.clone()));
            Some(Program::slot(
                slot,
                Type::unknown().caller(),
                &format!("headers.{name}"),
            ))
        }
        At::First(paths) => {
            let paths: Vec<String> = paths.iter().map(|path| format!("payload.{path}")).collect();
            let text = Text::plain(format!("{{{{{}}}}}", paths.join(" ?? ")), span);
            let template = Template::parse(&text, out)?;
            frame.template(&template, out)
        }
    }
}
