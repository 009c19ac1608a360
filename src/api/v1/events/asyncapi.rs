//! The AsyncAPI 3 document of the WebSocket.

use poem_openapi::payload::Json;
use poem_openapi::{OpenApi, OpenApiService};
use serde_json::{Map, Value, json};

use super::kinds::{Frames, Kind, kinds};
use crate::document::{as_json_schema, complete_schema};
use crate::websocket::{CLOSE_CODES, CloseCode};

struct Described;

#[OpenApi]
impl Described {
    /// Accepts the data of every frame, so that poem-openapi describes it.
    #[oai(path = "/", method = "post")]
    async fn frames(&self, _frames: Json<Frames>) {}
}

const DESCRIPTION: &str = "\
Open `/ws` as a WebSocket. Authenticate with `?token=` (an access token), `?ticket=` (from `POST /ws/ticket`), the \
header `Authorization: Bearer …`, or preferably with a first frame `auth`. An invalid token fails the handshake with 401.

Frames are JSON text. Events with a `position` are stored: after a lost connection, open the WebSocket with the \
cursor (`?cursor=` or in `auth`), and every later event is delivered once and in order, followed by live events. The \
cursor in `ready` marks where live delivery started; move it forward by appending `.` and the `position` of each \
event that was processed.";

/// The schemas of all data, in the form of OpenAPI 3.0.
fn schemas() -> Map<String, Value> {
    let spec = OpenApiService::new(Described, "", "").spec();
    let spec: Value = serde_json::from_str(&spec).unwrap_or_default();
    let mut schemas = spec["components"]["schemas"].as_object().cloned().unwrap_or_default();
    schemas.remove("Frames");
    schemas.retain(|_, schema| schema.is_object());
    schemas.values_mut().for_each(complete_schema);
    schemas
}

/// The document of v1 with a schema for each event that `GET /sync` returns.
pub fn with_typed_events(mut spec: Value) -> Value {
    let Some(known) = spec["components"]["schemas"].as_object_mut() else { return spec };
    for (name, schema) in schemas() {
        known.entry(name).or_insert(schema);
    }
    let (mut choices, mut mapping) = (Vec::new(), Map::new());
    for kind in kinds().into_iter().filter(|kind| kind.is_kept) {
        let words = kind.name.split(['.', '_']).filter_map(|word| word.split_at_checked(1));
        let name: String = words.map(|(first, rest)| first.to_ascii_uppercase() + rest).collect();
        let (name, example) = (format!("{name}Event"), &kind.example);
        let link = format!("#/components/schemas/{name}");
        known.insert(
            name,
            json!({
                "type": "object",
                "description": kind.about,
                "required": ["event", "data", "position"],
                "properties": {
                    "event": {"type": "string", "enum": [kind.name]},
                    "data": {"$ref": format!("#/components/schemas/{}", kind.schema)},
                    "position": {
                        "type": "string",
                        "description": "Appending `.` and the position to a cursor moves the cursor past the event.",
                    },
                },
                "example": {"event": kind.name, "data": example, "position": "38dyhw000-5"},
            }),
        );
        mapping.insert(kind.name.to_owned(), link.clone().into());
        choices.push(json!({"$ref": link}));
    }
    known.insert(
        "Event".to_owned(),
        json!({
            "description": "An event, as the WebSocket delivers it.",
            "oneOf": choices,
            "discriminator": {"propertyName": "event", "mapping": mapping},
        }),
    );
    spec
}

/// The AsyncAPI document, as JSON.
pub fn asyncapi() -> Value {
    let mut schemas = schemas();
    schemas.values_mut().for_each(as_json_schema);
    let (mut messages, mut sent, mut received) = (Map::new(), Vec::new(), Vec::new());
    for kind in kinds() {
        let side = if kind.from_server { "server" } else { "client" };
        let id = format!("{side}.{}", kind.name);
        let link = json!({"$ref": format!("#/channels/socket/messages/{id}")});
        if kind.from_server {
            sent.push(link);
        } else {
            received.push(link);
        }
        messages.insert(id, described(&kind));
    }
    let close_codes: Vec<Value> = CLOSE_CODES
        .iter()
        .map(|CloseCode { code, name, meaning }| json!({"code": code, "name": name, "meaning": meaning}))
        .collect();
    let contact = json!({"name": "The administrator of the server"});
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Besedka v1: the socket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0"},
            "contact": contact,
            "x-close-codes": close_codes,
        },
        "defaultContentType": "application/json",
        "channels": {"socket": {"address": "/ws", "messages": messages}},
        "operations": {
            "hear": {"action": "send", "channel": {"$ref": "#/channels/socket"}, "messages": sent,
                     "summary": "Events sent by the server"},
            "say": {"action": "receive", "channel": {"$ref": "#/channels/socket"}, "messages": received,
                    "summary": "Frames accepted from clients"},
        },
        "components": {"schemas": schemas},
    })
}

fn described(kind: &Kind) -> Value {
    let mut properties = json!({
        "event": {"type": "string", "const": kind.name},
        "data": {"$ref": format!("#/components/schemas/{}", kind.schema)},
    });
    let mut example = json!({"event": kind.name, "data": kind.example});
    let mut required = vec!["event", "data"];
    if kind.is_kept {
        properties["position"] =
            json!({"type": "string", "description": "The event's position, which moves a cursor forward."});
        example["position"] = json!("38dyhw000-5");
        required.push("position");
    } else if kind.name == "gap" {
        properties["position"] = json!({"type": "string", "description": "Used like an event's position."});
        example["position"] = json!("38dyhw000-5");
        required.push("position");
    }
    json!({
        "name": kind.name,
        "summary": kind.about,
        "payload": {"type": "object", "required": required, "properties": properties},
        "examples": [{"payload": example}],
    })
}
