//! Plain HTTP beside HTTPS: pages are redirected, certificate authorities find proofs, and everything else is refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use poem::endpoint::make;
use poem::http::{Method, StatusCode, header};
use poem::{Endpoint, Request, Response};
use serde_json::json;

const PROOF_PATH: &str = "/.well-known/acme-challenge/";

/// What certificate authorities find, by token.
#[derive(Clone, Default)]
pub(in crate::server) struct Proofs(Arc<Mutex<HashMap<String, String>>>);

impl Proofs {
    pub(super) fn show(&self, token: String, answer: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token, answer);
    }

    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn answer(&self, path: &str) -> Option<String> {
        let token = path.strip_prefix(PROOF_PATH)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }
}

/// The endpoint of the plain listener. `origin` is where people reach the server, if it is known; otherwise they are sent
/// to the host that they asked, on `port`.
pub(in crate::server) fn redirect(
    proofs: Proofs,
    origin: Option<String>,
    port: u16,
) -> impl Endpoint<Output = Response> {
    make(move |request: Request| {
        let response = answer(&request, &proofs, origin.as_deref(), port);
        async move { Ok::<_, poem::Error>(response) }
    })
}

fn answer(request: &Request, proofs: &Proofs, origin: Option<&str>, port: u16) -> Response {
    if let Some(answer) = proofs.answer(request.uri().path()) {
        return Response::builder().content_type("application/octet-stream").body(answer);
    }
    // A program that sends secrets without encryption must notice, and not have them sent once more.
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && !request.headers().contains_key(header::AUTHORIZATION);
    let base = origin.map(str::to_owned).or_else(|| base(request, port));
    let (true, Some(base)) = (is_page, base) else {
        let detail = "This server speaks HTTPS only";
        let body = json!({"detail": detail, "message": detail, "error": "forbidden", "code": "forbidden"});
        return Response::builder()
            .status(StatusCode::FORBIDDEN)
            .content_type("application/json")
            .body(body.to_string());
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    Response::builder()
        .status(StatusCode::PERMANENT_REDIRECT)
        .header(header::LOCATION, format!("{base}{path}"))
        .header(header::CACHE_CONTROL, "no-store")
        .finish()
}

/// The address of the host that was asked, with HTTPS.
fn base(request: &Request, port: u16) -> Option<String> {
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let name = match host.rsplit_once(':') {
        Some((name, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    match port {
        443 => Some(format!("https://{name}")),
        port => Some(format!("https://{name}:{port}")),
    }
}
