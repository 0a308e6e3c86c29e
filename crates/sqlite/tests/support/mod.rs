//! A tiny plan, made by hand, over one table.
//!
//! Role: lets tests and examples drive the store the way requests do.
//! Invariant: nothing here goes around the engine; transactions come from [`backflow_engine::handle`].
//! Not here: compiling projects.

use backflow_catalog::ColumnType;
use backflow_engine::store::Store;
use backflow_engine::{Outside, Reply, Request, Runtime, Settings, SystemClock, SystemIds, handle};
use backflow_expr::{Kind, Program, Slot, Type};
use backflow_plan::model::Method;
use backflow_plan::model::{
    Access, Answer, Bind, BindValue, Input, Operation, PathPattern, Place, Plan, Results, Route, RouteId,
    Rows, Segment, Source, Step,
};
use backflow_sql::ir::Statement;
use backflow_sqlite::Translated;
use std::sync::Arc;

/// The table.
pub(crate) fn migration() -> Translated {
    let table = "CREATE TABLE usage (id TEXT PRIMARY KEY, used INT NOT NULL DEFAULT (1)) STRICT";
    Translated {
        name: "0001_usage.sql".to_owned(),
        checksum: "0".to_owned(),
        statements: vec![table.to_owned()],
        transactional: true,
    }
}

/// `GET /usage/:id`, `POST /usage/:id` (makes), `PUT /usage/:id` (makes or counts).
pub(crate) fn runtime(store: Arc<dyn Store>) -> Runtime {
    let answer = "json_object('id', id, 'used', used)";
    let routes = vec![
        route(
            Method::Get,
            Operation::Select,
            &format!("SELECT {answer} FROM usage WHERE id = ?1"),
        ),
        route(
            Method::Post,
            Operation::Insert,
            &format!("INSERT INTO usage (id) VALUES (?1) RETURNING {answer}"),
        ),
        route(
            Method::Put,
            Operation::Upsert { ignore: false },
            &format!(
                "INSERT INTO usage (id) VALUES (?1)
                 ON CONFLICT (id) DO UPDATE SET used = bf_int8(used + 1) RETURNING {answer}"
            ),
        ),
    ];
    let plan = Plan {
        routes,
        ..Plan::default()
    };
    Runtime::build(
        plan,
        Settings::default(),
        Outside::new(store, Arc::new(SystemClock), Arc::new(SystemIds)),
    )
    .expect("plan")
}

/// Sends a request.
pub(crate) async fn send(runtime: &Runtime, method: http::Method, id: &str) -> Reply {
    let (path, headers) = (format!("/usage/{id}"), http::HeaderMap::new());
    let request = Request {
        method: &method,
        path: &path,
        query: None,
        headers: &headers,
        peer: [127, 0, 0, 1].into(),
        body: bytes::Bytes::new(),
    };
    handle(runtime, request).await
}

fn route(method: Method, operation: Operation, text: &str) -> Route {
    Route {
        id: RouteId(0),
        method,
        path: PathPattern(vec![
            Segment::Fixed("usage".to_owned()),
            Segment::Param("id".to_owned()),
        ]),
        aliases: Vec::new(),
        auth: false,
        limit: None,
        cache: None,
        place: Place::Nowhere,
        input: Input::default(),
        frame: vec![Source::Param(0)],
        steps: vec![step(operation, text)],
        work: None,
        answer: Answer::LastStep,
        status: None,
        access: if operation == Operation::Select {
            Access::Read
        } else {
            Access::Write
        },
        fused: None,
        alone: false,
        shares: None,
    }
}

fn step(operation: Operation, text: &str) -> Step {
    let id = Bind {
        label: "id".to_owned(),
        value: BindValue::Needed(Program::slot(Slot(0), Type::new(Kind::Text), "params.id")),
        ty: ColumnType::Text,
        labels: Arc::new([]),
        late: false,
    };
    Step {
        label: "supabaseQueries[0]".to_owned(),
        table: "usage".to_owned(),
        kind: "declared global".to_owned(),
        scoped: false,
        operation,
        condition: None,
        condition_late: false,
        statement: Arc::new(Statement {
            text: text.to_owned(),
            json: true,
            cells: 0,
            ..backflow_sql::ir::Statement::default()
        }),
        binds: vec![id],
        rows: Rows::One,
        makes: None,
        results: Results::default(),
        capability: None,
        any_given: Vec::new(),
        keys: Vec::new(),
        check: false,
        counts: false,
        page: None,
        selects: false,
        sort_cells: 0,
        limit: None,
    }
}
