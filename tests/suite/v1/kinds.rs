//! Kinds of messages, and finding them by what is in them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Person, TestServer};

async fn two() -> (TestServer, Person, Person, i64) {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.direct(&bob).await;
    (server, anna, bob, chat)
}

fn ids(messages: &Value) -> Vec<i64> {
    messages.as_array().unwrap().iter().map(|message| message["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_place_is_somewhere_on_the_earth() {
    let (_server, anna, bob, chat) = two().await;
    let place = |payload: Value| json!({"chat_id": chat, "type": "location", "payload": payload});
    let here = json!({"latitude": 42.87, "longitude": 74.59, "accuracy_m": 12.5, "name": "Беседка"});
    let sent = anna.post("/messages", place(here.clone())).await.expect(201);
    assert_eq!(sent["payload"], here);
    assert_eq!(sent["plain"], "📍 42.87000, 74.59000 Беседка");
    for wrong in [
        json!(null),
        json!({"latitude": 42.87}),
        json!({"latitude": 90.1, "longitude": 0}),
        json!({"latitude": 0, "longitude": -180.5}),
        json!({"latitude": "0", "longitude": 0}),
        json!({"latitude": 0, "longitude": 0, "accuracy_m": -1}),
        json!({"latitude": 0, "longitude": 0, "name": "я".repeat(201)}),
    ] {
        anna.post("/messages", place(wrong)).await.refused(400, "invalid");
    }
    assert_eq!(bob.get(&format!("/messages?chat_id={chat}")).await.expect(200), json!([sent]));
}

#[tokio::test]
async fn a_poll_has_a_question_and_answers_that_differ() {
    let (_server, anna, _, chat) = two().await;
    let poll = |question: &str, options: Value| json!({"chat_id": chat, "type": "poll", "content": question, "payload": {"options": options}});
    let sent = anna.post("/messages", poll("Обед?", json!(["суп", "каша"]))).await.expect(201);
    assert_eq!(sent["plain"], "📊 Обед? (суп / каша)");
    let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
    for wrong in [
        poll(" ", json!(["а", "б"])),
        poll("?", json!(["а"])),
        poll("?", json!(many)),
        poll("?", json!(["а", " а "])),
        poll("?", json!(["а", "\u{200b}"])),
        poll("?", json!(["а", 5])),
        poll("?", json!(["а", "б".repeat(201)])),
        poll("?", json!("а")),
    ] {
        anna.post("/messages", wrong).await.refused(400, "invalid");
    }
    let path = format!("/messages/{}", sent["id"]);
    anna.patch(&path, json!({"content": "Ужин?"})).await.refused(403, "forbidden");
}

#[tokio::test]
async fn nobody_but_the_assistant_speaks_for_it() {
    let (_server, anna, _, chat) = two().await;
    anna.post("/messages", json!({"chat_id": chat, "type": "ai", "content": "я"}))
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn what_can_t_be_seen_is_no_text() {
    let (_server, anna, bob, chat) = two().await;
    for blank in ["\u{200b}", "\u{2060}\u{feff}", " \u{3164} ", "\u{202e}\u{202c}", "\u{e0020}", "\u{2800}"] {
        let body = json!({"chat_id": chat, "content": blank});
        anna.post("/messages", body).await.refused(400, "invalid");
    }
    let long = "я".repeat(100_000);
    anna.post("/messages", json!({"chat_id": chat, "content": long})).await.refused(413, "too_large");
    anna.post_text(chat, "👩‍👩‍👧‍👦 \u{202e}справа").await;
    assert_eq!(bob.texts(chat).await, ["👩‍👩‍👧‍👦 \u{202e}справа"]);
}

#[tokio::test]
async fn a_message_holds_several_files_in_order() {
    let (_server, anna, bob, chat) = two().await;
    let mut files = Vec::new();
    for name in ["б.txt", "а.txt", "в.txt"] {
        files.push(anna.upload(name, "text/plain", name.as_bytes().to_vec()).await);
    }
    let body = |ids: &[String]| json!({"chat_id": chat, "type": "file", "payload": {"attachment_ids": ids}});
    let sent = anna.post("/messages", body(&files)).await.expect(201);
    let shown = bob.get(&format!("/messages/{}", sent["id"])).await.expect(200);
    let found: Vec<&str> =
        shown["attachments"].as_array().unwrap().iter().map(|file| file["id"].as_str().unwrap()).collect();
    assert_eq!(found, files);
    assert_eq!(sent["attachments"], shown["attachments"]);
    for id in &files {
        bob.get(&format!("/attachments/{id}/info")).await.expect(200);
    }
    let foreign = bob.upload("чужой.txt", "text/plain", b"x".to_vec()).await;
    anna.post("/messages", body(&[files[0].clone(), foreign])).await.refused(400, "invalid");
    let many: Vec<String> = (0..11).map(|_| uuid::Uuid::new_v4().to_string()).collect();
    anna.post("/messages", body(&many)).await.refused(400, "invalid");
    anna.post("/messages", body(&["no uuid".to_owned()])).await.refused(400, "invalid");
}

#[tokio::test]
async fn history_begins_at_a_moment() {
    let (server, anna, bob, chat) = two().await;
    let mut sent = Vec::new();
    for text in ["раз", "два", "три"] {
        sent.push(anna.post_text(chat, text).await);
        server.clock.advance(Duration::from_secs(4 * 60));
    }
    let since = |moment: &str| format!("/messages?chat_id={chat}&limit=2&since={moment}");
    let page = bob.get(&since(sent[1]["ts"].as_str().unwrap())).await.expect(200);
    assert_eq!(ids(&page), [sent[2]["id"].as_i64().unwrap(), sent[1]["id"].as_i64().unwrap()]);
    let page = bob.get(&since("2024-01-01T00:00:00")).await.expect(200);
    assert_eq!(ids(&page), [sent[1]["id"].as_i64().unwrap(), sent[0]["id"].as_i64().unwrap()], "the nearest");
    assert_eq!(bob.get(&since("2094-01-01")).await.expect(200), json!([]));
    assert_eq!(ids(&bob.get(&since("2024-01-01T03:00:00%2B03:00")).await.expect(200)).len(), 2);
    bob.get(&since("вчера")).await.refused(400, "invalid");
    bob.get(&format!("{}&before_id=1", since("2024-01-01"))).await.refused(400, "invalid");
}

#[tokio::test]
async fn files_and_links_of_a_chat_are_lists() {
    let (_server, anna, bob, chat) = two().await;
    let mut notes = Vec::new();
    for name in ["1.txt", "2.txt", "3.txt"] {
        let id = anna.upload(name, "text/plain", b"note".to_vec()).await;
        let body = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": id}});
        notes.push(anna.post("/messages", body).await.expect(201)["id"].as_i64().unwrap());
    }
    let link =
        anna.post_text(chat, "https://example.org/a и https://example.org/b").await["id"].as_i64().unwrap();
    let list = |kind: &str, more: &str| format!("/chats/{chat}/media?type={kind}{more}");
    let found = bob.get(&list("file", "&limit=2")).await.expect(200);
    assert_eq!(ids(&found), [notes[2], notes[1]]);
    let found = bob.get(&list("file", &format!("&before_id={}", notes[1]))).await.expect(200);
    assert_eq!(ids(&found), [notes[0]]);
    assert_eq!(
        ids(&bob.get(&list("link", "")).await.expect(200)),
        [link],
        "a message once, however many links"
    );
    assert_eq!(bob.get(&list("image", "")).await.expect(200), json!([]));

    bob.delete(&format!("/messages/{}?for=me", notes[2])).await.expect(204);
    anna.delete(&format!("/messages/{}", notes[1])).await.expect(204);
    assert_eq!(ids(&bob.get(&list("file", "")).await.expect(200)), [notes[0]]);
    assert_eq!(ids(&anna.get(&list("file", "")).await.expect(200)), [notes[2], notes[0]]);
    anna.patch(&format!("/messages/{link}"), json!({"content": "без адреса"})).await.expect(200);
    assert_eq!(bob.get(&list("link", "")).await.expect(200), json!([]));
    bob.get(&list("song", "")).await.refused(400, "invalid");
}
