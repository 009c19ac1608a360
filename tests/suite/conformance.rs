//! Every answer and frame that the suite receives, against the documents.

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::{Map, Value};

use crate::server::Reply;

/// A document, and the addresses below which its API is.
struct Api {
    document: Value,
    prefixes: Vec<&'static str>,
}

static APIS: LazyLock<Vec<Api>> = LazyLock::new(|| {
    let prefixes: &[(&str, &[&str])] = &[
        ("v1", &["/api/v1"]),
        ("kyte", &["/kyte/api", "/kyte"]),
        ("mimu", &["/mimu"]),
        ("unet", &[""]),
        ("desktop", &["/desktop/api", "/desktop"]),
    ];
    let of = |slug: &str| prefixes.iter().find(|(name, _)| *name == slug).unwrap().1.to_vec();
    let read = |spec: &besedka::api::Spec| Api {
        document: serde_json::from_str(spec.json_3_1()).unwrap(),
        prefixes: of(spec.slug),
    };
    besedka::api::specs().iter().map(read).collect()
});

static EVENTS: LazyLock<Value> = LazyLock::new(besedka::api::v1::asyncapi);

/// Checks the answer to a request. Nothing is sent of addresses and methods that no document has.
pub fn check(method: &Method, path: &str, reply: &Reply) {
    let path = tidy(path);
    for api in APIS.iter() {
        for prefix in &api.prefixes {
            let Some(rest) = path.strip_prefix(prefix) else { continue };
            let Some(operation) = operation(&api.document, method, rest) else { continue };
            if let Err(flaw) = matches(&api.document, operation, reply) {
                panic!(
                    "{method} {path} answers {} otherwise than documented: {flaw}\n{}",
                    reply.status, reply.body
                );
            }
            return;
        }
    }
}

/// Checks a frame that the server sent.
pub fn check_frame(frame: &Value) {
    let name = frame["event"].as_str().unwrap_or_default();
    let message = &EVENTS["channels"]["socket"]["messages"][format!("server.{name}")];
    assert!(message.is_object(), "no document has {frame}");
    if let Err(flaw) = fits(&EVENTS, &message["payload"], frame, "frame") {
        panic!("a frame is otherwise than documented: {flaw}\n{frame}");
    }
}

/// Without doubled and trailing slashes, as the server reads it.
fn tidy(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty()).flat_map(|part| ["/", part]).collect()
}

fn operation<'a>(document: &'a Value, method: &Method, path: &str) -> Option<&'a Value> {
    let is_alike = |template: &str| {
        let (template, path) = (tidy(template), tidy(path));
        let (mut wanted, mut given) = (template.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(given)) if wanted.starts_with('{') || wanted == given => {}
                _ => return false,
            }
        }
    };
    let paths = document["paths"].as_object().unwrap();
    let mut found: Vec<_> = paths.iter().filter(|(template, _)| is_alike(template)).collect();
    // A fixed part comes before a parameter.
    found.sort_by_key(|(template, _)| template.matches('{').count());
    found.first()?.1.get(method.as_str().to_lowercase())
}

fn matches(document: &Value, operation: &Value, reply: &Reply) -> Result<(), String> {
    let status = reply.status.to_string();
    let response = operation["responses"].get(&status).ok_or("the status is not documented")?;
    let response = follow(document, response);
    let content_type = reply.header("Content-Type");
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let Some(content) = response.get("content").and_then(Value::as_object) else {
        return if reply.body.is_null() { Ok(()) } else { Err("there should be no body".to_owned()) };
    };
    if kind == "application/json" {
        let media = content.get(kind).ok_or("JSON is not documented")?;
        return fits(document, &media["schema"], &reply.body, "body");
    }
    let is_known = content.contains_key(kind) || content.contains_key("application/octet-stream");
    if is_known || kind.is_empty() { Ok(()) } else { Err(format!("{kind} is not documented")) }
}

fn follow<'a>(document: &'a Value, thing: &'a Value) -> &'a Value {
    match thing["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap_or_else(|| panic!("no {reference}")),
        None => thing,
    }
}

/// Checks a value against the part of JSON Schema that the documents use.
fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if schema["$ref"].is_string() {
        return fits(document, follow(document, schema), value, at);
    }
    let list = |name: &str| schema[name].as_array();
    for part in list("allOf").into_iter().flatten() {
        fits(document, part, value, at)?;
    }
    for name in ["oneOf", "anyOf"] {
        let Some(choices) = list(name) else { continue };
        let tried: Vec<_> = choices.iter().map(|choice| fits(document, choice, value, at)).collect();
        let fitting = tried.iter().filter(|tried| tried.is_ok()).count();
        if fitting == 0 || (name == "oneOf" && fitting > 1) {
            return Err(format!("{at}: {fitting} of {name} fit: {tried:?}"));
        }
    }
    if let Some(kinds) = schema.get("type") {
        let kinds: Vec<_> = kinds.as_array().cloned().unwrap_or_else(|| vec![kinds.clone()]);
        if !kinds.iter().any(|kind| is_of(kind.as_str().unwrap(), value)) {
            return Err(format!("{at} is {value}, not {kinds:?}"));
        }
    }
    if let Some(choices) = list("enum")
        && !choices.contains(value)
    {
        return Err(format!("{at} is {value}, none of {choices:?}"));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return Err(format!("{at} is {value}, not {}", schema["const"]));
    }
    if let Some(items) = value.as_array() {
        for (place, item) in items.iter().enumerate().filter(|_| schema["items"].is_object()) {
            fits(document, &schema["items"], item, &format!("{at}[{place}]"))?;
        }
    }
    let Some(fields) = value.as_object() else { return Ok(()) };
    for name in list("required").into_iter().flatten() {
        if !fields.contains_key(name.as_str().unwrap()) {
            return Err(format!("{at}: {name} is missing"));
        }
    }
    let none = Map::new();
    let known = schema["properties"].as_object().unwrap_or(&none);
    for (name, value) in fields {
        let wanted =
            known.get(name).or_else(|| schema.get("additionalProperties").filter(|more| more.is_object()));
        if let Some(wanted) = wanted {
            fits(document, wanted, value, &format!("{at}.{name}"))?;
        } else if schema["type"] == "object" && !schema["properties"].is_null() {
            return Err(format!("{at}: {name} is not documented"));
        }
    }
    Ok(())
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("a type that is none: {other}"),
    }
}

#[test]
fn a_schema_refuses_what_it_does_not_describe() {
    let document = serde_json::json!({"components": {"schemas": {"A": {
        "type": "object", "required": ["id"],
        "properties": {"id": {"type": "integer"}, "name": {"type": ["string", "null"]}},
    }}}});
    let schema = serde_json::json!({"$ref": "#/components/schemas/A"});
    let is_fine = |value: Value| fits(&document, &schema, &value, "it").is_ok();
    assert!(is_fine(serde_json::json!({"id": 1, "name": null})));
    for wrong in ["{}", r#"{"id": "1"}"#, r#"{"id": 1, "name": 2}"#, r#"{"id": 1, "more": 2}"#, "[]", "null"]
    {
        assert!(!is_fine(serde_json::from_str(wrong).unwrap()), "{wrong}");
    }
}
