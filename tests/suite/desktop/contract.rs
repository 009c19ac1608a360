//! What the desktop messenger's clients call.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, refused};
use crate::others::{MailServer, code_in};
use crate::server::{PASSWORD, Reply, TestServer, fields, is_time};

const USER: [&str; 8] =
    ["id", "username", "email", "display_name", "avatar_url", "created_at", "is_online", "last_seen"];
const CHAT: [&str; 8] =
    ["id", "type", "title", "is_group", "created_at", "last_message", "unread_count", "participants"];
const MESSAGE: [&str; 7] =
    ["id", "chat_id", "sender_id", "content", "is_read", "attachment_url", "created_at"];

#[tokio::test]
async fn one_registers_signs_in_and_renews() {
    let server = TestServer::start().await;
    let nobody = Client::nobody(&server);
    let body = json!({"username": "ivan", "email": "ivan@example.com", "password": PASSWORD});
    let made = nobody.post("/api/auth/register", body.clone()).await.expect(201);
    assert_eq!(fields(&made), ["access_token", "refresh_token", "token_type", "user"]);
    assert_eq!(made["token_type"], "bearer");
    assert_eq!(fields(&made["user"]), USER);
    assert_eq!((&made["user"]["username"], &made["user"]["display_name"]), (&json!("ivan"), &json!("ivan")));
    assert!(is_time(&made["user"]["created_at"]));
    refused(nobody.post("/api/auth/register", body).await, 400);
    for wrong in [
        json!({"username": "i", "password": PASSWORD}),
        json!({"username": "petr", "password": "short"}),
        json!({"username": "petr", "email": "nothing", "password": PASSWORD}),
        json!({"username": "petr", "email": "IVAN@example.com", "password": PASSWORD}),
        json!({"username": "petr"}),
        json!({"password": PASSWORD}),
    ] {
        refused(nobody.post("/api/auth/register", wrong).await, 400);
    }
    for who in [
        json!({"username": "ivan", "password": PASSWORD}),
        json!({"email": "ivan@example.com", "password": PASSWORD}),
        json!({"username": "ivan@example.com", "password": PASSWORD}),
    ] {
        let signed = nobody.post("/auth/login", who).await.expect(200);
        assert_eq!(signed["user"]["id"], made["user"]["id"]);
    }
    refused(
        nobody.post("/api/auth/login", json!({"username": "ivan", "password": "wrong password"})).await,
        401,
    );
    refused(nobody.post("/api/auth/login", json!({"password": PASSWORD})).await, 400);

    let ivan = Client { token: made["access_token"].as_str().unwrap().to_owned(), ..Client::nobody(&server) };
    for path in ["/api/auth/me", "/auth/me", "/api/auth/me/", "//api//auth/me"] {
        assert_eq!(ivan.get(path).await.expect(200)["email"], "ivan@example.com");
    }
    refused(nobody.get("/api/auth/me").await, 401);
    server.clock.advance(Duration::from_secs(3_600));
    refused(ivan.get("/api/auth/me").await, 401);
    let body = json!({"refresh_token": made["refresh_token"]});
    let renewed = nobody.post("/api/auth/refresh", body).await.expect(200);
    let ivan = Client { token: renewed["access_token"].as_str().unwrap().to_owned(), ..nobody };
    assert_eq!(ivan.get("/api/auth/me").await.expect(200)["id"], made["user"]["id"]);
    refused(ivan.post("/api/auth/refresh", json!({"refresh_token": "nothing"})).await, 401);
}

#[tokio::test]
async fn people_are_found_and_shown() {
    let server = TestServer::start().await;
    let (ivan, olga) = (Client::registered(&server, "ivan").await, Client::registered(&server, "olga").await);
    for path in ["/api/users/search?query=olg", "/users/search?q=OLG"] {
        let found = ivan.get(path).await.expect(200);
        assert_eq!(fields(&found[0]), USER);
        assert_eq!((&found[0]["id"], &found[0]["email"]), (&json!(olga.id), &Value::Null));
    }
    refused(ivan.get("/api/users/search").await, 400);
    let olga_as_seen = ivan.get(&format!("/api/users/{}", olga.id)).await.expect(200);
    assert_eq!((&olga_as_seen["is_online"], &olga_as_seen["last_seen"]), (&json!(false), &Value::Null));
    for nobody in ["5", "olga"] {
        refused(ivan.get(&format!("/api/users/{nobody}")).await, 404);
    }
    let change = json!({"display_name": "Ольга", "avatar_url": "https://example.com/olga.png"});
    let changed = olga.send(Method::PATCH, "/api/users/me", Some(change)).await.expect(200);
    assert_eq!(
        (&changed["display_name"], &changed["avatar_url"]),
        (&json!("Ольга"), &json!("https://example.com/olga.png"))
    );
    // Somebody is there while they listen.
    let chat = ivan.group("Project", &[olga.id]).await;
    let socket = olga.socket(chat).await;
    assert_eq!(ivan.get(&format!("/api/users/{}", olga.id)).await.expect(200)["is_online"], true);
    drop(socket);
}

#[tokio::test]
async fn chats_are_made_and_listed_by_their_last_message() {
    let server = TestServer::start().await;
    let (ivan, olga, eve) = (
        Client::registered(&server, "ivan").await,
        Client::registered(&server, "olga").await,
        Client::registered(&server, "eve").await,
    );
    let direct = ivan.post("/api/chats", json!({"type": "direct", "user_id": olga.id})).await.expect(201);
    assert_eq!(fields(&direct), CHAT);
    assert_eq!(
        (&direct["type"], &direct["is_group"], &direct["title"]),
        (&json!("direct"), &json!(false), &json!("olga"))
    );
    assert_eq!((&direct["last_message"], &direct["unread_count"]), (&Value::Null, &json!(0)));
    let again = olga.post("/chats/", json!({"type": "direct", "user_id": ivan.id})).await.expect(201);
    assert_eq!((&again["id"], &again["title"]), (&direct["id"], &json!("ivan")));
    let group = json!({"type": "group", "title": "Project", "user_ids": [olga.id]});
    let group = ivan.post("/api/chats", group).await.expect(201);
    let roles: Vec<_> =
        group["participants"].as_array().unwrap().iter().map(|one| (&one["id"], &one["role"])).collect();
    assert_eq!(roles, [(&json!(ivan.id), &json!("admin")), (&json!(olga.id), &json!("member"))]);
    for field in USER.iter().filter(|field| **field != "email") {
        assert!(fields(&group["participants"][0]).contains(field), "{field}");
    }
    for wrong in [
        json!({"type": "direct"}),
        json!({"type": "direct", "user_id": ivan.id}),
        json!({"type": "group", "user_ids": [olga.id]}),
        json!({"type": "group", "title": "A", "user_ids": [5]}),
        json!({"type": "room", "title": "A"}),
        json!({}),
    ] {
        refused(ivan.post("/api/chats", wrong).await, 400);
    }
    refused(ivan.post("/api/chats", json!({"type": "direct", "user_id": 5})).await, 404);

    ivan.post_text(direct["id"].as_i64().unwrap(), "Hello").await;
    let list = olga.get("/api/chats").await.expect(200);
    assert_eq!((&list[0]["id"], &list[0]["unread_count"]), (&direct["id"], &json!(1)));
    assert_eq!(list[0]["last_message"]["content"], "Hello");
    assert_eq!(list[1]["id"], group["id"]);
    assert_eq!(olga.get(&format!("/api/chats/{}", group["id"])).await.expect(200)["title"], "Project");
    refused(eve.get(&format!("/api/chats/{}", group["id"])).await, 403);
    refused(eve.get("/api/chats/5").await, 404);
    refused(eve.get("/api/chats/x").await, 404);
}

#[tokio::test]
async fn messages_are_sent_paged_and_read() {
    let server = TestServer::start().await;
    let (ivan, olga, eve) = (
        Client::registered(&server, "ivan").await,
        Client::registered(&server, "olga").await,
        Client::registered(&server, "eve").await,
    );
    let chat = ivan.group("Project", &[olga.id]).await;
    let path = format!("/api/chats/{chat}/messages");
    let sent = ivan.post_text(chat, "Всем привет!").await;
    assert_eq!(fields(&sent), MESSAGE);
    assert_eq!((&sent["chat_id"], &sent["sender_id"]), (&json!(chat), &json!(ivan.id)));
    assert_eq!((&sent["is_read"], &sent["attachment_url"]), (&json!(false), &Value::Null));
    assert!(is_time(&sent["created_at"]));
    for number in 1..=5 {
        ivan.post_text(chat, &number.to_string()).await;
    }
    assert_eq!(olga.texts(chat).await, ["Всем привет!", "1", "2", "3", "4", "5"]);
    let page = olga.get(&format!("/chats/{chat}/messages?offset=1&limit=2")).await.expect(200);
    assert_eq!([&page[0]["content"], &page[1]["content"]], ["3", "4"]);
    let before = ivan.get(&path).await.expect(200);
    assert!(before.as_array().unwrap().iter().all(|message| message["is_read"] == false), "{before}");
    let read = olga.post(&format!("/api/chats/{chat}/read"), json!({})).await.expect(200);
    assert_eq!((&read["chat_id"], &read["unread_count"]), (&json!(chat), &json!(0)));
    let after = ivan.get(&path).await.expect(200);
    assert!(after.as_array().unwrap().iter().all(|message| message["is_read"] == true), "{after}");

    // Who comes later has not read what was sent before, whatever they read.
    let house = ivan.group("House", &[]).await;
    let alone = ivan.post_text(house, "alone").await;
    let last = async |person: &Client| {
        person.get(&format!("/api/chats/{house}")).await.expect(200)["last_message"].clone()
    };
    assert_eq!((&last(&ivan).await["id"], &last(&ivan).await["is_read"]), (&alone["id"], &json!(false)));
    let add = server.nobody().http.post(format!("{}/api/v1/chats/{house}/members", server.url));
    let add = add.bearer_auth(&ivan.token).header("Idempotency-Key", crate::server::fresh_key());
    Reply::to(add.json(&json!({"user_id": olga.id}))).await.expect(201);
    olga.post(&format!("/api/chats/{house}/read"), json!({})).await.expect(200);
    let history = ivan.get(&format!("/api/chats/{house}/messages")).await.expect(200);
    assert_eq!((&history[0]["id"], &history[0]["is_read"]), (&alone["id"], &json!(false)));
    // That somebody was added hides no message.
    assert_eq!((&last(&ivan).await["id"], &last(&ivan).await["is_read"]), (&alone["id"], &json!(false)));
    let told = ivan.post_text(house, "hello").await;
    let mut socket = ivan.socket(house).await;
    let delivered = server.nobody().http.post(format!("{}/api/v1/chats/{house}/delivered", server.url));
    let delivered = delivered.bearer_auth(&olga.token).header("Idempotency-Key", crate::server::fresh_key());
    Reply::to(delivered.json(&json!({"message_id": told["id"]}))).await.expect(204);
    assert_eq!(super::until(&mut socket, "delivered").await["user_id"], olga.id);
    olga.post(&format!("/api/chats/{house}/read"), json!({})).await.expect(200);
    assert_eq!(last(&ivan).await["is_read"], true);

    // Sent again, it is the same message.
    let body = json!({"content": "once", "client_id": "7f7b2c34-1f2b-4d4a-9b70-6a5a7a3c2f11"});
    let once = ivan.post(&path, body.clone()).await.expect(201);
    assert_eq!(ivan.post(&path, body).await.expect(201)["id"], once["id"]);
    for wrong in [json!({}), json!({"content": " "}), json!({"attachment": "x"})] {
        refused(ivan.post(&path, wrong).await, 400);
    }
    refused(eve.get(&path).await, 403);
    refused(eve.post(&path, json!({"content": "Let me in"})).await, 403);
    refused(eve.post(&format!("/api/chats/{chat}/read"), json!({})).await, 403);
}

#[tokio::test]
async fn the_last_message_is_the_newest_that_the_history_shows() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let here = Client { id: ann.id, token: ann.token.clone(), ..Client::nobody(&server) };
    let chat = here.group("Project", &[]).await;
    let last = async || here.get("/api/chats").await.expect(200)[0]["last_message"].clone();
    assert_eq!(last().await, Value::Null);
    let first = here.post_text(chat, "one").await;
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    let second = here.post_text(chat, "two").await;
    assert_eq!(last().await["id"], second["id"]);
    ann.delete(&format!("/messages/{}", second["id"])).await.expect(204);
    assert_eq!(last().await["id"], first["id"], "what is in between was said by the server");
}

#[tokio::test]
async fn an_attachment_is_a_file_here_or_elsewhere() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let olga = Client::registered(&server, "olga").await;
    let chat = olga.group("Project", &[ann.id]).await;
    let ann_here = Client { id: ann.id, token: ann.token.clone(), ..Client::nobody(&server) };
    let path = format!("/api/chats/{chat}/messages");
    let body = json!({"content": "The plan", "attachment": "https://example.com/plan.pdf"});
    let linked = ann_here.post(&path, body).await.expect(201);
    assert_eq!(
        (&linked["content"], &linked["attachment_url"]),
        (&json!("The plan"), &json!("https://example.com/plan.pdf"))
    );
    let file = ann.upload("notes.txt", "text/plain", b"some notes".to_vec()).await;
    let sent = ann_here.post(&path, json!({"attachment": file})).await.expect(201);
    assert_eq!(sent["content"], "notes.txt");
    let link = olga.get(&path).await.expect(200)[1]["attachment_url"].as_str().unwrap().to_owned();
    let fetched = server.nobody().http.get(&link).send().await.unwrap();
    assert_eq!(fetched.bytes().await.unwrap(), "some notes");
    // By a link to it, too: the reader's link is a new one.
    let another = ann.upload("plan.txt", "text/plain", b"the plan".to_vec()).await;
    let ours = format!("{}/api/v1/attachments/{another}", server.url);
    ann_here.post(&path, json!({"content": "By link", "attachment": ours})).await.expect(201);
    let shown = olga.get(&path).await.expect(200)[2].clone();
    assert_eq!(shown["content"], "By link");
    let link = shown["attachment_url"].as_str().unwrap();
    let fetched = server.nobody().http.get(link).send().await.unwrap();
    assert_eq!(fetched.bytes().await.unwrap(), "the plan");
    refused(olga.post(&path, json!({"attachment": link})).await, 400);
    // Nobody else's.
    refused(olga.post(&path, json!({"attachment": "00000000-0000-4000-8000-000000000000"})).await, 404);
    // For an hour, as its description says.
    for (minutes, status) in [(59, 200), (2, 403)] {
        server.clock.advance(Duration::from_secs(minutes * 60));
        assert_eq!(server.nobody().http.get(link).send().await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn whoever_forgot_their_password_gets_back_in_by_mail() {
    let mail = MailServer::start().await;
    let flags = ["--rate-limits", "off", "--smtp-url", &mail.url, "--mail-from", "chat@example.org"];
    let server = TestServer::with(&flags).await;
    let nobody = Client::nobody(&server);
    let body = json!({"username": "ivan", "email": "ivan@example.com", "password": PASSWORD});
    let ivan = nobody.post("/api/auth/register", body).await.expect(201);
    let forgot = nobody.http.post(format!("{}/api/auth/password/forgot", nobody.url));
    let forgot = forgot.header("Accept-Language", "en").json(&json!({"email": "ivan@example.com"}));
    let sent = Reply::to(forgot).await;
    assert_eq!(sent.expect(200), json!({"expires_in": 600}));
    let letter = mail.letters().pop().unwrap();
    let code = code_in(letter.split_once("\r\n\r\n").unwrap().1);
    let reset =
        |code: &str| json!({"email": "ivan@example.com", "code": code, "new_password": "a new password"});
    refused(nobody.post("/api/auth/password/reset", reset("12345")).await, 400);
    nobody.post("/api/auth/password/reset", reset(&code)).await.expect(204);
    refused(nobody.post("/api/auth/login", json!({"username": "ivan", "password": PASSWORD})).await, 401);
    nobody
        .post("/api/auth/login", json!({"username": "ivan", "password": "a new password"}))
        .await
        .expect(200);
    refused(nobody.post("/api/auth/refresh", json!({"refresh_token": ivan["refresh_token"]})).await, 401);

    let silent = TestServer::start().await;
    let nobody = Client::nobody(&silent);
    refused(nobody.post("/api/auth/password/forgot", json!({"email": "ivan@example.com"})).await, 503);
}
