//! Golden documents: prose with blocks that are executed and compared.
//!
//! Role: one document is one project and one database; its blocks run in order, on one kind of database after the
//! other, and the same is expected of each.
//! Blocks: `json file=…`, `sql file=…`, `use` (folders below `spec/`), `env` (the project); `diagnostics`,
//! `plan [METHOD /path]` (what the compiler says); `sql` without a file (prepares rows); `clock` (moves time,
//! `+8d`); `fault` (what goes wrong at a provider next), `sent` (what was sent to providers since the last one);
//! `inbox` (runs the events of webhooks that are due, then lists all); `request` followed by `response` (`headers=a,b`: these too); `rows` (a query, `---`, its rows). A block
//! whose second word is `sqlite` or `postgres` is for that database alone, and a `plan` without such a word for
//! SQLite; a block `only sqlite` or `only postgres` holds the reason why the whole document is. With `bless` expected
//! texts are rewritten in place, from SQLite; what is for PostgreSQL alone, from PostgreSQL.
//! Invariant: a document without a `diagnostics` block has no faults.
//! Not here: which documents there are.

use crate::home::{Backend, Home};
use crate::parse::{Block, blocks, replaced};
use crate::project::{Compiled, Project};
use crate::world::{Answer, World};
use backflow_engine::EventInfo;
use backflow_sql::ir::Dialect;
use std::path::Path;
use std::sync::Arc;

/// A document that said something else than it does.
#[derive(Debug)]
pub struct Mismatch {
    /// Line of the block, from 1.
    pub line: usize,
    /// What the document says.
    pub expected: String,
    /// What happened.
    pub actual: String,
}

/// Runs a document on a database; with `bless`, rewrites what it says instead of complaining. Nothing, if the
/// document is for another database.
///
/// # Panics
/// When the document itself cannot be read or makes no sense.
#[must_use]
pub fn run(path: &Path, backend: Backend, bless: bool) -> Option<Vec<Mismatch>> {
    let text = std::fs::read_to_string(path).expect("the document is readable");
    let dialect = backend.dialect();
    let blocks = blocks(&text);
    for block in blocks.iter().filter(|block| block.kind == "only") {
        assert!(
            block.only.is_some() && !block.text.trim().is_empty(),
            "`only` names a database and holds a reason"
        );
        if block.only != Some(dialect) {
            return None;
        }
    }
    let blocks: Vec<Block> = blocks
        .into_iter()
        .filter(|block| is_for(block, dialect))
        .collect();
    let project = blocks.iter().fold(Project::default(), add);
    // What is for one database alone may be about what only that knows.
    let served = blocks
        .iter()
        .any(|block| matches!(block.kind.as_str(), "request" | "rows" | "only"));
    let home = served.then(|| Arc::new(Home::new(backend)));
    let compiled = match &home {
        Some(home) => project.compile_in(home),
        None => project.compile_for(dialect),
    };
    let mut run = Run {
        changes: Vec::new(),
        world: None,
        last: None,
    };
    run.compiler(&blocks, &compiled);
    if let (Some(_), Some(home)) = (&compiled.plan, home) {
        run.changes.extend(drifted(&project, &compiled));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        run.world = Some(World::start_in(home, compiled));
        for block in &blocks {
            runtime.block_on(run.step(block));
        }
    }
    let may_bless = |block: &Block| match backend {
        Backend::Sqlite => bless,
        Backend::Postgres => bless && block.only.is_some(),
        Backend::Pooled => false,
    };
    let (blessed, wrong): (Vec<_>, Vec<_>) = run.changes.into_iter().partition(|(block, _)| may_bless(block));
    if !blessed.is_empty() {
        std::fs::write(path, replaced(&text, &blessed)).expect("the document is writable");
    }
    let mismatch = |(block, actual): (Block, String)| Mismatch {
        line: block.first,
        expected: block.text,
        actual,
    };
    Some(wrong.into_iter().map(mismatch).collect())
}

/// What differs between the plan that was made of files alone and the one that is served: nothing, if the database
/// was read right and no statement is one that only it understands.
fn drifted(project: &Project, served: &Compiled) -> Option<(Block, String)> {
    let printed = |compiled: &Compiled| plan_text(compiled, "");
    let (files, live) = (printed(&project.compile_for(served.dialect)), printed(served));
    let differs = !served.unmodelled && files != live;
    let line = |(one, other): (&str, &str)| (one != other).then(|| (one.to_owned(), other.to_owned()));
    let first = files.lines().zip(live.lines()).find_map(line);
    differs.then(|| {
        let (expected, actual) = first.unwrap_or_else(|| (files.clone(), live.clone()));
        (Block::none(&expected), format!("{actual}\n"))
    })
}

/// Whether a block counts on a database.
fn is_for(block: &Block, dialect: Dialect) -> bool {
    let plans = (block.kind == "plan").then_some(Dialect::Sqlite);
    block.only.or(plans).is_none_or(|only| only == dialect)
}

/// Adds a block that is a file or the environment to the project.
fn add(project: Project, block: &Block) -> Project {
    match (block.kind.as_str(), block.option("file")) {
        (_, Some(name)) => project.file(name, &block.text),
        ("use", None) => block.text.lines().fold(project, |project, folder| {
            project.folder(
                &Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("../../spec")
                    .join(folder),
            )
        }),
        ("env", None) => block
            .text
            .lines()
            .filter_map(|line| line.split_once('='))
            .fold(project, |project, (name, value)| {
                project.env(name.trim(), value.trim())
            }),
        _ => project,
    }
}

struct Run {
    changes: Vec<(Block, String)>,
    world: Option<World>,
    last: Option<Answer>,
}

impl Run {
    fn expect(&mut self, block: &Block, actual: String) {
        if block.text != actual {
            self.changes.push((block.clone(), actual));
        }
    }

    /// Compares what the compiler says.
    fn compiler(&mut self, blocks: &[Block], compiled: &Compiled) {
        let mut told = false;
        for block in blocks {
            match block.kind.as_str() {
                "diagnostics" => {
                    told = true;
                    let report = compiled.report();
                    let end = if report.trim().is_empty() { "" } else { "\n" };
                    self.expect(block, format!("{}{end}", report.trim_end()));
                }
                "plan" => self.expect(block, plan_text(compiled, &block.info)),
                _ => {}
            }
        }
        let faulty = compiled.diagnostics.has_errors();
        assert!(told || !faulty, "the project has faults:\n{}", compiled.report());
    }

    async fn step(&mut self, block: &Block) {
        let Some(world) = &self.world else { return };
        match block.kind.as_str() {
            "sql" if block.option("file").is_none() => {
                world.database().execute(&block.text);
            }
            "clock" => advance(world, &block.text),
            "request" => self.last = Some(request(world, &block.text).await),
            "response" => {
                let last = self.last.take().expect("a request before its response");
                self.expect(block, written(&last, block.option("headers").unwrap_or_default()));
            }
            "sent" => {
                let news = world.providers.news();
                self.expect(block, news);
            }
            "inbox" => {
                let events = inbox(world).await;
                self.expect(block, events);
            }
            "fault" => world.providers.fault(&block.text),
            "rows" => {
                let (query, _) = block.text.split_once("---\n").unwrap_or((&block.text, ""));
                let actual = format!("{query}---\n{}", world.database().table(query));
                self.expect(block, actual);
            }
            _ => {}
        }
    }
}

/// The events of webhooks in the order in which they arrived, once those that are due have run.
async fn inbox(world: &World) -> String {
    let desk = world.runtime.events().expect("a project with webhooks");
    desk.catch_up().await.expect("an inbox");
    let mut events = desk.list(None, None, 1000).await.expect("an inbox");
    // The world stands still: many arrive at one instant.
    events.sort_by(|a, b| {
        let key = |event: &EventInfo| (event.received, event.event.len(), event.event.clone());
        key(a).cmp(&key(b))
    });
    let lines = events.iter().map(|event| {
        let kind = event.kind.as_deref().unwrap_or("-");
        let error = event.error.as_deref().map(|error| format!("  {error}"));
        format!(
            "{}  {kind}  {}{}\n",
            event.event,
            event.state,
            error.unwrap_or_default()
        )
    });
    lines.collect()
}

fn plan_text(compiled: &Compiled, name: &str) -> String {
    let Some(plan) = &compiled.plan else {
        return "no plan\n".to_owned();
    };
    if name.is_empty() {
        return backflow_plan::print::plan(plan);
    }
    let route = plan.routes.iter().find(|route| route.name() == name);
    route.map_or_else(|| format!("no route `{name}`\n"), backflow_plan::print::route)
}

fn advance(world: &World, text: &str) {
    let length = backflow_sql::parse_duration(text.trim().trim_start_matches('+'));
    let Some(backflow_sql::Duration::Micros(micros)) = length else {
        panic!("no duration: {text}")
    };
    world.clock.advance(micros);
}

/// First line `METHOD /target [as NAME [CLAIMS]]` or `METHOD /target signed SECRET`, then headers, an empty line, the body.
async fn request(world: &World, text: &str) -> Answer {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let (first, secret) = match first.split_once(" signed ") {
        Some((line, secret)) => (line, Some(secret.trim())),
        None => (first, None),
    };
    let (line, caller) = match first.split_once(" as ") {
        Some((line, caller)) => (line, Some(caller)),
        None => (first, None),
    };
    let (method, target) = line.split_once(' ').expect("METHOD /target");
    let mut headers: Vec<(&str, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(k, v)| (k, v.to_owned()))
        .collect();
    if let Some(caller) = caller {
        let (name, claims) = caller.split_once(' ').unwrap_or((caller, ""));
        headers.push(("Authorization", world.token(name, claims)));
    }
    let body = body.trim_end();
    if let Some(secret) = secret {
        let now = backflow_engine::Clock::now(&*world.clock).as_second();
        let signature = backflow_connect::sandbox::signature(secret, now, body.as_bytes());
        headers.push(("Stripe-Signature", signature));
    }
    let headers: Vec<(&str, &str)> = headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
    world.send(method, target.trim(), &headers, body).await
}

/// Status, the headers asked for, body.
fn written(answer: &Answer, headers: &str) -> String {
    let mut text = format!("{}\n", answer.status);
    for name in headers.split(',').filter(|name| !name.is_empty()) {
        for value in answer.headers.get_all(name) {
            text.push_str(&format!(
                "{name}: {}\n",
                String::from_utf8_lossy(value.as_bytes())
            ));
        }
    }
    if !answer.body.is_empty() {
        text.push_str(&format!("{}\n", answer.body));
    }
    text
}
