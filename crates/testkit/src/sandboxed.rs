//! Providers for a world: the sandbox, reached by the connectors that are shipped.
//!
//! Invariant: nothing leaves the machine; ids and instants of the sandbox stand still like the world's.
//! Not here: what the sandbox answers.

use crate::blocking;
use backflow_connect::sandbox::{Fault, Options, Sandbox, Sent};
use backflow_connect::{Connected, StandIns};
use backflow_engine::connector::Connectors;
use backflow_engine::{Clock, Ids};
use backflow_expr::Value;
use backflow_plan::Plan;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Ids that count in their first digits, which is what the sandbox takes of them.
#[derive(Default)]
struct CountedIds(AtomicUsize);

impl CountedIds {
    fn next(&self) -> String {
        let n = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        format!("{n:08x}-0000-4000-8000-000000000000")
    }
}

impl Ids for CountedIds {
    fn uuid(&self) -> String {
        self.next()
    }

    fn key(&self) -> String {
        self.next()
    }

    fn request(&self) -> String {
        self.next()
    }
}

/// The sandbox of a world, started when it is first needed.
#[derive(Default)]
pub struct Providers {
    sandbox: OnceLock<Sandbox>,
    told: AtomicUsize,
}

impl Providers {
    /// The sandbox.
    ///
    /// # Panics
    /// When no workflow of the project calls a provider.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        self.sandbox.get().expect("a workflow that calls a provider")
    }

    /// The connectors of a plan. Every provider is the sandbox's.
    pub(crate) fn connect(
        &self,
        plan: &Plan,
        env: &HashMap<String, String>,
        clock: Arc<dyn Clock>,
    ) -> Connectors {
        if plan.calls().next().is_none() {
            return Connectors::new();
        }
        let sandbox = self.sandbox.get_or_init(|| {
            let options = Options {
                clock,
                ids: Arc::<CountedIds>::default(),
                ..Options::default()
            };
            blocking::wait(Sandbox::start(options)).expect("a sandbox")
        });
        let text = |text: &str| Value::from(text);
        let stripe = [
            ("secretKey", text("sk_test_sandbox")),
            ("baseUrl", text(&sandbox.base_url("stripe"))),
        ];
        let sendgrid = [
            ("apiKey", text("SG.sandbox")),
            ("fromEmail", text("hello@example.com")),
            ("baseUrl", text(&sandbox.base_url("sendgrid"))),
        ];
        let stand_ins = StandIns::from([
            ("stripe".to_owned(), Value::object(stripe)),
            ("sendgrid".to_owned(), Value::object(sendgrid)),
        ]);
        match backflow_connect::connectors(plan, env, &stand_ins) {
            Ok(Connected { connectors, .. }) => connectors,
            Err(errors) => panic!("credentials that can be used: {errors:?}"),
        }
    }

    /// What arrived since this was last asked, as documents show it.
    #[must_use]
    pub fn news(&self) -> String {
        let sent = self.sandbox().sent();
        let told = self.told.swap(sent.len(), Ordering::SeqCst);
        sent.iter().skip(told).map(shown).collect()
    }

    /// From now on this goes wrong; `text` is JSON, as the sandbox's own page takes it.
    ///
    /// # Panics
    /// When it is no fault.
    pub fn fault(&self, text: &str) {
        let value = serde_json::from_str(text).expect("JSON");
        self.sandbox().fault(Fault::read(&value).expect("a fault"));
    }
}

fn shown(sent: &Sent) -> String {
    let status = sent
        .status
        .map_or("no answer".to_owned(), |status| status.to_string());
    let mut text = format!("{} {} -> {status}", sent.method, sent.path);
    if sent.replayed {
        text.push_str(", as before");
    }
    if let Some(fault) = &sent.fault {
        text.push_str(&format!(", {fault}"));
    }
    text.push('\n');
    if let Some(key) = &sent.idempotency_key {
        text.push_str(&format!("  key {key}\n"));
    }
    text.push_str(&format!("  {}\n", sent.params));
    text
}
