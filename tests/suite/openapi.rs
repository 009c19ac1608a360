//! The descriptions in `openapi/` are those of the code.

use std::collections::BTreeSet;
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
                let body = &operation["requestBody"]["content"]["application/json"]["schema"];
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

fn documents() -> Vec<(String, Value)> {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let both = |spec: &besedka::api::Spec| {
        [(spec.slug.to_owned(), read(spec.json())), (format!("{}-3.1", spec.slug), read(spec.json_3_1()))]
    };
    besedka::api::specs().iter().flat_map(both).collect()
}

/// Calls `visit` with every value of a document and its place, but not within examples.
fn walk(value: &Value, place: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(place, value);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with("example")) {
                walk(value, &format!("{place}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| walk(item, &format!("{place}/{at}"), visit));
        }
        _ => {}
    }
}

#[test]
fn generators_can_read_the_documents() {
    for (name, spec) in documents() {
        assert!(spec["info"]["license"]["name"].is_string(), "{name}");
        assert!(spec["info"]["contact"].is_object(), "{name}");
        for (kind, parts) in spec["components"].as_object().unwrap() {
            for part in parts.as_object().unwrap().keys() {
                let is_plain = part.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
                assert!(
                    is_plain && part != "File",
                    "{name}: {kind}/{part} is a name that not every language takes"
                );
            }
        }
        walk(&spec, &name, &mut |place, value| {
            let Some(fields) = value.as_object() else { return };
            if let Some(reference) = value["$ref"].as_str() {
                assert!(spec.pointer(&reference[1..]).is_some(), "{place}: {reference} is nowhere");
            }
            if let Some(content) = value["content"].as_object() {
                assert!(content.keys().all(|kind| !kind.contains(';')), "{place}: {content:?}");
                let is_file = content.contains_key("application/octet-stream");
                assert!(!is_file || content.contains_key("*/*"), "{place}: files have types of their own");
            }
            if value["nullable"] == true {
                assert!(!name.ends_with("3.1"), "{place}: JSON Schema has no nullable");
                assert!(fields.contains_key("type") || fields.contains_key("allOf"), "{place} is of no type");
            }
            for part in value["allOf"].as_array().into_iter().flatten() {
                let is_type = ["$ref", "type", "properties"].iter().any(|key| part.get(key).is_some());
                assert!(is_type, "{place}: {part} is no type");
            }
        });
    }
}

#[test]
fn every_error_has_a_body_and_every_operation_says_who_may_call_it() {
    // Words of Python, JavaScript, Java, Go, Rust and others, whose clients would call such an operation something else.
    const RESERVED: [&str; 24] = [
        "await", "break", "case", "catch", "class", "continue", "default", "delete", "export", "final",
        "from", "global", "import", "in", "match", "move", "new", "package", "public", "ref", "return",
        "switch", "type", "use",
    ];
    for (name, spec) in documents() {
        for (path, operations) in spec["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let what = format!("{name}: {method} {path}");
                let id = operation["operationId"].as_str().unwrap();
                assert!(!RESERVED.contains(&id), "{what}: {id} is no name of a function everywhere");
                for (status, response) in operation["responses"].as_object().unwrap() {
                    let response = match response["$ref"].as_str() {
                        Some(reference) => spec.pointer(&reference[1..]).unwrap(),
                        None => response,
                    };
                    assert!(!response["description"].as_str().unwrap().is_empty(), "{what}: {status}");
                    if status.starts_with(['4', '5']) {
                        let body = &response["content"]["application/json"];
                        assert!(body["schema"]["$ref"].is_string(), "{what}: {status} has no body");
                        assert!(body["example"].is_object(), "{what}: {status} has no example");
                    }
                }
                let is_open = path.contains("auth") || path.contains("avatars") || path == "/health";
                let is_open = is_open || path == "/uploads" || path.contains("/users/refresh");
                let is_open = is_open || path.ends_with("/preview");
                assert!(operation["security"].is_array() || is_open, "{what} takes no token");
            }
        }
    }
}

#[test]
fn every_code_of_an_error_is_explained() {
    let spec: Value = serde_json::from_str(besedka::api::specs()[0].json()).unwrap();
    let about = spec["info"]["description"].as_str().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/core/messenger/foundation/error.rs");
    let text = std::fs::read_to_string(file).unwrap();
    let (_, codes) = text.split_once("pub fn code(&self)").unwrap();
    let (codes, _) = codes.split_once("\n    }\n").unwrap();
    let codes: Vec<&str> = codes.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert!(codes.len() > 20, "{codes:?}");
    for code in codes {
        assert!(about.contains(&format!("| `{code}` |")), "{code} is in no catalogue");
    }
}

#[test]
fn what_sync_returns_is_typed() {
    let spec: Value = serde_json::from_str(besedka::api::specs()[0].json()).unwrap();
    let event = &spec["components"]["schemas"]["Event"];
    assert_eq!(event["discriminator"]["propertyName"], "event");
    let kinds = event["discriminator"]["mapping"].as_object().unwrap();
    assert_eq!(kinds.len(), event["oneOf"].as_array().unwrap().len());
    assert_eq!(kinds["message.created"], "#/components/schemas/MessageCreatedEvent");
    assert!(spec["paths"]["/uploads"]["post"]["requestBody"]["content"]["multipart/form-data"].is_object());
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

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text_of(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap()
}

/// The first cells of a text's tables that are codes.
fn listed_codes(text: &str) -> BTreeSet<u64> {
    let cell = |line: &str| line.strip_prefix("| ")?.split_once(" |")?.0.parse().ok();
    text.lines().filter_map(cell).collect()
}

/// The codes with which the source ends sockets.
fn sent_codes(path: &str) -> BTreeSet<u64> {
    let text = text_of(path);
    text.split("end(").skip(1).filter_map(|call| call.split(',').next()?.parse().ok()).collect()
}

#[test]
fn every_close_code_is_explained() {
    let events = besedka::api::v1::asyncapi();
    let codes = events["info"]["x-close-codes"].as_array().unwrap();
    let known: BTreeSet<u64> = codes.iter().map(|code| code["code"].as_u64().unwrap()).collect();
    assert_eq!(known.len(), codes.len());
    let of_all = sent_codes("src/api/websocket.rs");
    let of_chats: BTreeSet<u64> = &of_all | &sent_codes("src/api/chat_socket.rs");
    assert!(of_chats.len() > 5, "{of_chats:?}");
    assert_eq!(known, &of_all | &sent_codes("src/api/v1/socket.rs"));
    assert_eq!(listed_codes(&text_of("docs/api/events.md")), known);
    assert_eq!(listed_codes(&text_of("src/api/unet/README.md")), of_chats);
}

#[test]
fn every_answer_of_an_incoming_webhook_is_explained() {
    let (source, about) = (text_of("src/api/hooks/mod.rs"), text_of("docs/api/webhooks.md"));
    let words: BTreeSet<&str> = source
        .split("StatusCode::")
        .filter_map(|call| call.split_once(", \"")?.1.split('"').next())
        .filter(|word| word.contains('_'))
        .collect();
    assert!(words.len() > 10, "{words:?}");
    for word in words {
        assert!(about.contains(&format!("`{word}`")), "{word} is not explained");
    }
    for status in [400, 403, 404, 405, 410, 413, 415, 429, 500, 503, 507] {
        assert!(about.contains(&format!("\n| {status} `")), "{status} is not explained");
    }
}

#[test]
fn the_requests_without_a_key_are_those_that_are_named() {
    let spec: Value = serde_json::from_str(besedka::api::specs()[0].json()).unwrap();
    let mut exempt = BTreeSet::new();
    for (path, operations) in spec["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let is_key = |it: &Value| it["name"] == "Idempotency-Key" && it["required"] == true;
            let needs_key = operation["parameters"].as_array().is_some_and(|all| all.iter().any(is_key));
            if method != "get" && !needs_key {
                exempt.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let about = spec["info"]["description"].as_str().unwrap();
    let section = |text: &str, start: &str, end: &str| {
        let (_, text) = text.split_once(start).unwrap();
        text.split_once(end).unwrap().0.to_owned()
    };
    let named = |text: &str| -> BTreeSet<String> {
        let code = text.split('`').skip(1).step_by(2);
        code.filter(|code| code.starts_with("POST /")).map(str::to_owned).collect()
    };
    assert_eq!(named(&section(about, "**Idempotency-Key**", "\n\n")), exempt);
    let guide = text_of("docs/api/idempotency.md");
    assert_eq!(named(&section(&guide, "These four", "| the key")), exempt);
}
