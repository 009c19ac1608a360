//! What has arrived and was read: marks, told live, and who has seen a message.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Person, TestServer, names};

async fn three() -> (TestServer, Person, Person, Person, i64) {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let eve = server.person("eve").await;
    let chat = ann.group("Garden", &[&bob, &eve]).await;
    (server, ann, bob, eve, chat)
}

async fn sent(person: &Person, chat: i64, text: &str) -> i64 {
    person.post_text(chat, text).await["id"].as_i64().unwrap()
}

/// Who has read a message, and whom it has only reached, by name.
async fn seen(person: &Person, message: i64) -> (Vec<String>, Vec<String>) {
    let receipts = person.get(&format!("/messages/{message}/receipts")).await.expect(200);
    let list = |name: &str| -> Vec<String> {
        let people = receipts[name].as_array().unwrap();
        people.iter().map(|person| person["display_name"].as_str().unwrap().to_owned()).collect()
    };
    let (read, delivered) = (list("read_by"), list("delivered_to"));
    assert_eq!(
        (&receipts["read_count"], &receipts["delivered_count"]),
        (&json!(read.len()), &json!(delivered.len()))
    );
    (read, delivered)
}

async fn arrived(person: &Person, chat: i64, message: i64) {
    person.post(&format!("/chats/{chat}/delivered"), json!({"message_id": message})).await.expect(204);
}

async fn read(person: &Person, chat: i64, message: i64) {
    person.post(&format!("/chats/{chat}/read"), json!({"message_id": message})).await.expect(200);
}

fn people(read: &[&str], delivered: &[&str]) -> (Vec<String>, Vec<String>) {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    (owned(read), owned(delivered))
}

#[tokio::test]
async fn what_has_arrived_and_was_read_is_told_and_listed() {
    let (_server, ann, bob, eve, chat) = three().await;
    let mut socket = ann.socket().await;
    let (one, two) = (sent(&ann, chat, "one").await, sent(&ann, chat, "two").await);
    assert_eq!(seen(&ann, one).await, people(&[], &[]));
    arrived(&bob, chat, two).await;
    let told = socket.until("chat.delivered").await;
    assert_eq!(told, json!({"chat_id": chat, "user_id": bob.id, "message_id": two}));
    read(&eve, chat, one).await;
    assert_eq!(socket.until("chat.read").await["user_id"], eve.id);
    assert_eq!(seen(&ann, one).await, people(&["eve"], &["bob"]));
    assert_eq!(seen(&eve, two).await, people(&[], &["bob"]), "what was read has arrived, no more");
    read(&bob, chat, two).await;
    assert_eq!(seen(&ann, two).await, people(&["bob"], &[]));
    // Marks never go back, and what is known already is told to nobody.
    arrived(&bob, chat, one).await;
    read(&bob, chat, one).await;
    assert_eq!(names(&ann.receives(&mut socket).await), ["chat.read"]);
    let members = ann.get(&format!("/chats/{chat}/members")).await.expect(200);
    assert_eq!(members[1]["last_delivered_message_id"], two);
}

#[tokio::test]
async fn reading_needs_no_key_and_no_body() {
    let (_server, anna, boris, _, chat) = three().await;
    let (first, second) = (sent(&anna, chat, "one").await, sent(&anna, chat, "two").await);
    let path = format!("/chats/{chat}/read");
    let read = async |body| boris.send(Method::POST, &path, None, body).await.expect(200);
    read(Some(json!({"message_ids": []}))).await;
    assert_eq!(seen(&boris, first).await.0.len(), 0);
    read(Some(json!({"message_ids": [first]}))).await;
    assert_eq!((seen(&anna, first).await.0.len(), seen(&anna, second).await.0.len()), (1, 0));
    // Those of other chats do not count.
    read(Some(json!({"message_ids": [1, first]}))).await;
    boris.send(Method::POST, &path, None, Some(json!({"message_ids": [1]}))).await.refused(404, "not_found");
    read(None).await;
    assert_eq!(seen(&anna, second).await.0.len(), 1);
    let direct = boris.send(Method::POST, "/chats/direct", None, Some(json!({"user_id": anna.id}))).await;
    let direct = direct.expect(201)["id"].clone();
    let again = boris.send(Method::POST, "/chats/direct", None, Some(json!({"user_id": anna.id}))).await;
    assert_eq!(again.expect(200)["id"], direct);
}

#[tokio::test]
async fn who_came_later_has_not_seen_what_was_sent_before() {
    let (server, ann, bob, _eve, chat) = three().await;
    let early = sent(&ann, chat, "early").await;
    let dan = server.person("dan").await;
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": dan.id})).await.expect(201);
    let late = sent(&ann, chat, "late").await;
    read(&dan, chat, late).await;
    assert_eq!(seen(&ann, early).await, people(&[], &[]));
    assert_eq!(seen(&bob, late).await, people(&["dan"], &[]));
    // Who left is among nobody any more.
    dan.delete(&format!("/chats/{chat}/members/{}", dan.id)).await.expect(204);
    assert_eq!(seen(&bob, late).await, people(&[], &[]));
    dan.get(&format!("/messages/{late}/receipts")).await.refused(403, "forbidden");
    bob.get("/messages/1/receipts").await.refused(404, "not_found");
}

#[tokio::test]
async fn who_hides_their_reading_is_received_by_their_own_devices_only() {
    let (server, ann, bob, eve, chat) = three().await;
    bob.put("/users/me", json!({"hides_reading": true})).await.expect(200);
    let (mut eves, mut phone) = (eve.socket().await, server.again(&bob, "bob").await.socket().await);
    let message = sent(&ann, chat, "secret reader").await;
    read(&bob, chat, message).await;
    phone.until("message.created").await;
    let told = phone.next().await.unwrap();
    assert_eq!(told["event"], "chat.read");
    assert_eq!(told["data"], json!({"chat_id": chat, "user_id": bob.id, "message_id": message}));
    assert_eq!(names(&eve.receives(&mut eves).await), ["message.created"]);
    assert_eq!(seen(&ann, message).await, people(&[], &["bob"]));
    let members = ann.get(&format!("/chats/{chat}/members")).await.expect(200);
    assert_eq!(members[1]["last_read_message_id"], Value::Null);
    assert_eq!(bob.get(&format!("/chats/{chat}")).await.expect(200)["last_read_message_id"], message);
    assert_eq!(bob.get(&format!("/chats/{chat}")).await.expect(200)["unread_count"], 0);
}

#[tokio::test]
async fn the_socket_takes_marks_too() {
    let (_server, ann, bob, _eve, chat) = three().await;
    let (mut anns, mut bobs) = (ann.socket().await, bob.socket().await);
    let message = sent(&ann, chat, "one").await;
    bobs.send(json!({"event": "delivered", "data": {"chat_id": chat, "message_id": message}})).await;
    assert_eq!(anns.until("chat.delivered").await["message_id"], message);
    bobs.send(json!({"event": "read", "data": {"chat_id": chat}})).await;
    assert_eq!(anns.until("chat.read").await["message_id"], message);
    for wrong in [
        json!({"chat_id": chat}),
        json!({"chat_id": chat, "message_id": "x"}),
        json!({"message_id": message}),
    ] {
        bobs.send(json!({"event": "delivered", "data": wrong})).await;
        assert_eq!(bobs.until("error").await["code"], "invalid");
    }
    bobs.send(json!({"event": "delivered", "data": {"chat_id": chat, "message_id": 1}})).await;
    assert_eq!(bobs.until("error").await["code"], "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_crowd_nobody_is_told_what_arrived_but_it_is_kept() {
    const CROWD: usize = 200;
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mut crowd = Vec::new();
    for some in (0..CROWD).collect::<Vec<_>>().chunks(4) {
        let names: Vec<String> = some.iter().map(|number| format!("crowd{number}")).collect();
        crowd.extend(join_all(names.iter().map(|name| server.person(name))).await);
    }
    let (bob, others) = crowd.split_first().unwrap();
    let chat = ann.group("Square", &others.iter().chain([bob]).collect::<Vec<_>>()).await;
    let mut socket = ann.socket().await;
    let one = sent(&ann, chat, "one").await;
    bob.post(&format!("/chats/{chat}/delivered"), json!({"message_id": one})).await.expect(204);
    let told = ann.receives(&mut socket).await;
    assert!(!names(&told).contains(&"chat.delivered"), "of 201 members: {told:?}");
    let kept = ann.get(&format!("/messages/{one}/receipts")).await.expect(200);
    assert_eq!((&kept["delivered_count"], &kept["delivered_to"][0]["id"]), (&json!(1), &json!(bob.id)));
    ann.delete(&format!("/chats/{chat}/members/{}", others[0].id)).await.expect(204);
    let two = sent(&ann, chat, "two").await;
    bob.post(&format!("/chats/{chat}/delivered"), json!({"message_id": two})).await.expect(204);
    assert!(names(&ann.receives(&mut socket).await).contains(&"chat.delivered"), "of 200");
}
