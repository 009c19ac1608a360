//! Paths without trailing and repeated slashes. They are rewritten and not redirected, because clients drop the body
//! of a redirected request.

use poem::Request;
use poem::http::uri::{PathAndQuery, Uri};

/// Rewrites the path of a request as the routes expect it.
pub(super) fn normalize_path(mut request: Request) -> Request {
    let path = request.uri().path();
    if !path.contains("//") && (path.len() == 1 || !path.ends_with('/')) {
        return request;
    }
    let mut normalized = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        normalized.push('/');
        normalized.push_str(segment);
    }
    if normalized.is_empty() {
        normalized.push('/');
    }
    if let Some(query) = request.uri().query() {
        normalized.push('?');
        normalized.push_str(query);
    }
    let mut parts = request.uri().clone().into_parts();
    if let Ok(normalized) = PathAndQuery::try_from(normalized) {
        parts.path_and_query = Some(normalized);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_superfluous_slashes_are_removed() {
        for (given, normalized) in
            [("/", "/"), ("//", "/"), ("/a/b", "/a/b"), ("/a//b///", "/a/b"), ("//a/?q=x//y/", "/a?q=x//y/")]
        {
            let request = normalize_path(Request::builder().uri(given.parse().unwrap()).finish());
            assert_eq!(request.uri().to_string(), normalized, "{given}");
        }
    }
}
