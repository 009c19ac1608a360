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

use std::sync::LazyLock;

use serde_json::{Value, json};

pub use dialect::{Dialect, Place};

/// An API as its documentation shows it.
pub struct Spec {
    /// For people.
    pub name: &'static str,
    /// The name of its files in `openapi/` and below `/openapi/`.
    pub slug: &'static str,
    pub json: String,
    pub yaml: String,
}

impl Spec {
    /// From poem-openapi's JSON, which leaves out that fields without a value are written as null.
    fn new(name: &'static str, slug: &'static str, json: &str) -> Self {
        let mut spec: Value = serde_json::from_str(json).unwrap_or_default();
        if let Some(schemas) = spec["components"]["schemas"].as_object_mut() {
            schemas.values_mut().for_each(say_what_is_nullable);
        }
        Self { name, slug, json: spec.to_string(), yaml: serde_yaml::to_string(&spec).unwrap_or_default() }
    }
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

/// The APIs that there are, ours first. They take a while to make, and are the same as long as the process lives.
pub fn specs() -> &'static [Spec] {
    static SPECS: LazyLock<Vec<Spec>> = LazyLock::new(|| {
        std::iter::once(v1::spec()).chain(DIALECTS.iter().map(|dialect| (dialect.spec)())).collect()
    });
    &SPECS
}

/// The description of the socket's events.
pub fn events() -> &'static Spec {
    static EVENTS: LazyLock<Spec> = LazyLock::new(|| {
        let spec = v1::asyncapi();
        let yaml = serde_yaml::to_string(&spec).unwrap_or_default();
        Spec { name: "Events", slug: "events", json: spec.to_string(), yaml }
    });
    &EVENTS
}

/// Everything in `openapi/`: the files' names and what is in them.
pub fn documents() -> Vec<(String, &'static str)> {
    let all = specs().iter().chain([events()]);
    all.map(|spec| (format!("{}.yaml", spec.slug), spec.yaml.as_str())).collect()
}
