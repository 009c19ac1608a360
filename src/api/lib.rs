//! The front doors: each takes requests apart, asks the messenger, and puts answers together.

mod body;
mod chat_socket;
pub mod delivery;
mod desktop;
mod dialect;
mod download;
mod form;
mod kyte;
mod links;
mod mimu;
pub mod refusal;
pub mod site;
mod unet;
pub mod upgrade;
pub mod v1;
mod visit;

use std::sync::{LazyLock, OnceLock};

use poem_openapi::{OpenApi, OpenApiService, Webhook};
use serde_json::{Value, json};

pub use dialect::{Dialect, Place};

/// An API as its documentation shows it. That takes a while to make, so it is made when somebody wants to see it.
pub struct Spec {
    /// For people.
    pub name: &'static str,
    /// The name of its files in `openapi/` and below `/openapi/`.
    pub slug: &'static str,
    describe: fn() -> Value,
    text: OnceLock<Text>,
}

struct Text {
    json: String,
    yaml: String,
}

impl Spec {
    const fn new(name: &'static str, slug: &'static str, describe: fn() -> Value) -> Self {
        Self { name, slug, describe, text: OnceLock::new() }
    }

    pub fn json(&self) -> &str {
        &self.text().json
    }

    pub fn yaml(&self) -> &str {
        &self.text().yaml
    }

    fn text(&self) -> &Text {
        self.text.get_or_init(|| {
            let description = (self.describe)();
            let yaml = serde_yaml::to_string(&description).unwrap_or_default();
            Text { json: description.to_string(), yaml }
        })
    }
}

/// What poem-openapi says of an API, which leaves out that fields without a value are written as null.
fn described<T: OpenApi, W: Webhook>(service: OpenApiService<T, W>) -> Value {
    let mut spec: Value = serde_json::from_str(&service.spec()).unwrap_or_default();
    if let Some(schemas) = spec["components"]["schemas"].as_object_mut() {
        schemas.values_mut().for_each(say_what_is_nullable);
    }
    spec
}

/// A field that is not required may be null (OpenAPI 3.0 says it so: `nullable`, and `allOf` around a reference).
fn say_what_is_nullable(schema: &mut Value) {
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

/// The APIs of others that there are.
pub const DIALECTS: [Dialect; 4] = [kyte::DIALECT, mimu::DIALECT, unet::DIALECT, desktop::DIALECT];

/// The APIs that there are, ours first.
pub fn specs() -> &'static [Spec] {
    static SPECS: LazyLock<Vec<Spec>> = LazyLock::new(|| {
        std::iter::once(v1::spec()).chain(DIALECTS.iter().map(|dialect| (dialect.spec)())).collect()
    });
    &SPECS
}

/// The description of the socket's events.
pub fn events() -> &'static Spec {
    static EVENTS: Spec = Spec::new("Events", "events", v1::asyncapi);
    &EVENTS
}

/// Everything in `openapi/`: the files' names and what is in them.
pub fn documents() -> Vec<(String, &'static str)> {
    let all = specs().iter().chain([events()]);
    all.map(|spec| (format!("{}.yaml", spec.slug), spec.yaml())).collect()
}
