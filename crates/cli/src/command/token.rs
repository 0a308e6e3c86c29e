//! `backflow token`
//!
//! Role: prints a token signed with the project's secret, for trying routes.
//! Invariant: standard output holds the token and nothing else.
//! Not here: signing; the engine does that.

use crate::args::TokenArgs;
use crate::dev::State;
use crate::project::Project;
use crate::settings;
use crate::terminal::Terminal;
use anyhow::{Context, Result, bail};
use backflow_diag::{Diagnostics, render};
use backflow_engine::{Clock, SystemClock, token};
use backflow_expr::{Value, json};
use backflow_sql::{Duration, parse_duration};

const MICROS: i64 = 1_000_000;
const DEPTH: usize = 32;

/// Runs the command.
pub(crate) fn run(args: &TokenArgs, terminal: &Terminal) -> Result<bool> {
    if args.sub.is_empty() {
        bail!("--sub must not be empty");
    }
    let mut project = Project::read(&args.project.folder, args.project.env_file.as_deref())?;
    let mut state = State::read(&args.project.folder)?;
    state.fill(&mut project.environment);
    let mut out = Diagnostics::default();
    let mut jwt = settings::jwt(&project.document, &project.environment, &mut out);
    if jwt.secret.is_none() && project.document.project.jwt.secret.is_none() {
        // The one that `backflow dev` will use.
        state.secret();
        state.fill(&mut project.environment);
        let file = state.write()?;
        terminal.aside(format_args!(
            "{} is not set; made a secret in {}",
            settings::SECRET,
            file.display()
        ));
        jwt = settings::jwt(&project.document, &project.environment, &mut out);
    }
    let secret = jwt.secret.with_context(|| {
        format!(
            "the project's secret is not known\n{}",
            render::human(&project.sources, out.iter(), false)
        )
    })?;
    let claims = claims(args, jwt.issuer.as_deref(), jwt.audience.as_deref())?;
    terminal.line(token::mint(&secret, &Value::object(claims)))?;
    Ok(true)
}

fn claims(args: &TokenArgs, issuer: Option<&str>, audience: Option<&str>) -> Result<Vec<(String, Value)>> {
    let now = SystemClock.now().as_second();
    let Some(Duration::Micros(life)) = parse_duration(&args.ttl) else {
        bail!(
            "`{}` is no time: write a number and `s`, `m`, `h`, `d` or `w`",
            args.ttl
        );
    };
    let texts = [
        ("email", args.email.as_deref()),
        ("iss", issuer),
        ("aud", audience),
    ];
    let mut claims = vec![("sub".to_owned(), Value::text(args.sub.as_str()))];
    claims.extend(
        texts
            .iter()
            .filter_map(|(name, text)| Some(((*name).to_owned(), Value::text((*text)?)))),
    );
    claims.push(("iat".to_owned(), Value::int(now)));
    claims.push(("exp".to_owned(), Value::int(now.saturating_add(life / MICROS))));
    for claim in &args.claims {
        let (name, text) = claim
            .split_once('=')
            .with_context(|| format!("`{claim}` is not NAME=VALUE"))?;
        let value = json::parse(text.as_bytes(), DEPTH).unwrap_or_else(|_| Value::text(text));
        claims.retain(|(known, _)| known != name);
        claims.push((name.to_owned(), value));
    }
    Ok(claims)
}
