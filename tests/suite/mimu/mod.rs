//! The Mimu dialect: one test for each row of its contract, and for what is odd in it.

mod auth;
mod chats;
mod files;
mod messages;
mod readme;
mod sync;
mod unheard;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::server::{PASSWORD, Person, Reply, TestServer};

/// Somebody who uses Mimu's client.
#[derive(Clone)]
struct Mimu {
    id: String,
    token: String,
    url: String,
    http: reqwest::Client,
}

impl Mimu {
    async fn new(server: &TestServer, name: &str) -> Self {
        let body = json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD, "name": name});
        let signed_in = Self::nobody(server).post("/auth/register", body).await;
        Self::nobody(server).with(&fields(signed_in))
    }

    fn nobody(server: &TestServer) -> Self {
        let Person { url, http, .. } = server.nobody();
        Self { id: String::new(), token: String::new(), url, http }
    }

    /// Somebody of v1 on Mimu's client.
    fn of(person: &Person) -> Self {
        Self {
            id: person.id.to_string(),
            token: person.token.clone(),
            url: person.url.clone(),
            http: person.http.clone(),
        }
    }

    fn with(&self, signed_in: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self { id: text(&signed_in["user"]["id"]), token: text(&signed_in["accessToken"]), ..self.clone() }
    }

    /// A request to be dressed by hand; `path` begins after `/mimu`.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/mimu{path}", self.url));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    async fn get(&self, path: &str) -> Reply {
        reply(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        reply(self.request(Method::POST, path).json(&body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Reply {
        reply(self.request(Method::PUT, path).json(&body)).await
    }

    async fn delete(&self, path: &str, chat: &str) -> Reply {
        reply(self.request(Method::DELETE, path).header("X-ChatId", chat)).await
    }

    /// Says something; answers the message's number.
    async fn post_text(&self, chat: &str, text: &str) -> String {
        let body = json!({
            "chatId": chat, "type": "text", "text": text, "replyToMessageId": null, "timestamp": "2024-03-26T12:05:00",
        });
        fields(self.post("/api/v1/messages", body).await)["messageId"].as_str().unwrap().to_owned()
    }

    /// The newest messages of a chat, the oldest first.
    async fn messages(&self, chat: &str) -> Vec<Value> {
        let page = fields(self.get(&format!("/api/v1/messages?chatId={chat}")).await);
        page["messages"].as_array().unwrap().clone()
    }

    async fn texts(&self, chat: &str) -> Vec<String> {
        let text = |message: &Value| message["text"].as_str().unwrap_or("nothing").to_owned();
        self.messages(chat).await.iter().map(text).collect()
    }

    /// The private chat with somebody, by its number.
    async fn friend(&self, other: &Self) -> String {
        let chat = fields(self.post("/api/v1/chats", json!({"memberIds": [other.id]})).await);
        chat["chatId"].as_str().unwrap().to_owned()
    }
}

async fn reply(request: RequestBuilder) -> Reply {
    Reply::to(request).await
}

/// The fields of an answer, which stand at the top and once more in `data`.
#[track_caller]
fn fields(reply: Reply) -> Value {
    let body = reply.expect(200);
    assert_eq!(body["success"], true, "{body}");
    let mut top = body.as_object().unwrap().clone();
    let data = top.shift_remove("data").unwrap();
    top.shift_remove("success");
    assert_eq!(Value::Object(top), data);
    data
}

/// Checks a refusal: its status, its code and that it has words.
#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let body = reply.expect(status);
    assert_eq!((&body["success"], &body["error"]), (&json!(false), &json!(code)), "{body}");
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
}

async fn two(server: &TestServer) -> (Mimu, Mimu) {
    (Mimu::new(server, "ann").await, Mimu::new(server, "bob").await)
}
