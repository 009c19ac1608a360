//! Presence: who is there, who was, and who may know.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Person, Socket, TestServer, fields, is_time};

#[tokio::test]
async fn whoever_shares_a_chat_receives_who_comes_turns_away_and_goes_once() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    ann.group("Garden", &[&bob]).await;
    ann.group("Orchard", &[&bob]).await;
    ann.direct(&bob).await;
    let (mut hearing, mut stranger) = (bob.socket().await, eve.socket().await);
    let mut phone = ann.socket().await;
    assert_eq!(
        hearing.until("presence").await,
        json!({"user_id": ann.id, "status": "online", "last_seen_at": null})
    );
    let mut laptop = ann.socket().await;
    phone.send(json!({"event": "presence", "data": {"status": "away"}})).await;
    settle(&mut phone).await;
    laptop.send(json!({"event": "presence", "data": {"status": "away"}})).await;
    assert_eq!(hearing.until("presence").await["status"], "away", "only when nothing is looked at, and once");
    laptop.send(json!({"event": "presence", "data": {"status": "online"}})).await;
    assert_eq!(hearing.until("presence").await["status"], "online");
    let (before, _) = (server.running.now(), drop((phone, laptop)));
    let gone = receives_in_time(&server, &mut hearing).await;
    assert_eq!(fields(&gone), ["user_id", "status", "last_seen_at"]);
    assert_eq!((&gone["user_id"], &gone["status"]), (&json!(ann.id), &json!("offline")));
    assert!(
        is_time(&gone["last_seen_at"]) && gone["last_seen_at"].as_str().unwrap() >= before.iso().as_str()
    );

    let seen = bob.get(&format!("/users/{}", ann.id)).await.expect(200);
    assert_eq!(seen["presence"], json!({"status": "offline", "last_seen_at": gone["last_seen_at"]}));
    assert_eq!(
        whispers(&mut stranger, &eve).await,
        Vec::<Value>::new(),
        "who shares no chat receives nothing"
    );
}

#[tokio::test]
async fn a_reload_is_not_told() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    ann.group("Garden", &[&bob, &eve]).await;
    let mut hearing = bob.socket().await;
    let socket = ann.socket().await;
    assert_eq!(hearing.until("presence").await["status"], "online");
    drop(socket);
    let _again = ann.socket().await;
    server.clock.advance(Duration::from_secs(60));
    let _later = eve.renewed().await.socket().await;
    assert_eq!(hearing.until("presence").await["user_id"], eve.id, "of Ann there was nothing to say");
    let ann_is = bob.renewed().await.get(&format!("/presence?user_ids={}", ann.id)).await.expect(200);
    assert_eq!(ann_is[0]["status"], "online");
}

#[tokio::test]
async fn presence_is_shown_with_people_wherever_they_are() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let (group, direct) = (ann.group("Garden", &[&bob]).await, ann.direct(&bob).await);
    let _socket = ann.socket().await;
    let online = json!({"status": "online", "last_seen_at": null});
    let person = bob.get(&format!("/users/{}", ann.id)).await.expect(200);
    let found = bob.get("/users/search?q=ann").await.expect(200);
    let members = bob.get(&format!("/chats/{group}/members")).await.expect(200);
    let chats = bob.get("/chats").await.expect(200);
    let chat = bob.get(&format!("/chats/{direct}")).await.expect(200);
    let of = |list: &Value, id: i64| {
        list.as_array()
            .unwrap()
            .iter()
            .find(|one| one["id"] == id || one["user"]["id"] == id)
            .unwrap()
            .clone()
    };
    assert_eq!(person["presence"], online);
    assert_eq!(of(&found, ann.id)["presence"], online);
    assert_eq!(of(&members, ann.id)["user"]["presence"], online);
    assert_eq!(of(&members, bob.id)["user"]["presence"], json!({"status": "offline", "last_seen_at": null}));
    assert_eq!(of(&chats, direct)["peer"]["presence"], online);
    assert_eq!(chat["peer"]["presence"], online);
}

#[tokio::test]
async fn presence_is_asked_of_many_at_once() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let _socket = ann.socket().await;
    let asked = bob.get(&format!("/presence?user_ids={},{},1,{}", ann.id, eve.id, ann.id)).await.expect(200);
    let online = json!({"user_id": ann.id, "status": "online", "last_seen_at": null});
    let offline = json!({"user_id": eve.id, "status": "offline", "last_seen_at": null});
    assert_eq!(asked, json!([online, offline]), "whom there is not is left out, and nobody comes twice");
    let many = vec!["1"; 201].join(",");
    for wrong in ["", "?user_ids=a", "?user_ids=1,,2", &format!("?user_ids={many}")] {
        let refusal = bob.get(&format!("/presence{wrong}")).await.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with("user_ids"), "{refusal}");
    }
    server.nobody().get("/presence?user_ids=1").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn who_hides_it_is_neither_here_nor_was() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    ann.group("Garden", &[&bob, &eve]).await;
    let mut hearing = bob.socket().await;
    let socket = ann.socket().await;
    assert_eq!(hearing.until("presence").await["status"], "online");
    let hidden = json!({"user_id": ann.id, "status": "offline", "last_seen_at": null});
    ann.put("/users/me", json!({"hides_presence": true})).await.expect(200);
    assert_eq!(hearing.until("presence").await, hidden);
    let asked = format!("/presence?user_ids={}", ann.id);
    assert_eq!(bob.get(&asked).await.expect(200), json!([hidden]));
    assert_eq!(ann.get(&asked).await.expect(200)[0]["status"], "online", "one sees oneself");

    drop(socket);
    let mut again = ann.socket().await;
    let mut of_eve = eve.socket().await;
    assert_eq!(hearing.until("presence").await["user_id"], eve.id, "Ann's coming is not told");
    let asked_by_ann = format!("/presence?user_ids={}", eve.id);
    let unseen = json!([{"user_id": eve.id, "status": "offline", "last_seen_at": null}]);
    assert_eq!(ann.get(&asked_by_ann).await.expect(200), unseen, "who hides sees nobody");
    of_eve.send(json!({"event": "presence", "data": {"status": "away"}})).await;
    assert_eq!(hearing.until("presence").await["user_id"], eve.id);
    assert_eq!(whispers(&mut again, &ann).await, Vec::<Value>::new(), "nor receives of anybody");

    ann.put("/users/me", json!({"hides_presence": false})).await.expect(200);
    let shown = json!({"user_id": ann.id, "status": "online", "last_seen_at": null});
    assert_eq!(hearing.until("presence").await, shown);
    assert_eq!(ann.get(&asked_by_ann).await.expect(200)[0]["status"], "away");
}

#[tokio::test]
async fn when_the_server_stops_it_is_known_who_was_here() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let _socket = ann.socket().await;
    let asked = format!("/presence?user_ids={}", ann.id);
    assert_eq!(bob.get(&asked).await.expect(200)[0]["last_seen_at"], Value::Null);
    let before = server.running.now().iso();
    let server = server.restart().await;
    let bob = Person { url: server.url.clone(), ..bob };
    let seen = bob.get(&asked).await.expect(200);
    assert_eq!(seen[0]["status"], "offline");
    assert!(seen[0]["last_seen_at"].as_str().unwrap() >= before.as_str(), "{seen}");
}

#[tokio::test]
async fn a_presence_that_is_none_is_refused_and_the_socket_stays_open() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mut socket = ann.socket().await;
    for data in [json!({}), json!({"status": "offline"}), json!({"status": 1}), json!("away"), json!(null)] {
        socket.send(json!({"event": "presence", "data": data})).await;
        assert_eq!(socket.until("error").await["code"], "invalid");
    }
    settle(&mut socket).await;
}

async fn three(server: &TestServer) -> (Person, Person, Person) {
    (server.person("ann").await, server.person("bob").await, server.person("eve").await)
}

/// What was sent on the socket has been received.
async fn settle(socket: &mut Socket) {
    socket.send(json!({"event": "ping", "data": {}})).await;
    socket.until("pong").await;
}

/// The next change of presence that a socket receives, while the clock moves on.
async fn receives_in_time(server: &TestServer, socket: &mut Socket) -> Value {
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let mut received = std::pin::pin!(socket.until("presence"));
    loop {
        tokio::select! {
            presence = &mut received => return presence,
            _ = tick.tick() => server.clock.advance(Duration::from_secs(1)),
        }
    }
}

/// What was whispered to somebody up to now.
async fn whispers(socket: &mut Socket, who: &Person) -> Vec<Value> {
    let mut frames = Vec::new();
    who.put("/users/me", json!({"language": "en-x-mark"})).await.expect(200);
    loop {
        let frame = socket.any().await.unwrap();
        match frame["event"].as_str() {
            Some("user.updated") => return frames,
            Some("presence") => frames.push(frame),
            _ => {}
        }
    }
}
