//! The routes' patterns: what the log writes instead of paths, which may contain invitation codes and other secrets, and
//! the methods that a 405 names.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use besedka_api::Spec;

/// What is not in a document of an API.
const OTHERS: [&str; 7] =
    ["/ws", "/health", "/ready", "/metrics", "/docs", "/docs/events", "/desktop-updates/{file}"];

/// A pattern such as `/chats/{id}/messages`, by its segments.
struct Pattern {
    text: String,
    segments: Vec<String>,
    methods: BTreeSet<String>,
}

/// The patterns of all APIs, made when they are first needed.
pub(super) static ROUTES: LazyLock<RoutePatterns> = LazyLock::new(|| RoutePatterns::of(besedka_api::specs()));

/// The patterns of all routes.
pub(super) struct RoutePatterns(Vec<Pattern>);

impl RoutePatterns {
    fn of<'a>(specs: impl IntoIterator<Item = &'a Spec>) -> Self {
        let mut patterns: Vec<Pattern> =
            OTHERS.iter().map(|path| Pattern::new(path, ["GET".to_owned()])).collect();
        patterns.push(Pattern::new(besedka_api::hooks::PATTERN, ["POST".to_owned()]));
        for spec in specs {
            // Only the paths are kept: the texts of all documents take megabytes.
            let document = spec.description();
            let prefix = document["servers"][0]["url"].as_str().unwrap_or_default().trim_end_matches('/');
            for (path, operations) in document["paths"].as_object().into_iter().flatten() {
                let methods: Vec<String> = operations
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(method, _)| method.to_uppercase())
                    .collect();
                // Dialects are also served below other prefixes, and at hosts of their own.
                patterns.push(Pattern::new(path, methods.clone()));
                patterns.push(Pattern::new(&format!("{prefix}{path}"), methods));
            }
        }
        Self(patterns)
    }

    /// The pattern of a path, below whatever prefix.
    pub(super) fn pattern(&self, path: &str) -> &str {
        let segments = segments(path);
        self.matching(&segments).map_or("(no route)", |pattern| pattern.text.as_str())
    }

    /// The methods of a path, as a header says them.
    pub(super) fn methods(&self, path: &str) -> String {
        let segments = segments(path);
        let mut methods: BTreeSet<&str> = BTreeSet::new();
        if let Some(best) = self.matching(&segments) {
            let alike =
                self.0.iter().filter(|pattern| pattern.rank() == best.rank() && pattern.fits(&segments));
            methods.extend(alike.flat_map(|pattern| pattern.methods.iter().map(String::as_str)));
        }
        if methods.is_empty() || methods.contains("GET") {
            methods.extend(["GET", "HEAD"]);
        }
        methods.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// The longest pattern that the path ends with; of those, the one with the fewest parameters.
    fn matching(&self, path: &[&str]) -> Option<&Pattern> {
        self.0.iter().filter(|pattern| pattern.fits(path)).max_by_key(|pattern| pattern.rank())
    }
}

impl Pattern {
    fn new(path: &str, methods: impl IntoIterator<Item = String>) -> Self {
        let segments = segments(path).into_iter().map(str::to_owned).collect();
        Self { text: path.to_owned(), segments, methods: methods.into_iter().collect() }
    }

    fn fits(&self, path: &[&str]) -> bool {
        let Some(start) = path.len().checked_sub(self.segments.len()) else { return false };
        !self.segments.is_empty()
            && self
                .segments
                .iter()
                .zip(path.iter().skip(start))
                .all(|(known, given)| known.starts_with('{') || known == given)
    }

    fn rank(&self) -> (usize, usize) {
        let fixed = self.segments.iter().filter(|segment| !segment.starts_with('{')).count();
        (self.segments.len(), fixed)
    }
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_logged_by_its_pattern() {
        let patterns = &*ROUTES;
        for (path, pattern) in [
            ("/api/v1/users/me", "/api/v1/users/me"),
            ("/api/v1/users/7", "/api/v1/users/{id}"),
            ("/api/v1/invites/Zk3s0pWxYq", "/api/v1/invites/{token}"),
            ("/secret/of/somebody", "(no route)"),
            ("/hooks/abcdefghijklmnopqrstuvwxyz234567", "/hooks/{secret}"),
            ("/ws", "/ws"),
        ] {
            assert_eq!(patterns.pattern(path), pattern, "{path}");
        }
        assert_eq!(patterns.methods("/api/v1/users/me"), "GET, HEAD, PUT");
        assert_eq!(patterns.methods("/health"), "GET, HEAD");
    }
}
