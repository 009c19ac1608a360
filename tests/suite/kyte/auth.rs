//! Accounts, signing in with an e-mail address, renewing, and one's profile.

use std::time::Duration;

use serde_json::json;

use super::{Friend, refused};
use crate::server::{PASSWORD, TestServer, fields};

#[tokio::test]
async fn a_refusal_names_the_field_as_this_api_does() {
    let server = TestServer::with(&["--registration", "mail", "--codes", "log"]).await;
    server.person("first").await;
    let nobody = Friend::nobody(&server);
    let reply = nobody.post("/auth/register", json!({"email": "a@example.org", "password": PASSWORD})).await;
    let text = refused(reply, 400);
    assert!(text.starts_with("emailCode: ") && text.contains("/auth/email/send-code"), "{text}");
}

#[tokio::test]
async fn who_registers_is_signed_in() {
    let server = TestServer::start().await;
    let nobody = Friend::nobody(&server);
    let body = json!({"email": "User@Example.com", "password": "password123", "name": "User Name"});
    let reply = nobody.post("/auth/register", body.clone()).await.expect(201);
    assert_eq!(fields(&reply), ["user", "accessToken", "refreshToken"]);
    assert!(reply["user"]["id"].is_string());
    assert_eq!(reply["user"]["email"], "user@example.com", "folded to lower case");
    assert_eq!(reply["user"]["name"], "User Name");
    refused(nobody.post("/auth/register", body).await, 400);
    refused(nobody.post("/auth/register", json!({"email": "a@b.c"})).await, 400);
    refused(nobody.post("/auth/register", json!({"password": PASSWORD})).await, 400);
    refused(nobody.post("/auth/register", json!({"email": "a@b.c", "password": "short"})).await, 400);
    let nameless = json!({"email": "anna@example.com", "password": PASSWORD});
    assert_eq!(nobody.post("/auth/register", nameless).await.expect(201)["user"]["name"], "anna");
}

#[tokio::test]
async fn one_signs_in_with_address_and_password() {
    let server = TestServer::start().await;
    let ann = Friend::new(&server, "ann").await;
    let nobody = Friend::nobody(&server);
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    let reply = nobody.post("/auth/login", body).await.expect(200);
    assert_eq!(fields(&reply), ["user", "accessToken", "refreshToken"]);
    assert_eq!(reply["user"]["id"], ann.id.as_str());
    assert!(reply["user"]["email"].is_string());
    refused(nobody.post("/auth/login", json!({"email": "ann@example.com", "password": "wrong"})).await, 401);
    refused(nobody.post("/auth/login", json!({"email": "eve@example.com", "password": PASSWORD})).await, 401);
    for nothing in [json!({}), json!({"email": "ann@example.com"}), json!({"email": null, "password": null})]
    {
        refused(nobody.post("/auth/login", nothing).await, 400);
    }
}

#[tokio::test]
async fn who_has_no_address_has_an_empty_one() {
    let server = TestServer::start().await;
    let body = json!({"username": "ann", "password": PASSWORD, "display_name": "Ann"});
    server.nobody().post("/auth/register", body).await.expect(201);
    let body = json!({"email": "ann", "password": PASSWORD});
    let reply = Friend::nobody(&server).post("/auth/login", body).await.expect(200);
    assert_eq!(reply["user"]["email"], "");
}

#[tokio::test]
async fn the_same_refresh_token_works_again_and_again() {
    let server = TestServer::start().await;
    let ann = Friend::new(&server, "ann").await;
    let nobody = Friend::nobody(&server);
    let mut token = String::new();
    for _ in 0..3 {
        server.clock.advance(Duration::from_secs(3 * 24 * 3_600));
        let reply = nobody.post("/auth/refresh", json!({"refreshToken": ann.refresh})).await.expect(200);
        assert_eq!(fields(&reply), ["accessToken", "refreshToken"]);
        assert_eq!(reply["refreshToken"], ann.refresh.as_str());
        token = reply["accessToken"].as_str().unwrap().to_owned();
    }
    refused(ann.get("/chats").await, 401);
    let renewed = Friend { token, ..ann.clone() };
    renewed.get("/chats").await.expect(200);
    refused(nobody.post("/auth/refresh", json!({"refreshToken": "nonsense"})).await, 401);
    refused(nobody.post("/auth/refresh", json!({})).await, 400);

    let sessions = renewed.elsewhere(&server).get("/sessions").await.expect(200);
    let id = sessions[0]["id"].as_i64().unwrap();
    renewed.elsewhere(&server).delete(&format!("/sessions/{id}")).await.expect(204);
    refused(nobody.post("/auth/refresh", json!({"refreshToken": ann.refresh})).await, 401);
}

#[tokio::test]
async fn one_sees_and_changes_oneself() {
    let server = TestServer::start().await;
    let ann = Friend::new(&server, "ann").await;
    let me = ann.get("/user/me").await.expect(200);
    assert_eq!(me["id"], ann.id.as_str());
    assert_eq!(me["user"]["id"], ann.id.as_str());
    assert_eq!(me["user"]["email"], "ann@example.com");
    let change = json!({"name": "Anna", "avatarUrl": "https://example.com/anna.png"});
    let me = ann.put("/user/profile", change).await.expect(200);
    assert_eq!((&me["name"], &me["avatarUrl"]), (&json!("Anna"), &json!("https://example.com/anna.png")));
    let me = ann.put("/user/profile", json!({"name": null, "avatarUrl": null})).await.expect(200);
    assert_eq!(me["user"]["avatarUrl"], "https://example.com/anna.png", "null changes nothing");
    let me = ann.put("/user/profile", json!({"avatarUrl": ""})).await.expect(200);
    assert!(me["avatarUrl"].is_null());
    assert!(refused(ann.put("/user/profile", json!({"name": " "})).await, 400).starts_with("name"));
    assert_eq!(ann.put("/user/fcm-token", json!({"token": "abc"})).await.expect(200)["success"], true);
    refused(Friend::nobody(&server).get("/user/me").await, 401);
}
