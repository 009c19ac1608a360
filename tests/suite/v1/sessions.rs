//! `/sessions`: where one is signed in.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{PASSWORD, Person, TestServer, fields, is_time};

#[tokio::test]
async fn one_sees_where_one_is_signed_in_the_last_used_first() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    server.clock.advance(Duration::from_secs(60));
    let body = json!({"username": "anna", "password": PASSWORD, "device": "Anna's\u{7} phone"});
    let tokens = server.nobody().post("/auth/login", body).await.expect(200);
    let phone = anna.with(&tokens);
    let sessions = sessions(&phone).await;
    assert_eq!(sessions.len(), 2);
    let (newer, older) = (&sessions[0], &sessions[1]);
    assert_eq!(fields(newer), ["id", "device", "address", "created_at", "last_used_at", "current"]);
    assert_eq!(newer["device"], "Anna's phone");
    assert_eq!(newer["address"], "127.0.0.1");
    assert_eq!((&newer["current"], &older["current"]), (&json!(true), &json!(false)));
    assert!(is_time(&newer["created_at"]) && is_time(&newer["last_used_at"]));

    server.clock.advance(Duration::from_secs(60));
    let anna = anna.renewed().await;
    let sessions = self::sessions(&anna).await;
    assert_eq!(sessions[0]["id"], older["id"]);
    assert_eq!(sessions[0]["current"], true);
    assert_ne!(sessions[0]["last_used_at"], older["last_used_at"]);
}

#[tokio::test]
async fn a_device_is_named_after_its_program_when_it_has_no_name() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let request = server.nobody().request(reqwest::Method::POST, "/auth/login");
    let request = request
        .header("Idempotency-Key", "a")
        .header("User-Agent", "Browser/1.0")
        .json(&json!({"username": "anna", "password": PASSWORD}));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(sessions(&anna).await[0]["device"], "Browser/1.0");
}

#[tokio::test]
async fn an_ended_session_ends_at_once_and_stays_ended() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let phone = server.again(&anna, "anna").await;
    let own = current(&phone).await;
    let path = format!("/sessions/{own}");
    assert_eq!(anna.delete(&path).await.status, 204);
    phone.get("/users/me").await.refused(401, "session_ended");
    phone.refresh().await.refused(401, "session_ended");
    assert_eq!(sessions(&anna).await.len(), 1);
    anna.delete(&path).await.refused(404, "not_found");

    let server = server.restart().await;
    let again = |person: &Person| Person { url: server.url.clone(), ..person.clone() };
    again(&phone).get("/users/me").await.refused(401, "session_ended");
    again(&anna).get("/users/me").await.expect(200);
}

#[tokio::test]
async fn ending_the_own_session_signs_out() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let own = current(&anna).await;
    assert_eq!(anna.delete(&format!("/sessions/{own}")).await.status, 204);
    anna.get("/sessions").await.refused(401, "session_ended");
}

#[tokio::test]
async fn nobody_ends_the_session_of_another() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let of_bob = current(&bob).await;
    for id in [of_bob.as_str(), "1", "abc"] {
        let reply = anna.delete(&format!("/sessions/{id}")).await;
        reply.refused(404, "not_found");
    }
    bob.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn the_twenty_first_session_ends_the_one_idle_for_longest() {
    let server = TestServer::start().await;
    let first = server.person("anna").await;
    let second = server.again(&first, "anna").await;
    server.clock.advance(Duration::from_secs(1));
    let first = first.renewed().await;
    for _ in 0..19 {
        server.clock.advance(Duration::from_secs(1));
        server.again(&first, "anna").await;
    }
    second.get("/users/me").await.refused(401, "session_ended");
    assert_eq!(sessions(&first).await.len(), 20);
}

async fn sessions(person: &Person) -> Vec<Value> {
    let sessions = person.get("/sessions").await.expect(200);
    sessions.as_array().unwrap().clone()
}

/// The id of the session that asks.
async fn current(person: &Person) -> String {
    let sessions = sessions(person).await;
    let current = sessions.iter().find(|session| session["current"] == true);
    current.unwrap()["id"].to_string()
}

#[tokio::test]
async fn a_session_that_was_not_renewed_in_time_is_listed_no_more() {
    let server = TestServer::start().await;
    let alice = server.person("alice").await;
    server.clock.advance(Duration::from_secs(7 * 24 * 3_600 + 1));
    let body = json!({"username": "alice", "password": PASSWORD});
    let again = server.nobody().post("/auth/login", body).await.expect(200);
    let alice = Person { token: again["access_token"].as_str().unwrap().to_owned(), ..alice };
    let sessions = alice.get("/sessions").await.expect(200);
    assert_eq!(sessions.as_array().unwrap().len(), 1, "{sessions}");
}
