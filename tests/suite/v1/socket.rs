//! The socket.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::server::{Person, Socket, TestServer, names};

#[tokio::test]
async fn a_message_is_received_by_every_member_on_every_connection_the_author_s_too() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let chat = ann.group("Garden", &[&bob]).await;
    let mut listening = [ann.socket().await, ann.socket().await, bob.socket().await, bob.socket().await];
    let mut stranger = eve.socket().await;
    let sent = ann.post_text(chat, "Hello everyone!").await;
    let mut positions = Vec::new();
    for socket in &mut listening {
        let frame = socket.next().await.unwrap();
        assert_eq!(keys(&frame), ["event", "data", "position"]);
        assert_eq!(frame["event"], "message.created");
        assert_eq!(frame["data"], sent, "the event says what the answer sent");
        positions.push(frame["position"].clone());
    }
    assert!(positions.iter().all(|position| *position == positions[0]), "{positions:?}");
    assert_eq!(eve.receives(&mut stranger).await, Vec::<Value>::new());
}

#[tokio::test]
async fn events_have_the_documented_shape() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let chat = ann.direct(&bob).await;
    let mut socket = bob.socket().await;
    let sent = ann.post_text(chat, "New message").await;
    let created = socket.next().await.unwrap();
    let documented = json!({
        "id": sent["id"], "chat_id": chat, "author_id": ann.id, "type": "text", "content": "New message",
        "payload": null, "ts": sent["ts"],
    });
    assert_eq!(created["event"], "message.created");
    assert_eq!(part_like(&created["data"], &documented), documented);
    ann.patch(&format!("/messages/{}", sent["id"]), json!({"content": "Updated message", "payload": null}))
        .await
        .expect(200);
    let updated = socket.next().await.unwrap();
    let mut documented = documented;
    documented["content"] = json!("Updated message");
    assert_eq!(updated["event"], "message.updated");
    assert_eq!(part_like(&updated["data"], &documented), documented);
}

#[tokio::test]
async fn what_happens_in_a_chat_is_received_in_order() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let mut socket = bob.socket().await;
    let chat = ann.group("Garden", &[&bob]).await;
    let id = ann.post_text(chat, "one").await["id"].as_i64().unwrap();
    ann.put(&format!("/messages/{id}/reactions/%F0%9F%91%8D"), Value::Null).await.expect(200);
    bob.post(&format!("/chats/{chat}/read"), json!({})).await.expect(200);
    ann.delete(&format!("/messages/{id}")).await.expect(204);
    ann.patch(&format!("/chats/{chat}"), json!({"title": "Orchard"})).await.expect(200);
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": eve.id})).await.expect(201);
    ann.delete(&format!("/chats/{chat}/members/{}", eve.id)).await.expect(204);
    ann.delete(&format!("/chats/{chat}")).await.expect(204);
    let frames = bob.receives(&mut socket).await;
    assert_eq!(
        names(&frames),
        [
            "chat.created",
            "message.created",
            "message.updated",
            "chat.read",
            "message.deleted",
            "chat.updated",
            "message.created",
            "member.added",
            "message.created",
            "member.removed",
            "message.created",
            "chat.removed",
        ]
    );
    let data: Vec<&Value> = frames.iter().map(|frame| &frame["data"]).collect();
    assert_eq!((&data[0]["id"], &data[0]["title"]), (&json!(chat), &json!("Garden")));
    assert_eq!(data[2]["reactions"], json!([{"emoji": "👍", "count": 1, "user_ids": [ann.id]}]));
    assert_eq!(data[3], &json!({"chat_id": chat, "user_id": bob.id, "message_id": id}));
    assert_eq!(data[4], &json!({"id": id, "chat_id": chat}));
    let about = json!({
        "id": chat, "kind": "group", "title": "Orchard", "description": null, "avatar_url": null, "read_only": false,
        "message_life": null,
        "assistant": true,
    });
    assert_eq!(data[5], &about);
    assert_eq!(data[6]["type"], "system");
    assert_eq!((&data[7]["chat_id"], &data[7]["member"]["user"]["id"]), (&json!(chat), &json!(eve.id)));
    assert_eq!(data[9], &json!({"chat_id": chat, "user_id": eve.id}));
    assert_eq!(data[11], &json!({"id": chat, "hidden": false}));
}

#[tokio::test]
async fn what_is_one_s_own_is_received_on_all_one_s_connections_and_by_nobody_else() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let chat = ann.direct(&bob).await;
    let id = ann.post_text(chat, "not for me").await["id"].clone();
    let mut own = [bob.socket().await, bob.socket().await];
    let mut other = ann.socket().await;
    bob.delete(&format!("/messages/{id}?for=me")).await.expect(204);
    let user = bob.put("/users/me", json!({"display_name": "Bob the Builder"})).await;
    let user = user.expect(200);
    for socket in &mut own {
        let hidden = socket.next().await.unwrap();
        assert_eq!(
            (hidden["event"].as_str(), &hidden["data"]),
            (Some("message.hidden"), &json!({"id": id, "chat_id": chat}))
        );
        let updated = socket.next().await.unwrap();
        assert_eq!((updated["event"].as_str(), &updated["data"]), (Some("user.updated"), &user));
    }
    assert_eq!(names(&ann.receives(&mut other).await), ["member.updated"], "of what is not only one's own");
}

#[tokio::test]
async fn a_socket_is_opened_by_a_token_in_the_address_the_header_or_the_first_frame() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let query = format!("?token={}", ann.token);
    let mut by_query = Socket::open(&server.url, &query).await.unwrap();
    assert_eq!(by_query.until("ready").await["user_id"], ann.id);
    let mut below = Socket::open(&format!("{}/api/v1", server.url), &query).await.unwrap();
    assert_eq!(below.until("ready").await["user_id"], ann.id);
    let mut by_header = Socket::with_request(with_bearer(&server, &ann.token)).await.unwrap();
    assert_eq!(by_header.until("ready").await["user_id"], ann.id);
    let mut by_frame = Socket::open(&server.url, "").await.unwrap();
    by_frame.send(json!({"event": "auth", "data": {"token": ann.token}})).await;
    let ready = by_frame.until("ready").await;
    assert_eq!(keys(&ready), ["user_id", "cursor"]);
    assert_eq!(ready["user_id"], ann.id);
}

#[tokio::test]
async fn a_first_frame_may_hold_the_cursor() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let chat = ann.direct(&bob).await;
    let cursor = bob.cursor().await;
    let sent = ann.post_text(chat, "while you were away").await;
    let mut socket = Socket::open(&server.url, "").await.unwrap();
    socket.send(json!({"event": "auth", "data": {"token": bob.token, "cursor": cursor}})).await;
    assert_eq!(socket.next().await.unwrap()["data"], sent);
    assert_eq!(socket.next().await.unwrap()["event"], "ready");
}

#[tokio::test]
async fn a_ticket_opens_one_socket_within_30_seconds() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let ticket = async || {
        let ticket = ann.post("/ws/ticket", Value::Null).await.expect(200);
        assert_eq!(ticket["expires_in"].to_string(), "30.0");
        format!("?ticket={}", ticket["ticket"].as_str().unwrap())
    };
    let first = ticket().await;
    let mut socket = Socket::open(&server.url, &first).await.unwrap();
    assert_eq!(socket.until("ready").await["user_id"], ann.id);
    assert_eq!(Socket::open(&server.url, &first).await.err(), Some(401), "once");
    let late = ticket().await;
    server.clock.advance(Duration::from_secs(31));
    assert_eq!(Socket::open(&server.url, &late).await.err(), Some(401), "late");
}

#[tokio::test]
async fn a_bad_token_refuses_the_handshake() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let refused = async |query: String| Socket::open(&server.url, &query).await.err();
    let mut forged = ann.token.clone();
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    for token in ["nonsense", "", &forged, &ann.refresh] {
        assert_eq!(refused(format!("?token={token}")).await, Some(401), "{token}");
        assert_eq!(refused(format!("?ticket={token}")).await, Some(401), "{token}");
    }
    let by_header = Socket::with_request(with_bearer(&server, "nonsense")).await;
    assert_eq!(by_header.err(), Some(401));
    server.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(refused(format!("?token={}", ann.token)).await, Some(401), "expired");
}

#[tokio::test]
async fn a_bad_token_in_the_first_frame_closes_the_socket() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for frame in [
        json!({"event": "auth", "data": {"token": "nonsense"}}),
        json!({"event": "auth"}),
        json!({"event": "ping"}),
        json!(["auth", ann.token]),
    ] {
        let mut socket = Socket::open(&server.url, "").await.unwrap();
        socket.send(frame.clone()).await;
        assert_eq!(socket.closed().await, 4401, "{frame}");
    }
}

#[tokio::test]
async fn who_stays_silent_without_a_token_receives_nothing_and_is_closed_after_ten_seconds() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let chat = ann.direct(&bob).await;
    let mut silent = Socket::open(&server.url, "").await.unwrap();
    ann.post_text(chat, "a secret").await;
    assert_eq!(silent.next().await, Err(4401), "the first that comes is the farewell");
}

#[tokio::test]
async fn a_revoked_session_is_closed_at_once_and_the_others_stay() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let chat = ann.direct(&bob).await;
    let login = bob.post("/auth/login", json!({"username": "bob", "password": "password123"})).await;
    let other =
        Person { token: login.expect(200)["access_token"].as_str().unwrap().to_owned(), ..bob.clone() };
    let (mut kept, mut lost) = (bob.socket().await, other.socket().await);
    other.post("/auth/logout", Value::Null).await.expect(204);
    assert_eq!(lost.closed().await, 4403);
    let sent = ann.post_text(chat, "still here?").await;
    assert_eq!(kept.until("message.created").await, sent);
    assert_eq!(Socket::open(&server.url, &format!("?token={}", other.token)).await.err(), Some(401));
    let sessions = bob.get("/sessions").await.expect(200);
    assert_eq!(sessions.as_array().unwrap().len(), 1);
    bob.delete(&format!("/sessions/{}", sessions[0]["id"])).await.expect(204);
    assert_eq!(kept.closed().await, 4403);
}

#[tokio::test]
async fn a_removed_member_receives_nothing_more_until_they_are_added_again() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let chat = ann.group("Garden", &[&bob]).await;
    let mut sockets = [bob.socket().await, bob.socket().await];
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    ann.post_text(chat, "between us").await;
    for socket in &mut sockets {
        assert_eq!(socket.next().await.unwrap()["event"], "chat.removed");
    }
    assert_eq!(bob.receives(&mut sockets[0]).await, Vec::<Value>::new());
    assert_eq!(sockets[1].next().await.unwrap()["event"], "user.updated", "and nothing before it");
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    let sent = ann.post_text(chat, "welcome back").await;
    for socket in &mut sockets {
        let frame = socket.next().await.unwrap();
        assert_eq!((frame["event"].as_str(), &frame["data"]["id"]), (Some("chat.created"), &json!(chat)));
        assert_eq!(socket.next().await.unwrap()["data"], sent);
    }
}

#[tokio::test]
async fn whoever_leaves_receives_nothing_more() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let chat = ann.group("Garden", &[&bob]).await;
    let mut socket = bob.socket().await;
    bob.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    ann.post_text(chat, "gone?").await;
    assert_eq!(names(&bob.receives(&mut socket).await), ["chat.removed"]);
}

#[tokio::test]
async fn a_new_chat_is_received_without_reconnecting() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let (mut anns, mut bobs) = (ann.socket().await, bob.socket().await);
    let chat = ann.direct(&bob).await;
    let sent = ann.post_text(chat, "hi").await;
    for (socket, peer, title) in [(&mut anns, bob.id, "bob"), (&mut bobs, ann.id, "ann")] {
        let created = socket.next().await.unwrap();
        assert_eq!(created["event"], "chat.created");
        let data = &created["data"];
        assert_eq!(
            (&data["id"], &data["title"], &data["peer"]["id"]),
            (&json!(chat), &json!(title), &json!(peer))
        );
        assert_eq!(socket.next().await.unwrap()["data"], sent);
    }
}

#[tokio::test]
async fn sixteen_connections_of_one_person_hear_each_message_once() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let chat = ann.direct(&bob).await;
    let mut sockets = join_all((0..16).map(|_| bob.socket())).await;
    let mut sent = Vec::new();
    for number in 0..10 {
        sent.push(ann.post_text(chat, &format!("message {number}")).await);
    }
    bob.put("/users/me", json!({"display_name": "the end"})).await.expect(200);
    for socket in &mut sockets {
        let mut received = Vec::new();
        loop {
            let frame = socket.next().await.unwrap();
            match frame["event"].as_str() {
                Some("message.created") => received.push(frame["data"].clone()),
                Some("user.updated") => break,
                _ => panic!("{frame}"),
            }
        }
        assert_eq!(received, sent);
    }
}

#[tokio::test]
async fn the_twenty_first_connection_takes_the_place_of_the_oldest() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let chat = ann.direct(&bob).await;
    let mut sockets = Vec::new();
    for _ in 0..21 {
        sockets.push(bob.socket().await);
    }
    assert_eq!(sockets[0].closed().await, 4409);
    let sent = ann.post_text(chat, "hi").await;
    for socket in &mut sockets[1..] {
        assert_eq!(socket.until("message.created").await, sent);
    }
}

#[tokio::test]
async fn a_wrong_frame_is_answered_with_an_error_and_the_socket_stays() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mut socket = ann.socket().await;
    for wrong in
        ["{", "[]", "nonsense", "{}", r#"{"event":1}"#, r#"{"event":"nonsense"}"#, r#"{"event":"typing"}"#]
    {
        socket.raw(Message::text(wrong)).await;
        let error = socket.next().await.unwrap();
        assert_eq!(error["event"], "error", "{wrong}");
        assert_eq!(error["data"]["code"], "invalid", "{wrong}");
        assert!(!error["data"]["detail"].as_str().unwrap().is_empty(), "{wrong}");
    }
    socket.send(json!({"event": "ping"})).await;
    assert_eq!(socket.next().await.unwrap(), json!({"event": "pong", "data": {}}));
}

#[tokio::test]
async fn a_frame_that_is_too_large_or_no_text_closes_the_socket() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mut socket = ann.socket().await;
    socket.raw(Message::text("x".repeat(70 * 1024))).await;
    assert_eq!(socket.closed().await, 1009);
    let mut socket = ann.socket().await;
    socket.raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(socket.closed().await, 1003);
    let mut tokenless = Socket::open(&server.url, "").await.unwrap();
    tokenless.raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(tokenless.closed().await, 1003);
}

#[tokio::test]
async fn whoever_sends_too_many_frames_is_closed() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mut socket = ann.socket().await;
    for _ in 0..251 {
        socket.send(json!({"event": "ping"})).await;
    }
    assert_eq!(socket.closed().await, 4429);
}

#[tokio::test]
async fn typing_is_received_by_the_others_in_the_chat_and_only_from_members() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let chat = ann.group("Garden", &[&bob]).await;
    let (mut anns, mut other, mut bobs, mut eves) =
        (ann.socket().await, ann.socket().await, bob.socket().await, eve.socket().await);
    eves.send(json!({"event": "typing", "data": {"chat_id": chat}})).await;
    // Who is answered was received, and what they sent before as well.
    eves.send(json!({"event": "ping"})).await;
    eves.until("pong").await;
    anns.send(json!({"event": "typing", "data": {"chat_id": chat}})).await;
    assert_eq!(
        bobs.next().await.unwrap(),
        json!({"event": "typing", "data": {"chat_id": chat, "user_id": ann.id}})
    );
    for (person, socket) in [(&ann, &mut anns), (&ann, &mut other), (&eve, &mut eves)] {
        let mark = json!(format!("after {}", person.id));
        person.put("/users/me", json!({"display_name": mark})).await.expect(200);
        let next = socket.next().await.unwrap();
        assert_eq!(next["event"], "user.updated", "{next}");
    }
    let missed = bob.get(&format!("/sync?cursor={}", bob.cursor().await)).await;
    assert_eq!(missed["events"], json!([]), "typing is not kept");
}

#[tokio::test]
async fn where_only_admins_post_no_member_types() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let chat = ann.group("News", &[&bob]).await;
    ann.patch(&format!("/chats/{chat}"), json!({"read_only": true})).await.expect(200);
    let (mut anns, mut bobs) = (ann.socket().await, bob.socket().await);
    let typing = json!({"event": "typing", "data": {"chat_id": chat}});
    bobs.send(typing.clone()).await;
    bobs.send(json!({"event": "ping"})).await;
    bobs.until("pong").await;
    anns.send(typing).await;
    assert_eq!(bobs.next().await.unwrap()["data"], json!({"chat_id": chat, "user_id": ann.id}));
    ann.put("/users/me", json!({"display_name": "Anna"})).await.expect(200);
    let next = anns.next().await.unwrap();
    assert_ne!(next["event"], "typing", "{next}");
}

#[tokio::test]
async fn a_cursor_that_can_t_be_read_is_refused() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let query = format!("?token={}&cursor=nonsense", ann.token);
    assert_eq!(Socket::open(&server.url, &query).await.err(), Some(400));
    let mut socket = Socket::open(&server.url, "").await.unwrap();
    socket.send(json!({"event": "auth", "data": {"token": ann.token, "cursor": "nonsense"}})).await;
    assert_eq!(socket.next().await.unwrap()["event"], "error");
    assert_eq!(socket.closed().await, 1008);
}

#[tokio::test]
async fn a_plain_request_to_the_socket_s_address_is_refused_in_words() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let reply = ann.get("/ws").await;
    assert_eq!(reply.status, 400, "{}", reply.body);
    assert!(reply["detail"].is_string() && reply["code"].is_string(), "{}", reply.body);
}

#[tokio::test]
async fn a_server_that_stops_sends_every_socket_away_to_come_back() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let mut sockets = join_all((0..8).map(|_| ann.socket())).await;
    sockets.extend(join_all((0..8).map(|_| bob.socket())).await);
    let TestServer { running, dir, .. } = server;
    running.stop().await;
    for mut socket in sockets {
        assert_eq!(socket.closed().await, 1012);
    }
    drop(dir);
}

#[tokio::test]
async fn whoever_connects_too_often_is_asked_to_wait() {
    let server = TestServer::with(&[]).await;
    let ann = server.person("ann").await;
    let query = format!("?token={}", ann.token);
    let mut refused = None;
    for _ in 0..61 {
        if let Err(status) = Socket::open(&server.url, &query).await {
            refused = Some(status);
            break;
        }
    }
    assert_eq!(refused, Some(429));
    server.clock.advance(Duration::from_secs(60));
    assert!(Socket::open(&server.url, &query).await.is_ok());
}

async fn three(server: &TestServer) -> (Person, Person, Person) {
    tokio::join!(server.person("ann"), server.person("bob"), server.person("eve"))
}

fn with_bearer(
    server: &TestServer,
    token: &str,
) -> tokio_tungstenite::tungstenite::handshake::client::Request {
    let url = format!("{}/ws", server.url.replace("http://", "ws://"));
    let mut request = url.into_client_request().unwrap();
    let header = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("Authorization", header);
    request
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Of an object, the fields that another one has.
fn part_like(object: &Value, other: &Value) -> Value {
    let fields = other.as_object().unwrap().keys();
    fields.map(|key| (key.clone(), object[key].clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_that_is_gained_while_one_connects_is_received() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    for round in 0..60 {
        let others = [&bob];
        let (mut socket, chat) = tokio::join!(bob.socket(), ann.group("Garden", &others));
        let sent = ann.post_text(chat, &format!("round {round}")).await;
        assert_eq!(socket.until("message.created").await["id"], sent["id"]);
    }
}

#[tokio::test]
async fn typing_is_told_only_so_often() {
    let server = TestServer::with(&["--rate-limits", "on"]).await;
    let (ann, bob) = tokio::join!(server.person("ann"), server.person("bob"));
    let chat = ann.group("Garden", &[&bob]).await;
    let (mut anns, mut bobs) = (ann.socket().await, bob.socket().await);
    for _ in 0..60 {
        anns.send(json!({"event": "typing", "data": {"chat_id": chat}})).await;
    }
    anns.send(json!({"event": "ping"})).await;
    anns.until("pong").await;
    ann.post_text(chat, "the end").await;
    let mut told = 0;
    while bobs.any().await.unwrap()["event"] != "message.created" {
        told += 1;
    }
    // What is told comes after the messages that wait with it.
    bobs.send(json!({"event": "ping"})).await;
    while bobs.any().await.unwrap()["event"] != "pong" {
        told += 1;
    }
    assert!((1..=25).contains(&told), "{told}");
}

#[tokio::test]
async fn frames_for_chats_of_others_are_limited_too() {
    let server = TestServer::with(&["--rate-limits", "on"]).await;
    let (ann, eve) = tokio::join!(server.person("ann"), server.person("eve"));
    let chat = ann.group("Garden", &[]).await;
    // One socket takes 250 frames in a while; a user may have several.
    let mut sockets = join_all((0..3).map(|_| eve.socket())).await;
    for socket in &mut sockets {
        for _ in 0..200 {
            socket.send(json!({"event": "read", "data": {"chat_id": chat}})).await;
        }
    }
    let mut codes = Vec::new();
    for socket in &mut sockets {
        for _ in 0..200 {
            let error = socket.until("error").await;
            codes.push(error["code"].as_str().unwrap_or_else(|| panic!("{error}")).to_owned());
        }
    }
    assert_eq!(codes[0], "forbidden");
    assert!(codes.iter().any(|code| code == "too_many_requests"), "{} frames", codes.len());
}
