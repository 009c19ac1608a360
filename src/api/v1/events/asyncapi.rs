//! The description of the socket (AsyncAPI 3).

use poem_openapi::payload::Json;
use poem_openapi::{OpenApi, OpenApiService};
use serde_json::{Map, Value, json};

use super::kinds::{Frames, Kind, kinds};

struct Described;

#[OpenApi]
impl Described {
    /// Takes every frame's data, so that poem-openapi describes it.
    #[oai(path = "/", method = "post")]
    async fn frames(&self, _frames: Json<Frames>) {}
}

const DESCRIPTION: &str = "\
Open `/ws` as a WebSocket. Say who you are with `?token=` (an access token), `?ticket=` (of `POST /ws/ticket`), the \
header `Authorization: Bearer …`, or, best, with a first frame `auth`. A wrong token refuses the handshake with 401.

Frames are JSON text. Those with a `position` are kept: after a lost connection open the socket with the cursor \
(`?cursor=` or in `auth`), and everything after it is told once and in order, and then what happens live. The cursor of \
`ready` is where the socket went live; it is moved by appending `.` and the `position` of each frame that was dealt with.";

/// The description of the socket, as JSON.
pub fn asyncapi() -> Value {
    let spec = OpenApiService::new(Described, "", "").spec();
    let spec: Value = serde_json::from_str(&spec).unwrap_or_default();
    let mut schemas = spec["components"]["schemas"].as_object().cloned().unwrap_or_default();
    schemas.remove("Frames");
    schemas.retain(|_, schema| schema.is_object());

    let (mut messages, mut told, mut heard) = (Map::new(), Vec::new(), Vec::new());
    for kind in kinds() {
        let side = if kind.from_server { "server" } else { "client" };
        let id = format!("{side}.{}", kind.name);
        let link = json!({"$ref": format!("#/channels/socket/messages/{id}")});
        if kind.from_server {
            told.push(link);
        } else {
            heard.push(link);
        }
        messages.insert(id, described(&kind));
    }
    let close =
        |code: u16, name: &str, meaning: &str| json!({"code": code, "name": name, "meaning": meaning});
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Besedka v1: the socket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "x-close-codes": [
                close(1012, "restart", "The server stops or restarts: come back after a random 1 to 5 seconds, with the cursor."),
                close(1013, "too slow", "Frames were not read fast enough: come back at once, with the cursor."),
                close(4401, "unauthorized", "No valid token came in time, or a personal one has run out: renew it and come back."),
                close(4403, "revoked", "The session was ended: sign in again."),
                close(4409, "replaced", "The same person opened more than 20 sockets; this was the oldest."),
                close(4429, "too fast", "More than 10 frames a second were sent."),
            ],
        },
        "defaultContentType": "application/json",
        "channels": {"socket": {"address": "/ws", "messages": messages}},
        "operations": {
            "hear": {"action": "send", "channel": {"$ref": "#/channels/socket"}, "messages": told,
                     "summary": "What the server sends"},
            "say": {"action": "receive", "channel": {"$ref": "#/channels/socket"}, "messages": heard,
                    "summary": "What a client may send"},
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
            json!({"type": "string", "description": "The event's place; it moves a cursor."});
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
