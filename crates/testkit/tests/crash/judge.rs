//! What must hold when everything has come to rest.
//!
//! Role: compares what callers were told, what the database has and what the providers saw.
//! Invariant: it only looks.
//! Not here: how it came to this.

use super::caller::{Kind, Told};
use super::stage::Stage;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long runs may need to end once nobody kills anything.
const REST: Duration = Duration::from_secs(60);

/// What there was.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) runs: usize,
    pub(crate) taken_over: usize,
    pub(crate) mails: usize,
    /// Mails more than invitations: they say which are the same.
    pub(crate) twice: usize,
    /// Steps that needed a new key.
    pub(crate) renewed: usize,
    /// Requests of callers.
    pub(crate) asked: u32,
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.taken_over += other.taken_over;
        self.mails += other.mails;
        self.twice += other.twice;
        self.renewed += other.renewed;
        self.asked += other.asked;
    }
}

/// Waits until no run is under way, then looks at everything.
///
/// # Panics
/// When something was lost or done twice; the message tells everything that happened.
pub(crate) fn judge(stage: &Stage, told: &[Told]) -> Figures {
    rest(stage);
    let mut faults = Vec::new();
    let figures = runs(stage, told, &mut faults);
    subscriptions(stage, told, &mut faults);
    let mails = invitations(stage, told, &mut faults);
    stage.blameless(&faults);
    Figures {
        asked: told.iter().map(|told| told.tries).sum(),
        mails: mails.0,
        twice: mails.1,
        ..figures
    }
}

fn rest(stage: &Stage) {
    let (probe, begun) = (stage.probe(), Instant::now());
    while probe.number("SELECT count(*) FROM _backflow_runs WHERE state = 'running'") > 0 {
        assert!(begun.elapsed() < REST, "runs do not end\n{}", stage.report());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn runs(stage: &Stage, told: &[Told], faults: &mut Vec<String>) -> Figures {
    let probe = stage.probe();
    let good = told.iter().filter(|told| told.status < 300).count();
    for (state, expected) in [("done", good), ("refused", told.len() - good), ("failed", 0)] {
        let found = count(
            &probe,
            &format!("SELECT count(*) FROM _backflow_runs WHERE state = '{state}'"),
        );
        if found != expected {
            faults.push(format!("{found} runs are {state}, expected {expected}"));
        }
    }
    let locks = count(&probe, "SELECT count(*) FROM _backflow_locks");
    if locks > 0 {
        faults.push(format!("{locks} locks are left"));
    }
    Figures {
        runs: count(&probe, "SELECT count(*) FROM _backflow_runs"),
        taken_over: count(&probe, "SELECT count(*) FROM _backflow_runs WHERE fence > 1"),
        renewed: count(&probe, "SELECT count(*) FROM _backflow_steps WHERE epoch > 0"),
        ..Figures::default()
    }
}

fn subscriptions(stage: &Stage, told: &[Told], faults: &mut Vec<String>) {
    let wanted: Vec<&Told> = told
        .iter()
        .filter(|told| told.order.kind == Kind::Subscribe)
        .collect();
    let customers: BTreeSet<String> = ids(&stage.sandbox.objects("customer"));
    if customers.len() != wanted.len() {
        faults.push(format!(
            "{} customers for {} runs that needed one",
            customers.len(),
            wanted.len()
        ));
    }
    let objects = stage.sandbox.objects("subscription");
    let mut by_price: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for object in &objects {
        let price = object["items"]["data"][0]["price"]["id"]
            .as_str()
            .unwrap_or("none");
        by_price.entry(price.to_owned()).or_default().push(object);
    }
    let rows = stage
        .probe()
        .rows("SELECT plan, stripe_customer_id, stripe_subscription_id FROM subscriptions");
    let good = wanted.iter().filter(|told| told.status < 300).count();
    if rows.len() != good || objects.len() != good {
        let (rows, objects) = (rows.len(), objects.len());
        faults.push(format!(
            "{good} acknowledged: {rows} rows, {objects} subscriptions at Stripe"
        ));
    }
    for told in wanted.iter().filter(|told| told.status < 300) {
        let mark = &told.order.mark;
        let own: Vec<_> = rows
            .iter()
            .filter(|row| row[0].as_deref() == Some(mark))
            .collect();
        let made = by_price
            .get(&format!("price_{mark}"))
            .map_or(&[][..], Vec::as_slice);
        let ([row], [object]) = (own.as_slice(), made) else {
            faults.push(format!(
                "{mark}: {} rows, {} subscriptions",
                own.len(),
                made.len()
            ));
            continue;
        };
        let same =
            row[1].as_deref() == object["customer"].as_str() && row[2].as_deref() == object["id"].as_str();
        let told_so = row[2].as_ref().is_some_and(|id| told.body.contains(id));
        if !same || !told_so || !row[1].as_ref().is_some_and(|id| customers.contains(id)) {
            faults.push(format!(
                "{mark}: {row:?} is not {object}, or not what was told: {}",
                told.body
            ));
        }
    }
}

/// How many mails there were, and how many of them more than needed.
fn invitations(stage: &Stage, told: &[Told], faults: &mut Vec<String>) -> (usize, usize) {
    let wanted: Vec<&Told> = told
        .iter()
        .filter(|told| told.order.kind == Kind::Invite)
        .collect();
    let emails = stage.sandbox.emails();
    let rows = stage.probe().rows("SELECT email, token FROM invitations");
    if rows.len() != wanted.len() {
        faults.push(format!(
            "{} invitations for {} requests",
            rows.len(),
            wanted.len()
        ));
    }
    for told in &wanted {
        let address = format!("{}@example.com", told.order.mark);
        let own: Vec<_> = rows
            .iter()
            .filter(|row| row[0].as_deref() == Some(&address))
            .collect();
        let mails: Vec<_> = emails.iter().filter(|mail| mail.to.contains(&address)).collect();
        let runs: BTreeSet<_> = mails
            .iter()
            .map(|mail| mail.custom_args["run"].as_str())
            .collect();
        let [row] = own.as_slice() else {
            faults.push(format!("{address}: {} invitations", own.len()));
            continue;
        };
        let token = row[1].as_deref().unwrap_or("none");
        let right = mails.iter().all(|mail| mail.data.to_string().contains(token));
        if runs.len() != 1 || !right || told.status >= 300 {
            faults.push(format!(
                "{address}: mails {mails:?}, row {row:?}, told {} {}",
                told.status, told.body
            ));
        }
    }
    (emails.len(), emails.len().saturating_sub(wanted.len()))
}

fn ids(objects: &[Value]) -> BTreeSet<String> {
    objects
        .iter()
        .filter_map(|object| object["id"].as_str().map(str::to_owned))
        .collect()
}

fn count(probe: &backflow_testkit::Probe, query: &str) -> usize {
    usize::try_from(probe.number(query)).unwrap_or(usize::MAX)
}
