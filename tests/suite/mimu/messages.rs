//! Messages: each row of the contract.

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

use super::{Mimu, fields, refused, reply, two};
use crate::server::TestServer;

#[tokio::test]
async fn a_text_is_sent_as_the_document_sends_it() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    let body = json!({
        "chatId": chat, "type": "text", "text": "Привет!", "replyToMessageId": null,
        "timestamp": "2024-03-26T12:05:00.000",
    });
    let sent = fields(ann.post("/api/v1/messages", body).await);
    assert!(sent["timestamp"].as_str().unwrap().ends_with('Z'));
    let read = bob.messages(&chat).await;
    assert_eq!(
        read,
        [json!({
            "id": sent["messageId"], "chatId": chat, "type": "text", "timestamp": sent["timestamp"],
            "text": "Привет!", "isMe": false, "senderId": ann.id, "senderName": "ann", "isRead": false,
            "isEdited": false, "reactions": {},
        })]
    );
    assert_eq!(ann.messages(&chat).await[0]["isMe"], true);
}

#[tokio::test]
async fn history_comes_in_pages_the_newest_first_and_each_the_oldest_first() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    let mut ids = Vec::new();
    for text in ["1", "2", "3", "4", "5"] {
        ids.push(ann.post_text("chat-1", text).await);
    }
    // What is deleted takes no place in a page.
    fields(ann.delete(&format!("/api/v1/messages/{}", ids[3]), "chat-1").await);
    let page = async |query: String| {
        let page = fields(ann.get(&format!("/api/v1/messages?chatId=chat-1{query}")).await);
        let texts: Vec<_> =
            page["messages"].as_array().unwrap().iter().map(|it| it["text"].clone()).collect();
        (texts, page["hasMore"].as_bool().unwrap())
    };
    assert_eq!(page("&limit=2".into()).await, (vec![json!("3"), json!("5")], true));
    assert_eq!(page(format!("&limit=2&before={}", ids[2])).await, (vec![json!("1"), json!("2")], false));
    assert_eq!(page(format!("&limit=1&before={}", ids[2])).await, (vec![json!("2")], true));
    assert_eq!(page(String::new()).await.0.len(), 4);
    refused(ann.get("/api/v1/messages?chatId=chat-1&before=1").await, 404, "not_found");
    refused(ann.get("/api/v1/messages").await, 400, "invalid");
}

#[tokio::test]
async fn a_message_is_edited_by_its_author() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    let id = ann.post_text(&chat, "Превет!").await;
    let path = format!("/api/v1/messages/{id}");
    let body = json!({"chatId": chat, "text": "Привет!", "editedAt": "2024-03-26T12:06:00.000"});
    refused(bob.put(&path, body.clone()).await, 403, "forbidden");
    fields(ann.put(&path, body).await);
    let message = &bob.messages(&chat).await[0];
    assert_eq!((&message["text"], &message["isEdited"]), (&json!("Привет!"), &json!(true)));
    refused(ann.put(&path, json!({"chatId": "chat-1", "text": "x"})).await, 404, "not_found");
    refused(ann.put(&path, json!({"chatId": chat, "text": " "})).await, 400, "invalid");
    refused(ann.put("/api/v1/messages/x", json!({"text": "x"})).await, 404, "not_found");
}

#[tokio::test]
async fn a_message_is_deleted_and_may_be_deleted_again() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    let id = ann.post_text(&chat, "Привет!").await;
    let path = format!("/api/v1/messages/{id}");
    refused(bob.delete(&path, &chat).await, 403, "forbidden");
    refused(ann.delete(&path, "chat-1").await, 404, "not_found");
    fields(ann.delete(&path, &chat).await);
    fields(ann.delete(&path, &chat).await);
    assert!(bob.messages(&chat).await.is_empty());
    refused(ann.delete("/api/v1/messages/1", &chat).await, 404, "not_found");
}

#[tokio::test]
async fn reactions_are_counted_and_taken_back_in_three_ways() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    let id = ann.post_text(&chat, "Привет!").await;
    let path = format!("/api/v1/messages/{id}/reactions");
    let reactions = async || ann.messages(&chat).await[0]["reactions"].clone();
    for person in [&ann, &bob] {
        fields(person.post(&path, json!({"chatId": chat, "emoji": "👍"})).await);
    }
    fields(ann.post(&path, json!({"chatId": chat, "emoji": "❤️"})).await);
    fields(ann.post(&path, json!({"chatId": chat, "emoji": "❤️"})).await);
    assert_eq!(reactions().await, json!({"👍": 2, "❤️": 1}));
    let take_back = |person: &Mimu| person.request(Method::DELETE, &path).header("X-ChatId", &chat);
    let raw = HeaderValue::from_bytes("❤️".as_bytes()).unwrap();
    fields(reply(take_back(&ann).header("X-Emoji", raw)).await);
    assert_eq!(reactions().await, json!({"👍": 2}));
    fields(reply(take_back(&ann).header("X-Emoji", "%F0%9F%91%8D")).await);
    assert_eq!(reactions().await, json!({"👍": 1}));
    let query = format!("{path}?emoji=%F0%9F%91%8D");
    fields(bob.delete(&query, &chat).await);
    assert_eq!(reactions().await, json!({}));
    fields(reply(take_back(&bob).header("X-Emoji", "%F0%9F%91%8D")).await);
    refused(reply(take_back(&bob)).await, 400, "invalid");
    refused(ann.post(&path, json!({"chatId": chat, "emoji": "да"})).await, 400, "invalid");
    refused(ann.post(&path, json!({"chatId": "other", "emoji": "👍"})).await, 404, "not_found");
}

#[tokio::test]
async fn read_is_what_somebody_else_has_read_of_ones_own() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    let (first, _) = (ann.post_text(&chat, "1").await, ann.post_text(&chat, "2").await);
    let read = async |person: &Mimu| -> Vec<Value> {
        person.messages(&chat).await.iter().map(|message| message["isRead"].clone()).collect()
    };
    assert_eq!(read(&ann).await, [false, false]);
    fields(bob.post(&format!("/api/v1/messages/{first}/read"), json!({"chatId": chat})).await);
    assert_eq!(read(&ann).await, [true, false]);
    assert_eq!(read(&bob).await, [true, false]);
    let cid = Mimu::new(&server, "cid").await;
    refused(
        cid.post(&format!("/api/v1/messages/{first}/read"), json!({"chatId": chat})).await,
        403,
        "forbidden",
    );
}

#[tokio::test]
async fn who_came_in_later_has_not_read_what_was_sent_before() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Team", &[]).await;
    ann.post_text(chat, "before").await;
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    let sent = ann.post_text(chat, "after").await;
    bob.post(&format!("/chats/{chat}/read"), json!({"message_id": sent["id"]})).await.expect(200);
    let messages = Mimu::of(&ann).messages(&chat.to_string()).await;
    let of = |text: &str| messages.iter().find(|message| message["text"] == text).unwrap()["isRead"].clone();
    assert_eq!((of("before"), of("after")), (json!(false), json!(true)));
}

#[tokio::test]
async fn a_message_is_forwarded_to_several_chats() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    let id = bob.post_text(&chat, "Привет!").await;
    let body = json!({"fromChatId": chat, "toChatIds": ["chat-1", "chat-2"]});
    let path = format!("/api/v1/messages/{id}/forward");
    let forwarded = fields(ann.post(&path, body.clone()).await);
    assert_eq!(forwarded["messageIds"].as_array().unwrap().len(), 2);
    for (index, name) in ["chat-1", "chat-2"].into_iter().enumerate() {
        let messages = ann.messages(name).await;
        assert_eq!(messages.len(), 1);
        assert_eq!((&messages[0]["text"], &messages[0]["forwardedFrom"]), (&json!("Привет!"), &json!("bob")));
        assert_eq!(messages[0]["id"], forwarded["messageIds"][index]);
    }
    let again = || ann.request(Method::POST, &path).header("Idempotency-Key", "k").json(&body);
    let (one, other) = (fields(reply(again()).await), fields(reply(again()).await));
    assert_eq!(one, other);
    let of_new = json!({"fromChatId": chat, "toChatIds": ["chat-4", "chat-1"]});
    let again = || ann.request(Method::POST, &path).header("Idempotency-Key", "other").json(&of_new);
    let (one, other) = (fields(reply(again()).await), fields(reply(again()).await));
    assert_eq!(one, other);
    assert_eq!(ann.messages("chat-1").await.len(), 3);
    // There are as many ids as names, in their order, also when several name one chat.
    let chats = fields(ann.get("/api/v1/chats").await)["chats"].clone();
    let first = chats.as_array().unwrap().iter().find(|it| it["chatId"] == "chat-1").unwrap();
    let named = json!([first["serverId"], "chat-2", "chat-1", "chat-3", "chat-2", "chat-3"]);
    let body = json!({"fromChatId": chat, "toChatIds": named});
    let ids = fields(ann.post(&path, body).await)["messageIds"].clone();
    let newest = async |name: &str| ann.messages(name).await.pop().unwrap()["id"].clone();
    let (one, two, three) = (newest("chat-1").await, newest("chat-2").await, newest("chat-3").await);
    assert_eq!(ids, json!([one, two, one, three, two, three]));
    assert_eq!((ann.messages("chat-1").await.len(), ann.messages("chat-3").await.len()), (4, 1));
    refused(
        ann.post(&path, json!({"fromChatId": "chat-1", "toChatIds": ["chat-2"]})).await,
        404,
        "not_found",
    );
    refused(ann.post(&path, json!({"fromChatId": chat, "toChatIds": []})).await, 400, "invalid");
}

#[tokio::test]
async fn an_answer_names_what_it_answers() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    let id = ann.post_text("chat-1", "Как дела?").await;
    let body = |to: &str| json!({"chatId": "chat-1", "text": "Хорошо", "replyToMessageId": to});
    fields(ann.post("/api/v1/messages", body(&id)).await);
    assert_eq!(ann.messages("chat-1").await[1]["replyToMessageId"], id.as_str());
    refused(ann.post("/api/v1/messages", body("1")).await, 400, "invalid");
    refused(ann.post("/api/v1/messages", body("x")).await, 400, "invalid");
}

#[tokio::test]
async fn a_named_message_is_the_same_message() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    let say = |name: &str, stamp: &str| {
        let body = json!({"chatId": "chat-1", "text": "x", "clientMessageId": name, "timestamp": stamp});
        ann.request(Method::POST, "/api/v1/messages").json(&body)
    };
    let first = fields(reply(say("1711453500000", "a")).await);
    assert_eq!(fields(reply(say("1711453500000", "b")).await), first);
    assert_ne!(fields(reply(say("1711453500001", "b")).await), first);
    let keyed = |key: &str| {
        let body = json!({"chatId": "chat-1", "text": "y"});
        ann.request(Method::POST, "/api/v1/messages").header("Idempotency-Key", key).json(&body)
    };
    let uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    let first = fields(reply(keyed(uuid)).await);
    assert_eq!(fields(reply(keyed(&format!("\"{uuid}\""))).await), first);
    assert_eq!(ann.messages("chat-1").await.len(), 3);
}

#[tokio::test]
async fn types_of_the_clients_own_keep_their_fields() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mimu = Mimu::of(&ann);
    let sticker = json!({"chatId": "chat-1", "type": "sticker", "stickerPack": "cats", "stickerIndex": 3});
    fields(mimu.post("/api/v1/messages", sticker).await);
    let call = json!({"chatId": "chat-1", "type": "call", "text": "Пропущенный звонок", "callDuration": 0});
    fields(mimu.post("/api/v1/messages", call).await);
    let place = json!({"chatId": "chat-1", "type": "location", "latitude": 55.75, "longitude": 37.61});
    fields(mimu.post("/api/v1/messages", place).await);
    let poll =
        json!({"chatId": "chat-1", "type": "poll", "question": "Когда?", "options": ["Сейчас", "Потом"]});
    fields(mimu.post("/api/v1/messages", poll).await);
    let told = mimu.messages("chat-1").await;
    assert_eq!((&told[0]["type"], &told[0]["stickerIndex"]), (&json!("sticker"), &json!(3)));
    assert_eq!(told[0]["payload"], json!({"stickerPack": "cats", "stickerIndex": 3}));
    assert_eq!((&told[1]["type"], &told[1]["text"]), (&json!("call"), &json!("Пропущенный звонок")));
    assert_eq!((&told[2]["type"], &told[2]["latitude"]), (&json!("location"), &json!(55.75)));
    assert_eq!((&told[3]["type"], &told[3]["question"]), (&json!("poll"), &json!("Когда?")));
    assert!(told.iter().all(|message| !message["text"].as_str().unwrap().is_empty()));
    // Elsewhere they are what they are there.
    let chats = ann.get("/chats").await.expect(200);
    let chat = chats[0]["id"].as_i64().unwrap();
    let seen = ann.get(&format!("/messages?chat_id={chat}")).await.expect(200);
    let kinds: Vec<_> =
        seen.as_array().unwrap().iter().rev().map(|message| message["type"].clone()).collect();
    assert_eq!(kinds, ["text", "text", "location", "poll"]);
    refused(mimu.post("/api/v1/messages", json!({"chatId": "chat-1", "type": "a b"})).await, 400, "invalid");
}

#[tokio::test]
async fn types_of_the_clients_own_keep_fields_that_have_the_names_of_a_files() {
    let server = TestServer::start().await;
    let mimu = Mimu::new(&server, "ann").await;
    let like_a_files = json!({
        "caption": "Кот", "fileId": "cats-3", "fileName": "cat.webp", "fileSize": 4096, "durationSeconds": 65,
    });
    for kind in ["sticker", "call", "poll"] {
        let mut body = like_a_files.clone();
        body["chatId"] = json!("chat-1");
        body["type"] = json!(kind);
        body["text"] = json!("Текст");
        fields(mimu.post("/api/v1/messages", body).await);
        let told = mimu.messages("chat-1").await;
        let told = told.last().unwrap();
        assert_eq!((&told["type"], &told["text"]), (&json!(kind), &json!("Текст")));
        assert_eq!(told["payload"], like_a_files);
        for (name, value) in like_a_files.as_object().unwrap() {
            assert_eq!(&told[name], value, "{kind}: {name}");
        }
    }
    // Without a text the caption is it, and a part of a second stays one.
    let call =
        json!({"chatId": "chat-1", "type": "call", "text": "", "caption": "Звонок", "durationSeconds": 1.5});
    fields(mimu.post("/api/v1/messages", call).await);
    let told = mimu.messages("chat-1").await;
    let told = told.last().unwrap();
    assert_eq!((&told["text"], &told["payload"]), (&json!("Звонок"), &json!({"durationSeconds": 1.5})));
}

#[tokio::test]
async fn what_is_sent_elsewhere_is_shown_as_well_as_it_can_be() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Team", &[&bob]).await;
    let thread = ann.post_text(chat, "A thread").await;
    let body =
        json!({"chat_id": chat, "content": "in it", "thread_id": thread["id"], "reply_to": thread["id"]});
    ann.post("/messages", body).await.expect(201);
    let told = Mimu::of(&ann).messages(&chat.to_string()).await;
    assert!(told.iter().all(|message| message["type"] == "text"));
    assert_eq!((&told[0]["isMe"], told[0]["text"].as_str().unwrap().is_empty()), (&json!(false), false));
    assert_eq!(told[2]["replyToMessageId"], thread["id"].to_string());
}

#[tokio::test]
async fn what_can_be_no_message_is_refused_and_makes_no_chat() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    for body in [
        json!({"chatId": "chat-1", "type": "text"}),
        json!({"chatId": "chat-1", "type": "text", "text": " "}),
        json!({"chatId": "", "type": "text", "text": "x"}),
        json!({"chatId": "chat-1", "type": "image"}),
        json!({"chatId": "chat-1", "type": "image", "fileId": "x"}),
        json!({"chatId": "chat-1", "type": "voice", "fileId": "00000000-0000-4000-8000-000000000000"}),
        json!({"chatId": "chat-1", "type": "text", "text": "x".repeat(16_001)}),
        json!({"type": "text", "text": "x"}),
        // Only when it is posted it is known that these are not there.
        json!({"chatId": "chat-1", "text": "x", "replyToMessageId": "1"}),
        json!({"chatId": "chat-1", "type": "image", "fileId": "00000000-0000-4000-8000-000000000000"}),
        json!({"chatId": "chat-1", "text": "x", "replyToMessageId": "1", "clientMessageId": "1"}),
    ] {
        refused(ann.post("/api/v1/messages", body).await, 400, "invalid");
    }
    assert!(fields(ann.get("/api/v1/chats").await)["chats"].as_array().unwrap().is_empty());
    assert_eq!(server.count("SELECT COUNT(*) FROM chat_name").await, 0);
}

#[tokio::test]
async fn what_is_not_forwarded_makes_no_chat() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let cid = Mimu::new(&server, "cid").await;
    let strangers = bob.friend(&cid).await;
    let id = ann.post_text("chat-1", "Привет!").await;
    let path = format!("/api/v1/messages/{id}/forward");
    let forward = async |to: Value| ann.post(&path, json!({"fromChatId": "chat-1", "toChatIds": to})).await;
    refused(forward(json!(["new", strangers])).await, 403, "forbidden");
    refused(forward(json!([strangers, "new"])).await, 403, "forbidden");
    refused(forward(json!(["new", ""])).await, 400, "invalid");
    let many: Vec<String> = (0..21).map(|number| format!("new-{number}")).collect();
    refused(forward(json!(many)).await, 400, "invalid");
    let chats = fields(ann.get("/api/v1/chats").await)["chats"].clone();
    assert_eq!(chats.as_array().unwrap().len(), 1, "{chats}");
    // Twice at once they make one chat.
    let (one, other) = tokio::join!(forward(json!(["new"])), forward(json!(["new"])));
    assert_ne!(fields(one)["messageIds"], fields(other)["messageIds"]);
    assert_eq!(ann.messages("new").await.len(), 2);
}
