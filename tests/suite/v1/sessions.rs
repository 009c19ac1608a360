//! `/sessions`: where one is signed in.

use std::time::Duration;

use besedka::messenger::SignIn;
use serde_json::{Value, json};

use crate::server::{PASSWORD, Person, TestServer, fields, is_time, names};

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

#[tokio::test]
async fn a_request_moves_the_last_use_at_most_once_in_five_minutes() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let used = async || sessions(&anna).await[0]["last_used_at"].clone();
    let at_first = used().await;
    server.clock.advance(Duration::from_secs(60));
    anna.get("/chats").await.expect(200);
    server.running.messenger.run_due_jobs().await;
    assert_eq!(used().await, at_first);

    server.clock.advance(Duration::from_secs(5 * 60));
    anna.get("/chats").await.expect(200);
    server.running.messenger.run_due_jobs().await;
    let later = used().await;
    assert!(later.as_str() > at_first.as_str(), "{later} is after {at_first}");
    anna.get("/chats").await.expect(200);
    server.running.messenger.run_due_jobs().await;
    assert_eq!(used().await, later);
}

#[tokio::test]
async fn all_other_sessions_end_at_once_with_their_sockets() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let phone = server.again(&anna, "anna").await;
    let (mut own, mut other) = (anna.socket().await, phone.socket().await);
    assert_eq!(anna.delete("/sessions").await.status, 204);
    assert_eq!(other.closed().await, 4403);
    phone.get("/users/me").await.refused(401, "session_ended");
    phone.refresh().await.refused(401, "session_ended");
    anna.get("/users/me").await.expect(200);
    bob.get("/users/me").await.expect(200);
    own.until("session.revoked").await;
    assert_eq!(sessions(&anna).await.len(), 1);
    assert_eq!(anna.delete("/sessions").await.status, 204, "there may be no others");
}

#[tokio::test]
async fn other_devices_hear_of_sign_ins_and_of_their_end() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let cursor = anna.cursor().await;
    let mut socket = anna.socket().await;
    let body = json!({"username": "anna", "password": PASSWORD, "device": "Phone"});
    let phone = anna.with(&server.nobody().post("/auth/login", body).await.expect(200));
    let begun = socket.until("session.created").await;
    assert_eq!(fields(&begun), ["id", "device", "address", "created_at"]);
    assert_eq!((&begun["device"], &begun["address"]), (&json!("Phone"), &json!("127.0.0.1")));
    let missed = anna.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    assert_eq!(
        (&missed["events"][0]["event"], &missed["events"][0]["data"]),
        (&json!("session.created"), &begun)
    );

    phone.post("/auth/logout", Value::Null).await;
    assert_eq!(socket.until("session.revoked").await, json!({"id": begun["id"]}));
    let missed = anna.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    let events = missed["events"].as_array().unwrap();
    assert_eq!(names(events), ["session.revoked"], "a session that is gone is not told of");
}

#[tokio::test]
async fn whichever_way_a_session_ends_its_sockets_close() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let device = async || server.again(&anna, "anna").await;

    let phone = device().await;
    let mut socket = phone.socket().await;
    let id = current(&phone).await;
    anna.delete(&format!("/sessions/{id}")).await;
    assert_eq!(socket.closed().await, 4403, "ended by another");

    let phone = device().await;
    let mut socket = phone.socket().await;
    phone.post("/auth/logout", Value::Null).await;
    assert_eq!(socket.closed().await, 4403, "signed out");

    let phone = device().await;
    let mut socket = phone.socket().await;
    let renewed = phone.renewed().await.renewed().await;
    phone.refresh().await.refused(401, "session_ended");
    assert_eq!(socket.closed().await, 4403, "its refresh token was stolen");
    renewed.get("/users/me").await.refused(401, "session_ended");

    let mut socket = device().await.socket().await;
    let passwords = json!({"old_password": PASSWORD, "new_password": "another password"});
    assert_eq!(anna.put("/users/me/password", passwords).await.status, 204);
    assert_eq!(socket.closed().await, 4403, "the password changed");

    let mut socket = anna.socket().await;
    let beside = server.beside().await;
    beside.set_password("anna", "a third password").await.unwrap();
    beside.close().await;
    server.clock.advance(Duration::from_secs(10));
    assert_eq!(socket.closed().await, 4403, "an administrator set another password in another process");
    anna.get("/users/me").await.refused(401, "session_ended");
}

#[tokio::test]
async fn a_command_ends_sessions_also_when_the_clock_was_set_back() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let mut socket = anna.socket().await;
    server.running.messenger.run_due_jobs().await;
    server.clock.turn_back(Duration::from_secs(3_600));
    let beside = server.beside().await;
    beside.set_password("anna", "a third password").await.unwrap();
    beside.close().await;
    server.running.messenger.run_due_jobs().await;
    assert_eq!(socket.closed().await, 4403);
    anna.get("/users/me").await.refused(401, "session_ended");
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let phone = server.again(&anna, "anna").await;
    let change = |old: &str, new: &str| json!({"old_password": old, "new_password": new});
    let new = "пароль с буквой й 🔑";
    assert_eq!(anna.put("/users/me/password", change(PASSWORD, new)).await.status, 204);
    anna.get("/users/me").await.expect(200);
    phone.get("/users/me").await.refused(401, "session_ended");
    let sign_in = async |password: &str| {
        server.nobody().post("/auth/login", json!({"username": "anna", "password": password})).await
    };
    sign_in(PASSWORD).await.refused(401, "wrong_password");
    sign_in(new).await.expect(200);
}

#[tokio::test]
async fn a_password_changes_only_for_who_knows_the_old_one() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let phone = server.again(&anna, "anna").await;
    let change = |old: &str, new: &str| json!({"old_password": old, "new_password": new});
    for (old, new, field) in [
        ("wrong password", "another password", "old_password"),
        ("", "another password", "old_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, &"long".repeat(40), "new_password"),
    ] {
        let detail = anna.put("/users/me/password", change(old, new)).await.refused(400, "invalid");
        assert!(detail["detail"].as_str().unwrap().starts_with(field), "{detail}");
    }
    server
        .nobody()
        .put("/users/me/password", change(PASSWORD, "new password"))
        .await
        .refused(401, "unauthorized");
    phone.get("/users/me").await.expect(200);

    let changes = (0..4).map(|_| anna.put("/users/me/password", change(PASSWORD, "another password")));
    let changes = futures_util::future::join_all(changes).await;
    let done = changes.iter().filter(|reply| reply.status == 204).count();
    assert_eq!(done, 1, "of changes at the same time one is made");
}

#[tokio::test]
async fn a_password_is_not_guessed_by_who_is_signed_in() {
    let server = TestServer::with(&[]).await;
    let anna = server.person("anna").await;
    let guess = json!({"old_password": "wrong password", "new_password": "another password"});
    for _ in 0..10 {
        anna.put("/users/me/password", guess.clone()).await.refused(400, "invalid");
    }
    anna.put("/users/me/password", guess).await.refused(429, "too_many_requests");
    let right = json!({"old_password": PASSWORD, "new_password": "another password"});
    anna.put("/users/me/password", right.clone()).await.refused(429, "too_many_requests");
    server.clock.advance(Duration::from_secs(61));
    assert_eq!(anna.put("/users/me/password", right).await.status, 204);
}

#[tokio::test]
async fn a_long_session_keeps_its_refresh_token_and_ends_when_it_is_not_used() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let messenger = server.beside().await;
    let visitor = || messenger.visitor([127, 0, 0, 1].into());
    let who = SignIn { name: "anna".to_owned(), password: PASSWORD.to_owned(), device: None };
    let grant = visitor().for_long().sign_in(who).await.unwrap();
    let kept = Person { token: grant.access_token, refresh: grant.refresh_token, ..anna.clone() };

    for days in [0, 0, 8, 60, 89] {
        server.clock.advance(Duration::from_secs(days * 24 * 3_600));
        let renewed = kept.renewed().await;
        assert_eq!(renewed.refresh, kept.refresh);
        assert_eq!(sessions(&renewed).await[0]["current"], true, "after {days} days");
    }
    server.clock.advance(Duration::from_secs(91 * 24 * 3_600));
    kept.refresh().await.refused(401, "session_ended");
}

#[tokio::test]
async fn a_long_session_can_be_ended_though_it_was_not_used_for_weeks() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let messenger = server.beside().await;
    let who = SignIn { name: "anna".to_owned(), password: PASSWORD.to_owned(), device: None };
    let visitor = messenger.visitor([127, 0, 0, 1].into()).for_long();
    let kept = Person { refresh: visitor.sign_in(who).await.unwrap().refresh_token, ..anna.clone() };
    server.clock.advance(Duration::from_secs(20 * 24 * 3_600));
    let anna = server.again(&anna, "anna").await;
    let there = sessions(&anna).await;
    let path = format!("/sessions/{}", there[1]["id"]);
    assert_eq!(anna.delete(&path).await.status, 204);
    kept.refresh().await.refused(401, "session_ended");
}
