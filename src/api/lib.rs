//! The HTTP APIs: each parses requests, calls the messenger and writes responses.

mod body;
mod chat_socket;
pub mod connection;
pub mod delivery;
mod desktop;
mod dialect;
mod document;
mod download;
mod form;
pub mod hooks;
mod json_object;
mod kyte;
mod links;
mod mimu;
mod operations;
pub mod refusal;
mod retry;
mod serde_json_payload;
pub mod site;
mod unet;
pub mod upgrade;
pub mod v1;
mod visit;
mod websocket;
pub mod whole_body;

use std::sync::{LazyLock, OnceLock};

use serde_json::Value;

pub use dialect::{Dialect, Mount};

/// Both versions of OpenAPI are offered: some generators read only one of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V3_0,
    V3_1,
}

/// An API's specification. It takes a while to generate, so it is generated on first use.
pub struct Spec {
    /// The display name.
    pub name: &'static str,
    /// The name of its files in `openapi/` and below `/openapi/`.
    pub slug: &'static str,
    describe: fn() -> Value,
    /// What the addresses of the API begin with, for a server below a path.
    base_path: String,
    text: OnceLock<Text>,
    modern: OnceLock<Text>,
}

struct Text {
    json: String,
    yaml: String,
}

impl Spec {
    const fn new(name: &'static str, slug: &'static str, describe: fn() -> Value) -> Self {
        Self {
            name,
            slug,
            describe,
            base_path: String::new(),
            text: OnceLock::new(),
            modern: OnceLock::new(),
        }
    }

    /// The same API on a server that is reached below a path, such as `/chat`; empty for none.
    pub fn below(&self, base_path: &str) -> Self {
        Self { base_path: base_path.to_owned(), ..Self::new(self.name, self.slug, self.describe) }
    }

    /// In OpenAPI 3.0; the events in AsyncAPI 3.
    pub fn json(&self) -> &str {
        &self.text(Version::V3_0).json
    }

    pub fn yaml(&self) -> &str {
        &self.text(Version::V3_0).yaml
    }

    /// In OpenAPI 3.1.
    pub fn json_3_1(&self) -> &str {
        &self.text(Version::V3_1).json
    }

    pub fn yaml_3_1(&self) -> &str {
        &self.text(Version::V3_1).yaml
    }

    /// The same as [`Self::json`], generated anew and not stored.
    pub fn description(&self) -> Value {
        let mut description = (self.describe)();
        let servers = description.get_mut("servers").and_then(Value::as_array_mut);
        for server in servers.into_iter().flatten() {
            if let Some(url) = server["url"].as_str().filter(|_| !self.base_path.is_empty()) {
                server["url"] = format!("{}{}", self.base_path, url.trim_end_matches('/')).into();
            }
        }
        description
    }

    fn text(&self, version: Version) -> &Text {
        let text = if version == Version::V3_0 { &self.text } else { &self.modern };
        text.get_or_init(|| {
            let mut description = self.description();
            if version == Version::V3_1 {
                description = document::as_openapi_3_1(description);
            }
            let yaml = serde_yaml::to_string(&description).unwrap_or_default();
            Text { json: description.to_string(), yaml }
        })
    }
}

/// The dialects.
pub const DIALECTS: [Dialect; 4] = [kyte::DIALECT, mimu::DIALECT, unet::DIALECT, desktop::DIALECT];

/// All APIs, ours first.
pub fn specs() -> &'static [Spec] {
    static SPECS: LazyLock<Vec<Spec>> = LazyLock::new(|| {
        std::iter::once(v1::spec()).chain(DIALECTS.iter().map(|dialect| (dialect.spec)())).collect()
    });
    &SPECS
}

/// The description of the WebSocket's events.
pub fn events() -> &'static Spec {
    static EVENTS: Spec = Spec::new("Events", "events", v1::asyncapi);
    &EVENTS
}

/// All documents in `openapi/`: file names and contents.
pub fn documents() -> Vec<(String, &'static str)> {
    let in_3_1 = |spec: &'static Spec| (format!("{}-3.1.yaml", spec.slug), spec.yaml_3_1());
    let all = specs().iter().chain([events()]);
    all.map(|spec| (format!("{}.yaml", spec.slug), spec.yaml())).chain(specs().iter().map(in_3_1)).collect()
}
