//! What `dev` makes up so that a project runs at once.
//!
//! Role: compiles a project with variables that are invented where they are missing.
//! Input: a folder and the state of earlier runs. Output: the compiled project, and what was invented in words.
//! Invariant: a variable that is set is never replaced.
//! Not here: serving; the words to people (`guide`).

pub(crate) mod guide;
mod sample;
pub(crate) mod sandbox;
mod state;

pub(crate) use state::State;

use crate::args::ProjectArgs;
use crate::compiled::Compiled;
use crate::project::Project;
use crate::settings;
use anyhow::Result;
use backflow_postgres::Live;

/// Names that ask for an address rather than a secret.
const ADDRESSES: [&str; 6] = ["URL", "URI", "ORIGIN", "HOST", "DOMAIN", "ENDPOINT"];
const PORT: u16 = 3000;

/// A variable that was made up.
pub(crate) struct Invented {
    pub(crate) name: String,
    /// What is said about it.
    pub(crate) line: String,
}

/// Compiles a project; what it lacks is invented and kept in the state.
pub(crate) fn compile(
    args: &ProjectArgs,
    state: &mut State,
    port: Option<u16>,
    live: Option<&Live>,
) -> Result<(Compiled, Vec<Invented>)> {
    let read = || Project::read(&args.folder, args.env_file.as_deref());
    let mut project = read()?;
    let mut invented = Vec::new();
    let has_secret = project.document.project.jwt.secret.is_some();
    if !has_secret && project.environment.value(settings::SECRET).is_none() {
        state.secret();
        invented.push(Invented {
            name: settings::SECRET.to_owned(),
            line: format!(
                "{} is not set: using the one in {}",
                settings::SECRET,
                state.file().display()
            ),
        });
    }
    state.fill(&mut project.environment);
    let compiled = Compiled::of(project, live);
    let missing = compiled.missing();
    if missing.is_empty() {
        return Ok((compiled, invented));
    }
    let mut project = read()?;
    for name in missing {
        let line = if ADDRESSES
            .iter()
            .any(|word| name.split('_').any(|part| part == *word))
        {
            let address = format!("http://localhost:{}", port.unwrap_or(PORT));
            project.environment.add(&name, &address);
            format!("{name} is not set: using {address}")
        } else {
            state.invent(&name);
            format!(
                "{name} is not set: using a made-up value in {}",
                state.file().display()
            )
        };
        invented.push(Invented { name, line });
    }
    state.fill(&mut project.environment);
    Ok((Compiled::of(project, live), invented))
}
