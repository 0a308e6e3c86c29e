//! Webhooks as text.
//!
//! Invariant: slots of an event and those of its actions are numbered apart; an action's stand below it.
//! Not here: steps, which print like those of workflows.

use super::work;
use super::{answer, line};
use crate::manifest::{Algorithm, Encoding, HeaderSignature, SecretForm, Signature, Signed};
use crate::model::{
    Challenge, Declared, Finder, Hook, HookAction, PathPattern, Place, Reads, RowFinder, RowValueFrom,
    Source, Told,
};
use crate::report;
use backflow_expr::{Program, Slot};

/// A webhook.
pub(super) fn hook(hook: &Hook) -> String {
    let mut text = String::new();
    line(
        &mut text,
        0,
        &format!("POST {} (webhook {})", hook.path, hook.name),
    );
    let secrets = match hook.secrets.values.len() {
        1 => "one secret".to_owned(),
        several => format!("any of {several} secrets"),
    };
    let signed = signature(&hook.signature);
    line(
        &mut text,
        1,
        &format!("events of {}, signed with {secrets}: {signed}", hook.provider),
    );
    line(&mut text, 1, &format!("kept for {} days", hook.keep_days));
    frame(&mut text, &hook.frame);
    reads(&mut text, &hook.reads);
    match &hook.finder {
        None => line(&mut text, 1, "tenant: no action needs one"),
        Some(finder) => self::finder(&mut text, finder),
    }
    for action in &hook.actions {
        self::action(&mut text, action);
    }
    text
}

fn signature(signature: &Signature) -> String {
    let Signature::Header(header) = signature else {
        return "stripe-signature".to_owned();
    };
    let HeaderSignature {
        header,
        algorithm,
        encoding,
        prefix,
        signed,
        timestamp,
        secret,
    } = header;
    let signed = signed.iter().map(|part| match part {
        Signed::Text(text) => text.clone(),
        Signed::Header(name) => format!("{{headers.{name}}}"),
        Signed::Body => "{body}".to_owned(),
    });
    let algorithm = match algorithm {
        Algorithm::Sha1 => "SHA-1",
        Algorithm::Sha256 => "SHA-256",
        Algorithm::Sha512 => "SHA-512",
    };
    let encoding = match encoding {
        Encoding::Hex => "hex",
        Encoding::Base64 => "base64",
    };
    let secret = match secret {
        SecretForm::Text => "",
        SecretForm::Base64 => ", the secret in base64",
    };
    let timestamp = timestamp.as_ref().map_or_else(String::new, |(name, seconds)| {
        format!(", {name} at most {seconds} s off")
    });
    format!(
        "{header}: {prefix}<{encoding}> of HMAC-{algorithm} over {}{secret}{timestamp}",
        signed.collect::<String>()
    )
}

/// What slots hold; the body of a delivery is its payload.
fn frame(text: &mut String, frame: &[Source]) {
    for (index, source) in frame.iter().enumerate() {
        let said = match source {
            Source::Body(keys) => keys
                .iter()
                .fold("payload".to_owned(), |path, key| path + &key.to_string()),
            source => super::source(source, &PathPattern(Vec::new())),
        };
        line(text, 1, &format!("${index} = {said}"));
    }
}

fn reads(text: &mut String, reads: &Reads) {
    let Reads {
        id,
        kind,
        object,
        created,
        challenge,
    } = reads;
    let mut one = |what: &str, program: &Option<Program>, otherwise: &str| {
        let said = program
            .as_ref()
            .map_or_else(|| otherwise.to_owned(), ToString::to_string);
        line(text, 1, &format!("{what}: {said}"));
    };
    one("id", id, "a digest of its bytes");
    one("type", kind, "not told");
    one("object", object, "itself alone");
    one("created", created, "when it arrived");
    if let Some(Challenge { of, kind, value }) = challenge {
        line(
            text,
            1,
            &format!("no event where {of} is `{kind}`: {value} is sent back"),
        );
    }
}

fn finder(text: &mut String, finder: &Finder) {
    let Finder {
        declared,
        metadata,
        carriers,
        rows,
        tenant,
    } = finder;
    line(text, 1, "tenant: all of these that say something must agree");
    match declared {
        None => {}
        Some(Declared::Key(program)) => line(text, 2, &format!("its key is {program}")),
        Some(Declared::Rows(rows)) => row_finder(text, rows),
    }
    for key in metadata {
        let keys: String = key.keys.iter().map(ToString::to_string).collect();
        let places: Vec<String> = key.places.iter().map(slot).collect();
        line(text, 2, &format!("metadata{keys} in {}", places.join(", else ")));
    }
    if !carriers.is_empty() {
        let ids: Vec<String> = carriers.iter().map(told).collect();
        line(
            text,
            2,
            &format!("what calls of this project put on {}", ids.join(", ")),
        );
    }
    rows.iter().for_each(|rows| row_finder(text, rows));
    line(text, 2, &format!("then {}", tenant.statement.text));
}

fn row_finder(text: &mut String, rows: &RowFinder) {
    let values = rows.values.iter().map(|value| {
        let from = match &value.from {
            RowValueFrom::Program(program) => program.to_string(),
            RowValueFrom::Told(all) => all.iter().map(told).collect::<Vec<_>>().join(", else "),
        };
        format!("{from} as {}", value.ty)
    });
    let values: Vec<String> = values.collect();
    line(
        text,
        2,
        &format!("rows by {} = {}", rows.label, values.join("; ")),
    );
    line(text, 3, &rows.first.text);
    line(text, 3, &rows.last.text);
}

fn told(told: &Told) -> String {
    let at = slot(&told.at);
    match &told.only_if {
        None => at,
        Some((ty, name)) => format!("{at} if {} is '{name}'", slot(ty)),
    }
}

fn slot(slot: &Slot) -> String {
    format!("${}", slot.0)
}

fn action(text: &mut String, action: &HookAction) {
    let HookAction {
        name,
        mark: _,
        condition,
        place,
        frame: sources,
        work,
        answer: answered,
        completed,
        watched,
    } = action;
    line(text, 1, name);
    let mut inner = String::new();
    if let Some(condition) = condition {
        line(&mut inner, 1, &format!("only if {condition}, of the event"));
    }
    let nowhere = PathPattern(Vec::new());
    match place {
        Place::Named(row) => {
            line(&mut inner, 1, "place: the tenant of the event");
            line(&mut inner, 2, &row.statement.text);
        }
        place => line(
            &mut inner,
            1,
            &format!("place: {}", report::place_of(place, &nowhere)),
        ),
    }
    frame(&mut inner, sources);
    for completed in completed {
        line(
            &mut inner,
            1,
            &format!("{} is the tenant where the event leaves it out", slot(completed)),
        );
    }
    line(&mut inner, 1, &format!("run: {}", work::durable(work)));
    work::transactions(&mut inner, work);
    answer(&mut inner, answered);
    for watched in watched {
        let whose = if watched.scoped { ", the tenant's rows" } else { "" };
        line(&mut inner, 1, &format!("writes {}{whose}", watched.table));
        line(&mut inner, 2, &watched.statement.text);
    }
    inner.lines().for_each(|inner| line(text, 1, inner));
}
