//! The descriptions in `openapi/` are those of the code.

use std::path::Path;

use serde_json::Value;

#[test]
fn the_documents_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi");
    for (name, text) in besedka::api::documents() {
        let kept = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(kept == text, "openapi/{name} is not what the code says; `make gen` writes it anew");
    }
}

#[test]
fn every_operation_is_named_and_described() {
    for spec in besedka::api::specs() {
        let spec: Value = serde_json::from_str(spec.json()).unwrap();
        for (path, operations) in spec["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let what = format!("{method} {path}");
                assert!(operation["operationId"].is_string(), "{what} has an operation_id");
                assert!(operation["summary"].is_string(), "{what} has a summary");
                let body = &operation["requestBody"]["content"]["application/json; charset=utf-8"]["schema"];
                if let Some(schema) = body["$ref"].as_str() {
                    assert!(has_example(&spec, schema), "{what} shows what to send");
                }
                let responses = operation["responses"].as_object().unwrap();
                assert!(
                    responses.keys().any(|status| status.starts_with('2')),
                    "{what} says what it answers"
                );
                assert!(responses.keys().any(|status| status.starts_with('4')), "{what} says how it refuses");
            }
        }
    }
}

fn has_example(spec: &Value, schema: &str) -> bool {
    let name = schema.rsplit('/').next().unwrap();
    spec["components"]["schemas"][name]["example"].is_object()
}

/// Wire fields are documented: their sentences become the API's documentation.
#[test]
fn every_event_is_described_with_a_schema_and_an_example() {
    let events = besedka::api::v1::asyncapi();
    let messages = events["channels"]["socket"]["messages"].as_object().unwrap();
    assert!(messages.len() > 15);
    for (name, message) in messages {
        let schema = message["payload"]["properties"]["data"]["$ref"].as_str().unwrap();
        let schema = schema.rsplit('/').next().unwrap();
        assert!(events["components"]["schemas"][schema].is_object(), "{name}: there is a schema {schema}");
        assert!(message["examples"][0]["payload"]["data"].is_object(), "{name} has an example");
    }
}
