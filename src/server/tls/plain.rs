//! Plain HTTP beside HTTPS: pages are redirected, certificate authorities find proofs, and everything else is refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use poem::endpoint::make;
use poem::http::{Method, StatusCode, header};
use poem::{Endpoint, Request, Response};
use serde_json::json;
use url::Url;

use crate::config::Config;
use crate::server::host_router::host;
use besedka_api::DIALECTS;

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

/// Where pages are redirected.
pub(in crate::server) struct Destinations {
    /// Where people reach the server, if it is known; otherwise they are sent to the host that they asked.
    origin: Option<String>,
    /// Other host names of the server, in lower case. Each may serve another API, so that whoever asks one stays there.
    hosts: Vec<String>,
    /// The port for HTTPS.
    port: u16,
}

impl Destinations {
    /// `port` is where the server listens: people come to it unless the public URL says otherwise.
    pub(in crate::server) fn new(config: &Config, port: u16) -> Self {
        let origin = config.public_origin().map(str::to_owned);
        let public = origin.as_deref().and_then(|origin| Url::parse(origin).ok());
        let public = public.filter(|url| url.scheme() == "https").and_then(|url| url.port_or_known_default());
        let of_dialects = DIALECTS.iter().flat_map(|dialect| config.dialects.hosts(dialect.slug));
        let hosts = config.tls.tls_domain.iter().chain(of_dialects).cloned().collect();
        Self { origin, hosts, port: public.unwrap_or(port) }
    }

    /// The origin to which a request is sent; `None` if it does not say for which host it is.
    fn of(&self, request: &Request) -> Option<String> {
        let asked = asked_host(request);
        match &self.origin {
            Some(origin) => {
                let own = asked.filter(|host| self.hosts.contains(host));
                Some(own.map_or_else(|| origin.clone(), |host| self.origin_of(&host)))
            }
            None => asked.map(|host| self.origin_of(&host)),
        }
    }

    fn origin_of(&self, host: &str) -> String {
        match self.port {
            443 => format!("https://{host}"),
            port => format!("https://{host}:{port}"),
        }
    }
}

/// The endpoint of the plain listener.
pub(in crate::server) fn redirect(
    proofs: Proofs,
    destinations: Destinations,
) -> impl Endpoint<Output = Response> {
    make(move |request: Request| {
        let response = answer(&request, &proofs, &destinations);
        async move { Ok::<_, poem::Error>(response) }
    })
}

fn answer(request: &Request, proofs: &Proofs, destinations: &Destinations) -> Response {
    if let Some(answer) = proofs.answer(request.uri().path()) {
        return Response::builder().content_type("application/octet-stream").body(answer);
    }
    // A program that sends secrets without encryption must notice, and not have them sent once more.
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && !request.headers().contains_key(header::AUTHORIZATION);
    let (true, Some(base)) = (is_page, destinations.of(request)) else {
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

/// The host that was asked, in lower case and without a port.
fn asked_host(request: &Request) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
    host(request).filter(|name| !name.is_empty() && name.chars().all(is_name))
}
