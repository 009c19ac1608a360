//! The web client and the documentation pages, which are embedded in the binary.

use std::borrow::Cow;
use std::io::{self, Read};

use flate2::read::GzDecoder;
use poem::error::InternalServerError;
use poem::http::{Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use rust_embed::{EmbeddedFile, RustEmbed};

/// The output of `npm run build`. Debug builds read it from the disk. Of scripts and styles, which are most of it, only the
/// gzip that the build puts beside them is embedded.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[exclude = "*.js"]
#[exclude = "*.css"]
struct Dist;

/// A file of the client as it is embedded: plain, compressed with gzip, or both.
struct WebFile {
    name: String,
    plain: Option<EmbeddedFile>,
    gzip: Option<EmbeddedFile>,
}

impl WebFile {
    fn find(name: String) -> Option<Self> {
        let (plain, gzip) = (Dist::get(&name), Dist::get(&format!("{name}.gz")));
        (plain.is_some() || gzip.is_some()).then_some(Self { name, plain, gzip })
    }

    /// The content as it is sent, with its hash and whether it is compressed.
    fn content(self, takes_gzip: bool) -> io::Result<(Cow<'static, [u8]>, [u8; 32], bool)> {
        match (self.plain, self.gzip) {
            (_, Some(gzip)) if takes_gzip => Ok((gzip.data, gzip.metadata.sha256_hash(), true)),
            (Some(plain), _) => Ok((plain.data, plain.metadata.sha256_hash(), false)),
            (None, Some(gzip)) => {
                let mut data = Vec::new();
                GzDecoder::new(&*gzip.data).read_to_end(&mut data)?;
                // Another representation, so another entity tag.
                let hash = gzip.metadata.sha256_hash().map(|byte| !byte);
                Ok((data.into(), hash, false))
            }
            (None, None) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// The Content-Security-Policy of pages: they load from this server and from the buckets of files, and from nowhere else.
fn policy(buckets: &[String]) -> String {
    let buckets: String = buckets.iter().flat_map(|origin| [" ", origin]).collect();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:{buckets}; \
         media-src 'self' blob:{buckets}; font-src 'self'; connect-src 'self'{buckets}; worker-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    )
}

/// Serves files by path, `index.html` for folders, and the client's page for its deep links.
pub struct Web {
    policy: String,
    base_path: String,
}

impl Web {
    /// `buckets` are the origins to which pages upload files and from which they show them. `base_path` is the path at
    /// which the server is reached, such as `/chat`, or empty.
    pub fn new(buckets: &[String], base_path: &str) -> Self {
        Self { policy: policy(buckets), base_path: base_path.to_owned() }
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
        let found = WebFile::find(name).or_else(|| WebFile::find(format!("{path}/index.html")));
        let file = match found {
            Some(found) => found,
            None if is_page(&request, path) => match WebFile::find("index.html".to_owned()) {
                Some(index) => index,
                None => return Ok(missing_client()),
            },
            None => return Ok(StatusCode::NOT_FOUND.into_response()),
        };
        self.answer(&request, file)
    }
}

impl Web {
    fn answer(&self, request: &Request, file: WebFile) -> Result<Response> {
        let name = file.name.clone();
        // Pages name files from the root.
        let is_rewritten = !self.base_path.is_empty() && name.ends_with(".html");
        let accepted = request.header(header::ACCEPT_ENCODING.as_str());
        let takes_gzip = !is_rewritten && accepted.is_some_and(|encodings| encodings.split(',').any(is_gzip));
        let (data, hash, is_compressed) = file.content(takes_gzip).map_err(InternalServerError)?;
        let tag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let tag = format!("\"{tag}{}\"", if is_rewritten { &self.base_path } else { "" });
        // The names of files in assets/ contain a hash of the content, so these files never change.
        let caching =
            if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        let response = Response::builder()
            .header(header::ETAG, &tag)
            .header(header::CACHE_CONTROL, caching)
            .header(header::VARY, "Accept-Encoding")
            .header(header::CONTENT_SECURITY_POLICY, &self.policy)
            .header("Cross-Origin-Opener-Policy", "same-origin");
        let known = request.header(header::IF_NONE_MATCH.as_str());
        if known
            .is_some_and(|known| known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag))
        {
            return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
        }
        let response =
            if is_compressed { response.header(header::CONTENT_ENCODING, "gzip") } else { response };
        let response = response.content_type(content_type(&name));
        Ok(match is_rewritten {
            true => response.body(rebase(&String::from_utf8_lossy(&data), &self.base_path)),
            false => response.body(data.into_owned()),
        })
    }
}

/// A page whose absolute links begin with a path.
fn rebase(page: &str, base_path: &str) -> String {
    page.replace("=\"/", &format!("=\"{base_path}/"))
}

/// Whether a browser opens a deep link of the client: an address without a file extension.
fn is_page(request: &Request, path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    let wants_html =
        request.header(header::ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/html"));
    wants_html && !last.contains('.')
}

/// Whether an item of Accept-Encoding allows gzip: it may be listed with the weight 0, which forbids it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_below_a_path_links_below_it() {
        let page = r#"<script src="/assets/a.js"></script><a href="/docs/events">x</a> <a href="https://e.org/">y</a>"#;
        let below = r#"<script src="/chat/assets/a.js"></script><a href="/chat/docs/events">x</a> <a href="https://e.org/">y</a>"#;
        assert_eq!(rebase(page, "/chat"), below);
    }
}
