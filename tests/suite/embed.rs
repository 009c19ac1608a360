//! Besedka inside a program of somebody else, below a prefix: the example, run.

use std::net::SocketAddr;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::server::{PASSWORD, Person, Reply, Socket, client, fresh_key};

#[path = "../../examples/embed.rs"]
#[expect(dead_code, reason = "the tests run it without its main function")]
mod example;

/// The example, running on a folder and a port of its own.
struct Program {
    address: SocketAddr,
    shutdown: oneshot::Sender<()>,
    running: JoinHandle<Result<(), Box<dyn std::error::Error + Send + Sync>>>,
    _folder: TempDir,
}

impl Program {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, stopped) = oneshot::channel();
        let path = folder.path().to_owned();
        let running = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            example::run(&path, listener, stopped).await
        });
        Self { address, shutdown, running, _folder: folder }
    }

    /// The address below which Besedka is.
    fn url(&self) -> String {
        format!("http://{}/chat", self.address)
    }

    fn nobody(&self) -> Person {
        Person::nobody(&self.url(), client())
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        client().get(format!("http://{}{path}", self.address)).send().await.unwrap()
    }

    async fn register(&self, name: &str) -> Person {
        let body = json!({"username": name, "password": PASSWORD, "display_name": name});
        let reply = self.nobody().post("/auth/register", body).await.expect(201);
        let person = self.nobody().with(&reply["tokens"]);
        Person { id: reply["user"]["id"].as_i64().unwrap(), ..person }
    }

    async fn stop(self) {
        self.shutdown.send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_embedded_server_works_below_its_prefix() {
    let program = Program::start().await;
    assert!(program.get("/").await.text().await.unwrap().contains("the program's own"));
    for path in ["/chat/health", "/chat/ready", "/chat/health/", "/chat/kyte/health"] {
        assert_eq!(program.get(path).await.status(), 200, "{path}");
    }
    assert_eq!(program.get("/health").await.status(), 404);

    let ann = program.register("ann").await;
    let chat = ann.group("Embedded", &[]).await;
    let mut socket = ann.socket().await;
    ann.post_text(chat, "hello").await;
    assert_eq!(ann.texts(chat).await, ["hello"]);
    assert_eq!(socket.until("message.created").await["content"], "hello");

    // The address in the form has the prefix, and so has the link to the file.
    let file = ann.upload("note.txt", "text/plain", b"note".to_vec()).await;
    let info = ann.get(&format!("/attachments/{file}/info")).await.expect(200);
    let url = info["url"].as_str().unwrap();
    assert!(url.starts_with(&program.url()), "{url}");
    assert_eq!(client().get(url).send().await.unwrap().text().await.unwrap(), "note");

    program.stop().await;
    socket.closed().await;
}

#[tokio::test]
async fn a_session_in_a_cookie_is_renewed_by_pages_of_the_programs_host_only() {
    let program = Program::start().await;
    program.register("ann").await;
    let request = |path: &str| {
        let request = program.nobody().request(Method::POST, path);
        request.header("X-Besedka-Session", "cookie").header("Idempotency-Key", fresh_key())
    };
    let sign_in = request("/auth/login").json(&json!({"username": "ann", "password": PASSWORD}));
    let signed_in = Reply::to(sign_in).await;
    let cookie = signed_in.header("Set-Cookie").split(';').next().unwrap().to_owned();
    for (origin, status) in
        [("http://elsewhere.example.org".to_owned(), 400), (format!("http://{}", program.address), 200)]
    {
        let renewal = request("/auth/refresh").header("Cookie", &cookie).header("Origin", &origin);
        let renewed = Reply::to(renewal.json(&json!({}))).await;
        assert_eq!(renewed.status, status, "{origin}: {}", renewed.body);
    }
    program.stop().await;
}

#[tokio::test]
async fn the_documentation_of_an_embedded_server_names_its_prefix() {
    let program = Program::start().await;
    let index: Value = program.get("/chat/openapi/index.json").await.json().await.unwrap();
    assert_eq!(index[0]["url"], "/chat/openapi/v1.json");
    for (spec, server) in [("v1", "/chat/api/v1"), ("unet", "/chat")] {
        let json: Value = program.get(&format!("/chat/openapi/{spec}.json")).await.json().await.unwrap();
        assert_eq!(json["servers"][0]["url"], server);
        let yaml = program.get(&format!("/chat/openapi/{spec}.yaml")).await.text().await.unwrap();
        assert_eq!(serde_yaml::from_str::<Value>(&yaml).unwrap(), json);
    }
    let page = program.get("/chat/docs").await.text().await.unwrap();
    let links = page.split("src=\"").chain(page.split("href=\"")).filter_map(|part| part.split('"').next());
    let files: Vec<&str> = links.filter(|link| link.starts_with('/') && link.contains('.')).collect();
    assert!(files.len() > 2, "{files:?}");
    for file in files {
        assert!(file.starts_with("/chat/"), "{file}");
        assert_eq!(program.get(file).await.status(), 200, "{file}");
    }
    program.stop().await;
}

#[tokio::test]
async fn two_servers_in_one_program_share_nothing() {
    let (first, second) = (Program::start().await, Program::start().await);
    let (ann, other) = (first.register("ann").await, second.register("ann").await);
    let (chat, other_chat) = (ann.group("First", &[]).await, other.group("Second", &[]).await);
    ann.post_text(chat, "in the first").await;
    other.post_text(other_chat, "in the second").await;
    assert_eq!(ann.texts(chat).await, ["in the first"]);
    assert_eq!(other.texts(other_chat).await, ["in the second"]);
    let elsewhere = Person { url: second.url(), ..ann.clone() };
    assert_eq!(elsewhere.get("/chats").await.status, 401);
    first.stop().await;
    other.post_text(other_chat, "still here").await;
    assert!(Socket::try_open(&ann.url, "").await.is_none());
    second.stop().await;
}
