//! People who use a server by v1, and what they are answered.

use reqwest::Method;
use serde_json::{Value, json};

use super::Socket;
use crate::conformance;

/// Somebody who uses v1.
#[derive(Clone)]
pub struct Person {
    pub id: i64,
    pub token: String,
    pub refresh: String,
    pub url: String,
    pub http: reqwest::Client,
}

/// An answer. Indexing it looks into the JSON of its body.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Reply {
    /// The body, when the status is the one expected.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// Checks a refusal: its status, its code and that it has words.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert!(self.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{}", self.body);
        self.body
    }
}

impl Person {
    /// Somebody without a token.
    pub fn nobody(url: &str, http: reqwest::Client) -> Self {
        Self { id: 0, token: String::new(), refresh: String::new(), url: url.to_owned(), http }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(&fresh_key()), Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(&fresh_key()), Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(&fresh_key()), Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, Some(&fresh_key()), None).await
    }

    /// A request of v1 to be dressed by hand; `path` begins after `/api/v1`. It has the token and no key.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.url));
        match self.token.as_str() {
            "" => request,
            token => request.bearer_auth(token),
        }
    }

    /// Any request of v1; `path` begins after `/api/v1`.
    pub async fn send(&self, method: Method, path: &str, key: Option<&str>, body: Option<Value>) -> Reply {
        let mut request = self.request(method, path);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Reply::to(request).await
    }

    /// The same person with other tokens.
    pub fn with(&self, tokens: &Value) -> Self {
        Self {
            token: tokens["access_token"].as_str().unwrap().to_owned(),
            refresh: tokens["refresh_token"].as_str().unwrap().to_owned(),
            ..self.clone()
        }
    }

    /// The same person with a new personal access token.
    pub async fn with_token(&self, scopes: &[&str]) -> Self {
        let body = json!({"name": "test", "scopes": scopes});
        let made = self.post("/tokens", body).await.expect(201);
        Self { token: made["token"].as_str().unwrap().to_owned(), refresh: String::new(), ..self.clone() }
    }

    /// Exchanges the refresh token.
    pub async fn refresh(&self) -> Reply {
        let body = json!({"refresh_token": self.refresh});
        self.send(Method::POST, "/auth/refresh", None, Some(body)).await
    }

    /// The same person with renewed tokens, as when the clock was moved.
    pub async fn renewed(&self) -> Self {
        self.with(&self.refresh().await.expect(200))
    }

    /// The private chat with somebody.
    pub async fn direct(&self, other: &Self) -> i64 {
        let body = json!({"is_group": false, "member_ids": [other.id]});
        self.post("/chats", body).await.expect(201)["id"].as_i64().unwrap()
    }

    /// A new group.
    pub async fn group(&self, title: &str, others: &[&Self]) -> i64 {
        let ids: Vec<i64> = others.iter().map(|other| other.id).collect();
        let body = json!({"title": title, "is_group": true, "member_ids": ids});
        self.post("/chats", body).await.expect(201)["id"].as_i64().unwrap()
    }

    /// Posts a text message; returns the message.
    pub async fn post_text(&self, chat: i64, text: &str) -> Value {
        self.post("/messages", json!({"chat_id": chat, "type": "text", "content": text})).await.expect(201)
    }

    /// What is sent in a chat, the newest first.
    pub async fn texts(&self, chat: i64) -> Vec<String> {
        let messages = self.get(&format!("/messages?chat_id={chat}&limit=200")).await.expect(200);
        let text = |message: &Value| {
            (message["type"] == "text").then(|| message["content"].as_str().map(str::to_owned))
        };
        messages.as_array().unwrap().iter().filter_map(text).flatten().collect()
    }

    /// Uploads a file by the form that the server gives; answers its id.
    pub async fn upload(&self, filename: &str, content_type: &str, bytes: Vec<u8>) -> String {
        let form =
            self.post("/attachments", json!({"filename": filename, "content_type": content_type})).await;
        let form = form.expect(200);
        let filled = self.fill_in(&form, bytes).await;
        assert_eq!(filled.status, 204, "{}", filled.body);
        form["attachment_id"].as_str().unwrap().to_owned()
    }

    /// Sends a form as the document's browser example does: with the three fields that it has, or with the more that
    /// a bucket asks for. Answers what becomes of the file, of which a bucket knows only a part.
    pub async fn fill_in(&self, form: &Value, bytes: Vec<u8>) -> Reply {
        let reply = self.send_form(form, bytes).await;
        if form["fields"]["Policy"].is_null() || reply.status >= 300 {
            return reply;
        }
        let id = form["attachment_id"].as_str().unwrap();
        let found = self.get(&format!("/attachments/{id}/info")).await;
        if found.status == 200 { reply } else { found }
    }

    /// Sends a form; what a bucket says in XML is sent as the server would.
    pub async fn send_form(&self, form: &Value, bytes: Vec<u8>) -> Reply {
        let filled = form["fields"]
            .as_object()
            .unwrap()
            .iter()
            .fold(reqwest::multipart::Form::new(), |filled, (name, value)| {
                filled.text(name.clone(), value.as_str().unwrap().to_owned())
            });
        let filled = filled.part("file", reqwest::multipart::Part::bytes(bytes).file_name("blob"));
        let response = self.http.post(form["url"].as_str().unwrap()).multipart(filled).send().await.unwrap();
        Reply::of(response).await
    }

    /// Opens a socket with the token in its address, and waits until it is live.
    pub async fn socket(&self) -> Socket {
        let mut socket = Socket::open(&self.url, &format!("?token={}", self.token)).await.unwrap();
        socket.until("ready").await;
        socket
    }

    /// Opens a socket that resumes from a cursor. What was missed comes first, then `ready`.
    pub async fn resume(&self, cursor: &str) -> Socket {
        Socket::open(&self.url, &format!("?token={}&cursor={cursor}", self.token)).await.unwrap()
    }

    /// Every kept frame of one's socket that there is by now: one's own profile changes after them, in
    /// what nobody else sees.
    pub async fn receives(&self, socket: &mut Socket) -> Vec<Value> {
        let mark = json!(format!("en-x-{}", &fresh_key()[..8]));
        self.put("/users/me", json!({"language": mark})).await.expect(200);
        let mut frames = Vec::new();
        loop {
            let frame = socket.next().await.expect("the socket stays open");
            if frame["event"] == "user.updated" && frame["data"]["language"] == mark {
                return frames;
            }
            if frame["position"].is_string() {
                frames.push(frame);
            }
        }
    }

    /// The cursor of the present.
    pub async fn cursor(&self) -> String {
        self.get("/sync").await.expect(200)["cursor"].as_str().unwrap().to_owned()
    }
}

impl Reply {
    /// A header of it; nothing when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Sends a request; its answer is as the documents say.
    pub async fn to(request: reqwest::RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, url) = (request.method().clone(), request.url().clone());
        // At a host of its own an API has no prefix, and the others are not there.
        let has_own_host = request.headers().contains_key("Host");
        let response = client.execute(request).await.unwrap();
        // What a bucket answers, to which was redirected, is in no document.
        let is_ours = response.url() == &url && !has_own_host;
        let reply = Self::of(response).await;
        if is_ours && method != Method::HEAD {
            conformance::check(&method, url.path(), &reply);
        }
        reply
    }

    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        if let Some(code) = code_in_xml(&bytes) {
            let (status, code) = match code {
                "EntityTooLarge" => (413, "too_large"),
                "EntityTooSmall" => (400, "invalid"),
                _ => (403, "forbidden"),
            };
            let body = json!({"detail": String::from_utf8_lossy(&bytes), "code": code});
            return Self { status, headers, body };
        }
        Self { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }
}

/// Of an error of S3.
fn code_in_xml(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    Some(text.split_once("<Error><Code>")?.1.split_once("</Code>")?.0)
}

impl std::ops::Index<&str> for Reply {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.body[name]
    }
}

pub fn fresh_key() -> String {
    uuid::Uuid::new_v4().to_string()
}
