//! `/messages/{id}/pin`, `/chats/{id}/pins`: what a chat keeps in sight.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::server::{Person, TestServer, is_time, names};

async fn pinned(person: &Person, chat: i64) -> Vec<i64> {
    let pins = person.get(&format!("/chats/{chat}/pins")).await.expect(200);
    pins.as_array().unwrap().iter().map(|message| message["id"].as_i64().unwrap()).collect()
}

async fn sent(person: &Person, chat: i64, text: &str) -> i64 {
    person.post_text(chat, text).await["id"].as_i64().unwrap()
}

async fn pin(person: &Person, id: i64) -> Value {
    person.put(&format!("/messages/{id}/pin"), json!({})).await.expect(200)
}

#[tokio::test]
async fn what_is_pinned_is_listed_last_pinned_first_and_told_to_all() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.direct(&bob).await;
    let (one, two) = (sent(&ann, chat, "one").await, sent(&ann, chat, "two").await);
    let mut socket = bob.socket().await;
    let shown = pin(&bob, two).await;
    assert!(is_time(&shown["pinned_at"]), "{shown}");
    assert_eq!(socket.until("message.updated").await, shown);
    server.clock.advance(std::time::Duration::from_secs(1));
    pin(&ann, one).await;
    assert_eq!(pinned(&bob, chat).await, [one, two]);

    ann.delete(&format!("/messages/{two}/pin")).await.expect(204);
    socket.until("message.updated").await;
    let told = socket.until("message.updated").await;
    assert_eq!((&told["id"], told.get("pinned_at")), (&json!(two), None));
    assert_eq!(pinned(&ann, chat).await, [one]);
    ann.delete(&format!("/messages/{two}/pin")).await.refused(404, "not_found");
}

#[tokio::test]
async fn pinning_again_changes_and_tells_nothing() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.direct(&bob).await;
    let id = sent(&ann, chat, "one").await;
    let first = pin(&ann, id).await;
    server.clock.advance(std::time::Duration::from_secs(5));
    let mut socket = bob.socket().await;
    assert_eq!(pin(&bob, id).await, first);
    assert_eq!(names(&bob.receives(&mut socket).await), [""; 0]);
}

#[tokio::test]
async fn in_a_group_owner_and_admins_pin_and_strangers_see_nothing() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    let chat = ann.group("Garden", &[&bob]).await;
    let id = sent(&bob, chat, "one").await;
    bob.put(&format!("/messages/{id}/pin"), json!({})).await.refused(403, "forbidden");
    eve.put(&format!("/messages/{id}/pin"), json!({})).await.refused(403, "forbidden");
    pin(&ann, id).await;
    bob.delete(&format!("/messages/{id}/pin")).await.refused(403, "forbidden");
    assert_eq!(pinned(&bob, chat).await, [id]);
    eve.get(&format!("/chats/{chat}/pins")).await.refused(403, "forbidden");
    ann.get("/chats/1/pins").await.refused(404, "not_found");
    ann.put("/messages/1/pin", json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_is_deleted_or_hidden_is_pinned_no_more() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.direct(&bob).await;
    let (one, two) = (sent(&ann, chat, "one").await, sent(&ann, chat, "two").await);
    pin(&ann, one).await;
    pin(&ann, two).await;
    ann.delete(&format!("/messages/{one}")).await.expect(204);
    ann.put(&format!("/messages/{one}/pin"), json!({})).await.refused(404, "not_found");
    bob.delete(&format!("/messages/{two}?for=me")).await.expect(204);
    assert_eq!(pinned(&ann, chat).await, [two]);
    assert_eq!(pinned(&bob, chat).await, [0; 0]);
}

#[tokio::test]
async fn at_most_a_hundred_are_pinned_also_when_many_pin_at_once() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.direct(&bob).await;
    let mut ids = Vec::new();
    for number in 0..102 {
        ids.push(sent(&ann, chat, &number.to_string()).await);
    }
    let pins = join_all(ids.iter().map(|id| {
        let ann = &ann;
        async move { ann.put(&format!("/messages/{id}/pin"), json!({})).await.status }
    }));
    let mut statuses = pins.await;
    statuses.sort_unstable();
    assert_eq!(statuses[99..], [200, 409, 409]);
    assert_eq!(pinned(&bob, chat).await.len(), 100);
}
