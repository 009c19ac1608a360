//! Signing in, the token in `X-PrID`, and what poem refuses by itself.

use reqwest::Method;
use serde_json::json;

use super::{Mimu, fields, refused, reply};
use crate::server::{PASSWORD, TestServer};

#[tokio::test]
async fn one_registers_signs_in_and_renews() {
    let server = TestServer::start().await;
    let nobody = Mimu::nobody(&server);
    let body = json!({"email": "ann@example.com", "password": PASSWORD, "name": "Анна"});
    let ann = fields(nobody.post("/auth/register", body).await);
    assert_eq!(ann["user"]["name"], "Анна");
    assert_eq!(ann["user"]["email"], "ann@example.com");
    assert!(ann["user"]["id"].as_str().unwrap().parse::<i64>().is_ok());
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    let again = fields(nobody.post("/auth/login", body).await);
    assert_eq!(again["user"], ann["user"]);
    let renewed = fields(nobody.post("/auth/refresh", json!({"refreshToken": again["refreshToken"]})).await);
    assert_eq!(renewed["user"], ann["user"]);
    fields(nobody.with(&renewed).get("/api/v1/chats").await);
    let body = json!({"username": "bob", "password": PASSWORD});
    let bob = fields(nobody.post("/auth/register", body).await);
    assert_eq!((&bob["user"]["name"], &bob["user"]["email"]), (&json!("bob"), &json!(null)));
}

#[tokio::test]
async fn who_is_not_signed_in_is_refused() {
    let server = TestServer::start().await;
    let nobody = Mimu::nobody(&server);
    refused(nobody.get("/api/v1/chats").await, 401, "unauthorized");
    let body = json!({"email": "ann@example.com", "password": "wrong password"});
    refused(nobody.post("/auth/login", body).await, 401, "wrong_password");
    refused(nobody.post("/auth/login", json!({"password": PASSWORD})).await, 400, "invalid");
    refused(nobody.post("/auth/refresh", json!({"refreshToken": "x"})).await, 401, "unauthorized");
    for token in ["x", "a.b.c", "bsk_x"] {
        let nobody = Mimu { token: token.to_owned(), ..nobody.clone() };
        refused(nobody.get("/api/v1/chats").await, 401, "unauthorized");
        refused(nobody.get("/api/v1/sync").await, 401, "unauthorized");
        refused(nobody.get("/api/v1/files/00000000-0000-4000-8000-000000000000").await, 401, "unauthorized");
    }
}

#[tokio::test]
async fn an_old_client_sends_a_personal_token_as_its_pr_id() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let old = Mimu::nobody(&server);
    let with = |id: &str| old.request(Method::GET, "/api/v1/chats").header("X-PrID", id);
    refused(reply(with("A")).await, 401, "unauthorized");
    let token = ann.with_token(&["read"]).await.token;
    fields(reply(with(&token)).await);
    let say = |id: &str| {
        let body = json!({"chatId": "chat-1", "type": "text", "text": "Привет!"});
        old.request(Method::POST, "/api/v1/messages").header("X-PrID", id).json(&body)
    };
    refused(reply(say(&token)).await, 403, "insufficient_scope");
    fields(reply(old.request(Method::POST, "/api/v1/sync").header("X-PrID", &token).json(&json!({}))).await);
    let writing = ann.with_token(&["read", "write"]).await.token;
    fields(reply(say(&writing)).await);
    // Its own identifier beside a token means nothing.
    fields(reply(Mimu::of(&ann).request(Method::GET, "/api/v1/chats").header("X-PrID", "A")).await);
}

#[tokio::test]
async fn whatever_is_refused_is_refused_in_the_envelope() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    refused(ann.get("/api/v1/nothing").await, 404, "not_found");
    refused(ann.post("/api/v1/files/x/info", json!({})).await, 405, "method_not_allowed");
    let messages = || ann.request(Method::POST, "/api/v1/messages");
    refused(reply(messages().header("Content-Type", "application/json").body("{")).await, 400, "invalid");
    refused(
        reply(messages().header("Content-Type", "text/plain").body("x")).await,
        415,
        "unsupported_media_type",
    );
    refused(reply(messages().json(&json!({"text": "no chat"}))).await, 400, "invalid");
    refused(ann.post("/api/v1/upload", json!({})).await, 415, "unsupported_media_type");
    // Doubled and trailing slashes are none.
    fields(ann.get("//api/v1//chats/").await);
}

#[tokio::test]
async fn a_host_of_its_own_knows_no_prefix() {
    let hosts = "api.example.org,files.example.org";
    let server = TestServer::with(&["--rate-limits", "off", "--mimu-hosts", hosts]).await;
    let ann = Mimu::new(&server, "ann").await;
    for host in hosts.split(',') {
        let chats = ann.http.get(format!("{}/api/v1/chats", server.url)).bearer_auth(&ann.token);
        fields(reply(chats.header("Host", host)).await);
    }
}
