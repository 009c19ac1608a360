//! Blocking: who can't write to whom, and what stays.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Person, TestServer, fields, fresh_key, is_time, names};

#[tokio::test]
async fn neither_writes_to_the_other_and_what_was_sent_stays() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let (chat, group) = (ann.direct(&bob).await, ann.group("Garden", &[&bob, &eve]).await);
    let (of_ann, of_bob) = (ann.post_text(chat, "hello").await, bob.post_text(chat, "hi").await);
    let poll = json!({"chat_id": chat, "type": "poll", "content": "When?", "payload": {"options": ["Now", "Later"]}});
    let poll = ann.post("/messages", poll).await.expect(201)["id"].clone();
    block(&ann, &bob).await;

    let say = |chat: i64| json!({"chat_id": chat, "type": "text", "content": "again"});
    for (who, other) in [(&bob, "to this user"), (&ann, "unblock")] {
        let refusal = who.post("/messages", say(chat)).await.refused(403, "forbidden");
        assert!(refusal["detail"].as_str().unwrap().contains(other), "{refusal}");
    }
    let (his, hers) = (of_bob["id"].as_i64().unwrap(), of_ann["id"].as_i64().unwrap());
    let edit = bob.patch(&format!("/messages/{his}"), json!({"content": "written anyway"})).await;
    edit.refused(403, "forbidden");
    let react = bob.put(&format!("/messages/{hers}/reactions/👍"), Value::Null).await;
    react.refused(403, "forbidden");
    let life = json!({"message_life": 60});
    bob.patch(&format!("/chats/{chat}"), life).await.refused(403, "forbidden");
    bob.put(&format!("/messages/{hers}/pin"), Value::Null).await.refused(403, "forbidden");
    bob.put(&format!("/messages/{poll}/vote"), json!({"options": [0]})).await.refused(403, "forbidden");
    assert_eq!(bob.texts(chat).await, ["hi", "hello"]);
    assert_eq!(ann.texts(chat).await, ["hi", "hello"]);
    bob.post("/chats/direct", json!({"user_id": ann.id})).await.expect(200);
    bob.delete(&format!("/messages/{his}")).await.expect(204);
    bob.post_text(group, "to all").await;
    eve.direct(&bob).await;

    unblock(&ann, &bob).await.expect(204);
    bob.post_text(chat, "there again").await;
    ann.post_text(chat, "so am I").await;
}

#[tokio::test]
async fn who_is_blocked_forwards_nothing_and_is_not_received_typing() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let (chat, with_eve) = (ann.direct(&bob).await, bob.direct(&eve).await);
    let message = bob.post_text(with_eve, "psst").await["id"].clone();
    let (mut anns, mut bobs) = (ann.socket().await, bob.socket().await);
    block(&ann, &bob).await;
    let forward = bob.post(&format!("/messages/{message}/forward"), json!({"chat_ids": [chat]})).await;
    forward.refused(403, "forbidden");
    bobs.send(json!({"event": "typing", "data": {"chat_id": chat}})).await;
    bobs.send(json!({"event": "ping", "data": {}})).await;
    bobs.until("pong").await;
    let language = format!("en-x-{}", &fresh_key()[..8]);
    ann.put("/users/me", json!({"language": language})).await.expect(200);
    loop {
        let frame = anns.next().await.unwrap();
        assert_ne!(frame["event"], "typing");
        if frame["event"] == "user.updated" {
            break;
        }
    }
}

#[tokio::test]
async fn who_is_blocked_begins_nothing() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    block(&ann, &bob).await;
    for (path, body) in [
        ("/chats/direct", json!({"user_id": ann.id})),
        ("/chats", json!({"is_group": false, "member_ids": [ann.id]})),
    ] {
        bob.post(path, body).await.refused(403, "forbidden");
    }
    ann.post("/chats/direct", json!({"user_id": bob.id})).await.refused(403, "forbidden");
    let new = json!({"title": "New", "is_group": true, "member_ids": [eve.id, ann.id]});
    let refusal = bob.post("/chats", new).await.refused(400, "invalid");
    assert!(refusal["detail"].as_str().unwrap().starts_with("member_ids"), "{refusal}");
    let group = bob.group("Garden", &[&eve]).await;
    let added = bob.post(&format!("/chats/{group}/members"), json!({"user_id": ann.id})).await;
    added.refused(400, "invalid");
    assert_eq!(ann.get("/chats").await.expect(200), json!([]));
    // Others may, and so may the one who blocked.
    let of_eve = eve.group("Shed", &[&ann, &bob]).await;
    assert_eq!(eve.get(&format!("/chats/{of_eve}/members")).await.expect(200).as_array().unwrap().len(), 3);
    ann.group("Gate", &[&bob]).await;
}

#[tokio::test]
async fn one_sees_whom_one_has_blocked_and_receives_it_on_every_device() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    ann.direct(&bob).await;
    let (before, bobs_before) = (ann.cursor().await, bob.cursor().await);
    let mut phone = ann.socket().await;
    block(&ann, &bob).await;
    server.clock.advance(Duration::from_millis(5));
    block(&ann, &eve).await;
    block(&ann, &eve).await;
    let blocked = ann.get("/users/me/blocked").await.expect(200);
    let ids: Vec<_> = blocked.as_array().unwrap().iter().map(|one| one["user"]["id"].clone()).collect();
    assert_eq!(ids, [json!(eve.id), json!(bob.id)]);
    assert_eq!(fields(&blocked[0]), ["user", "blocked_at"]);
    assert!(is_time(&blocked[0]["blocked_at"]));
    assert_eq!(bob.get("/users/me/blocked").await.expect(200), json!([]));
    unblock(&ann, &eve).await.expect(204);
    unblock(&ann, &eve).await.refused(404, "not_found");

    let received = ann.receives(&mut phone).await;
    assert_eq!(names(&received), ["user.blocked", "user.blocked", "user.unblocked"]);
    assert_eq!(
        (&received[0]["data"]["user"]["id"], &received[2]["data"]["user_id"]),
        (&json!(bob.id), &json!(eve.id))
    );
    let missed = ann.get(&format!("/sync?cursor={before}")).await.expect(200);
    let missed = names(missed["events"].as_array().unwrap());
    let about_blocks: Vec<_> = missed.into_iter().filter(|name| name.contains("blocked")).collect();
    // That Eve was blocked is undone: only that she is not any more is left to say.
    assert_eq!(about_blocks, ["user.blocked", "user.unblocked"]);
    let of_bob = bob.get(&format!("/sync?cursor={bobs_before}")).await.expect(200);
    assert_eq!(of_bob["events"], json!([]), "whoever is blocked is not told");
}

#[tokio::test]
async fn who_is_blocked_sees_not_whether_one_is_there() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    ann.group("Garden", &[&bob, &eve]).await;
    let (mut bobs, mut eves) = (bob.socket().await, eve.socket().await);
    let socket = ann.socket().await;
    let of_ann = |frame: Value| frame["user_id"] == ann.id;
    while !of_ann(bobs.until("presence").await) {}
    while !of_ann(eves.until("presence").await) {}
    block(&ann, &bob).await;
    let unseen = json!({"user_id": ann.id, "status": "offline", "last_seen_at": null});
    assert_eq!(bobs.until("presence").await, unseen);
    let asked = format!("/presence?user_ids={}", ann.id);
    assert_eq!(bob.get(&asked).await.expect(200), json!([unseen]));
    assert_eq!(eve.get(&asked).await.expect(200)[0]["status"], "online");
    drop(socket);
    unblock(&ann, &bob).await.expect(204);
    assert_eq!(bobs.until("presence").await["user_id"], ann.id, "what is seen again is told");
}

#[tokio::test]
async fn both_may_block_and_each_unblocks_for_oneself() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let chat = ann.direct(&bob).await;
    tokio::join!(block(&ann, &bob), block(&bob, &ann));
    unblock(&ann, &bob).await.expect(204);
    let say = json!({"chat_id": chat, "type": "text", "content": "hello"});
    for who in [&ann, &bob] {
        who.post("/messages", say.clone()).await.refused(403, "forbidden");
    }
    unblock(&bob, &ann).await.expect(204);
    for who in [&ann, &bob] {
        who.post("/messages", say.clone()).await.expect(201);
    }
}

#[tokio::test]
async fn nobody_blocks_nobody_nor_oneself() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    ann.put(&format!("/users/me/blocked/{}", ann.id), json!({})).await.refused(409, "conflict");
    for nobody in ["1", "-1", "99999999999999999999", "a"] {
        ann.put(&format!("/users/me/blocked/{nobody}"), json!({})).await.refused(404, "not_found");
        ann.delete(&format!("/users/me/blocked/{nobody}")).await.refused(404, "not_found");
    }
    server.nobody().get("/users/me/blocked").await.refused(401, "unauthorized");
}

async fn block(who: &Person, whom: &Person) {
    who.put(&format!("/users/me/blocked/{}", whom.id), json!({})).await.expect(204);
}

async fn unblock(who: &Person, whom: &Person) -> crate::server::Reply {
    who.delete(&format!("/users/me/blocked/{}", whom.id)).await
}

async fn three(server: &TestServer) -> (Person, Person, Person) {
    (server.person("ann").await, server.person("bob").await, server.person("eve").await)
}
