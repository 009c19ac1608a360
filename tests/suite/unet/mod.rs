//! unet's clients: every row of the contract in `src/api/unet/README.md`, as they call it.

mod contract;
mod socket;

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::server::{PASSWORD, Person, Reply, Socket, TestServer};

pub const CHAT: &str = "/api/unet-chat";
pub const USERS: &str = "/educations/api/v1/users";

/// Somebody who uses unet's client.
pub struct Client {
    pub id: i64,
    pub token: String,
    nobody: Person,
}

impl Client {
    /// Signs in as its client does.
    pub async fn of(server: &TestServer, person: &Person, name: &str) -> Self {
        let nobody = server.nobody();
        let body = json!({"email": format!("{name}@example.com"), "password": PASSWORD});
        let url = format!("{}{USERS}/auth/", server.url);
        let reply = Reply::to(nobody.http.post(url).json(&body)).await.expect(200);
        let text = |name: &str| reply[name].as_str().unwrap().to_owned();
        assert_eq!(reply["id"], person.id);
        Self { id: person.id, token: text("access"), nobody }
    }

    /// A request as old builds make it: the token is in `WWW-Authenticate`.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self.nobody.http.request(method, format!("{}{path}", self.nobody.url));
        let request = request.header("WWW-Authenticate", format!("Bearer {}", self.token));
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

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// A new group; answers its id.
    pub async fn group(&self, title: &str, others: &[i64]) -> String {
        let body = json!({"type": "group", "title": title, "participant_ids": others});
        let made = self.post(&format!("{CHAT}/conversations/"), body).await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// Says something as the document's example does; answers the message.
    pub async fn post_text(&self, conversation: &str, text: &str) -> Value {
        let body =
            json!({"conversation_id": conversation, "sender_id": self.id, "text": text, "reply_to": null});
        self.post(&format!("{CHAT}/messages/"), body).await.expect(201)
    }

    /// Opens a socket with the token in the address, as a parameter of a name.
    pub async fn socket_by(&self, name: &str, conversation: &str) -> Result<Socket, u16> {
        let base = self.nobody.url.replace("http://", "ws://");
        let url = format!("{base}{CHAT}/ws/conversations/{conversation}/?{name}=Bearer%20{}", self.token);
        Socket::with_request(url.into_client_request().unwrap()).await
    }

    pub async fn socket(&self, conversation: &str) -> Socket {
        self.socket_by("WWW-Authenticate", conversation).await.unwrap()
    }
}

/// A refusal says what is wrong, and nothing else.
#[track_caller]
pub fn refused(reply: Reply, status: u16) {
    let body = reply.expect(status);
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
}
