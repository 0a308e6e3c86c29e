//! From a request of hyper to a response of hyper.
//!
//! Role: hands requests to the [`App`], and makes responses of replies.
//! Invariant: every request gets exactly one response; a panic becomes 500.
//! Not here: reading heads and writing responses (hyper), what is answered (the engine).

use crate::access::Access;
use crate::app::App;
use crate::body::{self, Body};
use crate::caught::caught;
use crate::health;
use crate::options::ServeOptions;
use backflow_engine::{Code, Fault, Ids, Reply, Request, SystemIds};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, EXPECT, HOST, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use std::net::IpAddr;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a request from an address.
pub(crate) async fn answer(
    app: &impl App,
    options: &ServeOptions,
    (request, peer): (http::Request<Incoming>, IpAddr),
) -> Response<Full<Bytes>> {
    let access = Access::begin();
    let (head, mut incoming) = request.into_parts();
    let reply = reply(app, options, (&head, peer), &mut incoming).await;
    body::leave(&mut incoming, head.headers.contains_key(EXPECT)).await;
    access.end(&head.method, &reply);
    respond(reply, head.version)
}

async fn reply(
    app: &impl App,
    options: &ServeOptions,
    (head, peer): (&Parts, IpAddr),
    incoming: &mut Incoming,
) -> Reply {
    if !names_host(head) {
        return refusal(StatusCode::BAD_REQUEST, NO_HOST);
    }
    if head.uri.path() == health::PATH {
        return health::reply(app, &head.method).await;
    }
    let request = Request {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query(),
        headers: &head.headers,
        peer,
        body: Body { incoming, options },
    };
    match caught(app.answer(request)).await {
        Some(reply) => reply,
        None => panicked(),
    }
}

/// HTTP/1.1 asks for exactly one `Host`; proxies that disagree about it can be led astray.
fn names_host(head: &Parts) -> bool {
    head.version != Version::HTTP_11 || head.headers.get_all(HOST).iter().count() == 1
}

const NO_HOST: &[u8] =
    br#"{"error":"Bad Request","message":"The request must have one header Host","code":"bad_request"}"#;

fn refusal(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Reply {
        status,
        headers,
        body: body.into(),
        route: None,
    }
}

fn panicked() -> Reply {
    let id = SystemIds.request();
    tracing::error!(request_id = id, "request panicked");
    let fault = Fault::of(Code::Internal);
    let mut reply = refusal(fault.status(), fault.body(&id));
    if let Ok(id) = HeaderValue::from_str(&id) {
        reply.headers.insert(REQUEST_ID, id);
    }
    reply
}

fn respond(reply: Reply, version: Version) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let is_cut_short = matches!(
        reply.status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE
    );
    if is_cut_short && version < Version::HTTP_2 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
