//! A sandbox as a process of its own.
//!
//! Role: `sandbox [--address 127.0.0.1:12111] [--store FILE] [--webhook URL SECRET [VERSION]]…`; says its address on
//! the first line of its output and runs until it is killed.
//! Invariant: with a store, what was answered before a kill is there after it.
//! Not here: what it does (`backflow_connect::sandbox`).

use backflow_connect::sandbox::{Options, Sandbox, Target};
use std::io::Write;

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = std::env::args().skip(1).peekable();
    while let Some(word) = words.next() {
        let mut next = || words.next().ok_or(format!("{word}: a value is missing"));
        match word.as_str() {
            "--address" => options.address = next()?.parse().map_err(|_| "no address".to_owned())?,
            "--store" => options.store = Some(next()?.into()),
            "--webhook" => {
                let (url, secret) = (next()?, next()?);
                let api_version = words.next_if(|word| !word.starts_with("--"));
                options.webhooks.push(Target {
                    url,
                    secret,
                    api_version,
                });
            }
            other => return Err(format!("{other}: unknown")),
        }
    }
    Ok(options)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start(options()?).await?;
    writeln!(std::io::stdout(), "{}", sandbox.base_url("stripe"))?;
    std::future::pending::<()>().await;
    Ok(())
}
