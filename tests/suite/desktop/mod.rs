//! The desktop messenger's clients: every row of the contract in `src/api/desktop/README.md`.

mod contract;
mod socket;

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::server::{PASSWORD, Reply, Socket, TestServer};

/// Somebody who uses the desktop messenger.
pub struct Client {
    pub id: i64,
    pub token: String,
    pub url: String,
    http: reqwest::Client,
}

impl Client {
    /// Somebody without a token.
    pub fn nobody(server: &TestServer) -> Self {
        let nobody = server.nobody();
        Self { id: 0, token: String::new(), url: format!("{}/desktop", nobody.url), http: nobody.http }
    }

    /// Makes an account with a username alone.
    pub async fn registered(server: &TestServer, name: &str) -> Self {
        let nobody = Self::nobody(server);
        let body = json!({"username": name, "password": PASSWORD});
        let made = nobody.post("/api/auth/register", body).await.expect(201);
        let token = made["access_token"].as_str().unwrap().to_owned();
        Self { id: made["user"]["id"].as_i64().unwrap(), token, ..nobody }
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        Reply::to(request).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn group(&self, title: &str, others: &[i64]) -> i64 {
        let body = json!({"type": "group", "title": title, "user_ids": others});
        self.post("/api/chats", body).await.expect(201)["id"].as_i64().unwrap()
    }

    pub async fn post_text(&self, chat: i64, text: &str) -> Value {
        self.post(&format!("/api/chats/{chat}/messages"), json!({"content": text})).await.expect(201)
    }

    /// What is sent in a chat, oldest first.
    pub async fn texts(&self, chat: i64) -> Vec<String> {
        let sent = self.get(&format!("/api/chats/{chat}/messages?limit=200")).await.expect(200);
        sent.as_array()
            .unwrap()
            .iter()
            .map(|message| message["content"].as_str().unwrap().to_owned())
            .collect()
    }

    pub async fn open(&self, chat: impl std::fmt::Display) -> Result<Socket, u16> {
        let base = self.url.replace("http://", "ws://");
        let url = format!("{base}/ws/chat/{chat}?token={}", self.token);
        Socket::with_request(url.into_client_request().unwrap()).await
    }

    pub async fn socket(&self, chat: i64) -> Socket {
        self.open(chat).await.unwrap()
    }
}

/// A refusal says what is wrong, and nothing else.
#[track_caller]
pub fn refused(reply: Reply, status: u16) {
    let body = reply.expect(status);
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
}

/// The next frame of a type. Who comes and goes is told when it is told.
pub async fn until(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let frame = socket.next().await.expect("the socket stays open");
        if frame["type"] == kind {
            return frame["data"].clone();
        }
    }
}
