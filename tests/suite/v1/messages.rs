//! `/messages`: saying, reading, editing, deleting, reacting.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::server::{Person, Reply, TestServer, fields, is_time};

const OGG: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const MP4: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41";

/// Two people and their private chat.
async fn two() -> (TestServer, Person, Person, i64) {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.direct(&bob).await;
    (server, anna, bob, chat)
}

#[tokio::test]
async fn a_text_is_as_the_document_shows() {
    let (_server, anna, bob, chat) = two().await;
    let body = json!({"chat_id": chat, "type": "text", "content": "Hello everyone!"});
    let message = anna.post("/messages", body).await.expect(201);
    assert_eq!(
        fields(&message),
        [
            "id",
            "chat_id",
            "author_id",
            "type",
            "content",
            "payload",
            "ts",
            "edited_at",
            "deleted",
            "client_id",
            "reactions",
            "attachments"
        ]
    );
    assert!(is_time(&message["ts"]), "{message}");
    let mut shown = message.clone();
    for name in ["id", "ts"] {
        shown.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(
        shown,
        json!({
            "chat_id": chat, "author_id": anna.id, "type": "text", "content": "Hello everyone!", "payload": null,
            "edited_at": null, "deleted": false, "client_id": null, "reactions": [], "attachments": [],
        })
    );
    assert_eq!(history(&bob, chat, "").await, [message]);
}

#[tokio::test]
async fn what_is_sent_is_kept_to_the_letter() {
    let (_server, anna, bob, chat) = two().await;
    let texts = [
        "  два пробела \n\n\tи табуляция ".to_owned(),
        "<script>alert(1)</script> & \"'`; DROP TABLE users; --".to_owned(),
        "й и\u{306} é e\u{301} \u{202e}rtl\u{202c} \u{200b} \u{feff}".to_owned(),
        "👩‍👩‍👧‍👦".repeat(100),
        "😀".repeat(16_000),
        "null".to_owned(),
    ];
    for text in &texts {
        assert_eq!(anna.post_text(chat, text).await["content"], **text);
    }
    let mut read = bob.texts(chat).await;
    read.reverse();
    assert!(read == texts);
    let payload = json!({"n": 1, "f": 0.5, "deep": [{"я": null}], "z": 1, "a": "\u{0}"});
    let body = json!({"chat_id": chat, "content": "with a payload", "payload": payload});
    assert_eq!(anna.post("/messages", body).await.expect(201)["payload"], payload);
    assert_eq!(history(&bob, chat, "&limit=1").await[0]["payload"].to_string(), payload.to_string());
}

#[tokio::test]
async fn a_text_that_says_nothing_or_too_much_is_refused() {
    let (_server, anna, _bob, chat) = two().await;
    for (change, field) in [
        (json!({"content": null}), "content"),
        (json!({"content": ""}), "content"),
        (json!({"content": " \n "}), "content"),
        (json!({"content": "я".repeat(16_001)}), "content"),
        (json!({"content": "a\u{0}b"}), "content"),
        (json!({"content": ["a"]}), "content"),
        (json!({"type": "system"}), "type"),
        (json!({"type": "sticker"}), "type"),
        (json!({"type": "TEXT"}), "type"),
        (json!({"type": 1}), "type"),
        (json!({"payload": "text"}), "payload"),
        (json!({"payload": [1]}), "payload"),
        (json!({"payload": {"a": "x".repeat(17_000)}}), "payload"),
        (json!({"client_id": "1"}), "client_id"),
        (json!({"chat_id": null}), "chat_id"),
        (json!({"chat_id": chat.to_string()}), "chat_id"),
        (json!({"chat_id": 1.5}), "chat_id"),
        (json!({"chat_id": 9_223_372_036_854_775_808_u64}), "chat_id"),
    ] {
        let mut body = json!({"chat_id": chat, "type": "text", "content": "hello"});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        names(anna.post("/messages", body).await, field);
    }
    assert!(history(&anna, chat, "").await.is_empty());
}

#[tokio::test]
async fn history_is_the_newest_fifty_unless_asked_otherwise() {
    let (_server, anna, bob, chat) = two().await;
    let mut sent: Vec<i64> = Vec::new();
    for n in 0..55 {
        sent.push(anna.post_text(chat, &n.to_string()).await["id"].as_i64().unwrap());
    }
    sent.reverse();
    let read = async |query: &str| ids(&history(&bob, chat, query).await);
    let middle = sent[27];
    assert_eq!(read("").await, sent[..50]);
    assert_eq!(read("&limit=200").await, sent);
    assert_eq!(read("&limit=1000").await, sent);
    assert_eq!(read("&limit=3").await, sent[..3]);
    assert_eq!(read(&format!("&before_id={middle}&limit=3")).await, sent[28..31]);
    assert_eq!(read(&format!("&after_id={middle}&limit=3")).await, sent[24..27]);
    assert_eq!(read(&format!("&around_id={middle}&limit=5")).await, sent[25..30]);
    assert_eq!(read(&format!("&around_id={middle}&limit=1")).await, [middle]);
    assert_eq!(read(&format!("&before_id={middle}")).await, sent[28..]);
    assert_eq!(read(&format!("&after_id={middle}")).await, sent[..27]);
    assert_eq!(read(&format!("&around_id={}&limit=4", sent[0])).await, sent[..2]);
    assert!(read(&format!("&before_id={}", sent[54])).await.is_empty());
    assert!(read(&format!("&after_id={}", sent[0])).await.is_empty());
}

#[tokio::test]
async fn history_is_asked_for_in_one_way_at_a_time() {
    let (_server, anna, bob, chat) = two().await;
    let id = anna.post_text(chat, "hello").await["id"].clone();
    let other = anna.group("Other", &[&bob]).await;
    let elsewhere = anna.post_text(other, "elsewhere").await["id"].clone();
    for (query, field) in [
        (String::new(), "chat_id"),
        ("chat_id=".to_owned(), "chat_id"),
        ("chat_id=x".to_owned(), "chat_id"),
        (format!("chat_id={chat}&limit=x"), "limit"),
        (format!("chat_id={chat}&limit=-1"), "limit"),
        (format!("chat_id={chat}&before_id=x"), "before_id"),
        (format!("chat_id={chat}&before_id={id}&after_id={id}"), "before_id"),
        (format!("chat_id={chat}&around_id={id}&before_id={id}"), "before_id"),
    ] {
        names(anna.get(&format!("/messages?{query}")).await, field);
    }
    for way in ["before_id", "after_id", "around_id"] {
        for id in [&elsewhere, &json!(1)] {
            let reply = anna.get(&format!("/messages?chat_id={chat}&{way}={id}")).await;
            reply.refused(404, "not_found");
        }
    }
}

#[tokio::test]
async fn a_voice_message_is_as_the_document_shows() {
    let (_server, anna, bob, chat) = two().await;
    let id = anna.upload("audio.opus", "audio/opus", OGG.to_vec()).await;
    let payload =
        json!({"attachment_id": id, "duration_ms": 5000, "codec": "opus", "waveform": [10, 20, 30, 40, 50]});
    let body = json!({"chat_id": chat, "type": "voice", "content": null, "payload": payload});
    let message = anna.post("/messages", body).await.expect(201);
    assert_eq!((&message["type"], &message["content"]), (&json!("voice"), &Value::Null));
    assert_eq!(message["payload"], payload);
    assert_eq!(message["attachments"][0]["id"], id);
    assert_eq!(message["attachments"][0]["filename"], "audio.opus");
    assert_eq!(history(&bob, chat, "").await, [message]);
}

#[tokio::test]
async fn a_voice_message_lacks_nothing() {
    let (_server, anna, bob, chat) = two().await;
    let id = anna.upload("audio.opus", "audio/opus", OGG.to_vec()).await;
    let of_bob = bob.upload("audio.opus", "audio/opus", OGG.to_vec()).await;
    let whole = json!({"attachment_id": id, "duration_ms": 5000, "codec": "opus"});
    let with = |name: &str, value: Value| {
        let mut payload = whole.clone();
        payload[name] = value;
        payload
    };
    let nil = "00000000-0000-0000-0000-000000000000";
    for (payload, what) in [
        (Value::Null, "attachment_id"),
        (json!({}), "attachment_id"),
        (with("attachment_id", Value::Null), "attachment_id"),
        (with("attachment_id", json!("uuid-here")), "attachment_id"),
        (with("attachment_id", json!(nil)), "attachment_id"),
        (with("attachment_id", json!(of_bob)), "attachment_id"),
        (with("duration_ms", Value::Null), "duration_ms"),
        (with("duration_ms", json!("5000")), "duration_ms"),
        (with("duration_ms", json!(-1)), "duration_ms"),
        (with("duration_ms", json!(900_001)), "duration_ms"),
        (with("codec", Value::Null), "codec"),
        (with("codec", json!("")), "codec"),
        (with("codec", json!(1)), "codec"),
        (with("waveform", json!("loud")), "waveform"),
        (with("waveform", json!(["loud"])), "waveform"),
        (with("waveform", json!(vec![1; 1_025])), "waveform"),
    ] {
        let body = json!({"chat_id": chat, "type": "voice", "payload": payload});
        let refusal = names(anna.post("/messages", body).await, "payload");
        assert!(refusal["detail"].as_str().unwrap().contains(what), "{payload}: {refusal}");
    }
    assert!(history(&anna, chat, "").await.is_empty());
}

#[tokio::test]
async fn files_are_posted_as_what_they_are() {
    let (_server, anna, bob, chat) = two().await;
    let image = anna.upload("a.png", "image/png", PNG.to_vec()).await;
    let video = anna.upload("a.mp4", "video/mp4", MP4.to_vec()).await;
    let file = anna.upload("a.txt", "text/plain", b"hello".to_vec()).await;
    let post = async |kind: &str, payload: Value| {
        let body = json!({"chat_id": chat, "type": kind, "content": "caption", "payload": payload});
        anna.post("/messages", body).await
    };
    for (kind, id) in [("image", &file), ("image", &video), ("video", &image), ("voice", &file)] {
        let payload = json!({"attachment_id": id, "duration_ms": 1, "codec": "opus"});
        names(post(kind, payload).await, "payload");
    }
    for flaw in [json!({"width": 0}), json!({"height": "1"}), json!({"duration_ms": -1})] {
        let mut payload = json!({"attachment_id": image});
        payload.as_object_mut().unwrap().extend(flaw.as_object().unwrap().clone());
        names(post("image", payload).await, "payload");
    }
    for (kind, id) in [("image", &image), ("video", &video), ("file", &file)] {
        let payload = json!({"attachment_id": id, "width": 640, "height": 480, "mine": true});
        let message = post(kind, payload.clone()).await.expect(201);
        assert_eq!(
            (&message["type"], &message["payload"], &message["content"]),
            (&json!(kind), &payload, &json!("caption"))
        );
        assert_eq!(message["attachments"][0]["id"], **id);
    }
    assert_eq!(history(&bob, chat, "").await.len(), 3);
}

#[tokio::test]
async fn what_is_not_uploaded_is_not_posted() {
    let (_server, anna, _bob, chat) = two().await;
    let form = json!({"filename": "a.png", "content_type": "image/png"});
    let id = anna.post("/attachments", form).await.expect(200)["attachment_id"].clone();
    let body = json!({"chat_id": chat, "type": "image", "payload": {"attachment_id": id}});
    names(anna.post("/messages", body).await, "payload");
}

#[tokio::test]
async fn only_its_author_edits_a_message() {
    let (_server, anna, bob, chat) = two().await;
    let carl = _server.person("carl").await;
    let sent = anna.post_text(chat, "first").await;
    let path = format!("/messages/{}", sent["id"]);
    let change = json!({"content": "Updated message text", "payload": null});
    let edited = anna.patch(&path, change.clone()).await.expect(200);
    assert!(is_time(&edited["edited_at"]), "{edited}");
    let mut expected = sent.clone();
    expected["content"] = json!("Updated message text");
    expected["edited_at"] = edited["edited_at"].clone();
    assert_eq!(edited, expected);
    assert_eq!(history(&bob, chat, "").await, std::slice::from_ref(&edited));

    for stranger in [&bob, &carl] {
        stranger.patch(&path, change.clone()).await.refused(403, "forbidden");
    }
    for unknown in ["1", "abc", "99999999999999999999"] {
        let path = format!("/messages/{unknown}");
        anna.patch(&path, change.clone()).await.refused(404, "not_found");
    }
    for nothing in [
        json!({}),
        json!({"content": null, "payload": null}),
        json!({"content": ""}),
        json!({"content": "x".repeat(16_001)}),
        json!({"content": "\u{0}x"}),
    ] {
        names(anna.patch(&path, nothing).await, "content");
    }
    let attachment = json!({"payload": ["a"]});
    names(anna.patch(&path, attachment).await, "payload");
    assert_eq!(history(&bob, chat, "").await, [edited]);
}

#[tokio::test]
async fn an_edit_leaves_what_it_does_not_name() {
    let (_server, anna, _bob, chat) = two().await;
    let id = anna.upload("a.png", "image/png", PNG.to_vec()).await;
    let other = anna.upload("b.png", "image/png", PNG.to_vec()).await;
    let body =
        json!({"chat_id": chat, "type": "image", "content": "before", "payload": {"attachment_id": id}});
    let path = format!("/messages/{}", anna.post("/messages", body).await.expect(201)["id"]);
    let edited = anna.patch(&path, json!({"content": "after"})).await.expect(200);
    assert_eq!(edited["payload"], json!({"attachment_id": id}));
    assert_eq!(edited["attachments"][0]["id"], id);
    let payload = json!({"attachment_id": id, "width": 5});
    let edited = anna.patch(&path, json!({"payload": payload})).await.expect(200);
    assert_eq!((&edited["content"], &edited["payload"]), (&json!("after"), &payload));
    for payload in [json!({"attachment_id": other}), json!({})] {
        names(anna.patch(&path, json!({"payload": payload})).await, "payload");
    }
    let bare = anna.patch(&path, json!({"content": ""})).await.expect(200);
    assert_eq!(bare["content"], Value::Null);
}

#[tokio::test]
async fn nobody_changes_what_the_server_sent() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Ours", &[]).await;
    let notice = history(&anna, chat, "").await[0].clone();
    assert_eq!(notice["type"], "system");
    let change = json!({"content": "I am the server"});
    let reply = anna.patch(&format!("/messages/{}", notice["id"]), change).await;
    reply.refused(403, "forbidden");
}

#[tokio::test]
async fn a_deleted_message_leaves_only_its_place() {
    let (_server, anna, bob, chat) = two().await;
    let sent = anna.post_text(chat, "secret").await;
    let path = format!("/messages/{}", sent["id"]);
    bob.put(&format!("{path}/reactions/👍"), json!({})).await.expect(200);
    bob.delete(&path).await.refused(403, "forbidden");
    assert_eq!(anna.delete(&path).await.status, 204);
    let tombstone = history(&bob, chat, "").await.remove(0);
    let mut expected = sent.clone();
    for (name, value) in [("content", Value::Null), ("deleted", json!(true))] {
        expected[name] = value;
    }
    assert_eq!(tombstone, expected);
    assert_eq!(bob.get("/chats").await.expect(200)[0]["last_message"], tombstone);
    anna.delete(&path).await.refused(404, "not_found");
    anna.patch(&path, json!({"content": "x"})).await.refused(404, "not_found");
    anna.put(&format!("{path}/reactions/👍"), json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn who_moderates_a_group_deletes_what_others_sent_in_it() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let carl = server.person("carl").await;
    let chat = anna.group("Ours", &[&bob]).await;
    let of_bob = format!("/messages/{}?for=all", bob.post_text(chat, "rude").await["id"]);
    let of_anna = format!("/messages/{}", anna.post_text(chat, "kind").await["id"]);
    bob.delete(&of_anna).await.refused(403, "forbidden");
    carl.delete(&of_bob).await.refused(403, "forbidden");
    assert_eq!(anna.delete(&of_bob).await.status, 204);
    assert_eq!(bob.texts(chat).await, ["kind"]);
    for unknown in ["1", "abc"] {
        let reply = anna.delete(&format!("/messages/{unknown}")).await;
        reply.refused(404, "not_found");
    }
}

#[tokio::test]
async fn what_one_deletes_for_oneself_others_still_see() {
    let (_server, anna, bob, chat) = two().await;
    let older = anna.post_text(chat, "older").await;
    let path = format!("/messages/{}?for=me", anna.post_text(chat, "hidden").await["id"]);
    for _ in 0..2 {
        assert_eq!(bob.delete(&path).await.status, 204);
    }
    assert_eq!(bob.texts(chat).await, ["older"]);
    assert_eq!(bob.get("/chats").await.expect(200)[0]["last_message"], older);
    assert_eq!(anna.texts(chat).await, ["hidden", "older"]);
    names(bob.delete(&path.replace("=me", "=them")).await, "for");
    let carl = _server.person("carl").await;
    carl.delete(&path).await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_message_that_one_has_hidden_is_not_found() {
    let (_server, anna, bob, chat) = two().await;
    let message = format!("/messages/{}", anna.post_text(chat, "hidden").await["id"]);
    for person in [&anna, &bob] {
        person.put(&format!("{message}/reactions/👍"), json!({})).await.expect(200);
    }
    anna.patch(&message, json!({"content": "edited"})).await.expect(200);
    anna.delete(&format!("{message}?for=me")).await.expect(204);

    for part in ["", "/edits", "/receipts", "/vote"] {
        anna.get(&format!("{message}{part}")).await.refused(404, "not_found");
    }
    anna.patch(&message, json!({"content": "again"})).await.refused(404, "not_found");
    for part in ["reactions/❤️", "pin", "bookmark"] {
        anna.put(&format!("{message}/{part}"), json!({})).await.refused(404, "not_found");
    }
    for part in ["", "/reactions/👍", "/pin", "/bookmark", "/previews"] {
        anna.delete(&format!("{message}{part}")).await.refused(404, "not_found");
    }
    let forward = json!({"chat_ids": [chat]});
    anna.post(&format!("{message}/forward"), forward).await.refused(404, "not_found");

    let seen = bob.get(&message).await.expect(200);
    assert_eq!((&seen["content"], &seen["reactions"][0]["count"]), (&json!("edited"), &json!(2)));
    assert_eq!(bob.texts(chat).await, ["edited"]);
}

#[tokio::test]
async fn the_two_spellings_of_an_emoji_are_one_reaction() {
    let server = TestServer::start().await;
    let (anna, boris) = (server.person("anna").await, server.person("boris").await);
    let chat = anna.group("Ours", &[&boris]).await;
    for (one, other) in [
        ("\u{2764}\u{fe0f}", "\u{2764}"),
        ("\u{1f44d}", "\u{1f44d}\u{fe0f}"),
        ("\u{260e}\u{fe0e}", "\u{260e}"),
        ("\u{263a}\u{fe0e}", "\u{263a}\u{fe0f}"),
    ] {
        let sent = anna.post_text(chat, "hello").await;
        let path = format!("/messages/{}", sent["id"]);
        anna.put(&format!("{path}/reactions/{one}"), json!({})).await.expect(200);
        let both = boris.put(&format!("{path}/reactions/{other}"), json!({})).await.expect(200);
        let reactions = both["reactions"].as_array().unwrap();
        assert_eq!(
            (reactions.len(), &reactions[0]["count"], &reactions[0]["emoji"]),
            (1, &json!(2), &json!(one))
        );
        anna.delete(&format!("{path}/reactions/{other}")).await.expect(204);
        boris.delete(&format!("{path}/reactions/{one}")).await.expect(204);
        assert_eq!(anna.get(&path).await.expect(200)["reactions"], json!([]));
    }
}

#[tokio::test]
async fn everybody_in_the_chat_reacts_once_with_each_emoji() {
    let (_server, anna, bob, chat) = two().await;
    let message = format!("/messages/{}", anna.post_text(chat, "hello").await["id"]);
    let like = format!("{message}/reactions/👍");
    for person in [&bob, &anna, &bob] {
        person.put(&like, json!({})).await.expect(200);
    }
    let keycap = format!("{message}/reactions/%23%EF%B8%8F%E2%83%A3");
    let reacted = anna.put(&keycap, json!({})).await.expect(200);
    let expected = json!([
        {"emoji": "👍", "count": 2, "user_ids": [bob.id, anna.id]},
        {"emoji": "#️⃣", "count": 1, "user_ids": [anna.id]},
    ]);
    assert_eq!(reacted["reactions"], expected);
    assert_eq!(reacted["edited_at"], Value::Null);
    assert_eq!(history(&bob, chat, "").await, [reacted]);

    assert_eq!(bob.delete(&like).await.status, 204);
    bob.delete(&like).await.refused(404, "not_found");
    let left = history(&bob, chat, "").await[0]["reactions"].clone();
    assert_eq!(left[0], json!({"emoji": "👍", "count": 1, "user_ids": [anna.id]}));
}

#[tokio::test]
async fn a_reaction_is_an_emoji_on_a_message_that_one_sees() {
    let (server, anna, _bob, chat) = two().await;
    let carl = server.person("carl").await;
    let message = format!("/messages/{}", anna.post_text(chat, "hello").await["id"]);
    for word in ["no", "да", "1", "%20", "%00", "👍👍".repeat(20).as_str()] {
        names(anna.put(&format!("{message}/reactions/{word}"), json!({})).await, "emoji");
    }
    for (path, status, code) in [
        (format!("{message}/reactions/👍"), 403, "forbidden"),
        ("/messages/1/reactions/👍".to_owned(), 404, "not_found"),
        ("/messages/abc/reactions/👍".to_owned(), 404, "not_found"),
    ] {
        carl.put(&path, json!({})).await.refused(status, code);
        carl.delete(&path).await.refused(status, code);
    }
}

#[tokio::test]
async fn a_message_sent_again_by_its_own_name_is_the_same_message() {
    let (_server, anna, bob, chat) = two().await;
    let name = uuid::Uuid::new_v4().to_string();
    let body = json!({"chat_id": chat, "type": "text", "content": "once", "client_id": name});
    let replies = join_all((0..6).map(|_| anna.post("/messages", body.clone()))).await;
    for reply in &replies {
        assert_eq!(reply.status, 201, "{}", reply.body);
        assert_eq!(reply.body, replies[0].body);
    }
    assert_eq!(replies[0]["client_id"], name);
    assert_eq!(anna.post("/messages", body.clone()).await.expect(201), replies[0].body);
    assert_eq!(bob.texts(chat).await, ["once"]);

    let elsewhere = anna.group("Other", &[]).await;
    let mut other = body.clone();
    other["chat_id"] = json!(elsewhere);
    anna.post("/messages", other).await.refused(409, "conflict");
    let of_bob = bob.post("/messages", body).await.expect(201);
    assert_ne!(of_bob["id"], replies[0]["id"]);
}

#[tokio::test]
async fn who_left_a_chat_does_not_get_at_what_they_sent_in_it() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.group("Ours", &[&bob]).await;
    let name = uuid::Uuid::new_v4();
    let body = json!({"chat_id": chat, "content": "bye", "client_id": name});
    let sent = bob.post("/messages", body.clone()).await.expect(201);
    bob.delete(&format!("/chats/{chat}/members/{}", bob.id)).await;
    let path = format!("/messages/{}", sent["id"]);
    bob.post("/messages", body).await.refused(403, "forbidden");
    bob.patch(&path, json!({"content": "x"})).await.refused(403, "forbidden");
    bob.delete(&path).await.refused(403, "forbidden");
}

/// A part of a chat's history; `query` begins with `&`.
async fn history(reader: &Person, chat: i64, query: &str) -> Vec<Value> {
    let path = format!("/messages?chat_id={chat}{query}");
    reader.get(&path).await.expect(200).as_array().unwrap().clone()
}

fn ids(messages: &[Value]) -> Vec<i64> {
    messages.iter().map(|message| message["id"].as_i64().unwrap()).collect()
}

/// A 400 whose detail begins with the field to mend.
#[track_caller]
fn names(reply: Reply, field: &str) -> Value {
    let refusal = reply.refused(400, "invalid");
    assert!(refusal["detail"].as_str().unwrap().starts_with(field), "{refusal}");
    refusal
}

#[tokio::test]
async fn a_quote_does_not_show_what_the_reader_has_hidden() {
    let server = TestServer::start().await;
    let (anna, bob, carl) =
        (server.person("anna").await, server.person("bob").await, server.person("carl").await);
    let chat = anna.group("Сад", &[&bob, &carl]).await;
    let secret = anna.post_text(chat, "тайна").await["id"].clone();
    let cursor = carl.cursor().await;
    let body =
        json!({"chat_id": chat, "type": "text", "content": "ответ https://example.org/", "reply_to": secret});
    let reply = bob.post("/messages", body.clone()).await.expect(201)["id"].clone();
    let path = format!("/messages/{reply}");
    anna.put(&format!("{path}/pin"), json!({})).await.expect(200);
    for reader in [&bob, &carl] {
        reader.put(&format!("{path}/bookmark"), json!({})).await;
    }
    carl.delete(&format!("/messages/{secret}?for=me")).await.expect(204);
    for (reader, text) in [(&bob, json!("тайна")), (&carl, json!(null))] {
        let own = reader.put(&format!("{path}/reactions/👍"), json!({})).await.expect(200);
        assert_eq!(own["reply_to"]["text"], text);
        for path in [
            format!("/messages?chat_id={chat}"),
            path.clone(),
            format!("/chats/{chat}/pins"),
            format!("/chats/{chat}/media?type=link"),
            format!("/search?q={}", "ответ"),
            "/bookmarks".to_owned(),
            "/chats".to_owned(),
            format!("/chats/{chat}"),
            format!("/sync?cursor={cursor}"),
        ] {
            let mut shown = reader.get(&path).await.expect(200);
            // What was just sent is indexed a little later.
            while path.starts_with("/search") && quotes_in(&shown).is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                shown = reader.get(&path).await.expect(200);
            }
            let quotes = quotes_in(&shown);
            assert!(
                !quotes.is_empty() && quotes.iter().all(|quote| quote["text"] == text),
                "{path}: {shown}"
            );
        }
    }
    carl.post("/messages", body).await.refused(400, "invalid");
}

/// All quotes, wherever they are.
fn quotes_in(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(all) => all.iter().flat_map(quotes_in).collect(),
        Value::Object(fields) => {
            let quote = fields.get("reply_to").filter(|quote| quote.is_object());
            quote.into_iter().chain(fields.values().flat_map(quotes_in)).collect()
        }
        _ => Vec::new(),
    }
}
