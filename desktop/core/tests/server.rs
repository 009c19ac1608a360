//! The shell's side against a real server, which BESEDKA_URL names: `tests/with-server.sh SERVER cargo test -- --ignored`.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use besedka_desktop_core::accounts::Server;
use besedka_desktop_core::secrets::{Keyring, Secrets};
use besedka_desktop_core::socket::{Heard, Sockets};
use besedka_desktop_core::{address, forward, net};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

/// As on a system without a keyring.
struct Missing;

impl Keyring for Missing {
    fn read(&self, _: u32) -> Result<Option<String>, String> {
        Err("there is no keyring".to_owned())
    }

    fn write(&self, _: u32, _: &str) -> Result<(), String> {
        Err("there is no keyring".to_owned())
    }

    fn remove(&self, _: u32) -> Result<(), String> {
        Ok(())
    }
}

struct Shell {
    server: Server,
    clients: net::Clients,
    secrets: Arc<Secrets>,
}

impl Shell {
    /// What a page asks, and what it sees of the answer.
    #[expect(clippy::unwrap_used, reason = "a part of tests")]
    async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("besedka-server://localhost/api/v1{path}"))
            .header("Origin", "tauri://localhost")
            .header("Content-Type", "application/json")
            .header("X-Besedka-Session", "cookie")
            .header("Idempotency-Key", format!("{path}-{}", std::process::id()));
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let request = request.body(serde_json::to_vec(body).unwrap()).unwrap();
        let answer =
            forward::answer(1, Some(self.server.clone()), &self.clients, &self.secrets, request).await;
        assert!(answer.headers().get("set-cookie").is_none());
        assert_eq!(answer.headers()["access-control-allow-origin"], "tauri://localhost");
        (answer.status(), serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
    }
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_page_signs_in_and_listens_through_the_shell() {
    net::start();
    let url = std::env::var("BESEDKA_URL").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let clients = net::Clients::new(folder.path()).unwrap();
    let server = address::check(&clients.http, &url, "0.1.0").await.unwrap().server;
    assert_eq!(server.url.as_str(), format!("{url}/"));
    let secrets = || Arc::new(Secrets::new(folder.path().to_owned(), Box::new(Missing)));
    let mut shell = Shell { server, clients, secrets: secrets() };

    let form = json!({"username": format!("shell_{}", std::process::id()), "password": "correct horse battery", "display_name": "Анна"});
    let (status, registered) = shell.ask(Method::POST, "/auth/register", None, &form).await;
    assert_eq!(status, StatusCode::CREATED);
    // The page gets the access token only.
    assert!(registered["tokens"]["refresh_token"].is_null(), "{registered}");
    let token = registered["tokens"]["access_token"].as_str().unwrap().to_owned();

    // After a new start the session goes on.
    shell.secrets = secrets();
    let (status, renewed) = shell.ask(Method::POST, "/auth/refresh", None, &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{renewed}");
    assert!(renewed["access_token"].is_string());

    let (tells, told) = mpsc::channel();
    let sockets = Arc::new(Sockets::default());
    let socket = shell.clients.socket.clone();
    let running = tokio::spawn(
        sockets.open("account-1", 1, socket, &shell.server.url, move |heard| drop(tells.send(heard))),
    );
    let hear = async |told: mpsc::Receiver<Heard>| {
        tokio::task::spawn_blocking(move || (told.recv_timeout(Duration::from_secs(30)).unwrap(), told))
            .await
            .unwrap()
    };
    let (opened, told) = hear(told).await;
    assert_eq!(opened, Heard::Open);
    sockets.send("account-1", 1, json!({"event": "auth", "data": {"token": token}}).to_string());
    let (first, told) = hear(told).await;
    assert!(matches!(&first, Heard::Text { text } if text.contains("ready")), "{first:?}");
    // Another window has no part in it.
    sockets.close("account-2", 1, 1000);
    sockets.close("account-1", 1, 1000);
    let (last, _) = hear(told).await;
    assert_eq!(last, Heard::Closed { code: 1000, reason: String::new() });
    running.await.unwrap();

    let (status, _) = shell.ask(Method::POST, "/auth/logout", Some(&token), &json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(shell.secrets.header(1), None);
}

#[tokio::test]
async fn a_server_that_is_away_is_told_apart_from_one_that_refuses() {
    net::start();
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server { url: format!("http://{free}").parse().unwrap(), version: String::new() };
    let secrets = Arc::new(Secrets::new(folder.path().to_owned(), Box::new(Missing)));
    let shell = Shell { server, clients: net::Clients::new(folder.path()).unwrap(), secrets };
    let request = Request::builder().uri("besedka-server://localhost/api/v1/sync").body(Vec::new()).unwrap();
    let answer = forward::answer(1, Some(shell.server), &shell.clients, &shell.secrets, request).await;
    assert_eq!(
        (answer.status(), &answer.headers()[forward::MARK]),
        (forward::UNREACHABLE, &"1".parse().unwrap())
    );
}
