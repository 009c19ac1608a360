//! Roles, bans, handing a chat on, and how one wants to have a chat.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::server::{Person, Reply, TestServer, is_time, names};

async fn three() -> (TestServer, Person, Person, Person, i64) {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let eve = server.person("eve").await;
    let chat = ann.group("Garden", &[&bob, &eve]).await;
    (server, ann, bob, eve, chat)
}

async fn give(by: &Person, chat: i64, to: &Person, role: &str) -> Reply {
    by.patch(&format!("/chats/{chat}/members/{}", to.id), json!({"role": role})).await
}

async fn ban(by: &Person, chat: i64, whom: &Person) -> Reply {
    by.post(&format!("/chats/{chat}/bans"), json!({"user_id": whom.id, "reason": " Реклама "})).await
}

async fn role(person: &Person, chat: i64) -> Value {
    person.get(&format!("/chats/{chat}")).await.expect(200)["role"].clone()
}

#[tokio::test]
async fn the_owner_says_who_is_an_admin_and_everybody_receives_it() {
    let (_server, ann, bob, eve, chat) = three().await;
    let mut socket = eve.socket().await;
    let member = give(&ann, chat, &bob, "admin").await.expect(200);
    assert_eq!((&member["role"], &member["user"]["id"]), (&json!("admin"), &json!(bob.id)));
    assert_eq!(socket.until("member.updated").await, json!({"chat_id": chat, "member": member}));
    give(&bob, chat, &eve, "admin").await.refused(403, "forbidden");
    give(&bob, chat, &ann, "member").await.refused(403, "forbidden");
    give(&ann, chat, &ann, "member").await.refused(409, "conflict");
    give(&ann, chat, &ann, "owner").await.expect(200);
    give(&ann, chat, &bob, "king").await.refused(400, "invalid");
    assert_eq!(names(&eve.receives(&mut socket).await), [""; 0]);
    // An admin rules over members only.
    bob.delete(&format!("/chats/{chat}/members/{}", ann.id)).await.refused(403, "forbidden");
    ban(&bob, chat, &ann).await.refused(403, "forbidden");
    bob.delete(&format!("/chats/{chat}/members/{}", eve.id)).await.expect(204);
    give(&ann, chat, &bob, "member").await.expect(200);
    bob.patch(&format!("/chats/{chat}"), json!({"title": "Mine"})).await.refused(403, "forbidden");
}

#[tokio::test]
async fn who_hands_a_chat_on_becomes_an_admin() {
    let (_server, ann, bob, eve, chat) = three().await;
    let mut socket = eve.socket().await;
    give(&ann, chat, &bob, "owner").await.expect(200);
    assert_eq!((role(&ann, chat).await, role(&bob, chat).await), (json!("admin"), json!("owner")));
    let frames = eve.receives(&mut socket).await;
    assert_eq!(names(&frames), ["member.updated", "member.updated", "message.created"]);
    let notice = json!({"kind": "chat.owner", "user_id": bob.id, "name": "bob"});
    assert_eq!(frames[2]["data"]["payload"], notice);
    give(&ann, chat, &eve, "owner").await.refused(403, "forbidden");
}

#[tokio::test]
async fn when_the_owner_goes_the_others_are_told_who_it_is_now() {
    let (_server, ann, bob, eve, chat) = three().await;
    give(&ann, chat, &eve, "admin").await.expect(200);
    let mut socket = bob.socket().await;
    ann.delete(&format!("/chats/{chat}/members/{}", ann.id)).await.expect(204);
    let frames = bob.receives(&mut socket).await;
    assert_eq!(names(&frames), ["member.removed", "member.updated", "message.created"]);
    let member = &frames[1]["data"]["member"];
    assert_eq!(
        (&member["user"]["id"], &member["role"]),
        (&json!(eve.id), &json!("owner")),
        "an admin goes first"
    );
    assert_eq!(role(&eve, chat).await, "owner");
}

#[tokio::test]
async fn of_owners_handing_on_at_once_one_is_left() {
    let (_server, ann, bob, eve, chat) = three().await;
    join_all([give(&ann, chat, &bob, "owner"), give(&ann, chat, &eve, "owner")]).await;
    let members = ann.get(&format!("/chats/{chat}/members")).await.expect(200);
    let owners = members.as_array().unwrap().iter().filter(|member| member["role"] == "owner").count();
    assert_eq!(owners, 1, "{members}");
}

#[tokio::test]
async fn who_is_banned_is_out_and_stays_out_until_it_is_lifted() {
    let (_server, ann, bob, eve, chat) = three().await;
    let (mut bobs, mut eves) = (bob.socket().await, eve.socket().await);
    let made = ban(&ann, chat, &bob).await.expect(201);
    assert_eq!(
        (&made["user"]["id"], &made["by_id"], &made["reason"]),
        (&json!(bob.id), &json!(ann.id), &json!("Реклама"))
    );
    assert!(is_time(&made["created_at"]), "{made}");
    assert_eq!(bobs.next().await.unwrap()["event"], "chat.removed");
    assert_eq!(names(&eve.receives(&mut eves).await), ["member.removed", "message.created"]);
    bob.get(&format!("/chats/{chat}")).await.refused(403, "forbidden");
    let (members, bans) = (format!("/chats/{chat}/members"), format!("/chats/{chat}/bans"));
    assert_eq!(ann.get(&bans).await.expect(200), json!([made]));
    eve.get(&bans).await.refused(403, "forbidden");
    ban(&ann, chat, &bob).await.refused(409, "conflict");
    ban(&ann, chat, &ann).await.refused(400, "invalid");
    ann.post(&members, json!({"user_id": bob.id})).await.refused(409, "conflict");
    ann.post(&members, json!({"user_ids": [bob.id]})).await.refused(409, "conflict");

    ann.delete(&format!("{bans}/{}", bob.id)).await.expect(204);
    ann.delete(&format!("{bans}/{}", bob.id)).await.refused(404, "not_found");
    assert_eq!(ann.get(&bans).await.expect(200), json!([]));
    ann.post(&members, json!({"user_id": bob.id})).await.expect(201);
}

#[tokio::test]
async fn somebody_who_was_never_in_can_be_banned() {
    let (server, ann, _bob, _eve, chat) = three().await;
    let dan = server.person("dan").await;
    ban(&ann, chat, &dan).await.expect(201);
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": dan.id})).await.refused(409, "conflict");
    ann.post(&format!("/chats/{chat}/bans"), json!({"user_id": 1})).await.refused(404, "not_found");
    let long = json!({"user_id": dan.id, "reason": "x".repeat(201)});
    ann.post(&format!("/chats/{chat}/bans"), long).await.refused(400, "invalid");
    let private = ann.direct(&dan).await;
    ban(&ann, private, &dan).await.refused(403, "forbidden");
}

#[tokio::test]
async fn several_are_added_at_once_and_received_of_one_by_one() {
    let (server, ann, bob, _eve, chat) = three().await;
    let (dan, fay) = (server.person("dan").await, server.person("fay").await);
    let mut socket = bob.socket().await;
    let members = format!("/chats/{chat}/members");
    let body = json!({"user_ids": [dan.id, fay.id, bob.id, dan.id]});
    let added = ann.post(&members, body).await.expect(201);
    let ids: Vec<&Value> = added["members"].as_array().unwrap().iter().map(|m| &m["user"]["id"]).collect();
    assert_eq!(ids, [&json!(dan.id), &json!(fay.id)], "bob was there");
    let frames = bob.receives(&mut socket).await;
    assert_eq!(names(&frames), ["member.added", "member.added", "message.created"]);
    assert_eq!(frames[1]["data"]["member"], added["members"][1]);
    assert_eq!(frames[2]["data"]["payload"]["kind"], "members.added");
    assert_eq!(ann.get(&format!("/chats/{chat}")).await.expect(200)["member_count"], 5);
    for wrong in
        [json!({}), json!({"user_ids": []}), json!({"user_ids": [1]}), json!({"user_id": 1, "user_ids": [2]})]
    {
        ann.post(&members, wrong).await.refused(400, "invalid");
    }
    let nobody_new = ann.post(&members, json!({"user_ids": [bob.id]})).await.expect(201);
    assert_eq!(nobody_new, json!({"members": []}));
}

#[tokio::test]
async fn how_one_has_a_chat_is_one_s_own_and_received_by_one_s_devices() {
    let (server, ann, bob, _eve, chat) = three().await;
    let (mut phone, mut anns) = (server.again(&bob, "bob").await.socket().await, ann.socket().await);
    let path = format!("/chats/{chat}/settings");
    let change = json!({"muted_until": "2030-01-01T00:00:00+03:00", "pinned": true, "notify": "mentions"});
    let settings = bob.patch(&path, change).await.expect(200);
    let expected = json!({
        "chat_id": chat, "muted_until": "2029-12-31T21:00:00", "pinned": true, "archived": false, "notify": "mentions",
    });
    assert_eq!(settings, expected);
    assert_eq!(phone.until("chat.settings").await, expected);
    assert_eq!(names(&ann.receives(&mut anns).await), [""; 0]);
    let shown = bob.get("/chats").await.expect(200)[0].clone();
    assert_eq!((&shown["pinned"], &shown["notify"]), (&json!(true), &json!("mentions")));
    assert_eq!(ann.get("/chats").await.expect(200)[0]["pinned"], false);

    // What is missing stays, null takes the mute away, and what is so already is told to nobody.
    let settings = bob.patch(&path, json!({"muted_until": null, "archived": true})).await.expect(200);
    assert_eq!((&settings["muted_until"], &settings["pinned"]), (&Value::Null, &json!(true)));
    assert_eq!(bob.patch(&path, json!({"archived": true})).await.expect(200), settings);
    assert_eq!(names(&bob.receives(&mut phone).await), ["chat.settings"]);
    ann.post_text(chat, "still archived").await;
    assert_eq!(bob.get("/chats").await.expect(200)[0]["archived"], true);
    for wrong in [json!({"muted_until": "soon"}), json!({"notify": "loud"}), json!({"pinned": 1})] {
        bob.patch(&path, wrong).await.refused(400, "invalid");
    }
}
