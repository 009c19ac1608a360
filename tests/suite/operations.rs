//! What operators ask of a server: whether it is healthy, its settings, its log and its metrics.

use std::process::{Command, Output};

use openmetrics_parser::prometheus::parse_prometheus;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::process::Process;
use crate::server::{TestServer, client};

/// Runs a command of the program to its end, with no settings but these.
async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_besedka"));
    command.args(arguments).envs(variables.iter().copied());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_health_check_tells_by_its_exit_code_whether_the_server_answers() {
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &[]).await;
    let address = process.url.strip_prefix("http://").unwrap().to_owned();
    let port = address.rsplit(':').next().unwrap().to_owned();
    for listen in [address.clone(), format!("0.0.0.0:{port}"), format!("localhost:{port}")] {
        let checked = run(&["healthcheck", "--listen", &listen], &[]).await;
        assert!(checked.status.success(), "{listen}: {}", text(&checked.stderr));
    }
    let ready = run(&["healthcheck", "--ready"], &[("BESEDKA_LISTEN", &address)]).await;
    assert!(ready.status.success(), "{}", text(&ready.stderr));
    assert_eq!(process.stop().await, Some(0));
    let stopped = run(&["healthcheck", "--listen", &address], &[]).await;
    assert_eq!(stopped.status.code(), Some(1));
    assert!(text(&stopped.stderr).contains("does not answer"), "{}", text(&stopped.stderr));
}

#[tokio::test]
async fn a_health_check_does_not_take_another_server_or_a_silent_one_for_a_healthy_one() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap().to_string();
    let silent = run(&["healthcheck", "--listen", &address, "--timeout", "1"], &[]).await;
    assert_eq!(silent.status.code(), Some(1));
    assert!(text(&silent.stderr).contains("within 1 seconds"), "{}", text(&silent.stderr));
    let bucket = TempDir::new().unwrap();
    let bucket = crate::bucket::Bucket::over(bucket.path()).await;
    let address = bucket.url.strip_prefix("http://").unwrap();
    let wrong = run(&["healthcheck", "--listen", address], &[]).await;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong.stderr).contains("answered /health"), "{}", text(&wrong.stderr));
}

#[tokio::test]
async fn a_command_of_the_operator_creates_no_server_where_there_is_none() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("data");
    let place = folder.to_str().unwrap().to_owned();
    let (old, new) = (format!("file:{place}/files"), format!("file:{}", dir.path().join("new").display()));
    for command in [
        &["user", "add", "anna"][..],
        &["user", "setup-link"],
        &["user", "list"],
        &["user", "delete", "anna"],
        &["chats", "list"],
        &["invite"],
        &["token", "create", "anna"],
        &["retention", "show"],
        &["audit"],
        &["files", "move", "--from", &old, "--to", &new],
    ] {
        let refused = run(command, &[("BESEDKA_DATA_DIR", &place)]).await;
        let said = text(&refused.stderr);
        assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(1), String::new()), "{command:?}");
        for named in
            ["there is no server", &format!("{place}/besedka.db"), "--data-dir", "BESEDKA_DATABASE_URL"]
        {
            assert!(said.contains(named), "{command:?}: {said}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{command:?} creates nothing");
    }
    // With a database alone, another secret would be created, with which nobody stays signed in.
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("besedka.db"), "").unwrap();
    let refused = run(&["user", "list", "--data-dir", &place], &[]).await;
    assert!(text(&refused.stderr).contains(&format!("{place}/secret.key")), "{}", text(&refused.stderr));
    assert_eq!((refused.status.code(), folder.join("secret.key").exists()), (Some(1), false));
}

#[tokio::test]
async fn each_setting_is_shown_with_its_source_and_secrets_are_not() {
    let variables = [
        ("BESEDKA_LISTEN", "127.0.0.1:9000"),
        ("BESEDKA_DATABASE_URL", "mysql://besedka:hush@db.example.org/besedka"),
        ("BESEDKA_SMS_SECRET", "hush"),
        ("BESEDKA_METRICS_TOKEN", "hush"),
        ("BESEDKA_PUBLIC_URL", ""),
    ];
    let arguments = ["config", "show", "--json", "--upload-limit", "5000"];
    let shown = run(&arguments, &variables).await;
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    let settings: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let settings = settings["settings"].as_array().unwrap();
    let of = |flag: &str| {
        let found = settings.iter().find(|setting| setting["flag"] == flag).expect(flag);
        (found["value"].as_str(), found["source"].as_str().unwrap())
    };
    assert_eq!(of("--listen"), (Some("127.0.0.1:9000"), "environment"));
    assert_eq!(of("--upload-limit"), (Some("5000"), "flag"));
    assert_eq!(of("--registration"), (None, "default"));
    assert_eq!(of("--public-url"), (None, "default"), "an empty variable counts as not set");
    assert_eq!(of("--database-url"), (Some("mysql://***@db.example.org/besedka"), "environment"));
    assert_eq!(of("--sms-secret"), (Some("***"), "environment"));
    assert_eq!(of("--metrics-token"), (Some("***"), "environment"));
    assert_eq!(of("--storage-url"), (Some("file:data/files"), "default"));
    assert_eq!(of("--secret-file"), (Some("data/secret.key"), "default"));
    // Every flag of the server is there.
    let help = text(&run(&["serve", "--help"], &[]).await.stdout);
    let flags = help.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_whitespace().next());
    let flags: Vec<String> = flags.map(|flag| format!("--{flag}")).filter(|flag| flag != "--help").collect();
    assert!(flags.len() > 40, "{flags:?}");
    let sources = ["flag", "environment", "default"];
    assert!(flags.iter().all(|flag| sources.contains(&of(flag).1)));
    let plain = run(&["config", "show"], &variables).await;
    for output in [text(&shown.stdout), text(&plain.stdout)] {
        assert!(!output.contains("hush"), "{output}");
    }
    assert!(text(&plain.stdout).contains("127.0.0.1:9000  (BESEDKA_LISTEN)"), "{}", text(&plain.stdout));
    assert!(run(&["config", "show", "--listen", "nonsense"], &[]).await.status.code() == Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_of_the_json_log_about_a_request_has_its_id() {
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &["--log", "besedka=debug"]).await;
    let answered = client().get(format!("{}/api/v1/users/me", process.url)).send().await.unwrap();
    let id = answered.headers()["x-request-id"].to_str().unwrap().to_owned();
    process.stop().await;
    let log = process.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_request: Vec<_> = lines.iter().filter(|line| line["span"]["id"] == id.as_str()).collect();
    let line = of_request.iter().find(|line| line["fields"]["message"] == "answered").expect(&log);
    assert_eq!(
        (&line["fields"]["route"], &line["fields"]["status"]),
        (&"/api/v1/users/me".into(), &401.into())
    );
}

/// Reads a page of metrics by Prometheus' grammar.
struct Metrics(String);

impl Metrics {
    async fn of(url: &str, token: Option<&str>) -> Self {
        let mut request = client().get(url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
        let text = response.text().await.unwrap();
        let parsed = parse_prometheus(&text);
        assert!(parsed.is_ok(), "{:?}\n{text}", parsed.err());
        for family in parsed.unwrap().families.values() {
            assert!(!family.help.is_empty(), "{} lacks help", family.family_name);
        }
        Self(text)
    }

    /// The value of a line.
    fn value(&self, line: &str) -> f64 {
        let found = self.0.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("{line} is not in\n{}", self.0)).parse().unwrap()
    }
}

#[tokio::test]
async fn metrics_count_requests_posts_and_sockets_and_are_read_by_a_parser() {
    let flags = ["--rate-limits", "off", "--metrics-listen", "127.0.0.1:0", "--metrics-token", "hush"];
    let server = TestServer::with(&flags).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    for text in ["one", "two", "three"] {
        ann.post_text(chat, text).await;
    }
    let _socket = bob.socket().await;
    let unknown = format!("/chats/{chat}/no\"thing");
    ann.get(&unknown).await;
    let url = format!("http://{}/metrics", server.running.metrics_address.unwrap());
    let metrics = Metrics::of(&url, None).await;
    let posts =
        "http_request_duration_seconds_count{method=\"POST\",route=\"/api/v1/messages\",status=\"201\"}";
    assert_eq!(metrics.value(posts), 3.0);
    assert_eq!(metrics.value("besedka_messages_posted_total"), 3.0);
    assert_eq!(metrics.value("besedka_sockets"), 1.0);
    assert_eq!(metrics.value("besedka_up"), 1.0);
    assert_eq!(metrics.value("besedka_post_queue_length"), 0.0);
    assert!(metrics.value("besedka_database_size_bytes") > 100_000.0);
    assert!(metrics.value("process_resident_memory_bytes") > 1_000_000.0);
    assert!(metrics.value("process_open_fds") > 3.0);
    let version = format!("besedka_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(metrics.value(&version), 1.0);
    for never in ["garden", "ann", "hush", &chat.to_string()] {
        assert!(!metrics.0.to_lowercase().contains(never), "{never} is in\n{}", metrics.0);
    }
    // On the server's own address only with the token.
    let own = format!("{}/metrics", server.url);
    Metrics::of(&own, Some("hush")).await;
    for token in [None, Some("hus"), Some("hushh")] {
        let request = client().get(&own);
        let request = token.iter().fold(request, |request, token| request.bearer_auth(token));
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    assert_eq!(client().post(&url).send().await.unwrap().status(), 405);
    let elsewhere = url.replace("/metrics", "/api/v1/users/me");
    assert_eq!(client().get(elsewhere).send().await.unwrap().status(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_asks_for_metrics_and_labels_that_exist() {
    let target = TempDir::new().unwrap();
    let flags = ["--metrics-listen", "127.0.0.1:0", "--backup-every", "24h", "--backup-to"];
    let server = TestServer::with(&[&flags[..], &[target.path().to_str().unwrap()]].concat()).await;
    server.nobody().get("/users/me").await;
    // Some metrics begin with the first backup.
    server.running.messenger.run_due_jobs().await;
    server.running.messenger.back_up_if_due().await;
    let url = format!("http://{}/metrics", server.running.metrics_address.unwrap());
    let page = Metrics::of(&url, None).await.0;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/grafana/besedka.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap_or(&Vec::new()) {
            let query = target["expr"].as_str().unwrap();
            let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for name in
                words.filter(|word| ["besedka_", "http_", "process_"].iter().any(|p| word.starts_with(p)))
            {
                let line = page.lines().find(|line| line.split(['{', ' ']).next() == Some(name));
                let line = line.unwrap_or_else(|| panic!("{name} of {} is not in\n{page}", panel["title"]));
                for label in ["le", "route", "status"] {
                    let is_used =
                        query.contains(&format!("by ({label})")) || query.contains(&format!(",{label}"));
                    assert!(!is_used || line.contains(&format!("{label}=\"")), "{query} asks for {label}");
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 25, "{asked} metrics");
}

#[tokio::test]
async fn late_work_is_in_the_metrics() {
    let server = TestServer::with(&["--rate-limits", "off", "--metrics-token", "hush"]).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    // Its time passes while the server is busy with something else: nobody looks for it.
    server
        .change(&format!(
            "INSERT INTO scheduled_message (id, author_id, chat_id, kind, text, is_silent, due_at, created_at, failure) \
             VALUES (7, {}, {chat}, 1, 'late', 0, 1, 0, 'kept')",
            ann.id
        ))
        .await;
    let own = format!("{}/metrics", server.url);
    let metrics = Metrics::of(&own, Some("hush")).await;
    assert_eq!(
        metrics.value("besedka_scheduled_messages_overdue"),
        0.0,
        "one that failed waits for its author"
    );
    assert_eq!(metrics.value("besedka_backup_last_failed"), 0.0);
    assert!(!metrics.0.contains("besedka_backup_last_success"), "there is none yet");
}

#[tokio::test]
async fn metrics_are_off_unless_asked_for() {
    let server = TestServer::start().await;
    let answer = client().get(format!("{}/metrics", server.url)).send().await.unwrap();
    assert_ne!(answer.status(), 200);
    assert!(server.running.metrics_address.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_the_database_alone_is_refused_while_a_server_runs_on_it() {
    if crate::database::server().is_some() {
        return crate::skip::leave("a database server may have several nodes");
    }
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &[]).await;
    let place = dir.path().to_str().unwrap();
    let database = format!("sqlite:{place}/besedka.db");
    let another = format!("sqlite:{place}/another.db");
    for command in [
        &["serve", "--listen", "127.0.0.1:0", "--data-dir", place][..],
        &["migrate", "down", "--data-dir", place],
        &["migrate", "--from", &database, "--to", &another],
    ] {
        let refused = run(command, &[]).await;
        let said = text(&refused.stderr) + &text(&refused.stdout);
        assert_eq!(refused.status.code(), Some(1), "{command:?}: {said}");
        assert!(said.contains("besedka.db: stop it first"), "{command:?}: {said}");
    }
    process.kill().await;
    let done = run(&["migrate", "down", "--data-dir", place], &[]).await;
    let status = text(&run(&["migrate", "status", "--data-dir", place], &[]).await.stdout);
    let last = status.lines().rfind(|line| line.contains("  applied  ")).unwrap();
    let said = text(&done.stdout);
    assert!(said.contains(&format!("the last migration is now {}", &last[..4])), "{said}");
}

#[tokio::test]
async fn a_start_on_a_damaged_database_is_refused_with_the_file_and_the_way_on() {
    if crate::database::server().is_some() {
        return crate::skip::leave("a database server checks its own files");
    }
    let full = async || {
        let server = TestServer::start().await;
        let anna = server.person("anna").await;
        let chat = anna.group("Garden", &[]).await;
        for number in 0..200 {
            anna.post_text(chat, &format!("{number} {}", "words ".repeat(100))).await;
        }
        server
    };
    // A page in the middle is of another moment, as in a copy that was made while somebody wrote.
    let refused = full().await.refused_after(|folder| {
        let file = folder.join("besedka.db");
        let mut bytes = std::fs::read(&file).unwrap();
        let (page, middle) = (4_096, bytes.len() / 2 / 4_096 * 4_096);
        for offset in (0..8).map(|number| middle + number * page) {
            bytes[offset..offset + page].fill(0x5a);
        }
        std::fs::write(&file, bytes).unwrap();
    });
    let refused = refused.await;
    for word in ["besedka.db", "damaged", "besedka restore"] {
        assert!(refused.contains(word), "{word}: {refused}");
    }
    // What is no database at all.
    let refused = full().await.refused_after(|folder| {
        std::fs::write(folder.join("besedka.db"), vec![7; 100_000]).unwrap();
    });
    let refused = refused.await;
    assert!(refused.contains("besedka.db is damaged"), "{refused}");
}
