//! The databases that are compared.
//!
//! Invariant: the same files go to each.
//! Not here: what is compared.

use backflow_testkit::{Backend, Compiled, Project, World};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

/// Compiles files for a database.
pub(crate) fn compile(backend: Backend, files: &[(String, String)]) -> Compiled {
    let mut project = Project::default();
    for (name, text) in files {
        project = project.file(name, text);
    }
    project.compile_for(backend.dialect())
}

/// Serves files from a fresh database, or says why not.
pub(crate) fn start(backend: Backend, files: &[(String, String)]) -> Result<World, String> {
    let compiled = compile(backend, files);
    // The reason is told with the finding, not once for each smaller case that is tried.
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let started = catch_unwind(AssertUnwindSafe(|| World::start_on(backend, compiled)));
    set_hook(hook);
    started.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default()
    })
}
