//! The `Idempotency-Key`: nothing happens twice, and a lost answer can be had again.

use std::pin::pin;
use std::time::Duration;

use besedka::messenger::{Error, NewMessage};
use besedka::model::{ChatId, Content, Kind, Scopes};
use futures_util::future::{join, join_all};
use futures_util::poll;
use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Database;
use crate::server::{PASSWORD, Person, Reply, TestServer, fresh_key};

const HOUR: Duration = Duration::from_secs(3_600);

/// Two people and their private chat.
async fn two() -> (TestServer, Person, Person, i64) {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.direct(&bob).await;
    (server, anna, bob, chat)
}

fn text(chat: i64, content: &str) -> Value {
    json!({"chat_id": chat, "type": "text", "content": content})
}

async fn post(who: &Person, path: &str, key: &str, body: Value) -> Reply {
    who.send(Method::POST, path, Some(key), Some(body)).await
}

#[tokio::test]
async fn every_change_needs_a_key_before_anything_else_is_looked_at() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let nil = "00000000-0000-0000-0000-000000000000";
    for (method, path) in [
        (Method::POST, "/auth/register"),
        (Method::POST, "/auth/login"),
        (Method::POST, "/auth/logout"),
        (Method::PUT, "/users/me"),
        (Method::DELETE, "/sessions/1"),
        (Method::POST, "/chats"),
        (Method::PATCH, "/chats/1"),
        (Method::DELETE, "/chats/1"),
        (Method::DELETE, "/chats/abc"),
        (Method::POST, "/chats/1/members"),
        (Method::DELETE, "/chats/1/members/1"),
        (Method::POST, "/messages"),
        (Method::PATCH, "/messages/1"),
        (Method::DELETE, "/messages/1?for=nobody"),
        (Method::PUT, "/messages/1/reactions/x"),
        (Method::DELETE, "/messages/1/reactions/x"),
        (Method::POST, "/attachments"),
        (Method::POST, "/ws/ticket"),
    ] {
        for body in [json!({}), json!([]), json!({"content": 1})] {
            let reply = anna.send(method.clone(), path, None, Some(body)).await;
            let expected =
                json!({"detail": "Missing Idempotency-Key header", "code": "idempotency_key_missing"});
            assert_eq!((reply.status, reply.body), (400, expected), "{method} {path}");
        }
        if path != "/auth/register" && path != "/auth/login" {
            let reply = server.nobody().send(method, path, None, Some(json!({}))).await;
            reply.refused(401, "unauthorized");
        }
    }
    let file = anna.get(&format!("/attachments/{nil}")).await;
    file.refused(404, "not_found");
    anna.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn a_key_is_of_visible_characters_quoted_or_not() {
    let (_server, anna, _bob, chat) = two().await;
    let long = "k".repeat(129);
    for bad in ["", "two words", "\"\"", &long] {
        let refusal = post(&anna, "/messages", bad, text(chat, "no")).await.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with("Idempotency-Key"));
    }
    let request = anna.request(Method::POST, "/messages").header("Idempotency-Key", "ключ");
    Reply::to(request.json(&text(chat, "no"))).await.refused(400, "invalid");
    let longest = "k".repeat(128);
    post(&anna, "/messages", &longest, text(chat, "long")).await.expect(201);
    post(&anna, "/messages", "key", text(chat, "bare")).await.expect(201);
    post(&anna, "/messages", "\"key\"", text(chat, "bare")).await.refused(409, "duplicate_request");
    assert_eq!(anna.texts(chat).await, ["bare", "long"]);
}

#[tokio::test]
async fn a_repeated_change_answers_what_the_first_one_did() {
    let (server, anna, bob, chat) = two().await;
    let carl = server.person("carl").await;
    let phone = server.again(&anna, "anna").await;
    let sessions = phone.get("/sessions").await.expect(200);
    let session = sessions.as_array().unwrap().iter().find(|session| session["current"] == true);
    let session = session.unwrap()["id"].clone();
    let group = anna.group("Ours", &[]).await;
    let mine = anna.post_text(chat, "mine").await["id"].clone();
    let gone = anna.post_text(chat, "gone").await["id"].clone();
    let hidden = bob.post_text(chat, "hidden").await["id"].clone();
    let none = Value::Null;
    for (method, path, body, status) in [
        (Method::POST, "/messages".to_owned(), text(chat, "new"), 201),
        (Method::PATCH, format!("/messages/{mine}"), json!({"content": "edited"}), 200),
        (Method::PUT, format!("/messages/{mine}/reactions/👍"), none.clone(), 200),
        (Method::PUT, format!("/messages/{mine}/reactions/👍"), json!({}), 200),
        (Method::DELETE, format!("/messages/{mine}/reactions/👍"), none.clone(), 204),
        (Method::DELETE, format!("/messages/{gone}"), none.clone(), 204),
        (Method::DELETE, format!("/messages/{hidden}?for=me"), none.clone(), 204),
        (
            Method::POST,
            "/chats".to_owned(),
            json!({"title": "New", "is_group": true, "member_ids": [bob.id]}),
            201,
        ),
        (Method::POST, "/chats".to_owned(), json!({"is_group": false, "member_ids": [bob.id]}), 201),
        (Method::POST, "/chats/direct".to_owned(), json!({"user_id": bob.id}), 200),
        (Method::POST, "/chats/direct".to_owned(), json!({"user_id": carl.id}), 201),
        (Method::PATCH, format!("/chats/{group}"), json!({"title": "Renamed"}), 200),
        (Method::POST, format!("/chats/{group}/members"), json!({"user_id": bob.id}), 201),
        (Method::DELETE, format!("/chats/{group}/members/{}", bob.id), none.clone(), 204),
        (Method::POST, format!("/chats/{chat}/read"), json!({}), 200),
        (Method::DELETE, format!("/chats/{group}"), none.clone(), 204),
        (Method::PUT, "/users/me".to_owned(), json!({"display_name": "Анна"}), 200),
        (
            Method::POST,
            "/attachments".to_owned(),
            json!({"filename": "a.txt", "content_type": "text/plain"}),
            200,
        ),
        (Method::DELETE, format!("/sessions/{session}"), none.clone(), 204),
    ] {
        let what = format!("{method} {path}");
        let body = Some(body).filter(|body| !body.is_null());
        let key = fresh_key();
        let first = anna.send(method.clone(), &path, Some(&key), body.clone()).await;
        assert_eq!(first.status, status, "{what}: {}", first.body);
        let again = anna.send(method, &path, Some(&key), body).await;
        let refusal = again.refused(409, "duplicate_request");
        let original = json!({"status": first.status, "body": first.body});
        assert_eq!(refusal["original"], original, "{what}");
    }
    assert_eq!(anna.texts(chat).await, ["new", "edited"]);
    assert_eq!(anna.get("/sessions").await.expect(200).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_repeated_key_goes_before_what_is_wrong_with_the_request() {
    let (_server, anna, bob, chat) = two().await;
    let key = fresh_key();
    post(&anna, "/messages", &key, text(chat, "once")).await.expect(201);
    for body in [json!({}), json!([]), text(chat, ""), text(1, "nowhere")] {
        post(&anna, "/messages", &key, body).await.refused(409, "key_reused");
    }
    let group = anna.group("Ours", &[&bob]).await;
    let (path, key) = (format!("/chats/{group}/members/{}", bob.id), fresh_key());
    let leave = async || bob.send(Method::DELETE, &path, Some(&key), None).await;
    assert_eq!(leave().await.status, 204);
    bob.get(&format!("/chats/{group}")).await.refused(403, "forbidden");
    leave().await.refused(409, "duplicate_request");
    assert_eq!(anna.texts(chat).await, ["once"]);
}

#[tokio::test]
async fn a_wrong_body_goes_before_a_wrong_chat_and_that_before_what_it_says() {
    let (server, anna, bob, _chat) = two().await;
    let carl = server.person("carl").await;
    let foreign = anna.group("Ours", &[&bob]).await;
    for chat in [foreign, 1] {
        let mut body = text(chat, "x");
        body["type"] = json!("sticker");
        carl.post("/messages", body).await.refused(400, "invalid");
    }
    let payload = json!({"attachment_id": uuid::Uuid::new_v4(), "duration_ms": 1, "codec": "opus"});
    for (chat, status, code) in [(foreign, 403, "forbidden"), (1, 404, "not_found")] {
        let body = json!({"chat_id": chat, "type": "voice", "payload": payload});
        carl.post("/messages", body).await.refused(status, code);
        let path = format!("/chats/{chat}");
        carl.patch(&path, json!({"title": ""})).await.refused(status, code);
        carl.patch(&path, json!({"title": []})).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn the_same_key_with_another_body_is_another_request() {
    let (_server, anna, _bob, chat) = two().await;
    let key = fresh_key();
    post(&anna, "/messages", &key, text(chat, "one")).await.expect(201);
    let refusal = post(&anna, "/messages", &key, text(chat, "two")).await.refused(409, "key_reused");
    assert!(refusal.get("original").is_none());
    assert_eq!(anna.texts(chat).await, ["one"]);
}

#[tokio::test]
async fn the_same_key_with_another_query_is_another_request() {
    let (_server, anna, bob, chat) = two().await;
    let sent = anna.post_text(chat, "for all").await["id"].clone();
    let delete = async |query: &str, key: &str| {
        anna.send(Method::DELETE, &format!("/messages/{sent}{query}"), Some(key), None).await
    };
    let key = fresh_key();
    assert_eq!(delete("?for=me", &key).await.status, 204);
    delete("?for=me", &key).await.refused(409, "duplicate_request");
    for query in ["?for=all", ""] {
        delete(query, &key).await.refused(409, "key_reused");
    }
    assert_eq!(bob.texts(chat).await, ["for all"]);
}

/// A client that hangs up leaves its post waiting, and sends it once more.
#[tokio::test]
async fn a_post_that_was_given_up_and_its_repetition_do_not_part_the_posts_written_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::at(format!("sqlite:{}", folder.path().join("besedka.db").display()));
    let server = TestServer::on(database, &["--rate-limits", "off"]).await;
    let anna = server.person("anna").await;
    let chat = anna.group("Ours", &[]).await;
    // How many places each change takes in the chat's stream: as many as it has posts.
    server
        .change(
            "CREATE TABLE taken (places INTEGER);
             CREATE TRIGGER taken AFTER UPDATE ON stream
             BEGIN INSERT INTO taken VALUES (NEW.seq - OLD.seq); END",
        )
        .await;
    let messenger = &server.running.messenger;
    let access = messenger.access(&anna.token, Scopes::WRITE).await.unwrap();
    let attempt = messenger.request(Some(access.user), "POST /messages", "key", b"{}");
    let text = |text: &str| NewMessage::new(Content::new(Kind::Text, Some(text.to_owned()), None).unwrap());
    let keyed = || messenger.as_user(access).once(attempt.clone().answering(201));
    let other = || messenger.as_user(access).post(ChatId(chat), text("other"));
    {
        let mut given_up = pin!(keyed().post(ChatId(chat), text("once")));
        assert!(poll!(&mut given_up).is_pending());
    }
    let (repeated, others) =
        join(keyed().post(ChatId(chat), text("once")), join_all((0..3).map(|_| other()))).await;
    let Err(Error::Repeated(Some(original))) = repeated else { panic!("{repeated:?}") };
    assert_eq!(original.status, 201);
    assert!(others.iter().all(Result::is_ok));
    assert_eq!(anna.texts(chat).await, ["other", "other", "other", "once"]);
    assert_eq!(server.count("SELECT count(*) FROM taken WHERE places = 4").await, 1, "all in one change");
}

#[tokio::test]
async fn a_refusal_for_want_of_a_token_leaves_the_key_unused() {
    let (server, anna, _bob, chat) = two().await;
    server.clock.advance(Duration::from_secs(15 * 60));
    let key = fresh_key();
    post(&anna, "/messages", &key, text(chat, "late")).await.refused(401, "unauthorized");
    // As the document's client does: refresh, and repeat with the same headers.
    let anna = anna.renewed().await;
    post(&anna, "/messages", &key, text(chat, "late")).await.expect(201);
    server.clock.advance(Duration::from_secs(15 * 60));
    post(&anna, "/messages", &key, text(chat, "late")).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_request_that_failed_leaves_its_key_unused() {
    let (_server, anna, bob, chat) = two().await;
    let key = fresh_key();
    post(&anna, "/messages", &key, text(chat, "")).await.refused(400, "invalid");
    post(&anna, "/messages", &key, text(1, "x")).await.refused(404, "not_found");
    let foreign = bob.group("Bob's", &[]).await;
    post(&anna, "/messages", &key, text(foreign, "x")).await.refused(403, "forbidden");
    post(&anna, "/messages", &key, text(chat, "at last")).await.expect(201);
    let login = |password: &str| json!({"username": "anna", "password": password});
    let nobody = Person { token: String::new(), ..anna.clone() };
    post(&nobody, "/auth/login", &key, login("wrong password")).await.refused(401, "wrong_password");
    post(&nobody, "/auth/login", &key, login(PASSWORD)).await.expect(200);
}

#[tokio::test]
async fn a_key_belongs_to_its_user_and_its_route() {
    let (_server, anna, bob, chat) = two().await;
    let key = fresh_key();
    post(&anna, "/messages", &key, text(chat, "anna")).await.expect(201);
    post(&bob, "/messages", &key, text(chat, "bob")).await.expect(201);
    let body = json!({"user_id": bob.id});
    post(&anna, "/chats/direct", &key, body).await.expect(200);
    let other = anna.group("Ours", &[]).await;
    for chat in [chat, other] {
        let path = format!("/chats/{chat}/read");
        post(&anna, &path, &key, json!({})).await.expect(200);
    }
    // The same account on another device is the same user; the same route with a slash the same route.
    for path in ["/messages", "/messages/", "//messages"] {
        post(&anna, path, &key, text(chat, "anna")).await.refused(409, "duplicate_request");
    }
}

#[tokio::test]
async fn a_key_is_kept_for_a_day_and_over_a_restart() {
    let (server, anna, _bob, chat) = two().await;
    let key = fresh_key();
    post(&anna, "/messages", &key, text(chat, "daily")).await.expect(201);
    server.clock.advance(24 * HOUR - Duration::from_secs(60));
    server.running.messenger.clean_up().await.unwrap();
    let server = server.restart().await;
    let anna = Person { url: server.url.clone(), ..anna };
    let anna = anna.renewed().await;
    post(&anna, "/messages", &key, text(chat, "daily")).await.refused(409, "duplicate_request");
    server.clock.advance(Duration::from_secs(61));
    server.running.messenger.clean_up().await.unwrap();
    post(&anna, "/messages", &key, text(chat, "daily")).await.expect(201);
    assert_eq!(anna.texts(chat).await, ["daily", "daily"]);
}

#[tokio::test]
async fn of_requests_at_once_with_one_key_one_is_carried_out() {
    let (server, anna, bob, chat) = two().await;
    let nobody = server.nobody();
    let account = json!({"username": "carl", "password": PASSWORD, "display_name": "Carl"});
    let group = json!({"title": "Once", "is_group": true, "member_ids": [bob.id]});
    for (who, path, body) in [
        (&anna, "/messages", text(chat, "once")),
        (&anna, "/chats", group),
        (&nobody, "/auth/register", account),
    ] {
        let key = fresh_key();
        let replies = join_all((0..6).map(|_| post(who, path, &key, body.clone()))).await;
        let (done, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 201);
        assert_eq!((done.len(), refused.len()), (1, 5), "{path}: {refused:?}");
        for reply in refused {
            reply.refused(409, "duplicate_request");
        }
    }
    assert_eq!(bob.texts(chat).await, ["once"]);
    assert_eq!(bob.get("/chats").await.expect(200).as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_secrets_of_a_sign_in_are_told_once() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    let account = json!({"username": "anna", "password": PASSWORD, "display_name": "Anna"});
    let login = json!({"username": "anna", "password": PASSWORD});
    for (path, body, status) in [("/auth/register", account, 201), ("/auth/login", login, 200)] {
        let key = fresh_key();
        let first = post(&nobody, path, &key, body.clone()).await.expect(status);
        let again = post(&nobody, path, &key, body).await.refused(409, "duplicate_request");
        assert_eq!(again["original"], json!({"status": status, "body": null}));
        let tokens = if status == 201 { &first["tokens"] } else { &first };
        let anna = Person { token: tokens["access_token"].as_str().unwrap().to_owned(), ..nobody.clone() };
        let ticket = fresh_key();
        post(&anna, "/ws/ticket", &ticket, json!({})).await.expect(200);
        let again = post(&anna, "/ws/ticket", &ticket, json!({})).await.refused(409, "duplicate_request");
        assert_eq!(again["original"], json!({"status": 200, "body": null}));
    }
}
