//! A trailing slash is the same route, and doubled slashes are one: without a redirect, which would
//! drop the body.

use poem::Request;
use poem::http::uri::{PathAndQuery, Uri};

/// The request, with its path as the routes know it.
pub(super) fn collapse(mut request: Request) -> Request {
    let path = request.uri().path();
    if !path.contains("//") && (path.len() == 1 || !path.ends_with('/')) {
        return request;
    }
    let mut plain = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !part.is_empty()) {
        plain.push('/');
        plain.push_str(part);
    }
    if plain.is_empty() {
        plain.push('/');
    }
    if let Some(query) = request.uri().query() {
        plain.push('?');
        plain.push_str(query);
    }
    let mut parts = request.uri().clone().into_parts();
    if let Ok(plain) = PathAndQuery::try_from(plain) {
        parts.path_and_query = Some(plain);
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
    fn paths_lose_slashes_and_nothing_else() {
        for (given, plain) in
            [("/", "/"), ("//", "/"), ("/a/b", "/a/b"), ("/a//b///", "/a/b"), ("//a/?q=x//y/", "/a?q=x//y/")]
        {
            let request = collapse(Request::builder().uri(given.parse().unwrap()).finish());
            assert_eq!(request.uri().to_string(), plain, "{given}");
        }
    }
}
