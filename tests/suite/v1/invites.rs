//! Ways into groups: invitations and short codes.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::server::{Person, Reply, TestServer, is_time, names};

async fn invite(owner: &Person, chat: i64, what: Value) -> Value {
    owner.post(&format!("/chats/{chat}/invites"), what).await.expect(201)
}

async fn follow(person: &Person, invite: &Value) -> Reply {
    person.post(&format!("/invites/{}/join", invite["token"].as_str().unwrap()), Value::Null).await
}

async fn by_code(person: &Person, code: &str) -> Reply {
    person.post("/chats/join", json!({"code": code})).await
}

async fn two() -> (TestServer, Person, Person, i64) {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[]).await;
    (server, ann, bob, chat)
}

#[tokio::test]
async fn whoever_has_the_address_looks_at_it_and_comes_in() {
    let (server, ann, bob, chat) = two().await;
    let made = invite(&ann, chat, json!({})).await;
    let token = made["token"].as_str().unwrap();
    assert_eq!(made["url"], format!("{}/join/{token}", server.url));
    assert_eq!(
        (&made["uses"], &made["max_uses"], &made["expires_at"]),
        (&json!(0), &Value::Null, &Value::Null)
    );
    let shown = bob.get(&format!("/invites/{token}")).await.expect(200);
    assert_eq!((&shown["chat"]["title"], &shown["chat"]["is_member"]), (&json!("Garden"), &json!(false)));
    let joined = follow(&bob, &made).await.expect(200);
    assert_eq!(
        (&joined["id"], &joined["role"], &joined["code"]),
        (&json!(chat), &json!("member"), &Value::Null)
    );
    follow(&bob, &made).await.refused(409, "conflict");
    let listed = ann.get(&format!("/chats/{chat}/invites")).await.expect(200);
    assert_eq!((&listed[0]["uses"], &listed[0]["token"]), (&json!(1), &made["token"]));
}

#[tokio::test]
async fn whoever_is_not_signed_in_looks_at_it_too() {
    let (server, ann, bob, chat) = two().await;
    let made = invite(&ann, chat, json!({"max_uses": 1})).await;
    let preview = format!("/invites/{}/preview", made["token"].as_str().unwrap());
    let shown = server.nobody().get(&preview).await.expect(200);
    assert_eq!((&shown["chat"]["title"], &shown["chat"]["is_member"]), (&json!("Garden"), &json!(false)));
    assert_eq!(shown["chat"]["member_count"], 1);
    server.nobody().get("/invites/abcd/preview").await.refused(404, "not_found");
    follow(&bob, &made).await.expect(200);
    server.nobody().get(&preview).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_invitation_ends_with_its_time_its_uses_or_its_revocation() {
    let (server, ann, bob, chat) = two().await;
    let (eve, dan) = (server.person("eve").await, server.person("dan").await);
    let short = invite(&ann, chat, json!({"expires_in_seconds": 60})).await;
    let once = invite(&ann, chat, json!({"max_uses": 1})).await;
    let revoked = invite(&ann, chat, json!({})).await;
    assert!(is_time(&short["expires_at"]), "{short}");
    let listed = ann.get(&format!("/chats/{chat}/invites")).await.expect(200);
    let ids: Vec<&Value> = listed.as_array().unwrap().iter().map(|invite| &invite["id"]).collect();
    assert_eq!(ids, [&revoked["id"], &once["id"], &short["id"]], "the newest first");

    ann.delete(&format!("/chats/{chat}/invites/{}", revoked["id"])).await.expect(204);
    follow(&bob, &revoked).await.refused(404, "not_found");
    ann.delete(&format!("/chats/{chat}/invites/{}", revoked["id"])).await.refused(404, "not_found");

    let replies = join_all([&bob, &eve, &dan].map(|person| follow(person, &once))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "one use is one use");
    assert_eq!(ann.get(&format!("/chats/{chat}")).await.expect(200)["member_count"], 2);

    server.clock.advance(Duration::from_secs(60));
    for person in [&bob, &eve, &dan] {
        follow(person, &short).await.refused(404, "not_found");
    }
    let token = short["token"].as_str().unwrap();
    bob.get(&format!("/invites/{token}")).await.refused(404, "not_found");
}

#[tokio::test]
async fn nobody_makes_up_an_invitation() {
    let (_server, ann, bob, chat) = two().await;
    let made = invite(&ann, chat, json!({})).await;
    let token = made["token"].as_str().unwrap();
    let mut forged = token.to_owned();
    forged.replace_range(..1, if token.starts_with('B') { "C" } else { "B" });
    for token in [forged.as_str(), &token[..10], "AAAA", "%00", "я", &"A".repeat(500)] {
        bob.get(&format!("/invites/{token}")).await.refused(404, "not_found");
        bob.post(&format!("/invites/{token}/join"), Value::Null).await.refused(404, "not_found");
    }
    for wrong in [
        json!({"expires_in_seconds": 59}),
        json!({"expires_in_seconds": -1}),
        json!({"expires_in_seconds": i64::MAX}),
        json!({"max_uses": 0}),
        json!({"max_uses": i64::MAX}),
    ] {
        ann.post(&format!("/chats/{chat}/invites"), wrong).await.refused(400, "invalid");
    }
    let other = ann.group("Other", &[]).await;
    ann.delete(&format!("/chats/{other}/invites/{}", made["id"])).await.refused(404, "not_found");
    let private = ann.direct(&bob).await;
    ann.post(&format!("/chats/{private}/invites"), json!({})).await.refused(403, "forbidden");
}

#[tokio::test]
async fn with_its_group_an_invitation_is_gone_and_nobody_banned_follows_it() {
    let (_server, ann, bob, chat) = two().await;
    let made = invite(&ann, chat, json!({})).await;
    let code = ann.get(&format!("/chats/{chat}")).await.expect(200)["code"].as_str().unwrap().to_owned();
    ann.post(&format!("/chats/{chat}/bans"), json!({"user_id": bob.id})).await.expect(201);
    follow(&bob, &made).await.refused(403, "forbidden");
    by_code(&bob, &code).await.refused(403, "forbidden");
    let listed = ann.get(&format!("/chats/{chat}/invites")).await.expect(200);
    assert_eq!(listed[0]["uses"], 0);
    ann.delete(&format!("/chats/{chat}/bans/{}", bob.id)).await.expect(204);
    ann.delete(&format!("/chats/{chat}")).await.expect(204);
    follow(&bob, &made).await.refused(404, "not_found");
    by_code(&bob, &code).await.refused(404, "not_found");
}

#[tokio::test]
async fn those_who_may_invite_hear_that_the_ways_in_changed_and_nobody_else() {
    let (_server, ann, bob, chat) = two().await;
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    let (mut anns, mut bobs) = (ann.socket().await, bob.socket().await);
    let made = invite(&ann, chat, json!({})).await;
    assert_eq!(anns.until("chat.access").await, json!({"id": chat}));
    ann.delete(&format!("/chats/{chat}/invites/{}", made["id"])).await.expect(204);
    ann.post(&format!("/chats/{chat}/code"), Value::Null).await.expect(200);
    assert_eq!(names(&ann.receives(&mut anns).await), ["chat.access", "chat.access"]);
    assert_eq!(names(&bob.receives(&mut bobs).await), [""; 0]);
}

#[tokio::test]
async fn a_group_has_a_short_code_that_its_admins_see_renew_and_take_away() {
    let (_server, ann, bob, chat) = two().await;
    let path = format!("/chats/{chat}");
    let code = ann.get(&path).await.expect(200)["code"].as_str().unwrap().to_owned();
    assert!(code.len() == 6 && code.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()), "{code}");
    let joined = by_code(&bob, &format!(" {} ", code.to_lowercase())).await.expect(200);
    assert_eq!(
        (&joined["id"], &joined["code"]),
        (&json!(chat), &Value::Null),
        "only for those who may invite"
    );
    by_code(&bob, &code).await.refused(409, "conflict");
    bob.delete(&format!("{path}/members/{}", bob.id)).await.expect(204);

    let renewed = ann.post(&format!("{path}/code"), Value::Null).await.expect(200);
    assert_ne!(renewed["code"], code);
    by_code(&bob, &code).await.refused(404, "not_found");
    by_code(&bob, renewed["code"].as_str().unwrap()).await.expect(200);
    ann.delete(&format!("{path}/code")).await.expect(204);
    assert_eq!(ann.get(&path).await.expect(200)["code"], Value::Null);
    ann.delete(&format!("{path}/code")).await.expect(204);
}

#[tokio::test]
async fn codes_are_guessed_slowly() {
    let (server, ann, bob, chat) = two().await;
    let code = ann.get(&format!("/chats/{chat}")).await.expect(200)["code"].as_str().unwrap().to_owned();
    for wrong in ["", "A", "AAAAA!", "我我我我我我", "AAAAAAA"] {
        by_code(&bob, wrong).await.refused(404, "not_found");
    }
    let reply = by_code(&bob, &code).await;
    assert!(reply.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds <= 60), "{reply:?}");
    reply.refused(429, "too_many_requests");
    // Somebody else at the same address has guesses of their own left, and the right code costs none.
    by_code(&server.person("eve").await, &code).await.expect(200);
    server.clock.advance(Duration::from_secs(60));
    by_code(&bob, &code).await.expect(200);
}
