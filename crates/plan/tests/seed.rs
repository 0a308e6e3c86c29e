//! The starting project compiles with warnings only.

use backflow_catalog::read as read_schema;
use backflow_config::{Role, read};
use backflow_diag::{Diagnostics, SourceMap, render};
use backflow_plan::{Environment, Inputs, Plan, compile, print};
use backflow_sql::ir::Dialect;
use std::path::{Path, PathBuf};

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../spec/seed")
        .join(folder);
    let mut found: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    found.sort();
    found
}

fn seed() -> (SourceMap, Diagnostics, Option<Plan>) {
    let (mut sources, mut out) = (SourceMap::default(), Diagnostics::default());
    let mut add = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        sources.add(name, std::fs::read_to_string(path).unwrap())
    };
    let schema: Vec<_> = files("migrations", "sql").iter().map(&mut add).collect();
    let mut config: Vec<_> = files("routes", "json")
        .iter()
        .map(|path| (add(path), Role::Included))
        .collect();
    config.extend(
        files("webhooks", "json")
            .iter()
            .map(|path| (add(path), Role::Included)),
    );
    let schema = read_schema(&sources, &schema, &mut out);
    let document = read(&sources, &config, &mut out);
    let environment = Environment::new(["APP_URL", "STRIPE_WEBHOOK_SECRET"].map(str::to_owned));
    let inputs = Inputs {
        document: &document,
        catalog: &schema.catalog,
        environment: &environment,
        dialect: Dialect::Sqlite,
    };
    let plan = compile(&inputs, &mut out);
    (sources, out, plan)
}

#[test]
fn the_starting_project_compiles_with_warnings_only() {
    let (sources, out, plan) = seed();
    println!("{}", render::human(&sources, out.iter(), false));
    let plan = plan.expect("no faults");
    println!("{}", print::plan(&plan));
    assert_eq!(plan.routes.len(), 8);
    assert_eq!(plan.hooks.len(), 1);
}
