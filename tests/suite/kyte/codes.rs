//! Signing in by codes that are sent to a phone or an e-mail address.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Friend, refused};
use crate::others::{Answer, MailServer, Other, code_in};
use crate::server::{PASSWORD, Reply, TestServer, fields};

const PHONE: &str = "+79991234567";

/// A server with a gateway for short messages, and a client that is not signed in.
async fn api() -> (TestServer, Other, Friend) {
    let gateway = Other::saying(Answer::new(200, "")).await;
    let flags = ["--rate-limits", "off", "--sms-webhook", &gateway.url, "--sms-secret", "a secret of two"];
    let server = TestServer::with(&flags).await;
    let nobody = Friend::nobody(&server);
    (server, gateway, nobody)
}

/// Has a code sent, and answers it.
async fn sent(nobody: &Friend, gateway: &Other) -> String {
    let reply = nobody.post("/auth/phone/send-code", json!({"phone": PHONE})).await.expect(200);
    assert_eq!(fields(&reply), ["success", "message", "expiresIn"]);
    assert_eq!((&reply["success"], &reply["expiresIn"]), (&json!(true), &json!(600)));
    gateway.asked().last().unwrap().json()["code"].as_str().unwrap().to_owned()
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

async fn verify(nobody: &Friend, code: &str) -> Reply {
    let body = json!({"phone": PHONE, "code": code, "name": "User Name"});
    nobody.post("/auth/phone/verify-code", body).await
}

#[tokio::test]
async fn a_phone_and_its_code_sign_in() {
    let (server, gateway, nobody) = api().await;
    let code = sent(&nobody, &gateway).await;
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    let new = verify(&nobody, &code).await.expect(200);
    assert_eq!(fields(&new), ["user", "accessToken", "refreshToken"]);
    assert_eq!((&new["user"]["phone"], &new["user"]["name"]), (&json!(PHONE), &json!("User Name")));
    assert_eq!(new["user"]["email"], "", "never null");
    refused(nobody.post("/auth/login", json!({"phone": PHONE, "code": code})).await, 401);

    for written in [PHONE, "89991234567", "79991234567", "9991234567"] {
        server.clock.advance(Duration::from_secs(3_600));
        let body = json!({"phone": written});
        nobody.post("/auth/phone/send-code", body).await.expect(200);
        let code = gateway.asked().last().unwrap().json()["code"].clone();
        let reply = nobody.post("/auth/login", json!({"phone": written, "code": code})).await.expect(200);
        assert_eq!(reply["user"]["id"], new["user"]["id"], "{written} is the same");
    }
    server.clock.advance(Duration::from_secs(3_600));
    let code = sent(&nobody, &gateway).await;
    let old_build = json!({"email": PHONE, "password": code});
    let reply = nobody.post("/auth/login", old_build).await.expect(200);
    assert_eq!(reply["user"]["id"], new["user"]["id"]);
    let friend = nobody.with(&reply);
    friend.get("/chats").await.expect(200);
    let renewed = nobody.post("/auth/refresh", json!({"refreshToken": friend.refresh})).await.expect(200);
    assert_eq!(renewed["refreshToken"], friend.refresh.as_str());
    for number in ["", "12345", "phone", "+7999"] {
        refused(nobody.post("/auth/phone/send-code", json!({"phone": number})).await, 400);
    }
}

#[tokio::test]
async fn a_code_is_not_guessed() {
    let (_server, gateway, nobody) = api().await;
    let code = sent(&nobody, &gateway).await;
    let tries_left = |reply: Value| reply["attemptsLeft"].as_u64().unwrap();
    let reply = verify(&nobody, &wrong(&code)).await;
    assert_eq!(fields(&reply.body), ["message", "attemptsLeft"]);
    assert_eq!(tries_left(reply.expect(400)), 4);
    refused(nobody.post("/auth/login", json!({"phone": PHONE, "code": wrong(&code)})).await, 401);
    refused(nobody.post("/auth/login", json!({"email": PHONE, "password": wrong(&code)})).await, 401);
    assert_eq!(tries_left(verify(&nobody, &wrong(&code)).await.expect(400)), 1, "wherever it was tried");
    assert_eq!(tries_left(verify(&nobody, &wrong(&code)).await.expect(400)), 0);
    assert_eq!(tries_left(verify(&nobody, &code).await.expect(400)), 0, "too late");
}

#[tokio::test]
async fn only_the_newest_of_three_codes_an_hour_counts() {
    let (server, gateway, nobody) = api().await;
    let first = sent(&nobody, &gateway).await;
    sent(&nobody, &gateway).await;
    let third = sent(&nobody, &gateway).await;
    refused(nobody.post("/auth/phone/send-code", json!({"phone": PHONE})).await, 429);
    if first != third {
        verify(&nobody, &first).await.expect(400);
    }
    server.clock.advance(Duration::from_secs(601));
    verify(&nobody, &third).await.expect(400);
    server.clock.advance(Duration::from_secs(3_600));
    let code = sent(&nobody, &gateway).await;
    verify(&nobody, &code).await.expect(200);
}

#[tokio::test]
async fn an_address_gets_codes_too() {
    let post = MailServer::start().await;
    let flags = ["--rate-limits", "off", "--smtp-url", &post.url, "--mail-from", "besedka@example.org"];
    let server = TestServer::with(&flags).await;
    let ann = Friend::new(&server, "ann").await;
    let nobody = Friend::nobody(&server);
    let to = json!({"email": "Ann@Example.com"});
    let request = nobody.request(Method::POST, "/auth/email/send-code").header("Accept-Language", "en");
    let reply = Reply::to(request.json(&to)).await;
    assert_eq!(reply.expect(200)["expiresIn"], 600);
    let letter = post.letters().pop().unwrap();
    let code = code_in(letter.split_once("\r\n\r\n").unwrap().1);
    let body = json!({"email": "ann@example.com", "code": code});
    let reply = nobody.post("/auth/email/verify-code", body).await.expect(200);
    assert_eq!(reply["user"]["id"], ann.id.as_str());
    // Six digits that belong to an address are its password, not a code.
    refused(nobody.post("/auth/login", json!({"email": "ann@example.com", "password": "123456"})).await, 401);
    nobody.post("/auth/login", json!({"email": "ann@example.com", "password": PASSWORD})).await.expect(200);
}

#[tokio::test]
async fn where_nothing_is_sent_it_is_sent() {
    let server = TestServer::start().await;
    let nobody = Friend::nobody(&server);
    refused(nobody.post("/auth/phone/send-code", json!({"phone": PHONE})).await, 503);
    refused(nobody.post("/auth/email/send-code", json!({"email": "ann@example.com"})).await, 503);
}
