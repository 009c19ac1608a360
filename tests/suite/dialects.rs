//! What all dialects have in common: where they are, and how they refuse.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{Person, Reply, TestServer};

/// A request with a `Host` of its own.
async fn at(server: &TestServer, host: &str, method: Method, path: &str) -> Reply {
    let request = server.nobody().http.request(method, format!("{}{path}", server.url));
    Reply::to(request.header("Host", host)).await
}

async fn get(server: &TestServer, path: &str) -> Reply {
    Reply::to(server.nobody().http.get(format!("{}{path}", server.url))).await
}

/// The body says in words what is wrong, and says it as this API does: with `detail` alone.
#[track_caller]
fn refused(reply: Reply, status: u16) {
    let body = reply.expect(status);
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
}

#[tokio::test]
async fn whatever_poem_refuses_is_sent_in_the_dialects_words() {
    let server = TestServer::start().await;
    refused(get(&server, "/desktop").await, 404);
    refused(get(&server, "/desktop/nothing/here").await, 404);
    refused(get(&server, "/desktop/api/%ff").await, 404);
    refused(get(&server, "/desktop/api/auth/login").await, 405);
    refused(get(&server, "/desktop/api/auth/me").await, 401);
    let post = |body: String, kind: &'static str| {
        let url = format!("{}/desktop/api/auth/login", server.url);
        let request = server.nobody().http.post(url).header("Content-Type", kind).body(body);
        async move { Reply::to(request).await }
    };
    refused(post("{".to_owned(), "application/json").await, 400);
    refused(post("[]".to_owned(), "application/json").await, 400);
    refused(post("{}".to_owned(), "application/json").await, 400);
    refused(post("a=b".to_owned(), "text/plain").await, 415);
    refused(post(format!("\"{}\"", "x".repeat(200_000)), "application/json").await, 413);
    let url = format!("{}/desktop/api/auth/login", server.url);
    let request = server.nobody().http.post(url).header("Content-Encoding", "gzip").json(&json!({}));
    refused(Reply::to(request).await, 415);
}

#[tokio::test]
async fn too_many_requests_are_refused_in_the_dialects_words() {
    let server = TestServer::with(&["--rate-limits", "on"]).await;
    let url = format!("{}/desktop/api/auth/login", server.url);
    let body = json!({"username": "nobody", "password": "password123"});
    for _ in 0..20 {
        let reply = server.nobody().http.post(&url).json(&body).send().await.unwrap();
        if reply.status() == StatusCode::TOO_MANY_REQUESTS {
            let reply = Reply::of(reply).await;
            assert!(reply.header("Retry-After").parse::<u64>().unwrap() > 0);
            return refused(reply, 429);
        }
        refused(Reply::of(reply).await, 401);
    }
    panic!("nobody may guess for ever");
}

#[tokio::test]
async fn a_host_of_its_own_shows_a_dialect_alone() {
    let server = TestServer::with(&["--rate-limits", "off", "--desktop-hosts", "chat.example.org"]).await;
    for host in ["chat.example.org", "Chat.Example.ORG:8000"] {
        refused(at(&server, host, Method::GET, "/auth/me").await, 401);
        refused(at(&server, host, Method::GET, "/api/auth/me/").await, 401);
        assert_eq!(at(&server, host, Method::GET, "/health").await.expect(200), json!({"status": "ok"}));
        for elsewhere in ["/", "/api/v1/users/me", "/desktop/api/auth/me", "/docs", "/openapi/index.json"] {
            refused(at(&server, host, Method::GET, elsewhere).await, 404);
        }
        // Links to files point here: they are refused as v1 does.
        let file = "/api/v1/attachments/00000000-0000-4000-8000-000000000000";
        at(&server, host, Method::GET, file).await.refused(401, "unauthorized");
    }
    for other in ["example.org", "x.chat.example.org"] {
        at(&server, other, Method::GET, "/api/v1/users/me").await.refused(401, "unauthorized");
        refused(at(&server, other, Method::GET, "/desktop/api/auth/me").await, 401);
    }
}

#[tokio::test]
async fn a_dialect_can_be_switched_off() {
    let server = TestServer::with(&["--dialects", "none"]).await;
    assert_eq!(get(&server, "/desktop/api/auth/me").await.status, 404);
    assert_eq!(get(&server, "/openapi/desktop.json").await.status, 404);
    let names = |index: &Value| -> Vec<String> {
        index.as_array().unwrap().iter().map(|api| api["url"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&get(&server, "/openapi/index.json").await.expect(200)), ["/openapi/v1.json"]);
    let server = TestServer::with(&["--dialects", "desktop"]).await;
    let index = get(&server, "/openapi/index.json").await.expect(200);
    assert_eq!(names(&index), ["/openapi/v1.json", "/openapi/desktop.json"]);
    assert!(get(&server, "/openapi/desktop.json").await.expect(200)["paths"].is_object());
}

/// The headers that dialects' clients send are let through, from configured origins alone.
#[tokio::test]
async fn pages_of_known_origins_may_send_the_dialects_headers() {
    let server = TestServer::with(&["--cors-origins", "https://app.example.org"]).await;
    let ask = async |origin: &str, header: &str| {
        let request =
            server.nobody().http.request(Method::OPTIONS, format!("{}/desktop/api/auth/me", server.url));
        let request = request
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "GET")
            .header("Access-Control-Request-Headers", header);
        Reply::to(request).await
    };
    for header in ["www-authenticate", "authorization", "x-prid", "x-chatid,x-emoji"] {
        let reply = ask("https://app.example.org", header).await;
        assert_eq!(reply.status, 200, "{header}");
        assert_eq!(reply.header("Access-Control-Allow-Origin"), "https://app.example.org");
    }
    let reply = ask("https://elsewhere.example.org", "authorization").await;
    assert_eq!(reply.header("Access-Control-Allow-Origin"), "");
}

#[tokio::test]
async fn one_host_is_one_dialects() {
    use clap::Parser;
    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        config: besedka::config::Config,
    }
    let args = ["besedka", "--kyte-hosts", "a.example.org,b.example.org", "--unet-hosts", "B.example.org"];
    let settings = Settings::parse_from(args);
    assert!(settings.config.dialects.check().is_err_and(|why| why.contains("b.example.org")));
    assert!(Settings::try_parse_from(["besedka", "--kyte-hosts", "https://a.example.org"]).is_err());
}

/// Runs the calls of a dialect's README, its first block of `sh`, against a server; answers what they printed.
pub async fn run_readme(server: &TestServer, slug: &str) -> String {
    let readme = format!("{}/src/api/{slug}/README.md", env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(readme).unwrap();
    let calls = readme.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = format!("{}/", server.dir.path().display());
    let calls = calls.replace("http://127.0.0.1:8000", &server.url).replace("/tmp/", &folder);
    let mut shell = std::process::Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &calls]);
    let done = tokio::task::spawn_blocking(move || shell.output()).await.unwrap().unwrap();
    let sent = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{slug}: {sent}{}", String::from_utf8_lossy(&done.stderr));
    sent
}

#[tokio::test]
async fn the_calls_of_the_readmes_say_something_and_read_it_again() {
    for (slug, sent) in [("kyte", "Message text"), ("unet", "Привет!"), ("desktop", "Всем привет!")]
    {
        let output = run_readme(&TestServer::start().await, slug).await;
        assert_eq!(output.matches(sent).count(), 2, "{slug}: {output}");
    }
}

/// The text that a dialect shows for the notice of a new member, to a client of some language.
async fn notice(person: &Person, server: &TestServer, path: &str, language: Option<&str>) -> String {
    let request = person.http.get(format!("{}{path}", server.url)).bearer_auth(&person.token);
    let request = match language {
        Some(language) => request.header("Accept-Language", language),
        None => request,
    };
    Reply::to(request).await.expect(200).to_string()
}

#[tokio::test]
async fn notices_are_in_the_language_of_the_client() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.group("Garden", &[]).await;
    anna.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    for path in [format!("/kyte/api/chats/{chat}/messages"), format!("/mimu/api/v1/messages?chatId={chat}")] {
        let russian = notice(&anna, &server, &path, None).await;
        assert!(russian.contains("В группе новый участник: bob"), "{path}: {russian}");
        let english = notice(&anna, &server, &path, Some("en-GB,en;q=0.8")).await;
        assert!(english.contains("bob was added"), "{path}: {english}");
    }
}

#[tokio::test]
async fn notices_are_in_the_language_of_the_profile_then_of_the_client_then_of_the_server() {
    async fn notices(person: &Person, chat: i64, accepted: Option<&str>) -> Vec<String> {
        let get = async |path: String| {
            let request = person.http.get(format!("{}{path}", person.url)).bearer_auth(&person.token);
            let request = match accepted {
                Some(language) => request.header("Accept-Language", language),
                None => request,
            };
            Reply::to(request).await.expect(200)
        };
        let of_kyte = get("/kyte/chats".to_owned()).await["chats"][0]["lastMessage"].clone();
        let told_to_kyte =
            get(format!("/kyte/chats/{chat}/messages")).await["messages"][0]["content"].clone();
        let of_mimu = get("/mimu/api/v1/chats".to_owned()).await["chats"][0]["lastMessage"]["text"].clone();
        let told_to_mimu =
            get(format!("/mimu/api/v1/messages?chatId={chat}")).await["messages"][0]["text"].clone();
        [of_kyte, told_to_kyte, of_mimu, told_to_mimu]
            .map(|text| text.as_str().unwrap_or_default().to_owned())
            .to_vec()
    }
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Garden", &[]).await;
    let russian = vec!["Создана группа «Garden»"; 4];
    let english = vec!["The group “Garden” was created"; 4];
    assert_eq!(notices(&anna, chat, None).await, russian);
    assert_eq!(notices(&anna, chat, Some("en-GB, ru;q=0.5")).await, english);
    anna.put("/users/me", json!({"language": "ru"})).await.expect(200);
    assert_eq!(notices(&anna, chat, Some("en-GB")).await, russian);
    anna.put("/users/me", json!({"language": "en"})).await.expect(200);
    assert_eq!(notices(&anna, chat, Some("ru")).await, english);

    let server = TestServer::with(&["--rate-limits", "off", "--language", "en"]).await;
    let bob = server.person("bob").await;
    let chat = bob.group("Garden", &[]).await;
    assert_eq!(notices(&bob, chat, None).await, english);
    assert_eq!(notices(&bob, chat, Some("ru")).await, russian);
}
