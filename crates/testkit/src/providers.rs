//! Providers for documents and tests, where the built-in ones are not there.
//!
//! Invariant: a built-in provider of the same name stands.
//! Not here: calling them.

use backflow_plan::manifest::{
    Action, Credential, Manifest, Manifests, Member, Names, Param, ParamKind, Repeat, Retired,
};

/// The built-in providers, and those of here that they lack.
pub(crate) fn manifests() -> Manifests {
    let mut all = backflow_connect::manifests();
    for manifest in [stripe(), sendgrid()] {
        if all.find(&manifest.name).is_none() {
            all.add(manifest);
        }
    }
    all
}

fn param(name: &str, kind: ParamKind, required: bool) -> Param {
    Param {
        name: name.to_owned(),
        required,
        kind,
        choices: Vec::new(),
    }
}

fn credential(name: &str, kind: ParamKind, required: bool) -> Credential {
    Credential {
        name: name.to_owned(),
        required,
        public: false,
        kind,
    }
}

fn member(name: &str, kind: ParamKind, optional: bool) -> Member {
    Member {
        name: name.to_owned(),
        kind,
        optional,
    }
}

fn stripe() -> Manifest {
    let (text, object) = (ParamKind::Text, ParamKind::Object);
    let list = |item: &ParamKind| ParamKind::List(Box::new(item.clone()));
    let action = |name: &str, params: Vec<Param>, result: Vec<Member>| Action {
        name: name.to_owned(),
        params,
        one_of: Vec::new(),
        open: false,
        result: Some(result),
        repeat: Repeat::Keyed,
        retired: Vec::new(),
    };
    let customer = action(
        "createCustomer",
        vec![
            param("email", text.clone(), false),
            param("name", text.clone(), false),
            param("metadata", object.clone(), false),
        ],
        vec![
            member("id", text.clone(), false),
            member("email", text.clone(), true),
            member("metadata", object.clone(), false),
        ],
    );
    let behaviour = Param {
        choices: ["default_incomplete", "allow_incomplete", "error_if_incomplete"]
            .map(str::to_owned)
            .to_vec(),
        ..param("payment_behavior", text.clone(), false)
    };
    let subscription = action(
        "createSubscription",
        vec![
            param("customer", text.clone(), true),
            param("price", text.clone(), false),
            param("priceId", text.clone(), false),
            param("items", list(&object), false),
            param("quantity", ParamKind::Integer, false),
            behaviour,
            param("expand", list(&text), false),
            param("metadata", object.clone(), false),
        ],
        vec![
            member("id", text.clone(), false),
            member("status", text.clone(), false),
            member("latest_invoice", ParamKind::Any, true),
        ],
    );
    let subscription = Action {
        one_of: vec![["price", "priceId", "items"].map(str::to_owned).to_vec()],
        retired: vec![Retired {
            param: "expand".to_owned(),
            value: "latest_invoice.payment_intent".to_owned(),
            since: "2025-03-31.basil".to_owned(),
            instead: "latest_invoice.confirmation_secret".to_owned(),
        }],
        ..subscription
    };
    let cancel = action(
        "cancelSubscription",
        vec![param("subscription", text.clone(), true)],
        vec![
            member("id", text.clone(), false),
            member("status", text.clone(), false),
        ],
    );
    Manifest {
        name: "stripe".to_owned(),
        credentials: vec![
            credential("secretKey", text.clone(), true),
            credential("apiVersion", text, false),
        ],
        actions: vec![customer, subscription, cancel],
        ..Manifest::default()
    }
}

fn sendgrid() -> Manifest {
    let text = ParamKind::Text;
    let action = |name: &str, params: Vec<Param>| Action {
        name: name.to_owned(),
        params,
        one_of: Vec::new(),
        open: false,
        result: Some(vec![member("messageId", ParamKind::Text, true)]),
        repeat: Repeat::Doubled,
        retired: Vec::new(),
    };
    let template = action(
        "sendTemplate",
        vec![
            param("to", text.clone(), true),
            param("templateId", text.clone(), true),
            param("dynamicTemplateData", ParamKind::Object, false),
        ],
    );
    let mail = Action {
        one_of: vec![["html", "text"].map(str::to_owned).to_vec()],
        ..action(
            "sendEmail",
            vec![
                param("to", text.clone(), true),
                param("subject", text.clone(), true),
                param("html", text.clone(), false),
                param("text", text.clone(), false),
            ],
        )
    };
    Manifest {
        name: "sendgrid".to_owned(),
        credentials: vec![
            credential("apiKey", text, true),
            credential("templates", ParamKind::Object, false),
        ],
        actions: vec![template, mail],
        names: vec![Names {
            param: "templateId".to_owned(),
            credential: "templates".to_owned(),
            begins: "d-".to_owned(),
        }],
    }
}
