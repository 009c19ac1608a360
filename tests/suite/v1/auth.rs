//! `/auth`: accounts, sign-in and its renewal.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{PASSWORD, Person, Reply, TestServer, fields, fresh_key, is_time};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3_600);

#[tokio::test]
async fn registration_answers_what_the_document_shows() {
    let server = TestServer::start().await;
    let body = json!({
        "email": "user@example.com", "password": "securePassword123", "display_name": "John Doe",
        "avatar_url": "https://example.com/avatar.jpg",
    });
    let reply = server.nobody().post("/auth/register", body).await.expect(201);
    assert_eq!(fields(&reply), ["user", "tokens"]);
    let user = &reply["user"];
    assert!(user["id"].as_i64().is_some_and(|id| id > 0 && id < 1 << 53));
    assert_eq!(user["email"], "user@example.com");
    assert_eq!(user["display_name"], "John Doe");
    assert_eq!(user["avatar_url"], "https://example.com/avatar.jpg");
    assert!(is_time(&user["created_at"]), "{user}");
    assert_are_tokens(&reply["tokens"]);
    let caller = Person {
        refresh: String::new(),
        token: reply["tokens"]["access_token"].as_str().unwrap().to_owned(),
        ..server.nobody()
    };
    assert_eq!(caller.get("/users/me").await.expect(200), *user);
}

#[tokio::test]
async fn signing_in_goes_by_address_or_username_in_any_case() {
    let server = TestServer::start().await;
    server.person("anna").await;
    for name in [
        json!({"email": "anna@example.com"}),
        json!({"email": " Anna@Example.COM"}),
        json!({"username": "anna"}),
        json!({"username": "ANNA"}),
    ] {
        let mut body = name;
        body["password"] = json!(PASSWORD);
        let tokens = server.nobody().post("/auth/login", body).await.expect(200);
        assert_are_tokens(&tokens);
    }
}

#[tokio::test]
async fn an_address_is_taken_whatever_its_case() {
    let server = TestServer::start().await;
    let register = |email: &'static str| {
        let nobody = server.nobody();
        async move { nobody.post("/auth/register", account(email)).await }
    };
    let at_once = join_all([register("John@example.com"), register("john@Example.COM")]).await;
    let mut statuses: Vec<u16> = at_once.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400]);
    let later = register("JOHN@EXAMPLE.COM").await.refused(400, "taken");
    assert!(later["detail"].as_str().unwrap().contains("email"));
}

#[tokio::test]
async fn a_username_is_enough() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    let body = json!({"username": "ivan", "password": PASSWORD, "display_name": "Иван"});
    let reply = nobody.post("/auth/register", body).await.expect(201);
    assert_eq!((&reply["user"]["email"], &reply["user"]["username"]), (&Value::Null, &json!("ivan")));
    let body = json!({"username": "ivan", "password": PASSWORD});
    nobody.post("/auth/login", body).await.expect(200);
    let other = json!({"username": "IVAN", "password": PASSWORD, "display_name": "Other"});
    let refusal = nobody.post("/auth/register", other).await.refused(400, "taken");
    assert!(refusal["detail"].as_str().unwrap().contains("username"));
    let nameless = json!({"password": PASSWORD, "display_name": "Иван"});
    names(nobody.post("/auth/register", nameless).await, "email");
    names(nobody.post("/auth/login", json!({"password": PASSWORD})).await, "email");
}

#[tokio::test]
async fn a_refused_registration_names_the_field_and_leaves_nothing() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    let long_url = format!("https://example.com/{}", "a".repeat(2_048));
    for (field, value) in [
        ("email", json!("nobody")),
        ("email", json!("")),
        ("email", json!("a b@example.com")),
        ("email", json!("a@b\u{0}.org")),
        ("email", json!({})),
        ("username", json!("a")),
        ("username", json!("two words")),
        ("username", json!("x".repeat(33))),
        ("password", Value::Null),
        ("password", json!("1234567")),
        ("password", json!("x".repeat(129))),
        ("password", json!(["password123"])),
        ("display_name", Value::Null),
        ("display_name", json!(" ")),
        ("display_name", json!("x".repeat(65))),
        ("display_name", json!("a\u{0}b")),
        ("avatar_url", json!("javascript:alert(1)")),
        ("avatar_url", json!(long_url)),
    ] {
        let mut body = account("ok@example.com");
        body[field] = value;
        names(nobody.post("/auth/register", body).await, field);
    }
    nobody.post("/auth/register", account("ok@example.com")).await.expect(201);
}

#[tokio::test]
async fn passwords_are_counted_in_characters_and_compared_as_they_look() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    let with =
        |name: &str, password: String| json!({"username": name, "password": password, "display_name": name});
    for (name, password) in [("short", "🔑".repeat(8)), ("long", "🔑".repeat(128))] {
        nobody.post("/auth/register", with(name, password)).await.expect(201);
    }
    let composed = with("mac", "мой пароль".to_owned());
    nobody.post("/auth/register", composed).await.expect(201);
    let decomposed = with("mac", "мои\u{306} пароль".to_owned());
    nobody.post("/auth/login", decomposed).await.expect(200);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_answer_alike() {
    let server = TestServer::start().await;
    server.person("anna").await;
    let login = async |email: &str| {
        let body = json!({"email": email, "password": "not the password"});
        server.nobody().post("/auth/login", body).await.refused(401, "wrong_password")
    };
    assert_eq!(login("anna@example.com").await, login("nobody@example.com").await);
}

#[tokio::test]
async fn renewal_answers_new_tokens_and_needs_no_key() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    server.clock.advance(MINUTE);
    let reply = anna.refresh().await.expect(200);
    assert_are_tokens(&reply);
    let renewed = anna.with(&reply);
    assert_ne!(renewed.refresh, anna.refresh);
    assert_ne!(renewed.token, anna.token);
    for person in [&anna, &renewed] {
        person.get("/users/me").await.expect(200);
    }
    renewed.refresh().await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_used_again_later_ends_the_whole_session() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let elsewhere = server.again(&anna, "anna").await;
    let renewed = anna.renewed().await;
    server.clock.advance(61 * SECOND);
    anna.refresh().await.refused(401, "session_ended");
    renewed.refresh().await.refused(401, "session_ended");
    for person in [&anna, &renewed] {
        person.get("/users/me").await.refused(401, "session_ended");
    }
    elsewhere.get("/users/me").await.expect(200);
}

/// Of a client that waits 30 seconds for a response and repeats the request after 2 and 4 seconds, as Mimu's does.
#[tokio::test]
async fn a_lost_renewal_is_repeated_after_a_timeout() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let lost = anna.renewed().await;
    server.clock.advance(32 * SECOND);
    let repeated = anna.renewed().await;
    assert_eq!(repeated.refresh, lost.refresh);
    repeated.renewed().await.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_whose_successor_was_used_is_stolen_at_once() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let last = anna.renewed().await.renewed().await;
    anna.refresh().await.refused(401, "session_ended");
    last.get("/users/me").await.refused(401, "session_ended");
    last.refresh().await.refused(401, "session_ended");
}

#[tokio::test]
async fn tabs_that_renew_at_once_all_survive() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let mut tabs: Vec<Person> = join_all((0..4).map(|_| anna.renewed())).await;
    server.clock.advance(5 * SECOND);
    tabs.push(anna.renewed().await);
    for tab in &tabs {
        assert_eq!(tab.refresh, tabs[0].refresh);
        tab.get("/users/me").await.expect(200);
    }
    tabs[0].refresh().await.expect(200);
}

#[tokio::test]
async fn an_access_token_ends_after_fifteen_minutes() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    server.clock.advance(15 * MINUTE - 5 * SECOND);
    anna.get("/users/me").await.expect(200);
    server.clock.advance(5 * SECOND);
    anna.get("/users/me").await.refused(401, "unauthorized");
    anna.renewed().await.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_ends_after_seven_days() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    server.clock.advance(7 * DAY - MINUTE);
    let anna = anna.renewed().await;
    server.clock.advance(7 * DAY);
    anna.refresh().await.refused(401, "session_ended");
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_however_much_it_is_used() {
    let server = TestServer::start().await;
    let mut anna = server.person("anna").await;
    for _ in 0..4 {
        server.clock.advance(7 * DAY - MINUTE);
        anna = anna.renewed().await;
    }
    server.clock.advance(2 * DAY - 2 * MINUTE);
    let anna = anna.renewed().await;
    server.clock.advance(10 * MINUTE);
    anna.refresh().await.refused(401, "session_ended");
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let bob = server.person("bob").await;
    let parts: Vec<&str> = anna.token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("an access token is a JWT") };
    let read =
        |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let write = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut longer = read(claims);
    longer["exp"] = json!(longer["exp"].as_i64().unwrap() + 3_600);
    let mut unsigned = read(header);
    unsigned["alg"] = json!("none");
    let mut stronger = read(header);
    stronger["alg"] = json!("HS512");
    let bobs = bob.token.split('.').nth(1).unwrap();
    let key = jsonwebtoken::EncodingKey::from_secret(b"another key");
    let resigned = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &read(claims), &key).unwrap();
    for token in [
        format!("{header}.{}.{signature}", write(&longer)),
        format!("{header}.{bobs}.{signature}"),
        format!("{}.{claims}.", write(&unsigned)),
        format!("{}.{claims}.{signature}", write(&unsigned)),
        format!("{}.{claims}.{signature}", write(&stronger)),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        resigned,
        anna.refresh.clone(),
        "null".to_owned(),
        "undefined".to_owned(),
    ] {
        let forger = Person { token: token.clone(), ..anna.clone() };
        let reply = forger.get("/users/me").await;
        assert_eq!(reply.status, 401, "{token}: {}", reply.body);
        reply.refused(401, "unauthorized");
    }
    for header in ["", "Bearer", "Bearer ", "Basic YTpi", &anna.token] {
        let request = server.nobody().request(Method::GET, "/users/me");
        Reply::to(request.header("Authorization", header)).await.refused(401, "unauthorized");
    }
    for refresh in ["", "x", &anna.token, "Qm9vdHN0cmFwIGlzIGEgcGF2aWxpb24gaW4gYSBnYXJkZW4"] {
        let thief = Person { refresh: refresh.to_owned(), ..server.nobody() };
        thief.refresh().await.refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_browser_keeps_its_refresh_token_in_a_cookie() {
    let server = TestServer::start().await;
    let browser = Browser(server.nobody());
    let reply = browser.post("/auth/register", "", account("anna@example.com")).await;
    let first = cookie(&reply);
    let tokens = reply.expect(201)["tokens"].clone();
    assert_eq!(fields(&tokens), ["access_token", "token_type", "expires_in"]);

    let reply = browser.post("/auth/refresh", &first, json!({})).await;
    let second = cookie(&reply);
    assert_ne!(first, second);
    assert_eq!(fields(&reply.expect(200)), ["access_token", "token_type", "expires_in"]);

    let body = json!({"email": "anna@example.com", "password": PASSWORD});
    let reply = browser.post("/auth/login", "", body).await;
    cookie(&reply);
    let token = reply.expect(200)["access_token"].as_str().unwrap().to_owned();
    let signed_in = Browser(Person { token, ..server.nobody() });
    let reply = signed_in.post("/auth/logout", "", json!({})).await;
    assert!(reply.header("Set-Cookie").contains("Max-Age=0"));
    assert_eq!(reply.status, 204);

    browser.post("/auth/refresh", "", json!({})).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn the_cookie_is_of_no_use_to_other_pages() {
    let server = TestServer::start().await;
    let browser = Browser(server.nobody());
    let reply = browser.post("/auth/register", "", account("anna@example.com")).await;
    let cookie = cookie(&reply);
    let refresh = |origin: &str| {
        let request = browser.request("/auth/refresh", &cookie).header("Origin", origin).json(&json!({}));
        async move { Reply::to(request).await }
    };
    for origin in ["https://evil.example", "null", "http://127.0.0.1"] {
        let reply = refresh(origin).await;
        assert!([400, 401, 403].contains(&reply.status), "{origin}: {}", reply.status);
    }
    // A form of another page can't set the header.
    let plain = server.nobody().request(Method::POST, "/auth/refresh");
    let plain = plain.header("Cookie", &cookie).json(&json!({}));
    names(Reply::to(plain).await, "refresh_token");
    refresh(&server.url).await.expect(200);
}

#[tokio::test]
async fn over_https_the_cookie_is_for_this_host_only() {
    let server = TestServer::with(&["--rate-limits", "off", "--trusted-proxies", "127.0.0.1"]).await;
    let browser = Browser(server.nobody());
    let request = browser.request("/auth/register", "");
    let request = request.header("X-Forwarded-Proto", "https").json(&account("anna@example.com"));
    let reply = Reply::to(request).await;
    let cookie = reply.header("Set-Cookie");
    assert!(cookie.starts_with("__Host-"), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let phone = server.again(&anna, "anna").await;
    let reply = anna.send(Method::POST, "/auth/logout", Some(&fresh_key()), None).await;
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("Set-Cookie"), "");
    anna.get("/users/me").await.refused(401, "session_ended");
    anna.refresh().await.refused(401, "session_ended");
    phone.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn closed_registration_lets_nobody_in() {
    let server = TestServer::with(&["--rate-limits", "off", "--registration", "closed"]).await;
    let invited = server.beside().await.invite(DAY).await.unwrap();
    let mut body = account("anna@example.com");
    body["invite_code"] = json!(invited);
    let reply = server.nobody().post("/auth/register", body).await;
    reply.refused(403, "registration_closed");
}

#[tokio::test]
async fn by_invitation_only_a_good_code_lets_in() {
    let server = TestServer::with(&["--rate-limits", "off", "--registration", "invite"]).await;
    let code = server.beside().await.invite(DAY).await.unwrap();
    let register = async |email: &str, code: &str| {
        let mut body = account(email);
        body["invite_code"] = json!(code);
        server.nobody().post("/auth/register", body).await
    };
    let (until, signature) = code.split_once('-').unwrap();
    let later = format!("f{until}-{signature}");
    for bad in ["", "x", "-", until, &later, &code[..code.len() - 1]] {
        names(register("anna@example.com", bad).await, "invite_code");
    }
    let nobody = server.nobody();
    names(nobody.post("/auth/register", account("anna@example.com")).await, "invite_code");
    register("anna@example.com", &code).await.expect(201);
    register("bob@example.com", &code).await.expect(201);
    server.clock.advance(DAY);
    names(register("carl@example.com", &code).await, "invite_code");
}

fn account(email: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "display_name": "Somebody"})
}

/// Tokens are exactly as the document shows them.
#[track_caller]
fn assert_are_tokens(tokens: &Value) {
    assert_eq!(fields(tokens), ["access_token", "refresh_token", "token_type", "expires_in"]);
    assert_eq!(tokens["access_token"].as_str().unwrap().split('.').count(), 3);
    assert!(tokens["refresh_token"].as_str().is_some_and(|token| token.len() >= 32));
    assert_eq!(tokens["token_type"], "bearer");
    assert_eq!(tokens["expires_in"].to_string(), "900.0");
}

/// A 400 whose detail begins with the field to mend.
#[track_caller]
fn names(reply: Reply, field: &str) {
    let refusal = reply.refused(400, "invalid");
    assert!(refusal["detail"].as_str().unwrap().starts_with(field), "{refusal}");
}

/// The web client: asks for its refresh token in a cookie.
struct Browser(Person);

impl Browser {
    fn request(&self, path: &str, cookie: &str) -> reqwest::RequestBuilder {
        self.0
            .request(Method::POST, path)
            .header("X-Besedka-Session", "cookie")
            .header("Idempotency-Key", fresh_key())
            .header("Cookie", cookie)
    }

    async fn post(&self, path: &str, cookie: &str, body: Value) -> Reply {
        Reply::to(self.request(path, cookie).json(&body)).await
    }
}

/// The cookie that a reply sets, as a browser sends it back, after a look at its attributes.
#[track_caller]
fn cookie(reply: &Reply) -> String {
    let cookie = reply.header("Set-Cookie");
    for attribute in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=604800"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}
