//! Chooses the API for a request: by its host name, then by the beginning of its path.

use std::collections::HashMap;

use poem::endpoint::{BoxEndpoint, DynEndpoint};
use poem::http::{Method, header};
use poem::{EndpointExt, Request, Response, Result, get};

use crate::config::Dialects;
use besedka_api::{Dialect, v1};

/// Paths of files. They are served at every host name, whichever API the link came from.
const FILE_PATHS: [&str; 2] = ["/api/v1/attachments", "/api/v1/avatars"];

/// Sends requests to the native API and to dialects, and all others to the default endpoint.
pub(super) struct HostRouter {
    by_host: HashMap<String, BoxEndpoint<'static>>,
    native: BoxEndpoint<'static>,
    /// Prefixes, each with an index into `mounted`.
    prefixes: Vec<(&'static str, usize)>,
    mounted: Vec<BoxEndpoint<'static>>,
    default: BoxEndpoint<'static>,
}

impl HostRouter {
    pub(super) fn new<H>(
        settings: &Dialects,
        enabled: &[&Dialect],
        health: H,
        default: BoxEndpoint<'static>,
    ) -> Self
    where
        H: Fn() -> BoxEndpoint<'static>,
    {
        let native = v1::routes().boxed();
        let (by_host, prefixes, mounted) = Default::default();
        let mut router = Self { by_host, native, prefixes, mounted, default };
        for dialect in enabled {
            for host in settings.hosts(dialect.slug) {
                router.by_host.insert(host.clone(), dialect.at_own_host(get(health())));
            }
            let index = router.mounted.len();
            router.prefixes.extend(dialect.prefixes().into_iter().map(|prefix| (prefix, index)));
            router.mounted.push(dialect.mounted());
        }
        router
    }

    /// The API or page that a request is for.
    fn endpoint(&self, request: &Request) -> &BoxEndpoint<'static> {
        let path = request.uri().path();
        if !self.by_host.is_empty()
            && let Some(dialect) = host(request).and_then(|host| self.by_host.get(&host))
        {
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            let is_file = is_read && FILE_PATHS.iter().any(|prefix| has_prefix(path, prefix));
            return if is_file { &self.native } else { dialect };
        }
        if has_prefix(path, v1::PREFIX) {
            return &self.native;
        }
        let found = self.prefixes.iter().find(|(prefix, _)| has_prefix(path, prefix));
        found.and_then(|(_, index)| self.mounted.get(*index)).unwrap_or(&self.default)
    }

    pub(super) fn answer(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        DynEndpoint::call(self.endpoint(&request).as_ref(), request)
    }
}

/// Whether a path equals a prefix or is below it.
fn has_prefix(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The host name of the request, in lower case and without a port.
pub(super) fn host(request: &Request) -> Option<String> {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = header.or_else(|| request.uri().authority().map(|authority| authority.as_str()))?;
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    Some(name.trim_end_matches('.').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_slash() {
        assert!(has_prefix("/kyte", "/kyte") && has_prefix("/kyte/chats", "/kyte"));
        assert!(!has_prefix("/kytes", "/kyte") && !has_prefix("/", "/kyte"));
    }

    #[test]
    fn a_host_name_has_no_port() {
        let of = |value: &str| host(&Request::builder().header(header::HOST, value).finish());
        for (given, name) in
            [("Api.Example.org", "api.example.org"), ("api.example.org:8000", "api.example.org"), ("a.", "a")]
        {
            assert_eq!(of(given).as_deref(), Some(name));
        }
        assert_eq!(of("[::1]:8000").as_deref(), Some("[::1]"));
    }
}
