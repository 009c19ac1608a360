//! `/tokens`: personal access tokens.

use std::time::Duration;

use besedka::messenger::{Error, NewToken};
use besedka::model::{Scopes, UserId};
use serde_json::{Value, json};

use crate::server::{Person, Socket, TestServer, fields, is_time};

const DAY: Duration = Duration::from_secs(24 * 3_600);

#[tokio::test]
async fn a_token_is_made_listed_and_used_like_an_access_token() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let body = json!({"name": " Build server ", "scopes": ["write", "read", "read"], "expires_in_days": 90});
    let made = anna.post("/tokens", body).await.expect(201);
    let secret = made["token"].as_str().unwrap();
    assert!(secret.starts_with("bsk_") && secret.len() == 47, "{secret}");
    let listed = anna.get("/tokens").await.expect(200);
    let listed = &listed[0];
    assert_eq!(fields(listed), ["id", "name", "scopes", "created_at", "last_used_at", "expires_at"]);
    assert_eq!((&listed["name"], &listed["scopes"]), (&json!("Build server"), &json!(["read", "write"])));
    assert!(is_time(&listed["created_at"]) && is_time(&listed["expires_at"]));
    assert_eq!(listed["last_used_at"], Value::Null);

    let program = Person { token: secret.to_owned(), ..anna.clone() };
    assert_eq!(program.get("/users/me").await.expect(200)["id"], anna.id);
    let chat = program.group("A chat", &[]).await;
    assert_eq!(program.post_text(chat, "from a program").await["author_id"], anna.id);
    server.running.messenger.run_due_jobs().await;
    assert!(is_time(&anna.get("/tokens").await.expect(200)[0]["last_used_at"]));
    let sessions = anna.get("/sessions").await.expect(200);
    assert_eq!(sessions.as_array().unwrap().len(), 1, "a token is no sign-in");
}

#[tokio::test]
async fn a_token_receives_on_the_socket_whichever_way_it_is_given() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let reader = anna.with_token(&["read"]).await;
    let chat = anna.group("A chat", &[]).await;
    let mut by_address = reader.socket().await;
    let ticket = reader.post("/ws/ticket", json!({})).await.expect(200);
    let mut by_ticket =
        Socket::open(&server.url, &format!("?ticket={}", ticket["ticket"].as_str().unwrap())).await.unwrap();
    let mut by_frame = Socket::open(&server.url, "").await.unwrap();
    by_frame.send(json!({"event": "auth", "data": {"token": reader.token}})).await;
    for socket in [&mut by_ticket, &mut by_frame] {
        socket.until("ready").await;
    }
    anna.post_text(chat, "hello").await;
    for socket in [&mut by_address, &mut by_ticket, &mut by_frame] {
        assert_eq!(socket.until("message.created").await["content"], "hello");
    }
    let writer = anna.with_token(&["write"]).await;
    assert_eq!(Socket::open(&server.url, &format!("?token={}", writer.token)).await.err(), Some(403));
}

#[tokio::test]
async fn a_reader_types_unheard() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.group("A chat", &[&bob]).await;
    let mut socket = bob.socket().await;
    let mut reader = anna.with_token(&["read"]).await.socket().await;
    let mut writer = anna.with_token(&["read", "write"]).await.socket().await;
    reader.send(json!({"event": "typing", "data": {"chat_id": chat}})).await;
    reader.send(json!({"event": "ping"})).await;
    reader.until("pong").await;
    anna.post_text(chat, "a mark").await;
    loop {
        let frame = socket.next().await.unwrap();
        assert_ne!(frame["event"], "typing");
        if frame["event"] == "message.created" {
            break;
        }
    }
    writer.send(json!({"event": "typing", "data": {"chat_id": chat}})).await;
    socket.until("typing").await;
}

#[tokio::test]
async fn a_revoked_token_ends_at_once_with_its_sockets() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let program = anna.with_token(&["read", "account"]).await;
    program.get("/users/me").await.expect(200);
    let mut socket = program.socket().await;
    let id = anna.get("/tokens").await.expect(200)[0]["id"].clone();
    anna.delete(&format!("/sessions/{id}")).await.refused(404, "not_found");
    assert_eq!(anna.delete(&format!("/tokens/{id}")).await.status, 204);
    assert_eq!(socket.closed().await, 4403);
    program.get("/users/me").await.refused(401, "unauthorized");
    anna.delete(&format!("/tokens/{id}")).await.refused(404, "not_found");
    assert_eq!(anna.get("/tokens").await.expect(200), json!([]));
    // Long after it was revoked nothing of it is remembered, and it is still refused.
    server.clock.advance(Duration::from_secs(20 * 60));
    server.again(&anna, "anna").await.delete("/sessions").await;
    program.get("/users/me").await.refused(401, "unauthorized");
    let server = server.restart().await;
    Person { url: server.url.clone(), ..program }.get("/users/me").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_token_that_runs_out_ends_on_its_day_with_its_sockets() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let body = json!({"name": "a day", "scopes": ["read"], "expires_in_days": 1});
    let made = anna.post("/tokens", body).await.expect(201);
    let program = Person { token: made["token"].as_str().unwrap().to_owned(), ..anna.clone() };
    let forever = anna.with_token(&["read"]).await;
    let mut socket = program.socket().await;
    server.clock.advance(DAY - Duration::from_secs(60));
    program.get("/users/me").await.expect(200);
    server.clock.advance(Duration::from_secs(60));
    program.get("/users/me").await.refused(401, "unauthorized");
    assert_eq!(socket.closed().await, 4401);
    server.clock.advance(1_000 * DAY);
    server.running.messenger.clean_up().await.unwrap();
    forever.get("/users/me").await.expect(200);
    let listed = server.again(&anna, "anna").await.get("/tokens").await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed[0]["expires_at"], Value::Null);
}

#[tokio::test]
async fn a_token_gives_no_more_than_it_has() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let program = anna.with_token(&["account", "read"]).await;
    let wants = |scopes: Value| json!({"name": "more", "scopes": scopes});
    program.post("/tokens", wants(json!(["read", "write"]))).await.refused(403, "insufficient_scope");
    program.post("/tokens", wants(json!(["read"]))).await.expect(201);

    let short = json!({"name": "short", "scopes": ["account"], "expires_in_days": 2});
    let short = anna.post("/tokens", short).await.expect(201);
    let short = Person { token: short["token"].as_str().unwrap().to_owned(), ..anna.clone() };
    short.post("/tokens", wants(json!(["account"]))).await.refused(400, "invalid");
    let longer = json!({"name": "longer", "scopes": ["account"], "expires_in_days": 3});
    short.post("/tokens", longer).await.refused(400, "invalid");
    let shorter = json!({"name": "shorter", "scopes": ["account"], "expires_in_days": 1});
    short.post("/tokens", shorter).await.expect(201);

    let passwords = json!({"old_password": "wrong password", "new_password": "another password"});
    short.put("/users/me/password", passwords).await.refused(403, "forbidden");
}

#[tokio::test]
async fn tokens_that_are_kept_survive_a_new_password_but_not_an_administrators() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let program = anna.with_token(&["read"]).await;
    let kept = anna.get("/tokens").await.expect(200)[0]["id"].clone();
    let passwords = json!({"old_password": crate::server::PASSWORD, "new_password": "another password",
        "keep_tokens": [kept]});
    assert_eq!(anna.put("/users/me/password", passwords).await.status, 204);
    assert_eq!(anna.delete("/sessions").await.status, 204);
    program.get("/users/me").await.expect(200);
    let mut socket = program.socket().await;
    let beside = server.beside().await;
    beside.set_password("anna", "a third password").await.unwrap();
    beside.close().await;
    server.clock.advance(Duration::from_secs(10));
    assert_eq!(socket.closed().await, 4403);
    program.get("/users/me").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let program = anna.with_token(&["read"]).await;
    let mut changed = program.token.clone();
    let last = if changed.ends_with('A') { 'E' } else { 'A' };
    changed.replace_range(10..11, if &changed[10..11] == "x" { "y" } else { "x" });
    let longer = format!("{}{last}", program.token);
    for wrong in ["bsk_", "bsk_AAAA", &changed, &longer, &program.token[4..], &"bsk_".repeat(500)] {
        let stranger = Person { token: wrong.to_owned(), ..anna.clone() };
        stranger.get("/users/me").await.refused(401, "unauthorized");
    }
    let reply = Person { token: "bsk_щщщ".to_owned(), ..anna.clone() }.get("/users/me").await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn a_token_that_makes_no_sense_is_not_made() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    for (body, field) in [
        (json!({"name": "", "scopes": ["read"]}), "name"),
        (json!({"name": " \u{200b}\n", "scopes": ["read"]}), "name"),
        (json!({"name": "ы".repeat(101), "scopes": ["read"]}), "name"),
        (json!({"scopes": ["read"]}), "name"),
        (json!({"name": "a", "scopes": []}), "scopes"),
        (json!({"name": "a"}), "scopes"),
        (json!({"name": "a", "scopes": ["admin"]}), "scopes"),
        (json!({"name": "a", "scopes": vec!["read"; 11]}), "scopes"),
        (json!({"name": "a", "scopes": ["read"], "expires_in_days": 0}), "expires_in_days"),
        (json!({"name": "a", "scopes": ["read"], "expires_in_days": 3651}), "expires_in_days"),
        (json!({"name": "a", "scopes": ["read"], "expires_in_days": -1}), "expires_in_days"),
    ] {
        let refusal = anna.post("/tokens", body.clone()).await.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().contains(field), "{body}: {refusal}");
    }
    let bob = server.person("bob").await;
    let id = anna.post("/tokens", json!({"name": "a", "scopes": ["read"]})).await.expect(201)["id"].clone();
    bob.delete(&format!("/tokens/{id}")).await.refused(404, "not_found");
    for _ in 1..50 {
        anna.with_token(&["read"]).await;
    }
    anna.post("/tokens", json!({"name": "a", "scopes": ["read"]})).await.refused(409, "conflict");
}

#[tokio::test]
async fn a_repeated_request_makes_one_token_and_shows_no_secret_again() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let body = json!({"name": "a", "scopes": ["read"]});
    let post = async || anna.send(reqwest::Method::POST, "/tokens", Some("key"), Some(body.clone())).await;
    post().await.expect(201);
    let again = post().await.refused(409, "duplicate_request");
    assert_eq!(again["original"], json!({"status": 201, "body": null}));
    assert_eq!(anna.get("/tokens").await.expect(200).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn other_devices_hear_of_tokens() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let mut socket = anna.socket().await;
    let made = anna.post("/tokens", json!({"name": "a", "scopes": ["read"]})).await.expect(201);
    let received = socket.until("token.created").await;
    assert_eq!(received, anna.get("/tokens").await.expect(200)[0]);
    anna.delete(&format!("/tokens/{}", made["id"])).await;
    assert_eq!(socket.until("token.revoked").await, json!({"id": made["id"]}));
}

#[tokio::test]
async fn a_session_that_ends_during_a_request_makes_no_token() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let phone = server.again(&anna, "anna").await;
    let bot = anna.post("/bots", json!({"display_name": "Bridge"})).await.expect(201);
    let bot = UserId(bot["user"]["id"].as_i64().unwrap());
    let messenger = &server.running.messenger;
    // Its access token was verified before the session ends, and the token is made after.
    let access = messenger.access(&phone.token, Scopes::WRITE).await.unwrap();
    let passwords = json!({"old_password": crate::server::PASSWORD, "new_password": "another password"});
    assert_eq!(anna.put("/users/me/password", passwords).await.status, 204);
    let new = NewToken { name: "thief".to_owned(), scopes: Scopes::READ, life: None };
    let made = messenger.as_user(access).create_token(new.clone()).await;
    assert!(matches!(made, Err(Error::SessionEnded)));
    let made = messenger.as_user(access).bot(bot).await.unwrap().create_token(new).await;
    assert!(matches!(made, Err(Error::SessionEnded)));
    assert_eq!(anna.get("/tokens").await.expect(200), json!([]));
}

#[tokio::test]
async fn an_administrator_makes_tokens_beside_a_running_server() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let beside = server.beside().await;
    let new = NewToken { name: "bridge".to_owned(), scopes: Scopes::READ, life: None };
    let made = beside.create_token_for("Anna@Example.com", new.clone()).await.unwrap();
    assert!(beside.create_token_for("nobody", new.clone()).await.is_err());
    let bob = server.person("bob").await;
    anna.post(&format!("/admin/users/{}/deactivate", bob.id), json!({})).await.expect(204);
    let refused = beside.create_token_for("bob@example.com", new).await.unwrap_err();
    assert_eq!(refused.to_string(), "This account is deactivated");
    beside.close().await;
    let bridge = Person { token: made.secret, ..anna.clone() };
    assert_eq!(bridge.get("/users/me").await.expect(200)["id"], anna.id);
}
