//! People: how they are told apart, and what they say of themselves.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::server::{PASSWORD, Person, Reply, TestServer};

#[tokio::test]
async fn one_signs_in_by_either_name_however_it_is_written() {
    let server = TestServer::start().await;
    let alyona = json!({
        "email": " Алёна@Example.com ", "username": "Алёна", "password": PASSWORD, "display_name": "Алёна",
    });
    let kept = server.nobody().post("/auth/register", alyona).await.expect(201);
    assert_eq!(
        (&kept["user"]["email"], &kept["user"]["username"]),
        (&json!("Алёна@Example.com"), &json!("Алёна"))
    );
    for (field, name) in [
        ("username", "алена"),
        ("username", "  АЛЁНА "),
        ("username", "але\u{308}на"),
        ("username", "Алёна@example.com"),
        ("email", "алена@EXAMPLE.COM"),
        ("email", "Алёна"),
    ] {
        let login = server.nobody().post("/auth/login", json!({field: name, "password": PASSWORD})).await;
        assert_eq!(login.status, 200, "{name}");
    }
    for name in ["алина", "алена@example", "", " "] {
        let login = json!({"username": name, "password": PASSWORD});
        server.nobody().post("/auth/login", login).await.refused(401, "wrong_password");
    }
}

#[tokio::test]
async fn names_that_look_alike_are_one_name() {
    let server = TestServer::start().await;
    register(&server, "жолудь-josé", "jose@example.com").await.expect(201);
    for (username, email, field) in [
        ("ЖОЛУДЬ-JOSE", "other@example.com", "username"),
        ("жолудь-jose\u{301}", "other@example.com", "username"),
        (" жолудь-jose ", "other@example.com", "username"),
        ("other", "JOSE@Example.com", "email"),
        ("other", "josé@example.com", "email"),
        ("other", "ｊose@example.com", "email"),
    ] {
        let refusal = register(&server, username, email).await.refused(400, "taken");
        assert!(refusal["detail"].as_str().unwrap().starts_with(field), "{refusal}");
    }
    register(&server, "йод", "one@example.com").await.expect(201);
    register(&server, "иод", "two@example.com").await.expect(201);
}

#[tokio::test]
async fn nobody_s_username_is_somebody_s_address() {
    let server = TestServer::start().await;
    register(&server, "bob", "bob@example.com").await.expect(201);
    for username in ["bob@example.com", "bob＠example.com"] {
        register(&server, username, "eve@example.com").await.refused(400, "invalid");
    }
    let eve = server.person("eve").await;
    eve.put("/users/me", json!({"username": "bob@example.com"})).await.refused(400, "invalid");
}

#[tokio::test]
async fn names_with_what_nobody_sees_are_refused() {
    let server = TestServer::start().await;
    for username in [
        "an\u{200b}na",
        "anna\u{ad}",
        "\u{3164}\u{3164}",
        "\u{345}\u{345}",
        "a\u{202e}b",
        "..",
        "👍👍",
        "a b",
    ] {
        register(&server, username, "a@example.com").await.refused(400, "invalid");
    }
    for email in ["an\u{200b}na@example.com", "anna@exam\u{200d}ple.com", "a b@example.com", "anna@\u{7}"] {
        register(&server, "anna", email).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn of_two_who_take_a_name_at_once_one_has_it() {
    let server = TestServer::start().await;
    let tries = join_all((0..8).map(|index| {
        let (server, email) = (&server, format!("same{index}@example.com"));
        async move { register(server, if index % 2 == 0 { "Same" } else { "sáme" }, &email).await }
    }));
    let (made, refused): (Vec<_>, Vec<_>) = tries.await.into_iter().partition(|reply| reply.status == 201);
    assert_eq!(made.len(), 1);
    for reply in refused {
        let refusal = reply.refused(400, "taken");
        assert!(refusal["detail"].as_str().unwrap().starts_with("username"), "{refusal}");
    }
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let new = json!({"username": "fresh"});
    let (one, other) = tokio::join!(ann.put("/users/me", new.clone()), bob.put("/users/me", new));
    assert_eq!([one.status, other.status].iter().sum::<u16>(), 200 + 400);
}

#[tokio::test]
async fn what_one_says_of_oneself_is_seen_by_others_and_taken_away_by_null() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let own = json!({
        "about": "  Садовник.\r\n\tПишу о яблонях 🍎 ", "time_zone": "europe/moscow", "language": "PT-br",
        "hides_presence": true, "hides_reading": true,
    });
    let me = ann.put("/users/me", own).await.expect(200);
    assert_eq!(me["about"], "Садовник.\n\tПишу о яблонях 🍎");
    assert_eq!((&me["time_zone"], &me["language"]), (&json!("Europe/Moscow"), &json!("pt-BR")));
    assert_eq!((&me["hides_presence"], &me["hides_reading"]), (&json!(true), &json!(true)));
    assert_eq!(ann.get("/users/me").await.expect(200), me);
    let kept = ann.put("/users/me", json!({"hides_presence": false})).await.expect(200);
    assert_eq!((&kept["about"], &kept["hides_reading"]), (&me["about"], &json!(true)));

    let seen = bob.get(&format!("/users/{}", ann.id)).await.expect(200);
    assert_eq!((&seen["about"], &seen["time_zone"]), (&me["about"], &json!("Europe/Moscow")));
    assert!(seen.get("language").is_none() && seen.get("hides_reading").is_none(), "{seen}");

    let bare =
        ann.put("/users/me", json!({"about": null, "time_zone": null, "language": null})).await.expect(200);
    for field in ["about", "time_zone", "language"] {
        assert_eq!(bare[field], Value::Null, "{field}");
    }
    let blank = ann.put("/users/me", json!({"about": " \u{200b}\n"})).await.expect(200);
    assert_eq!(blank["about"], Value::Null, "what nobody sees is nothing");
}

#[tokio::test]
async fn a_profile_is_refused_by_the_field_to_mend() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let before = ann.get("/users/me").await.expect(200);
    for (field, value) in [
        ("display_name", json!(" \u{200b}\u{2060} ")),
        ("display_name", json!("\u{3164}")),
        ("display_name", json!("\u{2800}\u{2800}")),
        ("display_name", json!("a\nb")),
        ("about", json!("я".repeat(501))),
        ("about", json!("a\u{0}")),
        ("about", json!(["a"])),
        ("time_zone", json!("Europe/Berlim")),
        ("time_zone", json!("../../etc/passwd")),
        ("language", json!("по-русски")),
        ("language", json!("x".repeat(1_000))),
        ("hides_presence", json!("yes")),
        ("hides_reading", json!(1)),
    ] {
        let refusal = ann.put("/users/me", json!({field: value})).await.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with(field), "{refusal}");
    }
    assert_eq!(ann.get("/users/me").await.expect(200), before);
    let long = ann.put("/users/me", json!({"about": "🍎".repeat(500)})).await.expect(200);
    assert_eq!(long["about"].as_str().unwrap().chars().count(), 500);
    let name =
        ann.put("/users/me", json!({"display_name": "\u{200b}Ann\u{202e} \u{feff} B."})).await.expect(200);
    assert_eq!(name["display_name"], "Ann B.");
}

#[tokio::test]
async fn a_new_name_is_received_in_every_chat_of_the_person() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    let (group, direct) = (ann.group("Garden", &[&bob]).await, ann.direct(&bob).await);
    ann.group("Orchard", &[&eve]).await;
    let cursor = bob.cursor().await;
    let mut socket = bob.socket().await;
    ann.put("/users/me", json!({"display_name": "Anna", "about": "Gardener"})).await.expect(200);
    let frames = bob.receives(&mut socket).await;
    let mut chats: Vec<i64> = Vec::new();
    for frame in &frames {
        assert_eq!(frame["event"], "member.updated");
        assert_eq!(frame["data"]["member"]["user"]["display_name"], "Anna");
        assert_eq!(frame["data"]["member"]["user"]["about"], "Gardener");
        chats.push(frame["data"]["chat_id"].as_i64().unwrap());
    }
    chats.sort_unstable();
    assert_eq!(chats, [group, direct]);
    assert_eq!(
        frames.iter().find(|frame| frame["data"]["chat_id"] == group).unwrap()["data"]["member"]["role"],
        "owner"
    );

    let missed = bob.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    let missed: Vec<&Value> = missed["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["event"] == "member.updated")
        .collect();
    assert_eq!(missed.len(), 2);
    assert_eq!(missed[0]["data"]["member"]["user"]["display_name"], "Anna");

    let private = json!({"language": "ru", "hides_reading": true, "email": "new@example.com",
        "password": PASSWORD});
    ann.put("/users/me", private).await.expect(200);
    ann.put("/users/me", json!({"display_name": "Anna"})).await.expect(200);
    assert_eq!(
        bob.receives(&mut socket).await,
        Vec::<Value>::new(),
        "what others don't see is not told them"
    );
}

#[tokio::test]
async fn a_profile_may_change_often_but_not_endlessly() {
    let server = TestServer::with(&[]).await;
    let ann = server.person("ann").await;
    let rename = async |name: String| ann.put("/users/me", json!({"display_name": name})).await;
    for number in 0..10 {
        rename(format!("Ann {number}")).await.expect(200);
    }
    rename("Ann 11".to_owned()).await.refused(429, "too_many_requests");
    ann.put("/users/me", json!({"language": "ru"})).await.expect(200);
}

async fn register(server: &TestServer, username: &str, email: &str) -> Reply {
    let body =
        json!({"username": username, "email": email, "password": PASSWORD, "display_name": "Somebody"});
    let nobody: Person = server.nobody();
    nobody.post("/auth/register", body).await
}
