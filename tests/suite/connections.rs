//! Connections by which somebody wants to wear the server out, and such that can't work.

use std::os::unix::fs::PermissionsExt;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{PASSWORD, Reply, TestServer, fresh_key};

async fn connect(server: &TestServer, text: &str) -> TcpStream {
    let address = server.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// What comes until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn half_sent_logins_keep_nobody_away() {
    const MANY: usize = 400;
    let server = TestServer::start().await;
    server.person("anna").await;
    let half = "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: a\r\n\
                Content-Length: 1000\r\n\r\n{\"username\"";
    let mut streams = Vec::new();
    for _ in 0..MANY {
        streams.push(connect(&server, half).await);
    }
    let login = json!({"username": "anna", "password": PASSWORD});
    server.nobody().post("/auth/login", login).await.expect(200);
    for stream in streams.iter_mut().take(MANY - 257) {
        assert_eq!(rest(stream).await, "", "the oldest have made place");
    }
}

#[tokio::test]
async fn whoever_has_signed_in_keeps_their_connections() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let head =
        format!("GET /api/v1/users/me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\r\n", anna.token);
    let mut own = connect(&server, &head).await;
    let mut begin = [0; 12];
    own.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    let mut others = Vec::new();
    for _ in 0..300 {
        others.push(connect(&server, "GET / HTTP/1.1\r\n").await);
    }
    assert_eq!(rest(&mut others[0]).await, "");
    own.write_all(head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let answers = rest(&mut own).await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1, "{answers}");
}

#[tokio::test]
async fn an_upgrade_that_cannot_be_is_refused_in_words() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Garden", &[]).await;
    let token = &anna.token;
    for path in [
        format!("/ws?token={token}"),
        format!("/kyte/ws/chat/{chat}?token={token}"),
        format!("/api/unet-chat/ws/conversations/{chat}/?Authorization=Bearer%20{token}"),
        format!("/desktop/ws/chat/{chat}?token={token}"),
        format!("/kyte/socket.io/?EIO=4&transport=websocket&chatId={chat}&token={token}"),
    ] {
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
        for (version, headers) in [("1.0", upgrade), ("1.1", "Connection: close\r\n"), ("1.0", "")] {
            let head = format!("GET {path} HTTP/{version}\r\nHost: a\r\n{headers}\r\n");
            let answer = rest(&mut connect(&server, &head).await).await;
            let status = answer.split(' ').nth(1).unwrap_or_default();
            assert!(["400", "426"].contains(&status), "{path} HTTP/{version}: {answer}");
            assert!(answer.contains("WebSocket"), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_method_that_is_not_allowed_is_answered_with_those_that_are() {
    let server = TestServer::start().await;
    for (path, methods) in [
        ("/api/v1/users/me", "GET, HEAD, PUT"),
        ("/api/v1/users/7", "GET, HEAD"),
        ("/kyte/chats", "GET, HEAD"),
        ("/mimu/api/v1/upload", "POST"),
        ("/api/unet-chat/conversations/", "GET, HEAD, POST"),
        ("/desktop/api/users/me", ""),
        ("/health", "GET, HEAD"),
        ("/openapi/v1.json", "GET, HEAD"),
        ("/", "GET, HEAD"),
    ] {
        let request = server.nobody().http.request(Method::PATCH, format!("{}{path}", server.url));
        let reply = Reply::of(request.send().await.unwrap()).await;
        if !methods.is_empty() {
            assert_eq!((reply.status, reply.header("Allow")), (405, methods), "{path}");
        }
    }
}

#[tokio::test]
async fn answers_that_differ_by_origin_say_so() {
    let server =
        TestServer::with(&["--rate-limits", "off", "--cors-origins", "https://app.example.org"]).await;
    for origin in ["https://app.example.org", "https://other.example.org", ""] {
        let mut request = server.nobody().http.get(format!("{}/health", server.url));
        if !origin.is_empty() {
            request = request.header("Origin", origin);
        }
        let reply = Reply::of(request.send().await.unwrap()).await;
        assert!(reply.header("Vary").to_lowercase().contains("origin"), "{origin}: {:?}", reply.headers);
    }
}

#[tokio::test]
async fn what_the_server_creates_is_its_owners_alone() {
    let server = TestServer::start().await;
    for entry in std::fs::read_dir(server.dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn a_proxy_tells_who_comes_with_or_without_a_port() {
    let server = TestServer::with(&["--trusted-proxies", " loopback , 10.0.0.0/8"]).await;
    let nobody = server.nobody();
    let register = async |number: usize, forwarded: &str| {
        let body = json!({"username": format!("person{number}"), "password": PASSWORD, "display_name": "P"});
        let request = nobody.request(Method::POST, "/auth/register").header("Idempotency-Key", fresh_key());
        request.header("X-Forwarded-For", forwarded).json(&body).send().await.unwrap().status().as_u16()
    };
    for number in 0..14 {
        assert_eq!(register(number, &format!("203.0.113.{number}:51234")).await, 201);
    }
    let mut statuses = Vec::new();
    for number in 20..34 {
        statuses.push(register(number, &format!("198.51.100.{number}, 203.0.113.99:51234")).await);
    }
    assert_eq!((statuses[9], statuses[13]), (201, 429), "what the client invents does not count");
}
