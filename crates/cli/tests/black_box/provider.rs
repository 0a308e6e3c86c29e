//! A provider of the tests' own, and a project that calls it.

use crate::folder::{Folder, SECRET};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the provider is told in `Authorization`.
pub(crate) const CANARY: &str = "canary-6f1d2c";

/// A small HTTP server that answers every request the same, later or otherwise if it is told so.
pub(crate) struct Provider {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Requests wait while this is set.
    held: bool,
    status: u16,
    /// Idempotency keys and credentials, in order of arrival.
    asked: Vec<(String, String)>,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State {
            status: 200,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || drop(answer(stream, &state)));
            }
        });
        Self { address, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Lets requests wait from now on, or go.
    pub(crate) fn hold(&self, held: bool) {
        self.state().held = held;
    }

    /// The status of answers from now on.
    pub(crate) fn status(&self, status: u16) {
        self.state().status = status;
    }

    /// The idempotency keys of what arrived.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.state().asked.iter().map(|(key, _)| key.clone()).collect()
    }

    /// The credentials of what arrived.
    pub(crate) fn credentials(&self) -> Vec<String> {
        self.state().asked.iter().map(|(_, auth)| auth.clone()).collect()
    }

    /// A project whose workflows call it, on SQLite.
    pub(crate) fn project(&self) -> Folder {
        self.project_on("data/app.db")
    }

    /// The same on any database.
    pub(crate) fn project_on(&self, database: &str) -> Folder {
        let folder = Folder::new(&PROJECT);
        let address = &self.address;
        let env = format!(
            "JWT_SECRET={SECRET}\nCRM_URL=http://{address}\nCRM_TOKEN={CANARY}\nDATABASE_URL={database}\n"
        );
        folder.write(".env", &env);
        folder
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut key, mut auth) = (0, String::new(), String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        let (name, value) = line.trim().split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "idempotency-key" => value.clone_into(&mut key),
            "authorization" => value.clone_into(&mut auth),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    lock(state).asked.push((key.clone(), auth.clone()));
    while lock(state).held {
        std::thread::sleep(Duration::from_millis(10));
    }
    let status = lock(state).status;
    // It says the credential back, as providers should not.
    let body = format!(r#"{{"id":"contact-1","seen":"{auth}"}}"#);
    write!(
        reader.get_mut(),
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Contacts that are made at the provider first.
const PROJECT: [(&str, &str); 4] = [
    (
        "backflow.json",
        r#"{
  "customIntegrations": [{
    "name": "crm",
    "baseUrl": "{{env.CRM_URL}}",
    "auth": { "type": "bearer", "token": "{{env.CRM_TOKEN}}" },
    "idempotencyHeader": "Idempotency-Key",
    "actions": { "add": { "method": "POST", "path": "/contacts", "body": "{{params}}" } }
  }]
}"#,
    ),
    (
        "migrations/0001_contacts.sql",
        "CREATE TABLE teams (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), name TEXT NOT NULL);
CREATE TABLE team_members (team_id UUID NOT NULL REFERENCES teams(id), user_id UUID NOT NULL, role TEXT, UNIQUE (team_id, user_id));
CREATE TABLE contacts (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), team_id UUID NOT NULL REFERENCES teams(id),
  name TEXT NOT NULL, remote TEXT
);
CREATE INDEX ON contacts (team_id);",
    ),
    (
        "routes/teams.json",
        r#"[
  { "path": "/teams", "method": "post", "requireAuth": true,
    "supabaseQueries": [
      { "table": "teams", "operation": "insert", "data": { "name": "{{auth.sub}}" }, "select": "*", "alias": "team" },
      { "table": "team_members", "operation": "insert",
        "data": { "team_id": "{{results.team.id}}", "user_id": "{{auth.sub}}", "role": "owner" } }
    ] },
  { "path": "/teams/:teamId/contacts", "method": "get", "requireAuth": true,
    "supabaseQueries": [{ "table": "contacts", "operation": "select", "order": "name" }] },
  { "path": "/teams/:teamId/contacts", "method": "post", "requireAuth": true,
    "validation": { "body": { "name": { "type": "string", "required": true } } },
    "workflow": {
      "timeout": "300ms",
      "steps": [
        { "id": "add", "type": "integration", "integration": "crm", "action": "add",
          "params": { "name": "{{body.name}}" }, "retry": { "attempts": 2, "backoff": "10ms" } },
        { "id": "save", "type": "database", "params": { "table": "contacts", "operation": "insert",
          "data": { "name": "{{body.name}}", "remote": "{{steps.add.result.id}}" } } }
      ]
    } }
]"#,
    ),
    (
        "workflows/import.json",
        r#"{
  "name": "import",
  "input": { "name": { "type": "string", "required": true } },
  "steps": [
    { "id": "add", "type": "integration", "integration": "crm", "action": "add", "params": { "name": "{{input.name}}" } },
    { "id": "save", "type": "database", "params": { "table": "contacts", "operation": "insert",
      "data": { "name": "{{input.name}}", "remote": "{{steps.add.result.id}}" } } }
  ]
}"#,
    ),
];
