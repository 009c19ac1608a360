//! `/chats/{id}/draft`, `/drafts`: what one began to write, on all of one's devices.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Person, Reply, TestServer, is_time, names};

async fn two() -> (TestServer, Person, Person, i64) {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    (server, ann, bob, chat)
}

async fn write(person: &Person, chat: i64, body: Value) -> Reply {
    person.put(&format!("/chats/{chat}/draft"), body).await
}

async fn drafts(person: &Person) -> Value {
    person.get("/drafts").await.expect(200)
}

#[tokio::test]
async fn a_draft_is_ones_own_and_received_on_ones_own_devices() {
    let (server, ann, bob, chat) = two().await;
    let answered = ann.post_text(chat, "?").await;
    let phone = server.again(&bob, "bob").await;
    let (mut own, mut others) = (phone.socket().await, ann.socket().await);
    let body = json!({"content": "Да 😀", "reply_to": answered["id"]});
    let saved = write(&bob, chat, body.clone()).await.expect(200);
    assert_eq!(
        (&saved["chat_id"], &saved["thread_id"], &saved["content"], &saved["reply_to"]),
        (&json!(chat), &Value::Null, &json!("Да 😀"), &answered["id"])
    );
    assert!(is_time(&saved["written_at"]), "{saved}");
    assert_eq!(own.until("draft.saved").await, saved);
    assert_eq!(drafts(&phone).await, json!([saved]));
    assert_eq!((drafts(&ann).await, names(&ann.receives(&mut others).await)), (json!([]), vec![]));
    assert_eq!(write(&phone, chat, body).await.expect(200), saved, "nothing changed");
    phone.delete(&format!("/chats/{chat}/draft")).await.expect(204);
    let received = bob.receives(&mut own).await;
    assert_eq!(names(&received), ["draft.removed"]);
    assert_eq!(received[0]["data"], json!({"chat_id": chat, "thread_id": null}));
    phone.delete(&format!("/chats/{chat}/draft")).await.expect(204);
    assert_eq!((drafts(&bob).await, names(&bob.receives(&mut own).await)), (json!([]), vec![]));
}

#[tokio::test]
async fn each_thread_has_a_draft_of_its_own() {
    let (_server, ann, bob, chat) = two().await;
    let root = ann.post_text(chat, "root").await["id"].clone();
    let body = json!({"chat_id": chat, "content": "below", "thread_id": root});
    let below = ann.post("/messages", body).await.expect(201)["id"].clone();
    write(&bob, chat, json!({"content": "in the chat"})).await.expect(200);
    let saved = write(&bob, chat, json!({"content": "in the thread", "thread_id": below})).await.expect(200);
    assert_eq!(saved["thread_id"], root, "a thread is named by what began it");
    assert_eq!(drafts(&bob).await.as_array().unwrap().len(), 2);
    bob.delete(&format!("/chats/{chat}/draft?thread_id={root}")).await.expect(204);
    let left = drafts(&bob).await;
    assert_eq!((left.as_array().unwrap().len(), &left[0]["content"]), (1, &json!("in the chat")));
}

#[tokio::test]
async fn what_was_written_last_counts_whichever_comes_first() {
    let (server, _ann, bob, chat) = two().await;
    let early = write(&bob, chat, json!({"content": "early"})).await.expect(200)["written_at"].clone();
    server.clock.advance(Duration::from_secs(60));
    write(&bob, chat, json!({"content": "late"})).await.expect(200);
    let stale = json!({"content": "from a phone that was away", "written_at": early});
    write(&bob, chat, stale.clone()).await.refused(409, "conflict");
    bob.delete(&format!("/chats/{chat}/draft")).await.expect(204);
    write(&bob, chat, stale).await.refused(409, "conflict");
    assert_eq!(drafts(&bob).await, json!([]), "what was taken away does not come back");
    let ahead = json!({"content": "a clock that is ahead", "written_at": "2999-01-01T00:00:00Z"});
    write(&bob, chat, ahead).await.expect(200);
    server.clock.advance(Duration::from_secs(1));
    write(&bob, chat, json!({"content": "newer"})).await.expect(200);
    assert_eq!(drafts(&bob).await[0]["content"], "newer");
}

#[tokio::test]
async fn drafts_are_saved_when_the_clock_was_set_back() {
    let (server, _ann, bob, chat) = two().await;
    write(&bob, chat, json!({"content": "before"})).await.expect(200);
    server.clock.turn_back(Duration::from_secs(3_600));
    write(&bob, chat, json!({"content": "after"})).await.expect(200);
    assert_eq!(drafts(&bob).await[0]["content"], "after");
}

#[tokio::test]
async fn sending_takes_the_draft_away_if_asked() {
    let (_server, ann, bob, chat) = two().await;
    let root = ann.post_text(chat, "root").await["id"].clone();
    write(&bob, chat, json!({"content": "one"})).await.expect(200);
    write(&bob, chat, json!({"content": "two", "thread_id": root})).await.expect(200);
    let mut socket = bob.socket().await;
    bob.post_text(chat, "something else").await;
    assert_eq!(drafts(&bob).await.as_array().unwrap().len(), 2);
    let body = json!({"chat_id": chat, "content": "two", "thread_id": root, "clear_draft": true});
    bob.post("/messages", body).await.expect(201);
    assert_eq!(socket.until("draft.removed").await, json!({"chat_id": chat, "thread_id": root}));
    let left = drafts(&bob).await;
    assert_eq!((left.as_array().unwrap().len(), &left[0]["content"]), (1, &json!("one")));
    let body = json!({"chat_id": chat, "content": " ", "clear_draft": true});
    bob.post("/messages", body).await.refused(400, "invalid");
    assert_eq!(drafts(&bob).await.as_array().unwrap().len(), 1, "what was not sent keeps its draft");
}

#[tokio::test]
async fn what_can_t_be_a_draft_is_refused() {
    let (server, ann, bob, chat) = two().await;
    let eve = server.person("eve").await;
    let elsewhere = ann.direct(&bob).await;
    let foreign = ann.post_text(elsewhere, "elsewhere").await["id"].clone();
    write(&eve, chat, json!({"content": "hi"})).await.refused(403, "forbidden");
    write(&bob, 1, json!({"content": "hi"})).await.refused(404, "not_found");
    for wrong in [
        json!({"content": ""}),
        json!({"content": "\u{200b} "}),
        json!({"content": "я".repeat(16_001)}),
        json!({"content": "hi", "reply_to": foreign}),
        json!({"content": "hi", "thread_id": foreign}),
        json!({"content": "hi", "reply_to": -1}),
        json!({"content": "hi", "written_at": "yesterday"}),
        json!({}),
    ] {
        write(&bob, chat, wrong).await.refused(400, "invalid");
    }
    assert_eq!(drafts(&bob).await, json!([]));
    write(&bob, chat, json!({"content": "я".repeat(16_000)})).await.expect(200);
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    assert_eq!(drafts(&bob).await, json!([]));
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    assert_eq!(drafts(&bob).await, json!([]), "what was left does not come back");
}
