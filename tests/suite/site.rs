//! What is around the APIs: health, headers, documents, the web client's pages, other origins, proxies.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::server::{PASSWORD, Reply, TestServer, fresh_key};

const QUIET: [&str; 2] = ["--rate-limits", "off"];

/// Any request of the site.
fn ask(server: &TestServer, method: Method, path: &str) -> RequestBuilder {
    server.nobody().http.request(method, format!("{}{path}", server.url))
}

/// What a browser gets that goes somewhere.
async fn visit(server: &TestServer, path: &str) -> Reply {
    let request = ask(server, Method::GET, path).header("Accept", "text/html,*/*;q=0.8");
    Reply::to(request).await
}

async fn get(server: &TestServer, path: &str) -> Reply {
    Reply::to(ask(server, Method::GET, path)).await
}

#[tokio::test]
async fn health_says_that_all_is_well_and_no_more() {
    let server = TestServer::start().await;
    for path in ["/health", "/ready", "/health/"] {
        assert_eq!(get(&server, path).await.expect(200), json!({"status": "ok"}));
        let head = ask(&server, Method::HEAD, path).send().await.unwrap();
        assert_eq!(head.status(), 200);
    }
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_browsers_safe() {
    let server = TestServer::start().await;
    let mut seen = Vec::new();
    for path in [
        "/",
        "/docs",
        "/nothing.js",
        "/health",
        "/openapi/v1.json",
        "/api/v1/users/me",
        "/api/v1/nothing",
        "/api/v1/uploads",
        "/ws",
    ] {
        let reply = get(&server, path).await;
        for (name, value) in [
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Permissions-Policy", "microphone=(self), camera=(), geolocation=(), payment=(), usb=()"),
            ("Server", ""),
            ("Access-Control-Allow-Origin", ""),
        ] {
            assert_eq!(reply.header(name), value, "{path}");
        }
        let policy = reply.header("Content-Security-Policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        if path.starts_with("/api") {
            assert_eq!(reply.header("Cache-Control"), "no-store", "{path}");
        }
        seen.push(reply.header("X-Request-Id").to_owned());
    }
    assert!(seen.iter().all(|id| !id.is_empty()));
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "every request has a number of its own");
}

#[tokio::test]
async fn the_apis_describe_themselves() {
    let server = TestServer::start().await;
    let index = get(&server, "/openapi/index.json").await.expect(200);
    assert_eq!(index[0], json!({"name": "Besedka v1", "url": "/openapi/v1.json"}));
    for spec in index.as_array().unwrap() {
        let spec = get(&server, spec["url"].as_str().unwrap()).await.expect(200);
        assert!(spec["paths"].as_object().unwrap().len() > 3);
    }
    assert!(get(&server, "/openapi/events.json").await.expect(200)["channels"].is_object());
    for path in ["/openapi/v1.yaml", "/openapi/events.yaml"] {
        let response = ask(&server, Method::GET, path).send().await.unwrap();
        assert_eq!(response.headers()["Content-Type"], "application/yaml");
        let document: Value = serde_yaml::from_str(&response.text().await.unwrap()).unwrap();
        assert!(document["info"]["title"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn pages_load_from_here_and_nowhere_else() {
    let server = TestServer::start().await;
    for path in ["/", "/docs", "/docs/", "/docs/events"] {
        let reply = visit(&server, path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("Content-Type"), "text/html; charset=utf-8");
        assert_eq!(reply.header("Cache-Control"), "no-cache");
        assert_eq!(reply.header("Cross-Origin-Opener-Policy"), "same-origin");
        let policy = reply.header("Content-Security-Policy");
        for part in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "object-src 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

#[tokio::test]
async fn a_page_names_only_files_that_there_are() {
    let server = TestServer::start().await;
    for page in ["/", "/docs", "/docs/events"] {
        let text = ask(&server, Method::GET, page).send().await.unwrap().text().await.unwrap();
        assert!(!text.contains("<script>"), "{page}: nothing runs inline");
        let parts =
            text.split("src=\"").chain(text.split("href=\"")).filter_map(|part| part.split('"').next());
        let files: Vec<&str> = parts.filter(|path| path.starts_with('/') && path.contains('.')).collect();
        assert!(files.len() > 2, "{page}: {files:?}");
        for file in files {
            let reply = get(&server, file).await;
            assert_eq!(reply.status, 200, "{file}");
            if file.starts_with("/assets/") {
                let caching = reply.header("Cache-Control");
                assert!(caching.contains("immutable"), "{file}: {caching}");
            }
            if file.ends_with(".js") {
                assert_eq!(reply.header("Content-Type"), "text/javascript; charset=utf-8");
            }
        }
    }
}

#[tokio::test]
async fn a_deep_link_opens_the_client_and_a_missing_file_does_not() {
    let server = TestServer::start().await;
    for path in ["/chats/123", "/settings", "/anything/at/all"] {
        let page = visit(&server, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("Content-Type"), "text/html; charset=utf-8");
        assert_eq!(get(&server, path).await.status, 404, "{path}");
    }
    for path in [
        "/assets/nothing.js",
        "/nothing.png",
        "/..%2fCargo.toml",
        "/%2e%2e/Cargo.toml",
        "/assets/../../Cargo.toml",
    ] {
        assert_eq!(visit(&server, path).await.status, 404, "{path}");
    }
    for method in [Method::POST, Method::DELETE, Method::PUT] {
        let reply = ask(&server, method, "/chats/123").send().await.unwrap();
        assert_eq!(reply.status(), 405);
    }
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let server = TestServer::start().await;
    let first = visit(&server, "/").await;
    let tag = first.header("ETag");
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    for known in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}")] {
        let again = ask(&server, Method::GET, "/").header("If-None-Match", known);
        let again = again.send().await.unwrap();
        assert_eq!(again.status(), 304);
        assert_eq!(again.headers()["ETag"], tag);
        assert!(again.bytes().await.unwrap().is_empty());
    }
    let other = ask(&server, Method::GET, "/").header("If-None-Match", "\"other\"");
    assert_eq!(other.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_head_answers_as_a_get_without_its_body() {
    let server = TestServer::start().await;
    for path in ["/", "/docs", "/health"] {
        let get = ask(&server, Method::GET, path).send().await.unwrap();
        let head = ask(&server, Method::HEAD, path).send().await.unwrap();
        assert_eq!(head.status(), get.status());
        for name in ["Content-Type", "ETag"] {
            assert_eq!(head.headers().get(name), get.headers().get(name), "{path}");
        }
        assert!(head.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_file_is_shown_on_other_pages_by_its_link() {
    let with = ["--cors-origins", "https://app.example.org"];
    for (flags, policy) in [(&with[..], "cross-origin"), (&[][..], "same-origin")] {
        let flags: Vec<_> = QUIET.iter().chain(flags).copied().collect();
        let server = TestServer::storing(crate::server::Storage::Folder, &flags).await;
        let anna = server.person("anna").await;
        let id = anna.upload("a.txt", "text/plain", b"hello".to_vec()).await;
        let info = anna.get(&format!("/attachments/{id}/info")).await.expect(200);
        let shown = Reply::to(server.nobody().http.get(info["url"].as_str().unwrap())).await;
        assert_eq!((shown.status, shown.header("Cross-Origin-Resource-Policy")), (200, policy));
        let with_token = Reply::to(anna.request(Method::GET, &format!("/attachments/{id}"))).await;
        assert_eq!(with_token.header("Cross-Origin-Resource-Policy"), "same-origin");
        let forged =
            Reply::to(anna.request(Method::GET, &format!("/attachments/{id}?expires=1&signature=x"))).await;
        assert_eq!((forged.status, forged.header("Cross-Origin-Resource-Policy")), (403, "same-origin"));
    }
}

#[tokio::test]
async fn pages_of_other_addresses_are_let_in_by_name_only() {
    let app = "https://app.example.org";
    let server = TestServer::with(&[QUIET[0], QUIET[1], "--cors-origins", app]).await;
    let anna = server.person("anna").await;
    let preflight = async |origin: &str| {
        let request = ask(&server, Method::OPTIONS, "/api/v1/messages")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization,content-type,idempotency-key");
        Reply::to(request).await
    };
    let allowed = preflight(app).await;
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("Access-Control-Allow-Origin"), app);
    assert_eq!(allowed.header("Access-Control-Allow-Credentials"), "");
    let headers = allowed.header("Access-Control-Allow-Headers").to_lowercase();
    for name in ["authorization", "content-type", "idempotency-key"] {
        assert!(headers.contains(name), "{headers}");
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(allowed.header("Access-Control-Allow-Methods").contains(method));
    }

    let me = async |origin: &str| {
        let request = anna.request(Method::GET, "/users/me").header("Origin", origin);
        Reply::to(request).await
    };
    let reply = me(app).await;
    assert_eq!(reply.header("Access-Control-Allow-Origin"), app);
    assert!(reply.header("Access-Control-Expose-Headers").to_lowercase().contains("retry-after"));
    reply.expect(200);
    let nothing = anna.request(Method::GET, "/nothing").header("Origin", app);
    let refusal = Reply::to(nothing).await;
    assert_eq!(refusal.header("Access-Control-Allow-Origin"), app);
    refusal.refused(404, "not_found");

    for other in
        ["https://evil.example", "https://app.example.org.evil.example", "http://app.example.org", "null"]
    {
        for reply in [preflight(other).await, me(other).await] {
            assert_eq!(reply.header("Access-Control-Allow-Origin"), "", "{other}");
        }
    }
}

/// Of an Electron app: files, and a scheme of its own.
#[tokio::test]
async fn pages_of_an_application_are_let_in_by_name() {
    let server = TestServer::with(&[QUIET[0], QUIET[1], "--cors-origins", "null,app://messenger"]).await;
    let anna = server.person("anna").await;
    for (origin, allowed) in [("null", "null"), ("app://messenger", "app://messenger"), ("app://other", "")] {
        let reply = Reply::to(anna.request(Method::GET, "/users/me").header("Origin", origin)).await;
        assert_eq!(reply.header("Access-Control-Allow-Origin"), allowed, "{origin}");
    }
}

#[tokio::test]
async fn our_own_pages_work_also_when_others_are_let_in() {
    for flags in [QUIET.to_vec(), vec![QUIET[0], QUIET[1], "--cors-origins", "https://app.example.org"]] {
        let server = TestServer::with(&flags).await;
        let anna = server.person("anna").await;
        let request = anna
            .request(Method::PUT, "/users/me")
            .header("Idempotency-Key", "a")
            .header("Origin", &server.url)
            .json(&json!({"display_name": "Anna"}));
        Reply::to(request).await.expect(200);
        let asset = ask(&server, Method::GET, "/theme.js").header("Origin", &server.url);
        assert_eq!(asset.send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn only_a_trusted_proxy_is_believed_who_asks() {
    for (proxies, forwarded, seen) in [
        ("", "203.0.113.7", "127.0.0.1"),
        ("192.0.2.1", "203.0.113.7", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1,192.0.2.1", "203.0.113.7, 192.0.2.1", "203.0.113.7"),
        ("127.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
    ] {
        let mut flags = QUIET.to_vec();
        if !proxies.is_empty() {
            flags.extend(["--trusted-proxies", proxies]);
        }
        let server = TestServer::with(&flags).await;
        let body = json!({"username": "anna", "password": "password123", "display_name": "Anna"});
        let request = server
            .nobody()
            .request(Method::POST, "/auth/register")
            .header("Idempotency-Key", "a")
            .header("X-Forwarded-For", forwarded)
            .json(&body);
        let tokens = Reply::to(request).await.expect(201)["tokens"].clone();
        let sessions = server.nobody().with(&tokens).get("/sessions").await.expect(200);
        assert_eq!(sessions[0]["address"], seen, "{forwarded} by {proxies}");
    }
}

#[tokio::test]
async fn pages_come_packed_to_whoever_takes_gzip() {
    let server = TestServer::start().await;
    let http = crate::server::client();
    let get = async |url: &str, encodings: &'static str| {
        http.get(url).header("Accept-Encoding", encodings).send().await.unwrap()
    };
    let page = async |encodings| get(&server.url, encodings).await;
    let packed = page("gzip, deflate, br").await;
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert_eq!(packed.headers()["vary"], "Accept-Encoding");
    let packed_tag = packed.headers()["etag"].clone();
    assert_eq!(packed.bytes().await.unwrap()[..2], [0x1f, 0x8b]);
    let plain = page("gzip;q=0").await;
    assert!(!plain.headers().contains_key("content-encoding"));
    assert_ne!(plain.headers()["etag"], packed_tag, "two forms of a page are not taken for one another");

    // Of scripts only the packed form is kept.
    let page = plain.text().await.unwrap();
    let script = page.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".js")).unwrap();
    let script = format!("{}{script}", server.url);
    let (packed, plain) = (get(&script, "gzip").await, get(&script, "identity").await);
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert_eq!(packed.headers()["content-type"], plain.headers()["content-type"]);
    assert_ne!(plain.headers()["etag"], packed.headers()["etag"]);
    let mut unpacked = String::new();
    let packed = packed.bytes().await.unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*packed), &mut unpacked).unwrap();
    assert_eq!(plain.text().await.unwrap(), unpacked);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_calls_of_the_documentation_work_as_they_stand() {
    let server = TestServer::start().await;
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api/first-call.md");
    let page = std::fs::read_to_string(page).unwrap();
    let calls = page.split("```sh\n").find(|block| block.starts_with("api=")).unwrap();
    let calls = calls.split("```").next().unwrap().replace("http://localhost:8000", &server.url);
    let done = std::process::Command::new("bash").args(["-euo", "pipefail", "-c", &calls]).output().unwrap();
    let sent = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(sent.matches("Hello everyone!").count(), 2, "{sent}");
}

#[tokio::test]
async fn the_desktop_app_finds_its_updates_and_nothing_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let updates = folder.path().join("updates");
    std::fs::create_dir_all(updates.join("inner")).unwrap();
    std::fs::write(folder.path().join("secret"), "x").unwrap();
    std::fs::write(updates.join(".hidden"), "x").unwrap();
    std::fs::write(updates.join("inner/file"), "x").unwrap();
    std::fs::write(updates.join("manifest.json"), r#"{"version":"9.0.0"}"#).unwrap();
    std::fs::write(updates.join("besedka-desktop_9.0.0_amd64.deb"), "package").unwrap();
    let server = TestServer::with(&["--desktop-updates", updates.to_str().unwrap()]).await;

    let manifest = get(&server, "/desktop-updates/manifest.json").await;
    assert_eq!(manifest.header("Cache-Control"), "no-cache");
    assert_eq!(manifest.header("Content-Type"), "application/json");
    let tag = manifest.header("ETag").to_owned();
    assert_eq!(manifest.expect(200), json!({"version": "9.0.0"}));
    let known =
        ask(&server, Method::GET, "/desktop-updates/manifest.json").header("If-None-Match", tag.clone());
    assert_eq!(known.send().await.unwrap().status(), 304);
    // A new release is seen at once.
    std::fs::write(updates.join("manifest.json"), r#"{"version":"9.0.1"}"#).unwrap();
    let known = ask(&server, Method::GET, "/desktop-updates/manifest.json").header("If-None-Match", tag);
    assert_eq!(known.send().await.unwrap().status(), 200);

    let package = "/desktop-updates/besedka-desktop_9.0.0_amd64.deb";
    let sent = ask(&server, Method::GET, package).send().await.unwrap();
    assert_eq!(sent.headers()["cache-control"], "public, max-age=86400");
    assert_eq!(sent.headers()["content-type"], "application/octet-stream");
    assert_eq!(sent.text().await.unwrap(), "package");
    let head = ask(&server, Method::HEAD, package).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "7"));
    for path in ["", ".hidden", "inner", "inner/file", "..%2Fsecret", "%2e%2e/secret", "missing.deb"] {
        let reply = ask(&server, Method::GET, &format!("/desktop-updates/{path}")).send().await.unwrap();
        assert_eq!(reply.status(), 404, "{path}");
    }

    let without = TestServer::start().await;
    assert_eq!(get(&without, "/desktop-updates/manifest.json").await.status, 404);
}

/// What a page behind a proxy is told of the server: its address in links, or why nobody can stay signed in there.
#[tokio::test]
async fn a_page_behind_any_proxy_stays_signed_in_or_says_what_to_set() {
    const LOCAL: &str = "127.0.0.1:8000";
    const CHAT: &str = "https://chat.example.org";
    let trusted = ["--trusted-proxies", "127.0.0.1"];
    const ROMASHKA: &str = "https://xn--80aa3agjl3d.xn--p1ai";
    let idn = ["--public-url", "https://Ромашка.рф/"];
    let none: &[(&str, &str)] = &[];
    let public = ["--public-url", "https://Chat.Example.org:443/"];
    let two: &[(&str, &str)] = &[
        ("X-Forwarded-For", "203.0.113.7, 127.0.0.1"),
        ("X-Forwarded-Proto", "https, http"),
        ("X-Forwarded-Host", "chat.example.org, inner"),
    ];
    let invented: &[(&str, &str)] = &[
        ("X-Forwarded-For", "198.51.100.9, 203.0.113.7"),
        ("X-Forwarded-Proto", "http, HTTPS"),
        ("X-Forwarded-Host", "evil.example, Chat.example.org:443"),
    ];
    let port: &[(&str, &str)] = &[
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "chat.example.org"),
        ("X-Forwarded-Port", "8443"),
    ];
    let standard: &[(&str, &str)] = &[(
        "Forwarded",
        "for=198.51.100.9;host=evil.example, For=\"203.0.113.7:5\";Proto=https;host=\"chat.example.org\"",
    )];
    let usual: &[(&str, &str)] = &[
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "chat.example.org"),
        ("X-Forwarded-Port", "443"),
    ];
    for (flags, host, page, headers, base) in [
        (&trusted[..], LOCAL, CHAT, usual, Some(CHAT)),
        (&trusted[..], LOCAL, CHAT, two, Some(CHAT)),
        (&trusted[..], LOCAL, CHAT, invented, Some(CHAT)),
        (&trusted[..], LOCAL, CHAT, standard, Some(CHAT)),
        (&trusted[..], LOCAL, "https://chat.example.org:8443", port, Some("https://chat.example.org:8443")),
        (&public[..], "chat.example.org", CHAT, none, Some(CHAT)),
        (&idn[..], LOCAL, ROMASHKA, none, Some(ROMASHKA)),
        (&[][..], "chat.example.org", CHAT, none, Some("http://chat.example.org")),
        (&[][..], "Chat.Example.org:80", "http://chat.example.org", none, Some("http://Chat.Example.org:80")),
        (&[][..], LOCAL, CHAT, usual, None),
        (&[][..], LOCAL, "http://chat.example.org:8080", none, None),
        (&[][..], "chat.example.org", "http://chat.example.org:8080", none, None),
        (&public[..], "chat.example.org", "http://chat.example.org", none, None),
        (&[][..], LOCAL, "null", none, None),
    ] {
        let server = TestServer::with(&[&QUIET[..], flags].concat()).await;
        let of_page = |path: &str, body: Value| {
            let request = server.nobody().request(Method::POST, path).header("Idempotency-Key", path);
            let request = request.header("Host", host).header("Origin", page);
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).json(&body)
        };
        let body = json!({"username": "anna", "password": "password123", "display_name": "Anna"});
        let request = of_page("/auth/register", body).header("X-Besedka-Session", "cookie");
        let registered = Reply::to(request).await;
        let Some(base) = base else {
            let refusal = registered.refused(400, "invalid");
            let detail = refusal["detail"].as_str().unwrap();
            assert!(detail.contains("--public-url"), "{page}: {detail}");
            continue;
        };
        let cookie = registered.header("Set-Cookie").split(';').next().unwrap().to_owned();
        assert!(registered.header("Set-Cookie").contains("; Secure") == base.starts_with("https"), "{page}");
        let request = of_page("/auth/refresh", json!({})).header("X-Besedka-Session", "cookie");
        let renewed = Reply::to(request.header("Cookie", cookie)).await.expect(200);
        let token = format!("Bearer {}", renewed["access_token"].as_str().unwrap());
        let body = json!({"filename": "a.txt", "content_type": "text/plain"});
        let form = Reply::to(of_page("/attachments", body).header("Authorization", token)).await.expect(200);
        assert_eq!(form["url"], format!("{base}/api/v1/uploads"), "{page} {headers:?}");
    }
}

#[tokio::test]
async fn what_contradicts_the_address_is_shown_to_the_administrator() {
    let server = TestServer::with(&QUIET).await;
    let anna = server.person("anna").await;
    let status = anna.get("/admin/status").await.expect(200);
    assert_eq!(status["warnings"], json!([]));
    for _ in 0..2 {
        let request =
            server.nobody().request(Method::POST, "/auth/login").header("Idempotency-Key", fresh_key());
        let request =
            request.header("Origin", "https://chat.example.org").header("X-Forwarded-Proto", "https");
        let login = json!({"username": "anna", "password": PASSWORD});
        let request = request.header("X-Besedka-Session", "cookie").json(&login);
        Reply::to(request).await.refused(400, "invalid");
    }
    let status = anna.get("/admin/status").await.expect(200);
    let warnings = status["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let all = status["warnings"].to_string();
    assert!(
        all.contains("--public-url https://chat.example.org") && all.contains("--trusted-proxies"),
        "{all}"
    );
}
