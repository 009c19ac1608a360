//! `/messages/{id}/bookmark`, `/bookmarks`: what one wants to find again.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::server::{Person, TestServer, is_time, names};

async fn two() -> (TestServer, Person, Person, i64) {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    (server, ann, bob, chat)
}

async fn mark(person: &Person, message: &Value, note: Value) -> crate::server::Reply {
    person.put(&format!("/messages/{}/bookmark", message["id"]), json!({"note": note})).await
}

/// What is in somebody's list, by the text of the messages.
async fn list(person: &Person) -> Vec<String> {
    let list = person.get("/bookmarks").await.expect(200);
    let text = |bookmark: &Value| bookmark["message"]["content"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(text).collect()
}

#[tokio::test]
async fn a_bookmark_is_ones_own_and_received_on_ones_own_devices() {
    let (server, ann, bob, chat) = two().await;
    let message = ann.post_text(chat, "find me").await;
    let phone = server.again(&bob, "bob").await;
    let (mut own, mut others) = (phone.socket().await, ann.socket().await);
    let cursor = bob.cursor().await;
    let saved = mark(&bob, &message, json!(" later ")).await.expect(200);
    assert_eq!((&saved["message"], &saved["note"]), (&message, &json!("later")));
    assert!(is_time(&saved["ts"]), "{saved}");
    assert_eq!(own.until("bookmark.saved").await, saved);
    assert_eq!(bob.get("/bookmarks").await.expect(200), json!([saved]));
    assert_eq!(list(&ann).await, [""; 0]);
    assert_eq!(names(&ann.receives(&mut others).await), [""; 0]);
    let page = bob.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    assert_eq!((&page["events"][0]["event"], &page["events"][0]["data"]), (&json!("bookmark.saved"), &saved));
    bob.delete(&format!("/messages/{}/bookmark", message["id"])).await.expect(204);
    let gone = json!({"message_id": message["id"], "chat_id": chat});
    assert_eq!(own.until("bookmark.removed").await, gone);
    assert_eq!(list(&bob).await, [""; 0]);
    bob.delete(&format!("/messages/{}/bookmark", message["id"])).await.refused(404, "not_found");
}

#[tokio::test]
async fn another_note_keeps_the_place_and_the_same_note_tells_nothing() {
    let (_server, ann, bob, chat) = two().await;
    let (one, two) = (ann.post_text(chat, "one").await, ann.post_text(chat, "two").await);
    let first = mark(&bob, &one, json!(null)).await.expect(200);
    mark(&bob, &two, json!("\u{200b}")).await.expect(200);
    let mut socket = bob.socket().await;
    let again = mark(&bob, &one, json!("😀 заметка")).await.expect(200);
    assert_eq!((&again["id"], &again["ts"]), (&first["id"], &first["ts"]));
    mark(&bob, &one, json!("😀 заметка")).await.expect(200);
    assert_eq!(names(&bob.receives(&mut socket).await), ["bookmark.saved"]);
    assert_eq!(list(&bob).await, ["two", "one"]);
    assert_eq!(bob.get("/bookmarks").await.expect(200)[0]["note"], Value::Null, "a blank note is none");
    for wrong in [json!("я".repeat(1_001)), json!("a\0b")] {
        mark(&bob, &one, wrong).await.refused(400, "invalid");
    }
    mark(&bob, &one, json!("я".repeat(1_000))).await.expect(200);
}

#[tokio::test]
async fn the_list_is_read_page_by_page() {
    let (_server, ann, bob, chat) = two().await;
    for number in 0..7 {
        let message = ann.post_text(chat, &number.to_string()).await;
        mark(&bob, &message, json!(null)).await.expect(200);
    }
    let (mut all, mut before) = (Vec::new(), String::new());
    loop {
        let page = bob.get(&format!("/bookmarks?limit=3{before}")).await.expect(200);
        let page = page.as_array().unwrap();
        all.extend(page.iter().map(|bookmark| bookmark["message"]["content"].clone()));
        match page.last() {
            Some(last) => before = format!("&before_id={}", last["id"]),
            None => break,
        }
    }
    assert_eq!(json!(all), json!(["6", "5", "4", "3", "2", "1", "0"]));
}

#[tokio::test]
async fn what_is_gone_or_can_t_be_read_any_more_is_not_in_the_list() {
    let (server, ann, bob, chat) = two().await;
    let eve = server.person("eve").await;
    let private = ann.direct(&bob).await;
    let mut sent = Vec::new();
    for text in ["deleted", "hidden", "stays"] {
        sent.push(ann.post_text(chat, text).await);
    }
    sent.push(ann.post_text(private, "elsewhere").await);
    mark(&eve, &sent[0], json!(null)).await.refused(403, "forbidden");
    for message in &sent {
        mark(&bob, message, json!(null)).await.expect(200);
    }
    ann.delete(&format!("/messages/{}", sent[0]["id"])).await.expect(204);
    bob.delete(&format!("/messages/{}?for=me", sent[1]["id"])).await.expect(204);
    assert_eq!(list(&bob).await, ["elsewhere", "stays"]);
    mark(&bob, &sent[0], json!(null)).await.refused(404, "not_found");
    mark(&bob, &sent[1], json!(null)).await.refused(404, "not_found");
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    assert_eq!(list(&bob).await, ["elsewhere"]);
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    assert_eq!(list(&bob).await, ["elsewhere"], "what was left does not come back");
    bob.delete(&format!("/chats/{private}")).await.expect(204);
    assert_eq!(list(&bob).await, [""; 0]);
}

#[tokio::test]
async fn bookmarking_many_times_at_once_makes_one() {
    let (_server, ann, bob, chat) = two().await;
    let message = ann.post_text(chat, "hi").await;
    let marks = join_all((0..10).map(|number| mark(&bob, &message, json!(number.to_string())))).await;
    let ids: std::collections::BTreeSet<i64> =
        marks.into_iter().map(|reply| reply.expect(200)["id"].as_i64().unwrap()).collect();
    assert_eq!((ids.len(), list(&bob).await.len()), (1, 1));
}
