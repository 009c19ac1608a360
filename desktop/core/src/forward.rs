//! The scheme `besedka-server`: what the page asks of its server. The shell asks in the page's stead, with the
//! refresh token that the page never sees, the system's proxy and the user's certificate authorities, so that any
//! server serves the app unchanged.
//!
//! `besedka-server://localhost/PATH` is the account's server; `besedka-server://localhost/~URL` is another host
//! that the server named, as a bucket with files: without cookies.

use std::sync::Arc;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE,
    HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERER, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Request, Response, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use reqwest::Method;
use tokio::task::spawn_blocking;
use url::Url;

use crate::accounts::Server;
use crate::net::Clients;
use crate::secrets::Secrets;

pub const SCHEME: &str = "besedka-server";
/// The origins of the app's own pages: Windows has no schemes of its own.
pub const PAGES: [&str; 2] = ["tauri://localhost", "http://tauri.localhost"];
/// The page that says that the shell could not reach the server; the page takes it for a network error.
pub const UNREACHABLE: StatusCode = StatusCode::BAD_GATEWAY;
/// Marks the shell's own answers, which no server sent.
pub const MARK: HeaderName = HeaderName::from_static("x-besedka-shell");

/// What of a page's request concerns only its browser.
const NOT_SENT: [HeaderName; 4] = [HOST, ORIGIN, REFERER, COOKIE];
/// What of an answer concerns only the connection to the server, or must not reach the page.
const NOT_ANSWERED: [&str; 8] = [
    "set-cookie",
    "connection",
    "transfer-encoding",
    "content-encoding",
    "content-length",
    "keep-alive",
    "strict-transport-security",
    "alt-svc",
];

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    Server(Url),
    Elsewhere(Url),
}

pub fn target(server: &Server, uri: &Uri) -> Option<Target> {
    let path = uri.path();
    if let Some(other) = path.strip_prefix("/~") {
        let decoded = percent_decode_str(other).decode_utf8().ok()?;
        let url = Url::parse(&decoded).ok()?;
        // No weaker than the connection to the server itself.
        let is_allowed = url.scheme() == "https" || (url.scheme() == "http" && server.url.scheme() == "http");
        if !is_allowed || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        return Some(if is_of(server, &url) { Target::Server(url) } else { Target::Elsewhere(url) });
    }
    let mut url = server.url.clone();
    let base = url.path().trim_end_matches('/').to_owned();
    // The native API names avatars by a path from the server's root, which has the prefix already.
    let whole = if !base.is_empty() && path.starts_with(&format!("{base}/")) {
        path.to_owned()
    } else {
        format!("{base}{path}")
    };
    url.set_path(&whole);
    url.set_query(uri.query());
    Some(Target::Server(url))
}

fn is_of(server: &Server, url: &Url) -> bool {
    url.scheme() == server.url.scheme()
        && url.host() == server.url.host()
        && url.port_or_known_default() == server.url.port_or_known_default()
}

/// Answers a request of a page.
pub async fn answer(
    account: u32,
    server: Option<Server>,
    clients: &Clients,
    secrets: &Arc<Secrets>,
    request: Request<Vec<u8>>,
) -> Response<Vec<u8>> {
    let mut response = match (server, request.method()) {
        (_, &Method::OPTIONS) => preflight(),
        (Some(server), _) => match target(&server, request.uri()) {
            Some(target) => forward(account, clients, secrets, target, request).await,
            None => own(StatusCode::FORBIDDEN),
        },
        (None, _) => own(StatusCode::FORBIDDEN),
    };
    close(response.headers_mut());
    response
}

async fn forward(
    account: u32,
    clients: &Clients,
    secrets: &Arc<Secrets>,
    target: Target,
    request: Request<Vec<u8>>,
) -> Response<Vec<u8>> {
    let (parts, body) = request.into_parts();
    let mut headers = parts.headers;
    for name in NOT_SENT {
        headers.remove(name);
    }
    headers.retain_all(|name| !name.as_str().starts_with("sec-"));
    let (url, is_own) = match target {
        Target::Server(url) => (url, true),
        Target::Elsewhere(url) => (url, false),
    };
    if is_own {
        let secrets = secrets.clone();
        // A keyring may ask the user for its password first.
        let cookie = spawn_blocking(move || secrets.header(account)).await.ok().flatten();
        if let Some(cookie) = cookie.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(COOKIE, cookie);
        }
    }
    let sent = clients.http.request(parts.method, url).headers(headers).body(body).send().await;
    let answer = match sent {
        Ok(answer) => answer,
        Err(error) => {
            log::info!("the server could not be reached: {error}");
            return own(UNREACHABLE);
        }
    };
    if is_own {
        let cookies = answer.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        for cookie in cookies.map(str::to_owned).collect::<Vec<_>>() {
            let secrets = secrets.clone();
            if spawn_blocking(move || secrets.take(account, &cookie)).await.is_err() {
                log::error!("a token could not be kept");
            }
        }
    }
    let status = answer.status();
    let mut kept = HeaderMap::new();
    for (name, value) in answer.headers() {
        if !NOT_ANSWERED.contains(&name.as_str())
            && !name.as_str().starts_with("access-control-")
            && *name != MARK
        {
            kept.append(name, value.clone());
        }
    }
    match answer.bytes().await {
        Ok(bytes) => {
            let mut response = Response::new(bytes.into());
            *response.status_mut() = status;
            *response.headers_mut() = kept;
            response
        }
        Err(error) => {
            log::info!("the server's answer broke off: {error}");
            own(UNREACHABLE)
        }
    }
}

/// An answer of the shell itself.
fn own(status: StatusCode) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response.headers_mut().insert(MARK, HeaderValue::from_static("1"));
    response
}

fn preflight() -> Response<Vec<u8>> {
    let mut response = own(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"));
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "accept, authorization, content-type, idempotency-key, range, if-none-match, x-besedka-session, x-csrf-token",
        ),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Only the app's pages read the answers, and no answer is a page itself: the commands are open to local pages, and
/// Tauri counts this scheme among them.
fn close(headers: &mut HeaderMap) {
    let page = if cfg!(windows) { PAGES[1] } else { PAGES[0] };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(page));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let is_active = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind.contains("html") || kind.contains("xml") && kind != "image/svg+xml" || kind.contains("script")
    });
    if is_active {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
}

trait RetainAll {
    fn retain_all(&mut self, keep: impl Fn(&HeaderName) -> bool);
}

impl RetainAll for HeaderMap {
    fn retain_all(&mut self, keep: impl Fn(&HeaderName) -> bool) {
        let gone: Vec<_> = self.keys().filter(|name| !keep(name)).cloned().collect();
        for name in gone {
            self.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(server: &str, uri: &str) -> Option<Target> {
        let server = Server { url: Url::parse(server).unwrap(), version: String::new() };
        target(&server, &uri.parse().unwrap())
    }

    fn own_url(server: &str, uri: &str) -> String {
        match at(server, uri) {
            Some(Target::Server(url)) => url.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn paths_lead_to_the_accounts_server() {
        let root = "https://a.example";
        assert_eq!(
            own_url(root, "besedka-server://localhost/api/v1/sync?x=1"),
            "https://a.example/api/v1/sync?x=1"
        );
        let below = "https://a.example/chat";
        assert_eq!(
            own_url(below, "besedka-server://localhost/api/v1/sync"),
            "https://a.example/chat/api/v1/sync"
        );
        assert_eq!(
            own_url(below, "besedka-server://localhost/chat/api/v1/avatars/1"),
            "https://a.example/chat/api/v1/avatars/1"
        );
        // Another host cannot be smuggled into the path.
        assert_eq!(
            own_url(root, "besedka-server://localhost//evil.example/x"),
            "https://a.example//evil.example/x"
        );
        assert_eq!(
            own_url(root, "besedka-server://localhost/@evil.example/x"),
            "https://a.example/@evil.example/x"
        );
    }

    #[test]
    fn other_hosts_get_no_cookie_and_nothing_less_safe_is_asked() {
        let other = |server: &str, url: &str| {
            at(
                server,
                &format!(
                    "besedka-server://localhost/~{}",
                    percent_encoding::utf8_percent_encode(url, percent_encoding::NON_ALPHANUMERIC)
                ),
            )
        };
        let bucket = "https://bucket.example/file?signature=a%2Fb";
        assert_eq!(other("https://a.example", bucket), Some(Target::Elsewhere(Url::parse(bucket).unwrap())));
        assert_eq!(
            other("https://a.example", "https://a.example/api/v1/x"),
            Some(Target::Server(Url::parse("https://a.example/api/v1/x").unwrap()))
        );
        assert!(matches!(other("https://a.example", "https://a.example:444/x"), Some(Target::Elsewhere(_))));
        for refused in
            ["http://bucket.example/x", "file:///etc/passwd", "https://user:secret@b.example/", "nonsense"]
        {
            assert_eq!(other("https://a.example", refused), None, "{refused}");
        }
        assert!(matches!(
            other("http://127.0.0.1:8000", "http://127.0.0.1:9000/x"),
            Some(Target::Elsewhere(_))
        ));
    }

    #[test]
    fn no_answer_is_a_page() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("Text/HTML; charset=utf-8"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("script-src *"));
        close(&mut headers);
        assert_eq!(headers[CONTENT_TYPE], "text/plain; charset=utf-8");
        assert_eq!(headers[CONTENT_SECURITY_POLICY], "default-src 'none'; sandbox");
        for kept in ["application/json", "image/png", "image/svg+xml"] {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kept));
            close(&mut headers);
            assert_eq!(headers[CONTENT_TYPE], kept);
        }
    }
}
