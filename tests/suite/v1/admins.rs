//! Deactivation, and those who look after the server.

use serde_json::{Value, json};

use crate::server::{PASSWORD, Person, TestServer, fields, names};

#[tokio::test]
async fn only_administrators_see_and_change_accounts() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let of_ann = |what: &str| format!("/admin/users/{}/{what}", ann.id);
    bob.get("/admin/users").await.refused(403, "forbidden");
    bob.get("/admin/status").await.refused(403, "forbidden");
    bob.post(&of_ann("deactivate"), json!({})).await.refused(403, "forbidden");
    bob.post(&of_ann("reactivate"), json!({})).await.refused(403, "forbidden");
    bob.put(&of_ann("admin"), json!({})).await.refused(403, "forbidden");
    bob.delete(&of_ann("admin")).await.refused(403, "forbidden");
    server.nobody().get("/admin/users").await.refused(401, "unauthorized");
    for nobody in ["1", "-1", "99999999999999999999", "a"] {
        ann.post(&format!("/admin/users/{nobody}/deactivate"), json!({})).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn accounts_are_listed_page_by_page_and_found_by_name() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let others = ["bob", "eve", "Ёлка"].map(|name| server.person(name));
    let others = futures_util::future::join_all(others).await;
    let first = ann.get("/admin/users?limit=3").await.expect(200);
    let after = first[2]["id"].as_i64().unwrap();
    let rest = ann.get(&format!("/admin/users?after_id={after}")).await.expect(200);
    let ids = |list: &Value| list.as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect();
    let (mut listed, more): (Vec<i64>, Vec<i64>) = (ids(&first), ids(&rest));
    listed.extend(more);
    let mut all: Vec<i64> = others.iter().map(|other| other.id).chain([ann.id]).collect();
    all.sort_unstable();
    assert_eq!(listed, all);
    assert_eq!(
        fields(&first[0]),
        [
            "id",
            "email",
            "username",
            "display_name",
            "is_admin",
            "created_at",
            "last_seen_at",
            "deactivated_at"
        ]
    );
    assert_eq!(ids(&ann.get("/admin/users?q=ЕЛК").await.expect(200)), [others[2].id]);
    assert_eq!(ids(&ann.get("/admin/users?q=eve@example.com").await.expect(200)), [others[1].id]);
    for none in ["%25", "_", "%27%20OR%201%3D1", "%E2%80%8B"] {
        assert_eq!(ann.get(&format!("/admin/users?q={none}")).await.expect(200), json!([]), "{none}");
    }
}

#[tokio::test]
async fn who_is_deactivated_is_out_at_once_and_what_they_sent_stays() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let (group, direct) = (bob.group("Garden", &[&eve, &ann]).await, bob.direct(&eve).await);
    bob.post_text(group, "seeds").await;
    bob.post_text(direct, "to you").await;
    let (mut bobs, mut eves) = (bob.socket().await, eve.socket().await);
    let before = eve.cursor().await;
    ann.post(&format!("/admin/users/{}/deactivate", bob.id), json!({})).await.expect(204);

    assert_eq!(bobs.closed().await, 4403);
    bob.get("/users/me").await.refused(401, "session_ended");
    bob.refresh().await.refused(401, "session_ended");
    let login = |password: &str| json!({"username": "bob", "password": password});
    server.nobody().post("/auth/login", login(PASSWORD)).await.refused(403, "deactivated");
    let wrong = server.nobody().post("/auth/login", login("something else")).await;
    wrong.refused(401, "wrong_password");

    let received = eve.receives(&mut eves).await;
    let told: Vec<&Value> =
        received.iter().filter(|frame| frame["data"]["member"]["user"]["id"] == bob.id).collect();
    assert_eq!(told.len(), 2, "{received:?}");
    assert!(told.iter().all(|frame| frame["event"] == "member.updated"));
    assert!(told.iter().all(|frame| frame["data"]["member"]["user"]["deactivated"] == true));
    let missed = eve.get(&format!("/sync?cursor={before}")).await.expect(200);
    let missed = names(missed["events"].as_array().unwrap());
    assert_eq!(missed.iter().filter(|name| **name == "member.updated").count(), 3, "{missed:?}");

    assert_eq!(eve.texts(group).await, ["seeds"]);
    assert_eq!(eve.texts(direct).await, ["to you"]);
    assert_eq!(eve.get(&format!("/users/{}", bob.id)).await.expect(200)["deactivated"], true);
    assert_eq!(eve.get("/users/search?q=bob").await.expect(200), json!([]));
    let chats = eve.get("/chats").await.expect(200);
    let peer = chats.as_array().unwrap().iter().find(|chat| chat["id"] == direct).unwrap()["peer"].clone();
    assert_eq!((&peer["deactivated"], &peer["presence"]["status"]), (&json!(true), &json!("offline")));
}

#[tokio::test]
async fn who_is_deactivated_is_brought_into_no_chat() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let group = eve.group("Garden", &[]).await;
    ann.post(&format!("/admin/users/{}/deactivate", bob.id), json!({})).await.expect(204);
    let added = eve.post(&format!("/chats/{group}/members"), json!({"user_id": bob.id})).await;
    added.refused(409, "conflict");
    let made = json!({"title": "New", "is_group": true, "member_ids": [bob.id]});
    let refusal = eve.post("/chats", made).await.refused(400, "invalid");
    assert!(refusal["detail"].as_str().unwrap().starts_with("member_ids"), "{refusal}");
    eve.post("/chats/direct", json!({"user_id": bob.id})).await.refused(409, "conflict");
}

#[tokio::test]
async fn one_comes_back_as_one_went_but_owns_nothing_any_more() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let (group, alone) = (bob.group("Garden", &[&ann, &eve]).await, bob.group("Mine", &[]).await);
    let path = |what: &str| format!("/admin/users/{}/{what}", bob.id);
    ann.post(&path("deactivate"), json!({})).await.expect(204);
    ann.post(&path("deactivate"), json!({})).await.expect(204);
    let listed = ann.get("/admin/users?q=bob").await.expect(200);
    assert!(listed[0]["deactivated_at"].is_string(), "{listed}");
    ann.post(&path("reactivate"), json!({})).await.expect(204);
    ann.post(&path("reactivate"), json!({})).await.expect(204);
    let bob = server.again(&bob, "bob").await;
    let role = |members: Value, who: &Person| {
        let members = members.as_array().unwrap().clone();
        members.into_iter().find(|member| member["user"]["id"] == who.id).unwrap()["role"].clone()
    };
    let members = bob.get(&format!("/chats/{group}/members")).await.expect(200);
    assert_eq!(role(members.clone(), &bob), "admin");
    assert_eq!(role(members, &ann), "owner");
    let members = bob.get(&format!("/chats/{alone}/members")).await.expect(200);
    assert_eq!(role(members, &bob), "owner", "there was nobody to hand it to");
    assert_eq!(eve.get(&format!("/users/{}", bob.id)).await.expect(200)["deactivated"], false);
}

#[tokio::test]
async fn one_deactivates_oneself_with_the_password() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let phone = server.again(&bob, "bob").await;
    for wrong in [json!({"password": "something else"}), json!({"password": ""})] {
        let refusal = bob.post("/users/me/deactivate", wrong).await.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with("password"), "{refusal}");
    }
    bob.post("/users/me/deactivate", json!({})).await.refused(400, "invalid");
    let mut socket = phone.socket().await;
    bob.post("/users/me/deactivate", json!({"password": PASSWORD})).await.expect(204);
    assert_eq!(socket.closed().await, 4403);
    for device in [&bob, &phone] {
        device.get("/chats").await.refused(401, "session_ended");
    }
    let only = ann.post("/users/me/deactivate", json!({"password": PASSWORD})).await;
    only.refused(409, "conflict");
    ann.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn there_is_always_an_administrator() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let path = |who: &Person, what: &str| format!("/admin/users/{}/{what}", who.id);
    ann.delete(&path(&ann, "admin")).await.refused(409, "conflict");
    ann.post(&path(&ann, "deactivate"), json!({})).await.refused(409, "conflict");
    let mut socket = bob.socket().await;
    ann.put(&path(&bob, "admin"), json!({})).await.expect(204);
    assert_eq!(socket.until("user.updated").await["is_admin"], true);
    let (of_bob, of_ann) = (path(&bob, "admin"), path(&ann, "admin"));
    let (one, other) = tokio::join!(ann.delete(&of_bob), bob.delete(&of_ann));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert!(matches!(statuses, [204, 403 | 409]), "{statuses:?}");
    let admins = [ann.get("/admin/users").await.status, bob.get("/admin/users").await.status];
    assert!(admins.contains(&200) && admins.contains(&403), "{admins:?}");
}

#[tokio::test]
async fn a_command_beside_the_server_does_it_too() {
    let server = TestServer::start().await;
    let (ann, bob, _) = three(&server).await;
    let beside = server.beside().await;
    beside.appoint("BOB@example.com", true).await.unwrap();
    bob.get("/admin/users").await.expect(200);
    beside.deactivate("Ann").await.unwrap();
    let listed = beside.accounts().await.unwrap();
    let gone: Vec<_> = listed.iter().filter(|account| account.deactivated_at.is_some()).collect();
    assert!(listed.len() == 3 && gone.len() == 1 && gone[0].user.id().0 == ann.id);
    let login = json!({"username": "ann", "password": PASSWORD});
    server.nobody().post("/auth/login", login.clone()).await.refused(403, "deactivated");
    beside.reactivate("ann").await.unwrap();
    server.nobody().post("/auth/login", login).await.expect(200);
    assert!(beside.deactivate("nobody").await.is_err());
    beside.close().await;
}

async fn three(server: &TestServer) -> (Person, Person, Person) {
    (server.person("ann").await, server.person("bob").await, server.person("eve").await)
}
