//! The databases that are compared.
//!
//! Invariant: the same files go to each, into a database that is empty.
//! Not here: what is compared.

use backflow_testkit::{Backend, Compiled, Home, Project, World};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Arc;

thread_local! {
    /// Databases that are emptied and used again: making one takes longer than a case.
    static HOMES: RefCell<Vec<Arc<Home>>> = const { RefCell::new(Vec::new()) };
}

/// Compiles files for a database; or says how it stopped.
pub(crate) fn compile(backend: Backend, files: &[(String, String)]) -> Result<Compiled, String> {
    let mut project = Project::default();
    for (name, text) in files {
        project = project.file(name, text);
    }
    quietly(|| project.compile_for(backend.dialect()))
}

/// Serves files from an empty database, or says why not.
pub(crate) fn start(backend: Backend, files: &[(String, String)]) -> Result<World, String> {
    let compiled = compile(backend, files)?;
    let home = home(backend);
    quietly(|| World::start_in(home, compiled))
}

/// The reason of a panic is told with the finding, not once for each smaller case that is tried.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let done = catch_unwind(AssertUnwindSafe(work));
    set_hook(hook);
    done.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default()
    })
}

fn home(backend: Backend) -> Arc<Home> {
    if backend == Backend::Sqlite {
        return Arc::new(Home::new(backend));
    }
    HOMES.with_borrow_mut(|homes| {
        let found = homes.iter().find(|home| home.backend() == backend);
        let home = found.cloned().unwrap_or_else(|| {
            let home = Arc::new(Home::new(backend));
            homes.push(Arc::clone(&home));
            home
        });
        home.probe()
            .execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        home
    })
}
