//! The web client and the documentation pages, inside the binary.

use poem::http::{Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use rust_embed::{EmbeddedFile, RustEmbed};

/// What `npm run build` made. Debug builds read it from the disk.
#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Dist;

/// Where a page may load from: here, and from buckets that hold files; nowhere else. The socket is named for browsers
/// that do not count it to 'self'.
fn policy(buckets: &[String]) -> String {
    let buckets: String = buckets.iter().flat_map(|origin| [" ", origin]).collect();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:{buckets}; \
         media-src 'self' blob:{buckets}; font-src 'self'; connect-src 'self'{buckets}; worker-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    )
}

/// Files by their path, `index.html` of folders, and the client's own page for its deep links.
pub struct Web {
    policy: String,
}

impl Web {
    /// Pages that send files to the buckets of some origins and show them from there.
    pub fn new(buckets: &[String]) -> Self {
        Self { policy: policy(buckets) }
    }
}

impl Endpoint for Web {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response());
        }
        let path = request.uri().path().trim_matches('/');
        let name = if path.is_empty() { "index.html".to_owned() } else { path.to_owned() };
        let found = Dist::get(&name).map(|file| (name.clone(), file)).or_else(|| {
            let index = format!("{path}/index.html");
            Dist::get(&index).map(|file| (index, file))
        });
        let (name, file) = match found {
            Some(found) => found,
            None if is_page(&request, path) => match Dist::get("index.html") {
                Some(index) => ("index.html".to_owned(), index),
                None => return Ok(missing_client()),
            },
            None => return Ok(StatusCode::NOT_FOUND.into_response()),
        };
        Ok(answer(&request, &name, file, &self.policy))
    }
}

/// A deep link into the client: somebody goes to an address without a file's ending.
fn is_page(request: &Request, path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    let wants_html =
        request.header(header::ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/html"));
    wants_html && !last.contains('.')
}

fn answer(request: &Request, name: &str, file: EmbeddedFile, policy: &str) -> Response {
    let accepted = request.header(header::ACCEPT_ENCODING.as_str());
    let takes_gzip = accepted.is_some_and(|encodings| encodings.split(',').any(is_gzip));
    let packed = if takes_gzip { Dist::get(&format!("{name}.gz")) } else { None };
    let is_packed = packed.is_some();
    let file = packed.unwrap_or(file);
    let hash = file.metadata.sha256_hash();
    let tag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    // Names below assets/ hold a hash of what is in them: they never change.
    let caching =
        if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let response = Response::builder()
        .header(header::ETAG, &tag)
        .header(header::CACHE_CONTROL, caching)
        .header(header::VARY, "Accept-Encoding")
        .header(header::CONTENT_SECURITY_POLICY, policy)
        .header("Cross-Origin-Opener-Policy", "same-origin");
    let known = request.header(header::IF_NONE_MATCH.as_str());
    if known.is_some_and(|known| known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)) {
        return response.status(StatusCode::NOT_MODIFIED).finish();
    }
    let response = if is_packed { response.header(header::CONTENT_ENCODING, "gzip") } else { response };
    response.content_type(content_type(name)).body(file.data.into_owned())
}

/// `gzip`, unless it is said with a weight of nothing.
fn is_gzip(encoding: &str) -> bool {
    let mut parts = encoding.split(';').map(str::trim);
    parts.next() == Some("gzip")
        && parts.all(|weight| !matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn missing_client() -> Response {
    let text = "The web client was not built. `make run` builds it; the API is at /api/v1.\n";
    (StatusCode::NOT_FOUND, text).into_response()
}
