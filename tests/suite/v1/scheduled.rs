//! `/scheduled`: saying something later.

use std::time::Duration;

use besedka::messenger::Clock;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Person, Reply, TestServer, fresh_key, names};

/// Within the life of a token.
const SOON: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3_600);

async fn two() -> (TestServer, Person, Person, i64) {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    (server, ann, bob, chat)
}

fn after(clock: &Clock, span: Duration) -> String {
    (clock.now() + span).iso()
}

async fn later(person: &Person, chat: i64, text: &str, send_at: String) -> Reply {
    person.post("/scheduled", json!({"chat_id": chat, "content": text, "send_at": send_at})).await
}

async fn waiting(person: &Person) -> Vec<Value> {
    person.get("/scheduled").await.expect(200).as_array().unwrap().clone()
}

#[tokio::test]
async fn it_is_sent_once_when_it_is_due_and_not_before() {
    let (server, ann, bob, chat) = two().await;
    let answered = bob.post_text(chat, "?").await["id"].clone();
    let mut phone = server.again(&ann, "ann").await.socket().await;
    let body = json!({
        "chat_id": chat, "content": "@bob later", "reply_to": answered, "silent": true,
        "send_at": after(&server.clock, SOON),
    });
    let saved = ann.post("/scheduled", body).await.expect(201);
    assert_eq!(phone.until("scheduled.saved").await, saved);
    assert_eq!((waiting(&ann).await, waiting(&bob).await), (vec![saved.clone()], vec![]));
    assert_eq!(ann.get(&format!("/scheduled/{}", saved["id"])).await.expect(200), saved);
    let mut received = bob.socket().await;
    server.clock.advance(SOON - Duration::from_secs(2));
    server.running.messenger.run_due_jobs().await;
    assert_eq!(names(&bob.receives(&mut received).await), [""; 0]);
    server.clock.advance(Duration::from_secs(2));
    let sent = received.until("message.created").await;
    assert_eq!(
        (&sent["content"], &sent["author_id"], &sent["reply_to"]["id"], &sent["silent"], &sent["mentions"]),
        (&json!("@bob later"), &json!(ann.id), &answered, &json!(true), &json!([bob.id]))
    );
    let gone = json!({"id": saved["id"], "chat_id": chat, "message_id": sent["id"]});
    assert_eq!(phone.until("scheduled.removed").await, gone);
    for _ in 0..3 {
        server.running.messenger.run_due_jobs().await;
    }
    assert_eq!((ann.texts(chat).await, waiting(&ann).await), (vec!["@bob later".into(), "?".into()], vec![]));
}

#[tokio::test]
async fn what_became_due_while_the_server_was_down_is_sent_once_and_in_order() {
    let (server, ann, _bob, chat) = two().await;
    for number in [2, 0, 1] {
        let send_at = after(&server.clock, HOUR + Duration::from_secs(number));
        later(&ann, chat, &number.to_string(), send_at).await.expect(201);
    }
    later(&ann, chat, "tomorrow", after(&server.clock, 24 * HOUR)).await.expect(201);
    let clock = server.clock.clone();
    let server = server.restart().await;
    clock.advance(2 * HOUR);
    server.running.messenger.run_due_jobs().await;
    let server = server.restart().await;
    server.running.messenger.run_due_jobs().await;
    let ann = server.again(&Person { url: server.url.clone(), ..ann }, "ann").await;
    assert_eq!(ann.texts(chat).await, ["2", "1", "0"]);
    assert_eq!(waiting(&ann).await.len(), 1);
}

#[tokio::test]
async fn it_can_be_changed_cancelled_and_sent_now() {
    let (server, ann, bob, chat) = two().await;
    let when = || after(&server.clock, HOUR);
    let changed = later(&ann, chat, "changed", when()).await.expect(201);
    let cancelled = later(&ann, chat, "cancelled", when()).await.expect(201);
    let sent = later(&ann, chat, "sent", when()).await.expect(201);
    let path = |waiting: &Value| format!("/scheduled/{}", waiting["id"]);
    bob.get(&path(&sent)).await.refused(404, "not_found");
    bob.patch(&path(&sent), json!({"content": "mine"})).await.refused(404, "not_found");
    bob.delete(&path(&sent)).await.refused(404, "not_found");
    bob.post(&format!("{}/send", path(&sent)), json!({})).await.refused(404, "not_found");
    let mut socket = ann.socket().await;
    let send_at = after(&server.clock, 2 * HOUR);
    let body = json!({"content": "otherwise", "silent": true, "send_at": send_at});
    let now = ann.patch(&path(&changed), body).await.expect(200);
    assert_eq!(
        (&now["content"], &now["silent"], &now["send_at"]),
        (&json!("otherwise"), &json!(true), &json!(send_at))
    );
    assert_eq!(socket.until("scheduled.saved").await, now);
    ann.delete(&path(&cancelled)).await.expect(204);
    let gone = json!({"id": cancelled["id"], "chat_id": chat, "message_id": null});
    assert_eq!(socket.until("scheduled.removed").await, gone);
    let key = fresh_key();
    let send =
        async || ann.send(Method::POST, &format!("{}/send", path(&sent)), Some(&key), Some(json!({}))).await;
    let message = send().await.expect(201);
    assert_eq!((&message["content"], &message["author_id"]), (&json!("sent"), &json!(ann.id)));
    let repeated = send().await.refused(409, "duplicate_request");
    assert_eq!(repeated["original"]["body"], message);
    ann.delete(&path(&sent)).await.refused(404, "not_found");
    assert_eq!(ann.texts(chat).await, ["sent"]);
    assert_eq!(waiting(&ann).await, [now]);
    for wrong in [json!({}), json!({"content": ""}), json!({"send_at": "2020-01-01T00:00:00"})] {
        ann.patch(&path(&changed), wrong).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn what_may_not_be_sent_any_more_stays_with_the_reason() {
    let (server, ann, bob, chat) = two().await;
    let saved = later(&bob, chat, "too late", after(&server.clock, HOUR)).await.expect(201);
    let fine = later(&ann, chat, "fine", after(&server.clock, HOUR)).await.expect(201);
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    let mut socket = bob.socket().await;
    server.clock.advance(HOUR);
    let failed = socket.until("scheduled.saved").await;
    assert_eq!((&failed["id"], &failed["failure"]["code"]), (&saved["id"], &json!("forbidden")));
    assert!(failed["failure"]["detail"].as_str().is_some_and(|text| !text.is_empty()));
    let (ann, bob) = (server.again(&ann, "ann").await, server.again(&bob, "bob").await);
    server.running.messenger.run_due_jobs().await;
    assert_eq!(waiting(&bob).await, [failed]);
    assert_eq!(ann.texts(chat).await, ["fine"], "one that fails does not keep others back: {fine}");
    let send = format!("/scheduled/{}/send", saved["id"]);
    bob.post(&send, json!({})).await.refused(403, "forbidden");
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    let body = json!({"send_at": after(&server.clock, HOUR)});
    let again = bob.patch(&format!("/scheduled/{}", saved["id"]), body).await.expect(200);
    assert_eq!(again["failure"], Value::Null);
    server.clock.advance(HOUR);
    server.running.messenger.run_due_jobs().await;
    let bob = server.again(&bob, "bob").await;
    assert_eq!(
        (bob.texts(chat).await, waiting(&bob).await.len()),
        (vec!["too late".into(), "fine".into()], 0)
    );
}

#[tokio::test]
async fn a_file_waits_with_its_message() {
    let (server, ann, bob, chat) = two().await;
    let file = ann.upload("a.txt", "text/plain", b"for later".to_vec()).await;
    let cancelled = ann.upload("b.txt", "text/plain", b"not at all".to_vec()).await;
    let mut ids = Vec::new();
    for file in [&file, &cancelled] {
        let body = json!({
            "chat_id": chat, "type": "file", "payload": {"attachment_id": file},
            "send_at": after(&server.clock, 72 * HOUR),
        });
        let saved = ann.post("/scheduled", body.clone()).await.expect(201);
        assert_eq!(saved["attachments"][0]["id"], json!(file));
        bob.post("/scheduled", body).await.refused(400, "invalid");
        ids.push(saved["id"].clone());
    }
    ann.delete(&format!("/scheduled/{}", ids[1])).await.expect(204);
    server.clock.advance(48 * HOUR);
    server.running.messenger.clean_up().await.unwrap();
    server.clock.advance(24 * HOUR);
    server.running.messenger.run_due_jobs().await;
    let (ann, bob) = (server.again(&ann, "ann").await, server.again(&bob, "bob").await);
    let sent = bob.get(&format!("/messages?chat_id={chat}&limit=1")).await.expect(200);
    assert_eq!(sent[0]["attachments"][0]["id"], json!(file), "{sent}");
    bob.get(&format!("/attachments/{file}")).await.expect(200);
    ann.get(&format!("/attachments/{cancelled}")).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_could_not_be_sent_now_is_refused_now() {
    let (server, ann, bob, chat) = two().await;
    let eve = server.person("eve").await;
    let elsewhere = ann.post_text(ann.direct(&bob).await, "elsewhere").await["id"].clone();
    later(&eve, chat, "hi", after(&server.clock, HOUR)).await.refused(403, "forbidden");
    later(&ann, 1, "hi", after(&server.clock, HOUR)).await.refused(404, "not_found");
    let good = after(&server.clock, HOUR);
    for (name, wrong) in [
        ("send_at", json!("2020-01-01T00:00:00")),
        ("send_at", json!(server.clock.now().iso())),
        ("send_at", json!(after(&server.clock, 367 * 24 * HOUR))),
        ("send_at", json!("soon")),
        ("content", json!("\u{200b}")),
        ("content", json!("я".repeat(100_000))),
        ("reply_to", elsewhere.clone()),
        ("thread_id", elsewhere),
        ("type", json!("system")),
    ] {
        let mut body = json!({"chat_id": chat, "content": "hi", "send_at": good});
        body[name] = wrong.clone();
        let refusal = ann.post("/scheduled", body).await;
        assert!([400, 413].contains(&refusal.status), "{name} {wrong} {refusal:?}");
    }
    assert_eq!(waiting(&ann).await, [Value::Null; 0]);
}

#[tokio::test]
async fn at_most_a_hundred_wait_in_a_chat() {
    let (server, ann, bob, chat) = two().await;
    let send_at = after(&server.clock, HOUR);
    let replies = join_all((0..105).map(|number| {
        let (ann, send_at) = (&ann, send_at.clone());
        async move { later(ann, chat, &number.to_string(), send_at).await.status }
    }));
    let replies = replies.await;
    assert_eq!(replies.iter().filter(|status| **status == 201).count(), 100);
    assert_eq!(replies.iter().filter(|status| **status == 409).count(), 5);
    later(&bob, chat, "bob's", send_at.clone()).await.expect(201);
    later(&ann, ann.direct(&bob).await, "elsewhere", send_at).await.expect(201);
    server.clock.advance(HOUR);
    // Twenty of an author at a time.
    for _ in 0..6 {
        server.running.messenger.run_due_jobs().await;
    }
    let ann = server.again(&ann, "ann").await;
    assert_eq!((ann.texts(chat).await.len(), waiting(&ann).await.len()), (101, 0));
}

#[tokio::test]
async fn sending_now_and_being_due_at_the_same_moment_says_it_once() {
    let (server, ann, _bob, chat) = two().await;
    let mut ids = Vec::new();
    for number in 0..8 {
        let saved =
            later(&ann, chat, &number.to_string(), after(&server.clock, Duration::from_secs(5))).await;
        ids.push(saved.expect(201)["id"].clone());
    }
    server.clock.advance(Duration::from_secs(5));
    let by_hand = join_all(ids.iter().map(|id| {
        let ann = &ann;
        async move { ann.post(&format!("/scheduled/{id}/send"), json!({})).await.status }
    }));
    let tend = async {
        for _ in 0..3 {
            server.running.messenger.run_due_jobs().await;
        }
    };
    let (statuses, ()) = tokio::join!(by_hand, tend);
    assert!(statuses.iter().all(|status| [201, 404].contains(status)), "{statuses:?}");
    let mut sent = ann.texts(chat).await;
    sent.sort();
    assert_eq!(sent, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[tokio::test]
async fn an_answer_to_what_was_deleted_meanwhile_is_sent_without_the_quote() {
    let (server, ann, bob, chat) = two().await;
    let answered = bob.post_text(chat, "?").await["id"].clone();
    let body = json!({
        "chat_id": chat, "content": "later", "reply_to": answered, "send_at": after(&server.clock, SOON),
    });
    ann.post("/scheduled", body).await.expect(201);
    bob.delete(&format!("/messages/{answered}?for=all")).await.expect(204);
    let mut received = bob.socket().await;
    server.clock.advance(SOON);
    let sent = received.until("message.created").await;
    assert_eq!((&sent["content"], &sent["reply_to"]), (&json!("later"), &Value::Null));
    assert_eq!(waiting(&ann).await, Vec::<Value>::new());
}

#[tokio::test]
async fn one_author_with_many_due_messages_does_not_delay_others() {
    let server = TestServer::with(&[]).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    let saved = later(&ann, chat, "many", after(&server.clock, SOON)).await.expect(201);
    // 512 messages, each with an identifier of its own and due before the other author's.
    for doubling in 0..9 {
        let copy = format!(
            "INSERT INTO scheduled_message SELECT id + {}, author_id, chat_id, kind, text, payload, reply_to, \
             thread_id, mentions, is_silent, due_at, created_at, failure, reason FROM scheduled_message",
            1 << doubling
        );
        server.change(&copy).await;
    }
    later(&bob, chat, "one", after(&server.clock, SOON + Duration::from_secs(1))).await.expect(201);
    server.clock.advance(SOON + Duration::from_secs(1));
    server.running.messenger.run_due_jobs().await;
    server.running.messenger.run_due_jobs().await;
    let texts = bob.texts(chat).await;
    assert_eq!(texts.iter().filter(|text| *text == "one").count(), 1, "{saved}");
    assert!((20..100).contains(&texts.len()), "the author's own limit holds: {}", texts.len());
}
