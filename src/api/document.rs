//! The OpenAPI documents: what poem-openapi leaves out, in the form that client generators read.

use std::collections::BTreeMap;

use poem_openapi::{OpenApi, OpenApiService, Webhook};
use serde_json::{Map, Value, json};

use super::refusal::{Body, CODES};

/// The operations that answer 502, because they ask another server: a part of their paths.
const RELAYING: [&str; 7] =
    ["/codes", "send-code", "password/forgot", "assistant", "/ai/", "catch-up", "meet"];

/// The specification by poem-openapi, completed. `B` is the API's error; `linked` are the operations that take a token
/// or a signed link instead of one.
pub fn described<B: Body>(service: OpenApiService<impl OpenApi, impl Webhook>, linked: &[&str]) -> Value {
    let mut spec: Value = serde_json::from_str(&service.spec()).unwrap_or_default();
    spec["info"]["license"] = json!({"name": "MIT OR Apache-2.0"});
    spec["info"]["contact"] = json!({"name": "The administrator of the server"});
    if let Some(schemas) = spec["components"]["schemas"].as_object_mut() {
        schemas.values_mut().for_each(complete_schema);
    }
    let schemes = spec["components"]["securitySchemes"].as_object().cloned().unwrap_or_default();
    let token = |name: &String| json!({ name.as_str(): [] });
    let optional_token: Vec<Value> = schemes.keys().map(token).chain([json!({})]).collect();
    let mut shared = BTreeMap::new();
    for_each_operation(&mut spec, |path, method, operation| {
        if linked.iter().any(|id| operation["operationId"] == *id) {
            operation["security"] = optional_token.clone().into();
        }
        complete_operation::<B>(path, method, operation, &mut shared);
    });
    spec["components"]["responses"] = shared.into_iter().collect::<Map<_, _>>().into();
    spec
}

/// Lists every code of an error with its status and meaning, in the document's description.
pub fn with_codes(mut spec: Value, field: &str) -> Value {
    let about = spec["info"]["description"].as_str().unwrap_or_default();
    let mut text = format!(
        "{about}\n\n**Errors** have a stable `{field}`; more can be added.\n\n| `{field}` | Status | Meaning |\n|---|---|---|\n"
    );
    for code in CODES {
        text.push_str(&format!("| `{}` | {} | {} |\n", code.code, code.status, code.meaning));
    }
    spec["info"]["description"] = text.trim_end().into();
    spec
}

/// Adds an operation that is not poem-openapi's; errors are references to `#/components/responses`.
pub fn with_operation(mut spec: Value, path: &str, method: &str, operation: Value) -> Value {
    spec["paths"][path][method] = operation;
    spec
}

fn for_each_operation(spec: &mut Value, mut change: impl FnMut(&str, &str, &mut Value)) {
    let paths = spec["paths"].as_object_mut().into_iter().flatten();
    for (path, operations) in paths {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            change(path, method, operation);
        }
    }
}

/// Describes fields without a value as nullable, and puts what is said of a reference beside its `allOf`: there is
/// no place for it beside `$ref`, and generators take a second part of `allOf` for a second type.
pub fn complete_schema(schema: &mut Value) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, field) in fields {
        flatten_reference(field);
        if required.contains(&Value::from(name.as_str())) {
            continue;
        }
        if field.get("$ref").is_some() {
            *field = json!({"allOf": [field.take()]});
        }
        // A schema without a type takes null already.
        if field.get("type").is_some() || field.get("allOf").is_some() {
            field["nullable"] = Value::Bool(true);
            if let Some(values) = field.get_mut("enum").and_then(Value::as_array_mut) {
                values.push(Value::Null);
            }
        }
    }
}

fn flatten_reference(field: &mut Value) {
    let Some(parts) = field.get("allOf").and_then(Value::as_array).cloned() else { return };
    let [reference, about] = parts.as_slice() else { return };
    let Some(about) = about.as_object() else { return };
    if reference.get("$ref").is_none() || about.contains_key("$ref") || about.contains_key("properties") {
        return;
    }
    for (name, value) in about {
        field[name.as_str()] = value.clone();
    }
    field["allOf"] = json!([reference]);
}

fn complete_operation<B: Body>(
    path: &str,
    method: &str,
    operation: &mut Value,
    shared: &mut BTreeMap<String, Value>,
) {
    if let Some(content) = operation.pointer_mut("/requestBody/content") {
        name_json(content);
    }
    let takes_a_token = operation.get("security").is_some();
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    responses.retain(|status, _| match status.as_str() {
        // Not an answer of an operation, but of a method that is none.
        "405" => false,
        // Signing in is a POST without a token.
        "401" => takes_a_token || method == "post",
        // An upload straight to a bucket is checked when it is asked for.
        "413" | "415" if path.ends_with("/info") => true,
        // One export at a time.
        "409" if path.ends_with("/export") || path == "/admin/doctor" => true,
        "409" | "413" | "415" | "507" => method != "get",
        "502" => RELAYING.iter().any(|part| path.contains(part)),
        _ => true,
    });
    for (status, response) in responses.iter_mut() {
        if let Some(content) = response.get_mut("content") {
            name_json(content);
            // A file is served with its own type. Generators that know no wildcards take the first.
            if let Some(file) = content.get("application/octet-stream").cloned() {
                content["*/*"] = file;
            }
        }
        if response["description"].as_str().unwrap_or_default().is_empty() {
            response["description"] = "Success.".into();
        }
        if let Some(header) = response.pointer_mut("/headers").and_then(Value::as_object_mut) {
            *header = header.iter().map(|(name, value)| (canonical(name), value.clone())).collect();
        }
        let Some(code) = CODES.iter().find(|code| code.status.to_string() == *status) else { continue };
        let is_problem = |schema: &Value| schema["$ref"] == format!("#/components/schemas/{}", B::name());
        let Some(body) = response.pointer_mut("/content/application~1json") else { continue };
        if !is_problem(&body["schema"]) {
            continue;
        }
        body["example"] = B::new(code.example.to_owned(), code.code).to_json().unwrap_or_default();
        let name = code.code.split('_').map(capitalized).collect::<String>();
        if *shared.entry(name.clone()).or_insert_with(|| response.clone()) == *response {
            *response = json!({"$ref": format!("#/components/responses/{name}")});
        }
    }
}

/// The keys of media types have no parameters: generators compare them as text.
fn name_json(content: &mut Value) {
    let Some(types) = content.as_object_mut() else { return };
    if let Some(json) = types.remove("application/json; charset=utf-8") {
        types.insert("application/json".to_owned(), json);
    }
}

/// A header's name as it is usually written: `Retry-After`.
fn canonical(name: &str) -> String {
    name.to_ascii_lowercase().split('-').map(capitalized).collect::<Vec<_>>().join("-")
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_ascii_uppercase() + rest
}

/// The same document in OpenAPI 3.1, whose schemas are JSON Schema.
pub fn as_openapi_3_1(mut spec: Value) -> Value {
    spec["openapi"] = "3.1.0".into();
    let identifier = spec["info"]["license"]["name"].clone();
    spec["info"]["license"]["identifier"] = identifier;
    if let Some(schemas) = spec["components"]["schemas"].as_object_mut() {
        schemas.values_mut().for_each(as_json_schema);
    }
    for part in ["/paths", "/components/responses"] {
        if let Some(part) = spec.pointer_mut(part) {
            schemas_in(part);
        }
    }
    spec
}

/// Finds the schemas of parameters, headers and media types.
fn schemas_in(part: &mut Value) {
    match part {
        Value::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "schema" => as_json_schema(value),
                    "example" => {}
                    _ => schemas_in(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(schemas_in),
        _ => {}
    }
}

/// JSON Schema has no `nullable`: null is one more type.
pub fn as_json_schema(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    for name in ["properties", "patternProperties"] {
        let nested = fields.get_mut(name).and_then(Value::as_object_mut);
        nested.into_iter().flat_map(Map::values_mut).for_each(as_json_schema);
    }
    for name in ["items", "additionalProperties"] {
        if let Some(nested) = fields.get_mut(name) {
            as_json_schema(nested);
        }
    }
    for name in ["allOf", "oneOf", "anyOf"] {
        let nested = fields.get_mut(name).and_then(Value::as_array_mut);
        nested.into_iter().flatten().for_each(as_json_schema);
    }
    if let Some(example) = fields.remove("example") {
        fields.insert("examples".to_owned(), json!([example]));
    }
    if fields.remove("nullable") != Some(Value::Bool(true)) {
        return;
    }
    if let Some(Value::Array(parts)) = fields.remove("allOf") {
        let kinds = parts.into_iter().chain([json!({"type": "null"})]);
        fields.insert("anyOf".to_owned(), kinds.collect());
    } else if let Some(kind) = fields.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
}
