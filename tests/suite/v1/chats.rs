//! `/chats`: private chats, groups, members and read marks.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::server::{Person, TestServer, fields, is_time};

#[tokio::test]
async fn a_group_is_as_the_document_shows() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let body = json!({"title": " New Project Discussion ", "is_group": true, "member_ids": [bob.id]});
    let chat = anna.post("/chats", body).await.expect(201);
    assert_eq!(
        fields(&chat),
        [
            "id",
            "title",
            "is_group",
            "created_at",
            "member_count",
            "last_message",
            "unread_count",
            "last_read_message_id",
            "peer",
            "kind",
            "description",
            "avatar_url",
            "read_only",
            "message_life",
            "assistant",
            "mention_count",
            "role",
            "code",
            "muted_until",
            "pinned",
            "archived",
            "notify"
        ]
    );
    assert_eq!(chat["title"], "New Project Discussion");
    assert_eq!(chat["is_group"], true);
    assert_eq!(chat["member_count"], 2);
    assert_eq!(chat["unread_count"], 0);
    assert_eq!(chat["peer"], Value::Null);
    assert!(is_time(&chat["created_at"]), "{chat}");
    let path = format!("/chats/{}", chat["id"]);
    let mut of_bob = chat.clone();
    (of_bob["role"], of_bob["code"]) = (json!("member"), Value::Null);
    for (member, seen) in [(&anna, &chat), (&bob, &of_bob)] {
        assert_eq!(member.get(&path).await.expect(200), *seen);
        assert_eq!(member.get("/chats").await.expect(200), json!([seen]));
    }
    let notice = &chat["last_message"];
    assert_eq!((&notice["type"], &notice["payload"]["kind"]), (&json!("system"), &json!("chat.created")));
}

#[tokio::test]
async fn a_group_has_everybody_once() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let body = json!({"title": "Twice", "is_group": true, "member_ids": [bob.id, anna.id, bob.id]});
    let chat = anna.post("/chats", body).await.expect(201);
    assert_eq!(roles(&anna, chat["id"].as_i64().unwrap()).await, ["anna owner", "bob member"]);
    let alone = json!({"title": "Alone", "is_group": true});
    assert_eq!(anna.post("/chats", alone).await.expect(201)["member_count"], 1);
}

#[tokio::test]
async fn a_group_that_cant_be_is_not_made() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    for (body, field) in [
        (json!({"is_group": true, "member_ids": []}), "title"),
        (json!({"is_group": true, "title": " "}), "title"),
        (json!({"is_group": true, "title": "x".repeat(101)}), "title"),
        (json!({"is_group": true, "title": "a\u{0}b"}), "title"),
        (json!({"title": "a"}), "is_group"),
        (json!({"is_group": "yes", "title": "a"}), "is_group"),
        (json!({"is_group": true, "title": "a", "member_ids": [1]}), "member_ids"),
        (json!({"is_group": true, "title": "a", "member_ids": ["1"]}), "member_ids"),
        (json!({"is_group": true, "title": "a", "member_ids": 1}), "member_ids"),
        (json!({"is_group": false, "member_ids": []}), "member_ids"),
        (json!({"is_group": false, "member_ids": [1, 2]}), "member_ids"),
        (json!({"is_group": false}), "member_ids"),
        (json!({"is_group": false, "member_ids": [anna.id]}), "member_ids"),
    ] {
        let refusal = anna.post("/chats", body.clone()).await.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with(field), "{body}: {refusal}");
    }
    let nobody = json!({"is_group": false, "member_ids": [1]});
    anna.post("/chats", nobody).await.refused(404, "not_found");
    let oneself = json!({"user_id": anna.id});
    anna.post("/chats/direct", oneself).await.refused(400, "invalid");
    anna.post("/chats/direct", json!({"user_id": 1})).await.refused(404, "not_found");
    assert_eq!(anna.get("/chats").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_private_chat_is_named_after_the_other_one() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.direct(&bob).await;
    for (reader, other) in [(&anna, &bob), (&bob, &anna)] {
        let seen = reader.get(&format!("/chats/{chat}")).await.expect(200);
        let profile = reader.get(&format!("/users/{}", other.id)).await.expect(200);
        assert_eq!(seen["title"], profile["display_name"]);
        assert_eq!(seen["peer"], profile);
        assert_eq!((&seen["is_group"], &seen["member_count"]), (&json!(false), &json!(2)));
    }
    bob.put("/users/me", json!({"display_name": "Борис"})).await.expect(200);
    assert_eq!(anna.get("/chats").await.expect(200)[0]["title"], "Борис");
}

#[tokio::test]
async fn two_people_never_have_two_private_chats() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let open = |who: &Person, whom: &Person, direct: bool| {
        let (who, id) = (who.clone(), whom.id);
        async move {
            if direct {
                who.post("/chats/direct", json!({"user_id": id})).await
            } else {
                let body = json!({"is_group": false, "member_ids": [id], "title": "ignored"});
                who.post("/chats", body).await
            }
        }
    };
    let replies = join_all((0..8).map(|i| {
        let (who, whom) = if i % 2 == 0 { (&anna, &bob) } else { (&bob, &anna) };
        open(who, whom, i < 4)
    }))
    .await;
    for reply in &replies {
        assert!(matches!(reply.status, 200 | 201), "{}", reply.body);
        assert_eq!(reply["id"], replies[0]["id"]);
    }
    assert_eq!(open(&anna, &bob, true).await.status, 200);
    assert_eq!(open(&anna, &bob, false).await.status, 201);
    for person in [&anna, &bob] {
        assert_eq!(ids(person).await, [replies[0]["id"].as_i64().unwrap()]);
    }
    let carl = server.person("carl").await;
    assert_eq!(open(&anna, &carl, true).await.status, 201);
}

#[tokio::test]
async fn a_deleted_private_chat_is_hidden_until_something_is_sent() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.direct(&bob).await;
    anna.post_text(chat, "before").await;
    let path = format!("/chats/{chat}");
    assert_eq!(anna.delete(&path).await.status, 204);
    assert!(ids(&anna).await.is_empty());
    assert_eq!(ids(&bob).await, [chat]);

    bob.post_text(chat, "after").await;
    assert_eq!(ids(&anna).await, [chat]);
    assert_eq!(anna.texts(chat).await, ["after", "before"]);

    assert_eq!(anna.delete(&path).await.status, 204);
    assert_eq!(anna.direct(&bob).await, chat);
    assert_eq!(ids(&anna).await, [chat]);
}

#[tokio::test]
async fn a_group_is_renamed_by_who_moderates_it() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.group("Old", &[&bob]).await;
    let path = format!("/chats/{chat}");
    let renamed = anna.patch(&path, json!({"title": " Новое 👍 "})).await.expect(200);
    assert_eq!(renamed["title"], "Новое 👍");
    assert_eq!(bob.get(&path).await.expect(200)["title"], "Новое 👍");
    let notice = &renamed["last_message"];
    assert_eq!(notice["payload"], json!({"kind": "chat.renamed", "title": "Новое 👍"}));
    bob.patch(&path, json!({"title": "Mine"})).await.refused(403, "forbidden");
    for title in [json!(""), json!("x".repeat(101)), json!("\u{0}"), Value::Null] {
        let refusal = anna.patch(&path, json!({"title": title})).await.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with("title"), "{refusal}");
    }
    let private = anna.direct(&bob).await;
    anna.patch(&format!("/chats/{private}"), json!({"title": "Us"})).await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_group_is_deleted_for_everybody_by_who_moderates_it() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.group("Short", &[&bob]).await;
    let message = anna.post_text(chat, "hello").await["id"].clone();
    let path = format!("/chats/{chat}");
    bob.delete(&path).await.refused(403, "forbidden");
    assert_eq!(anna.delete(&path).await.status, 204);
    for person in [&anna, &bob] {
        assert!(ids(person).await.is_empty());
        person.get(&path).await.refused(404, "not_found");
        let history = person.get(&format!("/messages?chat_id={chat}")).await;
        history.refused(404, "not_found");
        let edit = format!("/messages/{message}");
        person.patch(&edit, json!({"content": "x"})).await.refused(404, "not_found");
    }
    anna.delete(&path).await.refused(404, "not_found");
    // What was sent in it is swept away without harm to the rest.
    let other = anna.group("Long", &[&bob]).await;
    anna.post_text(other, "still here").await;
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(bob.texts(other).await, ["still here"]);
}

#[tokio::test]
async fn a_stranger_gets_nowhere() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let carl = server.person("carl").await;
    let group = anna.group("Ours", &[&bob]).await;
    let private = anna.direct(&bob).await;
    for (chat, status, code) in [
        (group.to_string(), 403, "forbidden"),
        (private.to_string(), 403, "forbidden"),
        ("1".to_owned(), 404, "not_found"),
        ("-5".to_owned(), 404, "not_found"),
        ("abc".to_owned(), 404, "not_found"),
        ("99999999999999999999".to_owned(), 404, "not_found"),
    ] {
        let path = format!("/chats/{chat}");
        let (members, read) = (format!("{path}/members"), format!("{path}/read"));
        for reply in [
            carl.get(&path).await,
            carl.patch(&path, json!({"title": "Mine"})).await,
            carl.delete(&path).await,
            carl.get(&members).await,
            carl.post(&members, json!({"user_id": carl.id})).await,
            carl.delete(&format!("{members}/{}", bob.id)).await,
            carl.delete(&format!("{members}/{}", carl.id)).await,
            carl.post(&read, json!({})).await,
        ] {
            reply.refused(status, code);
        }
        if let Ok(id) = chat.parse::<i64>() {
            let say = json!({"chat_id": id, "type": "text", "content": "hi"});
            carl.post("/messages", say).await.refused(status, code);
            let history = carl.get(&format!("/messages?chat_id={chat}")).await;
            history.refused(status, code);
        }
    }
    assert!(ids(&carl).await.is_empty());
}

#[tokio::test]
async fn who_moderates_brings_in_and_takes_out() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let carl = server.person("carl").await;
    let chat = anna.group("Ours", &[&bob]).await;
    anna.post_text(chat, "early").await;
    let members = format!("/chats/{chat}/members");
    let whom = json!({"user_id": carl.id});
    bob.post(&members, whom.clone()).await.refused(403, "forbidden");
    let member = anna.post(&members, whom.clone()).await.expect(201);
    let shown = ["user", "role", "joined_at", "last_read_message_id", "last_delivered_message_id"];
    assert_eq!(fields(&member), shown);
    assert_eq!(member["user"]["id"], carl.id);
    assert_eq!(member["role"], "member");
    assert!(is_time(&member["joined_at"]), "{member}");
    anna.post(&members, whom).await.refused(409, "conflict");
    anna.post(&members, json!({"user_id": 1})).await.refused(404, "not_found");
    assert_eq!(roles(&carl, chat).await, ["anna owner", "bob member", "carl member"]);
    assert_eq!(carl.texts(chat).await, ["early"]);

    let of_bob = format!("{members}/{}", bob.id);
    carl.delete(&of_bob).await.refused(403, "forbidden");
    let of_anna = format!("{members}/{}", anna.id);
    carl.delete(&of_anna).await.refused(403, "forbidden");
    assert_eq!(anna.delete(&of_bob).await.status, 204);
    anna.delete(&of_bob).await.refused(404, "not_found");
    bob.get(&format!("/chats/{chat}")).await.refused(403, "forbidden");
    assert!(ids(&bob).await.is_empty());
    let notice = anna.get(&format!("/chats/{chat}")).await.expect(200)["last_message"].clone();
    assert_eq!(notice["payload"]["kind"], "member.removed");
    assert_eq!(notice["payload"]["user_id"], bob.id);

    let private = format!("/chats/{}/members", anna.direct(&bob).await);
    anna.post(&private, json!({"user_id": carl.id})).await.refused(403, "forbidden");
}

#[tokio::test]
async fn when_the_owner_leaves_who_came_first_takes_over() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let carl = server.person("carl").await;
    let chat = anna.group("Ours", &[]).await;
    let members = format!("/chats/{chat}/members");
    for person in [&carl, &bob] {
        server.clock.advance(Duration::from_secs(1));
        anna.post(&members, json!({"user_id": person.id})).await.expect(201);
    }
    let leave = async |person: &Person| person.delete(&format!("{members}/{}", person.id)).await;
    assert_eq!(leave(&anna).await.status, 204);
    leave(&anna).await.refused(403, "forbidden");
    assert_eq!(roles(&bob, chat).await, ["bob member", "carl owner"]);
    let notice = bob.get(&format!("/chats/{chat}")).await.expect(200)["last_message"].clone();
    assert_eq!((&notice["payload"]["kind"], &notice["author_id"]), (&json!("member.left"), &json!(anna.id)));
    carl.patch(&format!("/chats/{chat}"), json!({"title": "Carl's"})).await.expect(200);
    assert_eq!(leave(&carl).await.status, 204);
    assert_eq!(roles(&bob, chat).await, ["bob owner"]);
    assert_eq!(leave(&bob).await.status, 204);
    assert!(ids(&bob).await.is_empty());
}

#[tokio::test]
async fn leaving_a_private_chat_hides_it() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.direct(&bob).await;
    let path = format!("/chats/{chat}/members/{}", anna.id);
    assert_eq!(anna.delete(&path).await.status, 204);
    assert!(ids(&anna).await.is_empty());
    bob.post_text(chat, "come back").await;
    assert_eq!(ids(&anna).await, [chat]);
}

#[tokio::test]
async fn the_most_recently_active_chat_comes_first() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let mut chats = Vec::new();
    for title in ["a", "b", "c"] {
        server.clock.advance(Duration::from_secs(1));
        chats.push(anna.group(title, &[&bob]).await);
    }
    assert_eq!(ids(&bob).await, [chats[2], chats[1], chats[0]]);
    server.clock.advance(Duration::from_secs(1));
    let sent = anna.post_text(chats[0], "news").await;
    assert_eq!(ids(&bob).await, [chats[0], chats[2], chats[1]]);
    assert_eq!(bob.get("/chats").await.expect(200)[0]["last_message"], sent);
}

#[tokio::test]
async fn what_others_say_is_counted_until_it_is_read() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.group("Ours", &[&bob]).await;
    let mut sent = Vec::new();
    for text in ["one", "two", "three", "four"] {
        sent.push(anna.post_text(chat, text).await["id"].as_i64().unwrap());
    }
    bob.post_text(chat, "mine").await;
    let (path, read) = (format!("/chats/{chat}"), format!("/chats/{chat}/read"));
    let unread = async |who: &Person| who.get(&path).await.expect(200)["unread_count"].clone();
    assert_eq!((unread(&bob).await, unread(&anna).await), (json!(4), json!(1)));

    let mark = bob.post(&read, json!({"message_id": sent[1]})).await.expect(200);
    assert_eq!(mark, json!({"chat_id": chat, "message_id": sent[1], "unread_count": 2}));
    let back = bob.post(&read, json!({"message_id": sent[0]})).await.expect(200);
    assert_eq!(back, mark, "a mark never goes back");
    let seen = bob.get(&path).await.expect(200);
    assert_eq!(seen["last_read_message_id"], sent[1]);
    let members = anna.get(&format!("{path}/members")).await.expect(200);
    assert_eq!(members[1]["last_read_message_id"], sent[1]);

    // What is deleted, or hidden for oneself, waits for nobody.
    anna.delete(&format!("/messages/{}", sent[2])).await;
    assert_eq!(unread(&bob).await, 1);
    bob.delete(&format!("/messages/{}?for=me", sent[3])).await;
    assert_eq!(unread(&bob).await, 0);

    anna.post_text(chat, "five").await;
    let all = bob.post(&read, json!({})).await.expect(200);
    assert_eq!(all["unread_count"], 0);
    let newest = anna.post_text(chat, "six").await["id"].clone();
    assert_eq!(unread(&bob).await, 1);
    let null = bob.post(&read, json!({"message_id": null})).await.expect(200);
    assert_eq!(null, json!({"chat_id": chat, "message_id": newest, "unread_count": 0}));
}

#[tokio::test]
async fn only_a_message_of_the_chat_can_be_read_in_it() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let (chat, other) = (anna.direct(&bob).await, anna.group("Other", &[&bob]).await);
    let elsewhere = anna.post_text(other, "elsewhere").await["id"].clone();
    let read = format!("/chats/{chat}/read");
    for id in [elsewhere, json!(1)] {
        bob.post(&read, json!({"message_id": id})).await.refused(404, "not_found");
    }
    let empty = bob.post(&read, json!({})).await.expect(200);
    assert_eq!(empty, json!({"chat_id": chat, "message_id": null, "unread_count": 0}));
}

#[tokio::test]
async fn who_comes_into_a_chat_has_nothing_to_catch_up_on() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.group("Ours", &[]).await;
    anna.post_text(chat, "early").await;
    let whom = json!({"user_id": bob.id});
    anna.post(&format!("/chats/{chat}/members"), whom).await.expect(201);
    anna.post_text(chat, "late").await;
    let seen = bob.get(&format!("/chats/{chat}")).await.expect(200);
    assert_eq!(seen["unread_count"], 1);
}

/// The chats in somebody's list.
async fn ids(person: &Person) -> Vec<i64> {
    let chats = person.get("/chats").await.expect(200);
    let ids = chats.as_array().unwrap().iter().map(|chat| chat["id"].as_i64().unwrap());
    ids.collect()
}

/// Who is in a chat, with their roles, by name.
async fn roles(reader: &Person, chat: i64) -> Vec<String> {
    let members = reader.get(&format!("/chats/{chat}/members")).await.expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let members = members.as_array().unwrap().iter();
    members
        .map(|member| format!("{} {}", text(&member["user"]["display_name"]), text(&member["role"])))
        .collect()
}
