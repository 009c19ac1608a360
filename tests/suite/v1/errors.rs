//! How v1 says no: always in the same shape, always naming what is wrong, and never with a 500.

use std::time::Duration;

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Person, Reply, TestServer, fields, fresh_key};

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let deep = format!("{{\"payload\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
    let bodies: [&[u8]; 12] = [
        b"",
        b" ",
        b"{",
        b"}",
        b"null",
        b"[]",
        b"\"text\"",
        b"1",
        b"{\"chat_id\": 1e999}",
        b"{\"content\": \"\xff\xfe\"}",
        b"{\"content\": \"\\ud800\"}",
        deep.as_bytes(),
    ];
    for path in ["/messages", "/chats", "/auth/login", "/auth/refresh"] {
        for body in bodies {
            let reply = raw(&anna, Method::POST, path, "application/json", body.to_vec()).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert_eq!(fields(&reply.body), ["detail", "code"], "{path} {shown}");
            reply.refused(400, "invalid");
        }
    }
    assert_eq!(anna.get("/chats").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_field_of_a_wrong_type_is_named() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    for (method, path, body, field) in [
        (Method::POST, "/auth/register", json!({"password": [], "display_name": "a"}), "password"),
        (Method::POST, "/auth/register", json!({"password": "password123"}), "display_name"),
        (Method::POST, "/auth/login", json!({"email": "a@b.c"}), "password"),
        (Method::POST, "/auth/refresh", json!({}), "refresh_token"),
        (Method::POST, "/auth/refresh", json!({"refresh_token": {}}), "refresh_token"),
        (Method::PUT, "/users/me", json!({"display_name": {}}), "display_name"),
        (Method::POST, "/chats/direct", json!({}), "user_id"),
        (Method::POST, "/chats/direct", json!({"user_id": "1"}), "user_id"),
        (Method::POST, "/chats", json!({"is_group": 1}), "is_group"),
        (Method::PATCH, "/chats/1", json!({}), "title"),
        (Method::POST, "/chats/1/members", json!({"user_id": null}), "user_id"),
        (Method::POST, "/chats/1/read", json!({"message_id": "x"}), "message_id"),
        (Method::PATCH, "/messages/1", json!({"content": []}), "content"),
        (Method::POST, "/attachments", json!({"filename": "a"}), "content_type"),
    ] {
        let reply = anna.send(method, path, Some(&fresh_key()), Some(body.clone())).await;
        let refusal = reply.refused(400, "invalid");
        let detail = refusal["detail"].as_str().unwrap();
        assert!(detail.starts_with(field), "{path} {body}: {detail}");
    }
}

#[tokio::test]
async fn a_number_or_boolean_is_no_text() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Ours", &[]).await;
    for (path, body, field) in [
        ("/messages", json!({"chat_id": chat, "content": 5}), "content"),
        ("/messages", json!({"chat_id": chat, "content": true}), "content"),
        ("/chats", json!({"is_group": true, "title": 5, "member_ids": []}), "title"),
        ("/tokens", json!({"name": "x", "scopes": [1]}), "scopes"),
        ("/auth/login", json!({"username": "anna", "password": 12_345_678}), "password"),
    ] {
        let refusal = anna.post(path, body).await.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with(&format!("{field}: must be")), "{refusal}");
    }
    let http = &server.nobody().http;
    for (path, body, field) in [
        ("/kyte/auth/login", json!({"email": 5, "password": "password123"}), "email"),
        ("/mimu/auth/login", json!({"email": "a@example.org", "password": 5}), "password"),
        ("/desktop/api/auth/login", json!({"username": true, "password": "password123"}), "username"),
        ("/educations/api/v1/users/auth/", json!({"email": "a@example.org", "password": 5}), "password"),
    ] {
        let reply = Reply::to(http.post(format!("{}{path}", server.url)).json(&body)).await;
        let refusal = reply.expect(400).to_string();
        assert!(refusal.contains(&format!("{field}: must be")), "{path}: {refusal}");
    }
}

#[tokio::test]
async fn fields_that_nobody_knows_do_no_harm() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let body = json!({"title": "Ours", "is_group": true, "member_ids": [], "color": {"a": [1]}});
    anna.post("/chats", body).await.expect(201);
}

#[tokio::test]
async fn a_body_is_plain_json_of_a_reasonable_size() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Ours", &[]).await;
    let body = json!({"chat_id": chat, "content": "hello"}).to_string();

    let fits = format!("{body}{}", " ".repeat(128 * 1024 - body.len()));
    let over = format!("{fits} ");
    let send = async |body: String| {
        raw(&anna, Method::POST, "/messages", "application/json", body.into_bytes()).await
    };
    send(over.clone()).await.refused(413, "too_large");
    send(over.repeat(8)).await.refused(413, "too_large");
    send(fits).await.expect(201);

    let charset = "application/json; charset=utf-8";
    raw(&anna, Method::POST, "/messages", charset, body.clone().into_bytes()).await.expect(201);
    for content_type in
        ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense"]
    {
        let reply = raw(&anna, Method::POST, "/messages", content_type, body.clone().into_bytes()).await;
        reply.refused(415, "unsupported_media_type");
    }
    for encoding in ["gzip", "br", "identity, gzip"] {
        let request = anna.request(Method::POST, "/messages").header("Content-Encoding", encoding);
        let request =
            request.header("Idempotency-Key", fresh_key()).header("Content-Type", "application/json");
        let reply = Reply::to(request.body(body.clone())).await;
        reply.refused(415, "unsupported_media_type");
    }
    assert_eq!(anna.texts(chat).await, ["hello", "hello"]);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    for path in [
        "",
        "/",
        "/nothing",
        "/chats/1/nothing",
        "/chats/1.0",
        "/chats/0x1",
        "/chats/%31%00",
        "/chats/99999999999999999999",
        "/chats/9223372036854775807",
        "/users/%F0%9F",
        "/users/me/too",
        "/chats/%FF",
        "/messages/%C3%28",
        "/%FF",
        "/users/%2e%2e%2fme",
        "/users/..%2F..%2Fetc%2Fpasswd",
        "/attachments/1",
    ] {
        let reply = anna.get(path).await;
        let known = path == "/messages/%C3%28";
        assert!(
            matches!(reply.status, 404) || known && reply.status == 405,
            "{path}: {} {}",
            reply.status,
            reply.body
        );
        assert_eq!(fields(&reply.body), ["detail", "code"], "{path}");
    }
    for path in ["/messages/%FF", "/messages/%FF/reactions/x", "/sessions/%FF"] {
        anna.delete(path).await.refused(404, "not_found");
    }
    let nobody = server.nobody();
    nobody.post("/nothing", json!({})).await.refused(404, "not_found");
    nobody.get("/nothing").await.refused(404, "not_found");
}

#[tokio::test]
async fn odd_queries_are_refused_by_name() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    for (query, field) in [
        ("chat_id=%FF", "chat_id"),
        ("chat_id=%00", "chat_id"),
        ("chat_id[]=1", "chat_id"),
        ("chat_id=1e3", "chat_id"),
        ("chat_id=99999999999999999999", "chat_id"),
        ("%FF=1&&&==", "chat_id"),
    ] {
        let refusal = anna.get(&format!("/messages?{query}")).await.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with(field), "{query}: {refusal}");
    }
    anna.get("/users/search?q=%FF%FE").await.expect(200);
}

#[tokio::test]
async fn another_method_is_named_as_such() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    for (method, path) in [
        (Method::GET, "/auth/login"),
        (Method::GET, "/auth/refresh"),
        (Method::PUT, "/chats"),
        (Method::DELETE, "/messages"),
        (Method::POST, "/users/me"),
        (Method::PATCH, "/sessions"),
        (Method::POST, "/sync"),
        (Method::GET, "/uploads"),
        (Method::TRACE, "/chats"),
        (Method::from_bytes(b"BREW").unwrap(), "/chats"),
    ] {
        let reply = anna.send(method.clone(), path, Some(&fresh_key()), None).await;
        assert_eq!(reply.status, 405, "{method} {path}: {}", reply.body);
        assert_eq!(fields(&reply.body), ["detail", "code"]);
        reply.refused(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn everything_needs_a_token_but_the_way_to_one() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    for path in [
        "/users/me",
        "/users/1",
        "/users/search",
        "/sessions",
        "/chats",
        "/chats/1",
        "/chats/abc",
        "/chats/1/members",
        "/messages",
        "/messages?chat_id=x",
        "/sync",
        "/sync?cursor=x",
        "/attachments/00000000-0000-0000-0000-000000000000/info",
    ] {
        let reply = nobody.get(path).await;
        assert_eq!(fields(&reply.body), ["detail", "code"], "{path}");
        reply.refused(401, "unauthorized");
    }
    for body in ["", "{", "[]"] {
        let reply = raw(&nobody, Method::POST, "/messages", "application/json", body.into()).await;
        reply.refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_payload_is_never_too_deep_to_be_read_again() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Ours", &[]).await;
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!({"a": [inner]}));
    let post = async |depth: usize| {
        let body = json!({"chat_id": chat, "content": "deep", "payload": nested(depth)});
        anna.post("/messages", body).await
    };
    let message = post(16).await.expect(201);
    let read = anna.get(&format!("/messages?chat_id={chat}&limit=1")).await;
    assert_eq!(read.expect(200), json!([message]));
    assert_eq!(message["payload"], nested(16));
    for depth in [17, 60, 63, 64, 200] {
        post(depth).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn slashes_at_the_end_and_in_the_middle_lose_no_body() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Ours", &[]).await;
    for path in ["/messages/", "//messages", "//messages//", "/messages///"] {
        let body = json!({"chat_id": chat, "type": "text", "content": path});
        assert_eq!(anna.post(path, body).await.expect(201)["content"], path);
    }
    assert_eq!(anna.texts(chat).await.len(), 4);
    anna.get("/chats/").await.expect(200);
    anna.get(&format!("/messages/?chat_id={chat}")).await.expect(200);
    let renamed = anna.patch(&format!("//chats//{chat}/"), json!({"title": "New"})).await;
    assert_eq!(renamed.expect(200)["title"], "New");
    let body = json!({"refresh_token": anna.refresh});
    let refreshed = anna.send(Method::POST, "/auth/refresh/", None, Some(body)).await;
    refreshed.expect(200);
}

#[tokio::test]
async fn who_sends_too_fast_waits_as_long_as_they_are_told() {
    let server = TestServer::with(&[]).await;
    let anna = server.person("anna").await;
    let chat = anna.group("Ours", &[]).await;
    let key = fresh_key();
    let send = async |key: &str| {
        let body = json!({"chat_id": chat, "content": "spam"});
        anna.send(Method::POST, "/messages", Some(key), Some(body)).await
    };
    let mut sent = 0;
    let reply = loop {
        let reply = send(&format!("{key}-{sent}")).await;
        if reply.status != 201 {
            break reply;
        }
        sent += 1;
        assert!(sent < 200, "somebody stops it");
    };
    assert!(sent >= 20, "{sent}");
    let wait = retry_after(&reply);
    reply.refused(429, "too_many_requests");
    server.clock.advance(wait);
    send(&format!("{key}-{sent}")).await.expect(201);
}

#[tokio::test]
async fn who_may_not_post_does_not_use_up_the_chats_limit() {
    let server = TestServer::with(&[]).await;
    let anna = server.person("anna").await;
    let chat = anna.group("Ours", &[]).await;
    let mut strangers = Vec::new();
    for number in 0..8 {
        let eve = server.person(&format!("eve{number}")).await;
        let own = eve.group("Mine", &[]).await;
        let message = eve.post_text(own, "forwarded").await["id"].clone();
        strangers.push((eve, format!("/messages/{message}/forward")));
    }
    let post = |text: usize| json!({"chat_id": chat, "content": text.to_string()});
    // As many as each stranger's own limit allows, at once.
    let refused = join_all(strangers.iter().map(async |(eve, forward)| {
        let forwards = join_all((0..9).map(|_| eve.post(forward, json!({"chat_ids": [chat]}))));
        let posts = join_all((0..10).map(|text| eve.post("/messages", post(text))));
        let (forwards, posts) = join(forwards, posts).await;
        forwards.iter().chain(&posts).filter(|reply| reply.status == 403).count()
    }));
    assert_eq!(refused.await.iter().sum::<usize>(), 8 * 19, "nobody but the strangers is limited");
    let replies = join_all((0..15).map(|text| anna.post("/messages", post(text)))).await;
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [201; 15]);
}

#[tokio::test]
async fn passwords_are_guessed_slowly_from_however_many_addresses() {
    let server = TestServer::with(&["--trusted-proxies", "127.0.0.1"]).await;
    let anna = server.person("anna").await;
    let guess = async |address: String, name: &str, password: &str| {
        let request = server.nobody().request(Method::POST, "/auth/login").header("X-Forwarded-For", address);
        let body = json!({"email": name, "password": password});
        let request = request.header("Idempotency-Key", fresh_key()).json(&body);
        Reply::to(request).await
    };
    for n in 0..10 {
        let case = if n % 2 == 0 { "ANNA@example.com" } else { "anna@example.com" };
        guess(format!("192.0.2.{n}"), case, "wrong password").await.refused(401, "wrong_password");
    }
    let reply = guess("192.0.2.99".to_owned(), "anna@example.com", "password123").await;
    let wait = retry_after(&reply);
    reply.refused(429, "too_many_requests");
    anna.get("/users/me").await.expect(200);
    server.clock.advance(wait);
    let reply = guess("192.0.2.99".to_owned(), "anna@example.com", "password123").await;
    reply.expect(200);
}

#[tokio::test]
async fn one_address_does_not_ask_for_ever() {
    let server = TestServer::with(&[]).await;
    let anna = server.person("anna").await;
    let nobody = server.nobody();
    let short = json!({"email": "a@b.c", "password": "short", "display_name": "a"});
    for (who, method, path, body) in [
        (&nobody, Method::POST, "/auth/register", short),
        (&anna, Method::POST, "/auth/refresh", json!({"refresh_token": anna.refresh})),
        (&anna, Method::PUT, "/users/me", json!({"display_name": "anna"})),
        (&anna, Method::GET, "/users/search?q=a", Value::Null),
        (&anna, Method::GET, "/users/me", Value::Null),
    ] {
        let body = Some(body).filter(|body| !body.is_null());
        let ask = async || who.send(method.clone(), path, Some(&fresh_key()), body.clone()).await;
        let mut asked = 0;
        let mut reply = ask().await;
        while reply.status != 429 {
            asked += 1;
            assert!(asked < 1_000, "{path}: somebody stops it");
            reply = ask().await;
        }
        let wait = retry_after(&reply);
        reply.refused(429, "too_many_requests");
        server.clock.advance(wait);
        assert_ne!(ask().await.status, 429, "{path}");
    }
}

/// How long a refusal asks to wait: whole seconds, at least one.
#[track_caller]
fn retry_after(reply: &Reply) -> Duration {
    let seconds: u64 = reply.header("Retry-After").parse().unwrap();
    assert!(seconds >= 1);
    Duration::from_secs(seconds)
}

/// A request with any body; without a content type when that is empty.
async fn raw(who: &Person, method: Method, path: &str, content_type: &str, body: Vec<u8>) -> Reply {
    let mut request = who.request(method, path).header("Idempotency-Key", fresh_key());
    if !content_type.is_empty() {
        request = request.header("Content-Type", content_type);
    }
    Reply::to(request.body(body)).await
}
