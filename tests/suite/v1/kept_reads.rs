//! What the server keeps of what it read: nobody is shown anything old, whatever changed meanwhile.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Person, TestServer};

/// More messages than are kept of a chat, so they are read from the database.
const MORE: u64 = 51;

async fn page(person: &Person, chat: i64, limit: u64) -> Value {
    person.get(&format!("/messages?chat_id={chat}&limit={limit}")).await.expect(200)
}

/// Everybody is shown the newest messages as they are in the database.
async fn assert_current(people: &[&Person], chat: i64, after: &str) {
    for person in people {
        let read = page(person, chat, MORE).await;
        let newest: Vec<_> = read.as_array().unwrap().iter().take(50).cloned().collect();
        assert_eq!(page(person, chat, 50).await, Value::from(newest), "{after}");
        assert_eq!(page(person, chat, 1).await[0], read[0], "{after}");
    }
}

#[tokio::test]
async fn the_newest_messages_are_shown_as_every_change_leaves_them() {
    let server = TestServer::start().await;
    let (mut ann, mut bob, mut eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    let chat = ann.group("Garden", &[&bob, &eve]).await;
    for number in 0..MORE {
        ann.post_text(chat, &format!("message {number}")).await;
    }
    assert_current(&[&ann, &bob, &eve], chat, "posts").await;

    let first = ann.post_text(chat, "the first").await["id"].clone();
    let of_first = format!("/messages/{first}");
    let poll =
        json!({"chat_id": chat, "type": "poll", "content": "Tea?", "payload": {"options": ["Yes", "No"]}});
    let poll = ann.post("/messages", poll).await.expect(201)["id"].clone();
    let file = ann.upload("notes.txt", "text/plain", b"notes".to_vec()).await;
    let body = |more: Value| {
        let mut body = json!({"chat_id": chat, "type": "text", "content": "more"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let of_poll = format!("/messages/{poll}");
    let changes = [
        (&ann, Method::POST, "/messages".to_owned(), body(json!({"attachments": [file]}))),
        (&bob, Method::POST, "/messages".to_owned(), body(json!({"reply_to_id": first}))),
        (&bob, Method::POST, "/messages".to_owned(), body(json!({"thread_id": first}))),
        (&ann, Method::PATCH, of_first.clone(), json!({"content": "edited"})),
        (&bob, Method::PUT, format!("{of_first}/reactions/👍"), json!({})),
        (&bob, Method::DELETE, format!("{of_first}/reactions/👍"), json!({})),
        (&ann, Method::PUT, format!("{of_first}/pin"), json!({})),
        (&ann, Method::DELETE, format!("{of_first}/pin"), json!({})),
        (&eve, Method::PUT, format!("{of_poll}/vote"), json!({"options": [1]})),
        (&ann, Method::POST, format!("{of_poll}/close"), json!({})),
        (&eve, Method::DELETE, format!("{of_first}?for=me"), json!({})),
        (&ann, Method::PATCH, format!("/chats/{chat}"), json!({"title": "Yard", "message_life": 86_400})),
        (&ann, Method::POST, "/messages".to_owned(), body(json!({}))),
        (&ann, Method::DELETE, of_first.clone(), json!({})),
        (&bob, Method::PUT, "/users/me".to_owned(), json!({"display_name": "Robert"})),
    ];
    for (person, method, path, body) in changes {
        let change = format!("{method} {path}");
        let body = (method != Method::DELETE).then_some(body);
        let done = person.send(method, &path, Some(&crate::server::fresh_key()), body).await;
        assert!((200..300).contains(&done.status), "{change}: {done:?}");
        assert_current(&[&ann, &bob, &eve], chat, &change).await;
    }
    // Eve has hidden one, and sees the others.
    let (of_ann, of_eve) = (page(&ann, chat, 50).await, page(&eve, chat, 50).await);
    let hers = of_eve.as_array().unwrap();
    assert!(of_ann.as_array().unwrap().iter().any(|message| message["id"] == first));
    assert!(!hers.iter().any(|message| message["id"] == first));
    assert_eq!(hers.len(), 50);

    server.clock.advance(Duration::from_secs(86_400));
    server.running.messenger.run_due_jobs().await;
    for person in [&mut ann, &mut bob, &mut eve] {
        *person = person.renewed().await;
    }
    assert_current(&[&ann, &bob, &eve], chat, "expiry").await;
}

#[tokio::test]
async fn whoever_loses_a_right_has_lost_it_at_once() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    for _ in 0..3 {
        let message = ann.post_text(chat, "hello").await["id"].clone();
        page(&bob, chat, 50).await;
        let role = |role: &str| json!({"role": role});
        let member = format!("/chats/{chat}/members/{}", bob.id);
        ann.patch(&member, role("admin")).await.expect(200);
        bob.put(&format!("/messages/{message}/pin"), json!({})).await.expect(200);
        page(&bob, chat, 50).await;
        ann.patch(&member, role("member")).await.expect(200);
        bob.patch(&format!("/chats/{chat}"), json!({"title": "Mine"})).await.refused(403, "forbidden");
        page(&bob, chat, 50).await;
        ann.delete(&member).await.expect(204);
        bob.get(&format!("/messages?chat_id={chat}")).await.refused(403, "forbidden");
        ann.post(&format!("/chats/{chat}/members"), json!({"user_ids": [bob.id]})).await.expect(201);
        page(&bob, chat, 50).await;
    }
    ann.delete(&format!("/chats/{chat}")).await.expect(204);
    for person in [&ann, &bob] {
        person.get(&format!("/messages?chat_id={chat}")).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_profile_is_shown_as_it_was_last_changed() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for change in [
        json!({"display_name": "Anna"}),
        json!({"username": "anna.b"}),
        json!({"about": "In the garden", "time_zone": "Europe/Moscow"}),
        json!({"language": "ru"}),
        json!({"about": null}),
    ] {
        let before = ann.get("/users/me").await.expect(200);
        let changed = ann.put("/users/me", change.clone()).await.expect(200);
        let shown = ann.get("/users/me").await.expect(200);
        assert_ne!(shown, before, "{change}");
        for (field, value) in change.as_object().unwrap() {
            assert_eq!((&shown[field], &changed[field]), (value, value));
        }
    }
}

#[tokio::test]
async fn a_change_by_a_command_is_shown_soon() {
    let server = TestServer::start().await;
    // Whoever comes first is not appointed.
    let (_first, ann, bob) =
        (server.person("first").await, server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    let message = bob.post_text(chat, "from bob").await;
    assert_eq!(page(&ann, chat, 50).await[0], message);
    assert_eq!(ann.get("/users/me").await.expect(200)["is_admin"], json!(false));
    let beside = server.beside().await;
    beside.appoint("ann", true).await.unwrap();
    beside.delete_user("bob", besedka::messenger::MessagesOnDeletion::Erased).await.unwrap();
    server.clock.advance(Duration::from_secs(10));
    server.running.messenger.run_due_jobs().await;
    assert_eq!(ann.get("/users/me").await.expect(200)["is_admin"], json!(true));
    assert_current(&[&ann], chat, "deletion").await;
    assert!(!page(&ann, chat, 50).await.as_array().unwrap().contains(&message));
}

/// Posts are written with the rights that were last read, if they are still the same.
#[tokio::test]
async fn what_another_program_changed_counts_for_the_next_post() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    let member = format!("chat_id = {chat} AND user_id = {}", bob.id);
    let text = json!({"chat_id": chat, "type": "text", "content": "hello"});

    bob.post_text(chat, "remembered").await;
    let role = server.count(&format!("SELECT role FROM member WHERE {member}")).await;
    server.change(&format!("UPDATE member SET role = 99 WHERE {member}")).await;
    assert_ne!(bob.post("/messages", text.clone()).await.status, 201);
    server.change(&format!("UPDATE member SET role = {role} WHERE {member}")).await;
    bob.post_text(chat, "restored").await;

    // As though the other program had announced three events.
    server.change(&format!("UPDATE stream SET seq = seq + 3 WHERE id = {chat}")).await;
    let last = server.count(&format!("SELECT seq FROM stream WHERE id = {chat}")).await;
    bob.post_text(chat, "after them").await;
    let message = server.count(&format!("SELECT MAX(seq) FROM message WHERE chat_id = {chat}")).await;
    let stream = server.count(&format!("SELECT seq FROM stream WHERE id = {chat}")).await;
    assert_eq!((message, stream), (last + 1, last + 1));

    server.change(&format!("UPDATE chat SET message_life = 5000 WHERE id = {chat}")).await;
    bob.post_text(chat, "shortly").await;
    let lived = "SELECT expires_at - sent_at FROM message WHERE expires_at IS NOT NULL";
    assert_eq!(server.count(lived).await, 5_000);

    server.change(&format!("DELETE FROM member WHERE {member}")).await;
    bob.post("/messages", text.clone()).await.refused(403, "forbidden");
    ann.post_text(chat, "alone").await;
    assert_eq!(ann.texts(chat).await, ["alone", "shortly", "after them", "restored", "remembered"]);
}

#[tokio::test]
async fn whoever_may_no_longer_post_is_refused_at_once() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let text = |chat: i64| json!({"chat_id": chat, "type": "text", "content": "hello"});
    let private = ann.direct(&bob).await;
    let group = ann.group("Garden", &[&bob]).await;
    let blocked = format!("/users/me/blocked/{}", bob.id);
    let member = format!("/chats/{group}/members/{}", bob.id);
    for _ in 0..2 {
        bob.post_text(private, "remembered").await;
        ann.put(&blocked, json!({})).await.expect(204);
        for person in [&bob, &ann] {
            person.post("/messages", text(private)).await.refused(403, "forbidden");
        }
        ann.delete(&blocked).await.expect(204);

        bob.post_text(group, "remembered").await;
        ann.patch(&format!("/chats/{group}"), json!({"read_only": true})).await.expect(200);
        bob.post("/messages", text(group)).await.refused(403, "forbidden");
        ann.patch(&format!("/chats/{group}"), json!({"read_only": false})).await.expect(200);
        bob.post_text(group, "remembered").await;
        ann.delete(&member).await.expect(204);
        bob.post("/messages", text(group)).await.refused(403, "forbidden");
        ann.post(&format!("/chats/{group}/members"), json!({"user_ids": [bob.id]})).await.expect(201);
    }
    bob.post_text(group, "remembered").await;
    ann.delete(&format!("/chats/{group}")).await.expect(204);
    for person in [&ann, &bob] {
        person.post("/messages", text(group)).await.refused(404, "not_found");
    }
}
