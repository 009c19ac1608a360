//! Kyte's clients, over HTTP and WebSocket: each row of its contract, from the examples of its document.

mod assistant;
mod auth;
mod chats;
mod codes;
mod groups;
mod messages;
mod refusals;
mod socket;
mod socket_io;

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::server::{PASSWORD, Person, Reply, Socket, TestServer, fields};

/// Somebody who uses Kyte.
#[derive(Clone)]
pub struct Friend {
    pub id: String,
    pub token: String,
    pub refresh: String,
    /// What the client was told to be its base.
    base: String,
    http: reqwest::Client,
}

impl Friend {
    /// Registers `<name>@example.com`, with a base that ends in `/kyte`.
    pub async fn new(server: &TestServer, name: &str) -> Self {
        let nobody = Self::nobody(server);
        let body = json!({"email": format!("{name}@example.com"), "password": PASSWORD, "name": name});
        nobody.with(&nobody.post("/auth/register", body).await.expect(201))
    }

    pub fn nobody(server: &TestServer) -> Self {
        Self::at(server, "/kyte")
    }

    /// Somebody who is not signed in, with another base.
    pub fn at(server: &TestServer, base: &str) -> Self {
        Self {
            id: String::new(),
            token: String::new(),
            refresh: String::new(),
            base: format!("{}{base}", server.url),
            http: crate::server::client(),
        }
    }

    /// The same client, signed in as it was answered.
    pub fn with(&self, signed_in: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&signed_in["user"]["id"]),
            token: text(&signed_in["accessToken"]),
            refresh: text(&signed_in["refreshToken"]),
            ..self.clone()
        }
    }

    /// The same person in v1.
    pub fn elsewhere(&self, server: &TestServer) -> Person {
        Person { id: self.id.parse().unwrap(), token: self.token.clone(), ..server.nobody() }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match self.token.as_str() {
            "" => request,
            token => request.bearer_auth(token),
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        Reply::to(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        Reply::to(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        Reply::to(self.request(Method::PUT, path).json(&body)).await
    }

    /// Makes a group; answers it.
    pub async fn group(&self, name: &str, others: &[&Self]) -> Value {
        let ids: Vec<&str> = others.iter().map(|other| other.id.as_str()).collect();
        let body = json!({"name": name, "participantIds": ids});
        self.post("/groups", body).await.expect(201)["group"].clone()
    }

    /// Says something; answers the message.
    pub async fn post_text(&self, chat: &str, text: &str) -> Value {
        let body = json!({"content": text});
        self.post(&format!("/chats/{chat}/messages"), body).await.expect(201)["message"].clone()
    }

    /// What is sent in a chat, the oldest first, but for what the server says.
    pub async fn texts(&self, chat: &str) -> Vec<String> {
        let messages = self.get(&format!("/chats/{chat}/messages")).await.expect(200);
        let sent = messages["messages"].as_array().unwrap().iter().filter(|sent| sent["type"] != "system");
        sent.map(|sent| sent["content"].as_str().unwrap().to_owned()).collect()
    }

    /// Opens a socket below the base.
    pub async fn socket(&self, path: &str) -> Result<Socket, u16> {
        let url = format!("{}{path}", self.base.replace("http://", "ws://"));
        Socket::with_request(url.into_client_request().unwrap()).await
    }

    /// Opens the socket of a chat as the document says.
    pub async fn listen(&self, chat: &str) -> Socket {
        self.socket(&format!("/ws/chat/{chat}?token={}", self.token)).await.unwrap()
    }
}

/// Two people and a group of theirs.
pub async fn pair() -> (TestServer, Friend, Friend, String) {
    let server = TestServer::start().await;
    let (ann, bob) = (Friend::new(&server, "ann").await, Friend::new(&server, "bob").await);
    let group = ann.group("Garden", &[&bob]).await;
    let id = group["id"].as_str().unwrap().to_owned();
    (server, ann, bob, id)
}

/// Checks a refusal: its status, and that it is an object with a message and nothing else.
#[track_caller]
pub fn refused(reply: Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{}", reply.body);
    assert_eq!(fields(&reply.body), ["message"], "{}", reply.body);
    let message = reply.body["message"].as_str().unwrap().to_owned();
    assert!(!message.is_empty());
    message
}

/// Whether it is a time as JavaScript writes it.
pub fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == "2024-01-01T00:00:00.000Z".len() && text.as_bytes()[19] == b'.' && text.ends_with('Z')
}
