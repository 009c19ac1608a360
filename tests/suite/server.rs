//! A server for a test, and people who use it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use besedka::config::Config;
use besedka::files::{Aws, Moving};
use besedka::messenger::{Clock, Messenger};
use besedka::server::{self, Running};
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::bucket::{self, Bucket};
use crate::database::Database;

/// Long enough for anything that should happen; nothing that succeeds waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

/// Where the servers of the tests keep files: in a folder, or as `BESEDKA_TEST_STORAGE` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    Folder,
    /// In a bucket to which browsers go by themselves.
    Bucket,
    /// In a bucket behind the server.
    Behind,
}

impl Storage {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests is no setting of the server")]
    fn chosen() -> Self {
        match std::env::var("BESEDKA_TEST_STORAGE").as_deref() {
            Err(_) | Ok("" | "folder") => Self::Folder,
            Ok("bucket") => Self::Bucket,
            Ok("behind") => Self::Behind,
            Ok(other) => panic!("BESEDKA_TEST_STORAGE is folder, bucket or behind, not {other}"),
        }
    }
}

/// A running server with a folder of its own. Rate limits are off unless a test asks for them.
pub struct TestServer {
    pub dir: TempDir,
    pub database: Database,
    pub storage: Storage,
    /// When files are in one.
    pub bucket: Option<Bucket>,
    storage_url: Option<String>,
    pub clock: Clock,
    pub running: Running,
    pub url: String,
    flags: Vec<String>,
    http: reqwest::Client,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(&["--rate-limits", "off"]).await
    }

    /// With flags as on the command line.
    pub async fn with(flags: &[&str]) -> Self {
        Self::storing(Storage::chosen(), flags).await
    }

    /// On a database that the test looks after.
    pub async fn on(database: Database, flags: &[&str]) -> Self {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let storage = (Storage::Folder, None, None);
        Self::in_folder(TempDir::new().unwrap(), database, storage, Clock::default(), flags).await
    }

    /// With files in a certain storage.
    pub async fn storing(storage: Storage, flags: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let bucket = match storage {
            Storage::Folder => None,
            Storage::Bucket | Storage::Behind => Some(Bucket::over(dir.path()).await),
        };
        let direct = if storage == Storage::Bucket { "&direct=on" } else { "&direct=off" };
        let storage_url = bucket.as_ref().map(|bucket| bucket.storage_url(direct));
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let storage = (storage, bucket, storage_url);
        Self::in_folder(dir, Database::new().await, storage, Clock::default(), flags).await
    }

    /// With files in a bucket that the test looks after.
    pub async fn over(storage: Storage, storage_url: &str, flags: &[&str]) -> Self {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let storage = (storage, None, Some(storage_url.to_owned()));
        Self::in_folder(TempDir::new().unwrap(), Database::new().await, storage, Clock::default(), flags)
            .await
    }

    async fn in_folder(
        dir: TempDir,
        database: Database,
        (storage, bucket, storage_url): (Storage, Option<Bucket>, Option<String>),
        clock: Clock,
        flags: Vec<String>,
    ) -> Self {
        let mut args = kept_in(&dir, &database);
        if let Some(url) = &storage_url {
            args.extend(["--storage-url".to_owned(), url.clone()]);
        }
        args.extend(flags.iter().cloned());
        let mut config = Settings::parse_from(args).config;
        config.data.aws = aws(bucket::KEY_ID, bucket::SECRET);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = server::start(&config, listener, clock.clone()).await.unwrap();
        let url = format!("http://{}", running.address);
        let http = client();
        Self { dir, database, storage, bucket, storage_url, clock, running, url, flags, http }
    }

    /// Stops it gracefully and starts it again on the same data, at another port.
    pub async fn restart(self) -> Self {
        let Self { dir, database, storage, bucket, storage_url, clock, running, flags, .. } = self;
        running.stop().await;
        Self::in_folder(dir, database, (storage, bucket, storage_url), clock, flags).await
    }

    /// Starts it again with files in a bucket, and what is not there yet where it was.
    pub async fn moving_to(self, storage_url: &str, before: &str) -> Self {
        let Self { dir, database, clock, running, mut flags, .. } = self;
        running.stop().await;
        flags.extend(["--storage-fallback-url".to_owned(), before.to_owned()]);
        let storage = (Storage::Bucket, None, Some(storage_url.to_owned()));
        Self::in_folder(dir, database, storage, clock, flags).await
    }

    /// The way from one storage to another.
    pub fn moving(&self, from: &str, to: &str) -> Moving {
        let aws = aws(bucket::KEY_ID, bucket::SECRET);
        Moving::between(&from.parse().unwrap(), &to.parse().unwrap(), &aws).unwrap()
    }

    /// Why a server does not start with files in a bucket: a sentence.
    pub async fn refused(storage_url: &str, key_id: &str, secret: &str) -> String {
        let dir = TempDir::new().unwrap();
        let folder = dir.path().to_str().unwrap();
        let args = ["besedka", "--data-dir", folder, "--storage-url", storage_url];
        let mut config = Settings::parse_from(args).config;
        config.data.aws = aws(key_id, secret);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        match server::start(&config, listener, Clock::default()).await {
            Ok(_) => panic!("it starts"),
            Err(refused) => refused.to_string(),
        }
    }

    /// Whether browsers send files past it, and fetch them elsewhere: the answers are the bucket's then.
    pub fn is_direct(&self) -> bool {
        self.storage == Storage::Bucket
    }

    /// Every file that is kept, in the folder or in the bucket.
    pub fn kept(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                // Something may go while it is looked at.
                let Ok(entry) = entry else { continue };
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => walk(&entry.path(), found),
                    _ => found.push(entry.path()),
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.dir.path().join(bucket::NAME), &mut found);
        found.sort();
        found
    }

    /// The messenger once more on the same data, as an administrator's command in another process has it.
    pub async fn beside(&self) -> Messenger {
        let config = Settings::parse_from(kept_in(&self.dir, &self.database)).config;
        server::open(&config.data, config.settings().unwrap(), self.clock.clone()).await.unwrap()
    }

    /// Changes something in the database that no API changes.
    pub async fn change(&self, statement: &str) {
        self.database.change(self.dir.path(), statement).await;
    }

    /// A number in the database that no API tells.
    pub async fn count(&self, question: &str) -> i64 {
        self.database.count(self.dir.path(), question).await
    }

    /// Makes an account `<name>@example.com` with the password `password123`, signed in.
    pub async fn person(&self, name: &str) -> Person {
        let body = json!({
            "email": format!("{name}@example.com"), "username": name, "password": PASSWORD, "display_name": name,
        });
        let reply = self.nobody().post("/auth/register", body).await.expect(201);
        Person {
            id: reply["user"]["id"].as_i64().unwrap(),
            token: reply["tokens"]["access_token"].as_str().unwrap().to_owned(),
            refresh: reply["tokens"]["refresh_token"].as_str().unwrap().to_owned(),
            ..self.nobody()
        }
    }

    /// Somebody who has an account, signed in once more, as on another device.
    pub async fn again(&self, person: &Person, name: &str) -> Person {
        let body = json!({"username": name, "password": PASSWORD});
        let tokens = self.nobody().post("/auth/login", body).await.expect(200);
        person.with(&tokens)
    }

    /// Somebody without a token.
    pub fn nobody(&self) -> Person {
        Person {
            id: 0,
            token: String::new(),
            refresh: String::new(),
            url: self.url.clone(),
            http: self.http.clone(),
        }
    }
}

/// The command line of a server that keeps everything there.
fn kept_in(dir: &TempDir, database: &Database) -> Vec<String> {
    let folder = dir.path().to_str().unwrap();
    ["besedka", "--data-dir", folder, "--database-url", &database.url(dir.path())].map(str::to_owned).to_vec()
}

fn aws(key_id: &str, secret: &str) -> Aws {
    [("AWS_ACCESS_KEY_ID", key_id), ("AWS_SECRET_ACCESS_KEY", secret)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .collect()
}

/// The server brings reqwest without a choice of cryptography; whoever makes a client makes the choice.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().timeout(PATIENCE).build().unwrap()
}

pub const PASSWORD: &str = "password123";

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
        Reply::of(request.send().await.unwrap()).await
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

    /// Says something; answers the message.
    pub async fn say(&self, chat: i64, text: &str) -> Value {
        self.post("/messages", json!({"chat_id": chat, "type": "text", "content": text})).await.expect(201)
    }

    /// What is said in a chat, the newest first.
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

    /// Sends a form; what a bucket says in XML is said as the server would.
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
    pub async fn hears(&self, socket: &mut Socket) -> Vec<Value> {
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

/// Whether it is a time as v1 writes it: UTC, ISO 8601 without a zone.
pub fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 14 && text.as_bytes()[10] == b'T' && !text.contains(['Z', '+', ' '])
}

/// The names of an object's fields.
pub fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

impl Reply {
    /// A header of it; nothing when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
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
pub fn code_in_xml(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    Some(text.split_once("<Error><Code>")?.1.split_once("</Code>")?.0)
}

impl std::ops::Index<&str> for Reply {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.body[name]
    }
}

/// The names of events, in order.
pub fn names(frames: &[Value]) -> Vec<&str> {
    frames.iter().filter_map(|frame| frame["event"].as_str()).collect()
}

/// Chance that falls alike every time (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
}

pub fn fresh_key() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A socket of v1.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// `query` begins with `?`. An error holds the status that refused the handshake.
    pub async fn open(url: &str, query: &str) -> Result<Self, u16> {
        let url = format!("{}/ws{query}", url.replace("http://", "ws://"));
        Self::with_request(url.into_client_request().unwrap()).await
    }

    pub async fn with_request(
        request: tokio_tungstenite::tungstenite::handshake::client::Request,
    ) -> Result<Self, u16> {
        match tokio_tungstenite::connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Nothing when it can't be opened, for whatever reason.
    pub async fn try_open(url: &str, query: &str) -> Option<Self> {
        let url = format!("{}/ws{query}", url.replace("http://", "ws://"));
        let (stream, _) = tokio_tungstenite::connect_async(url).await.ok()?;
        Some(Self { stream })
    }

    pub async fn say(&mut self, frame: Value) {
        self.raw(Message::text(frame.to_string())).await;
    }

    pub async fn raw(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// The next frame but of presence, which comes when it comes. An error holds the code with which the socket
    /// was closed.
    pub async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let frame = self.any().await?;
            if frame["event"] != "presence" {
                return Ok(frame);
            }
        }
    }

    /// The next frame, whatever it is.
    pub async fn any(&mut self) -> Result<Value, u16> {
        let next = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Close(frame))) => {
                        return Err(frame.map_or(0, |frame| CloseCode::into(frame.code)));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(1006),
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("something arrives in time")
    }

    /// Reads frames until one of an event, and answers its data.
    pub async fn until(&mut self, event: &str) -> Value {
        loop {
            let frame = self.any().await.expect("the socket stays open");
            if frame["event"] == event {
                return frame["data"].clone();
            }
        }
    }

    /// The code with which it is closed.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}
