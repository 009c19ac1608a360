//! `/users`: people and one's own profile.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{PASSWORD, Person, Reply, TestServer, fields, is_time};

#[tokio::test]
async fn one_sees_oneself() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let me = anna.get("/users/me").await.expect(200);
    let known = [
        "id",
        "email",
        "phone",
        "username",
        "display_name",
        "avatar_url",
        "about",
        "time_zone",
        "language",
        "hides_presence",
        "hides_reading",
        "is_admin",
        "created_at",
    ];
    assert_eq!(fields(&me), known);
    assert_eq!(me["id"], anna.id);
    assert_eq!(me["email"], "anna@example.com");
    assert_eq!(me["avatar_url"], Value::Null);
    assert!(is_time(&me["created_at"]), "{me}");
}

#[tokio::test]
async fn others_see_no_address() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let seen = bob.get(&format!("/users/{}", anna.id)).await.expect(200);
    let known = [
        "id",
        "username",
        "display_name",
        "avatar_url",
        "about",
        "time_zone",
        "created_at",
        "deactivated",
        "presence",
        "deleted",
    ];
    assert_eq!(fields(&seen), known);
    assert_eq!(seen["display_name"], "anna");
    for nobody in ["/users/1", "/users/-1", "/users/abc", "/users/99999999999999999999"] {
        bob.get(nobody).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_profile_changes_where_it_is_asked_to() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let avatar = "https://example.com/avatar.jpg";
    let changed =
        anna.put("/users/me", json!({"display_name": " Анна 👩‍💻 ", "avatar_url": avatar})).await.expect(200);
    assert_eq!(changed["display_name"], "Анна 👩‍💻");
    assert_eq!(changed["avatar_url"], avatar);
    assert_eq!(changed["email"], "anna@example.com");
    assert_eq!(anna.get("/users/me").await.expect(200), changed);
    let kept = anna.put("/users/me", json!({"display_name": null})).await.expect(200);
    assert_eq!(kept, changed);
    for nothing in [json!(""), json!(null)] {
        anna.put("/users/me", json!({"avatar_url": avatar})).await.expect(200);
        let bare = anna.put("/users/me", json!({"avatar_url": nothing})).await.expect(200);
        assert_eq!(bare["avatar_url"], Value::Null);
    }
}

#[tokio::test]
async fn one_signs_in_by_the_new_address_and_username() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let new = json!({"email": "new@example.com", "username": "annette", "password": PASSWORD});
    anna.put("/users/me", new).await.expect(200);
    let login = async |who: Value| server.nobody().post("/auth/login", who).await.status;
    assert_eq!(login(json!({"email": "new@example.com", "password": PASSWORD})).await, 200);
    assert_eq!(login(json!({"username": "annette", "password": PASSWORD})).await, 200);
    assert_eq!(login(json!({"email": "anna@example.com", "password": PASSWORD})).await, 401);
}

#[tokio::test]
async fn a_taken_name_is_refused_by_its_field() {
    let server = TestServer::start().await;
    let (anna, _bob) = (server.person("anna").await, server.person("bob").await);
    for (field, taken) in [("email", "BOB@example.com"), ("username", "Bob")] {
        let refusal =
            anna.put("/users/me", json!({field: taken, "password": PASSWORD})).await.refused(400, "taken");
        assert!(refusal["detail"].as_str().unwrap().contains(field), "{refusal}");
    }
    let own = json!({"email": "ANNA@example.com", "username": "Anna"});
    anna.put("/users/me", own).await.expect(200);
}

#[tokio::test]
async fn a_profile_takes_only_what_it_can_show() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let before = anna.get("/users/me").await.expect(200);
    for (field, value) in [
        ("display_name", json!("")),
        ("display_name", json!("x".repeat(65))),
        ("display_name", json!("a\u{0}")),
        ("display_name", json!(["a"])),
        ("username", json!("")),
        ("username", json!("a b")),
        ("email", json!("@")),
        ("avatar_url", json!("ftp://example.com")),
    ] {
        let reply = anna.put("/users/me", json!({field: value})).await;
        let refusal = reply.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with(field), "{refusal}");
    }
    assert_eq!(anna.get("/users/me").await.expect(200), before);
}

#[tokio::test]
async fn people_are_found_by_parts_of_their_names_or_the_whole_address() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let alyona = server.person("red_fox").await;
    alyona.put("/users/me", json!({"display_name": "Алёна Королёва"})).await.expect(200);
    for (words, found) in [
        ("ален", true),
        ("АЛЁНА", true),
        ("корол", true),
        ("Алена Кор", true),
        ("королева  алена", true),
        ("кор red", true),
        ("алена иванова", false),
        ("лена", true),
        ("fox", true),
        ("red", true),
        ("Red_F", true),
        ("red_fox@example.com", true),
        ("red_fox@example", false),
        ("%", false),
        ("r%x", false),
        ("redxf", false),
        ("\\", false),
        ("'", false),
        ("a\u{0}", false),
    ] {
        let people = find(&anna, words).await.expect(200);
        let ids: Vec<_> = people.as_array().unwrap().iter().map(|p| &p["id"]).collect();
        assert_eq!(ids.contains(&&json!(alyona.id)), found, "{words}: {people}");
        assert!(people.as_array().unwrap().iter().all(|p| p.get("email").is_none()));
    }
}

#[tokio::test]
async fn a_search_answers_no_more_than_it_is_asked_for() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    for name in ["anton", "andrey"] {
        server.person(name).await;
    }
    let count = async |query: &str| {
        let found = anna.get(&format!("/users/search?{query}")).await.expect(200);
        found.as_array().unwrap().len()
    };
    assert_eq!(count("q=an").await, 3);
    assert_eq!(count("q=an&limit=2").await, 2);
    assert_eq!(count("q=an&limit=0").await, 1);
    assert_eq!(count("q=an&limit=1000000").await, 3);
    let long = format!("q={}", "a".repeat(321));
    for (query, field) in [
        ("", "q"),
        ("q=", "q"),
        ("q=%20", "q"),
        (&long, "q"),
        ("q=a&limit=x", "limit"),
        ("q=a&limit=-1", "limit"),
    ] {
        let reply = anna.get(&format!("/users/search?{query}")).await;
        let refusal = reply.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with(field), "{refusal}");
    }
}

async fn find(who: &Person, words: &str) -> Reply {
    let request = who.request(Method::GET, "/users/search");
    let mut url = reqwest::Url::parse(&format!("{}/api/v1/users/search", who.url)).unwrap();
    url.query_pairs_mut().append_pair("q", words);
    let (client, request) = request.build_split();
    let mut request = request.unwrap();
    *request.url_mut() = url;
    Reply::of(client.execute(request).await.unwrap()).await
}
