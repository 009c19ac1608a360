//! The HTTP APIs: each parses requests, calls the messenger and writes responses.

mod body;
mod chat_socket;
pub mod connection;
pub mod delivery;
mod desktop;
mod dialect;
mod download;
mod form;
mod kyte;
mod links;
mod mimu;
pub mod refusal;
mod serde_json_payload;
pub mod site;
mod unet;
pub mod upgrade;
pub mod v1;
mod visit;

use std::sync::{LazyLock, OnceLock};

use poem_openapi::{OpenApi, OpenApiService, Webhook};
use serde_json::{Value, json};

pub use dialect::{Dialect, Mount};

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
}

struct Text {
    json: String,
    yaml: String,
}

impl Spec {
    const fn new(name: &'static str, slug: &'static str, describe: fn() -> Value) -> Self {
        Self { name, slug, describe, base_path: String::new(), text: OnceLock::new() }
    }

    /// The same API on a server that is reached below a path, such as `/chat`; empty for none.
    pub fn below(&self, base_path: &str) -> Self {
        Self { base_path: base_path.to_owned(), ..Self::new(self.name, self.slug, self.describe) }
    }

    pub fn json(&self) -> &str {
        &self.text().json
    }

    pub fn yaml(&self) -> &str {
        &self.text().yaml
    }

    fn text(&self) -> &Text {
        self.text.get_or_init(|| {
            let mut description = (self.describe)();
            let servers = description.get_mut("servers").and_then(Value::as_array_mut);
            for server in servers.into_iter().flatten() {
                if let Some(url) = server["url"].as_str().filter(|_| !self.base_path.is_empty()) {
                    server["url"] = format!("{}{}", self.base_path, url.trim_end_matches('/')).into();
                }
            }
            let yaml = serde_yaml::to_string(&description).unwrap_or_default();
            Text { json: description.to_string(), yaml }
        })
    }
}

/// The specification by poem-openapi, completed: it does not say that fields without a value are written as
/// null.
fn described<T: OpenApi, W: Webhook>(service: OpenApiService<T, W>) -> Value {
    let mut spec: Value = serde_json::from_str(&service.spec()).unwrap_or_default();
    if let Some(schemas) = spec["components"]["schemas"].as_object_mut() {
        schemas.values_mut().for_each(mark_nullable);
    }
    spec
}

/// Marks fields that are not required as nullable (in OpenAPI 3.0: `nullable`, with `allOf` around a
/// reference).
fn mark_nullable(schema: &mut Value) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let optional = |name: &str| !required.contains(&Value::from(name));
    for (_, field) in fields.iter_mut().filter(|(name, _)| optional(name)) {
        if field.get("$ref").is_some() {
            *field = json!({"allOf": [field.take()]});
        }
        field["nullable"] = Value::Bool(true);
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
    let all = specs().iter().chain([events()]);
    all.map(|spec| (format!("{}.yaml", spec.slug), spec.yaml())).collect()
}
