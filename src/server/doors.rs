//! Which API a request is for: by its host, then by how its path begins.

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::{Method, header};
use poem::{Endpoint, Request, Response, Result, get};

use crate::config::Dialects;
use besedka_api::Dialect;

/// Links to files begin so, whichever API gave them.
const FILES: [&str; 2] = ["/api/v1/attachments", "/api/v1/avatars"];

/// Our own API and client, and the doors of dialects before them.
pub(super) struct Doors<E> {
    hosts: HashMap<String, BoxEndpoint<'static>>,
    prefixes: Vec<(&'static str, usize)>,
    beside: Vec<BoxEndpoint<'static>>,
    own: E,
}

impl<E> Doors<E> {
    pub(super) fn new<H>(settings: &Dialects, spoken: &[&Dialect], health: H, own: E) -> Self
    where
        H: Fn() -> BoxEndpoint<'static>,
    {
        let mut doors = Self { hosts: HashMap::new(), prefixes: Vec::new(), beside: Vec::new(), own };
        for dialect in spoken {
            for host in settings.hosts(dialect.slug) {
                doors.hosts.insert(host.clone(), dialect.alone(get(health())));
            }
            let place = doors.beside.len();
            doors.prefixes.extend(dialect.prefixes().into_iter().map(|prefix| (prefix, place)));
            doors.beside.push(dialect.beside());
        }
        doors
    }

    fn door(&self, request: &Request) -> Option<&BoxEndpoint<'static>> {
        let path = request.uri().path();
        if !self.hosts.is_empty()
            && let Some(door) = host(request).and_then(|host| self.hosts.get(&host))
        {
            let reads = matches!(*request.method(), Method::GET | Method::HEAD);
            let is_file = reads && FILES.iter().any(|files| begins(path, files));
            return (!is_file).then_some(door);
        }
        let (_, place) = self.prefixes.iter().find(|(prefix, _)| begins(path, prefix))?;
        self.beside.get(*place)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Doors<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        match self.door(&request) {
            Some(door) => door.call(request).await,
            None => self.own.call(request).await,
        }
    }
}

/// Whether a path is a prefix or below it.
fn begins(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The name by which the server was asked, in lower case and without a port.
fn host(request: &Request) -> Option<String> {
    let given = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let given = given.or_else(|| request.uri().authority().map(|authority| authority.as_str()))?;
    let name = match given.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => given,
    };
    Some(name.trim_end_matches('.').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_whole_parts_of_a_path() {
        assert!(begins("/kyte", "/kyte") && begins("/kyte/chats", "/kyte"));
        assert!(!begins("/kytes", "/kyte") && !begins("/", "/kyte"));
    }

    #[test]
    fn a_host_is_its_name_alone() {
        let of = |value: &str| host(&Request::builder().header(header::HOST, value).finish());
        for (given, name) in
            [("Api.Example.org", "api.example.org"), ("api.example.org:8000", "api.example.org"), ("a.", "a")]
        {
            assert_eq!(of(given).as_deref(), Some(name));
        }
        assert_eq!(of("[::1]:8000").as_deref(), Some("[::1]"));
    }
}
