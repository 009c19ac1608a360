//! OpenTelemetry: what a collector of traces is sent, and one that is away.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::others::{Answer, Other};
use crate::process::{PATIENCE, Process};
use crate::server::PASSWORD;

/// The spans that a collector was sent.
fn spans(collector: &Other) -> Vec<Value> {
    let of = |value: &Value, list: &str| value[list].as_array().unwrap().clone();
    let mut all = Vec::new();
    for asked in collector.asked() {
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/traces"));
        assert_eq!(asked.header("content-type"), "application/json");
        for resource in of(&asked.json(), "resourceSpans") {
            assert_eq!(attribute(&resource["resource"], "service.name")["stringValue"], "besedka");
            all.extend(of(&resource, "scopeSpans").iter().flat_map(|scope| of(scope, "spans")));
        }
    }
    all
}

fn attribute(of: &Value, key: &str) -> Value {
    let all = of["attributes"].as_array().unwrap();
    all.iter().find(|one| one["key"] == key).map_or(Value::Null, |one| one["value"].clone())
}

fn number(value: &Value) -> i64 {
    // Protobuf's JSON writes 64 bits as text.
    let value = &value["intValue"];
    value.as_i64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

/// The numbers of kinds in OTLP.
const SERVER: i64 = 2;
const CLIENT: i64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_units_of_work_and_calls_are_traced_without_contents_addresses_and_secrets() {
    let collector = Other::saying(Answer::new(200, "{}")).await;
    let program = Other::saying(Answer::new(500, "")).await;
    let dir = TempDir::new().unwrap();
    let flags = ["--otlp-url", &collector.url, "--webhook-allow", "127.0.0.1"];
    let mut process = Process::start(dir.path(), &flags).await;
    let ann = process.person("hidden_ann").await;
    let made =
        ann.post("/chats", json!({"title": "Hidden garden", "is_group": true, "member_ids": []})).await;
    let (made_by, chat) = (made.header("x-request-id").to_owned(), made.expect(201)["id"].as_i64().unwrap());
    let hook = json!({"name": "Hidden", "url": format!("{}/hidden-path", program.url), "events": ["message.created"]});
    let hook = ann.post(&format!("/chats/{chat}/outgoing-webhooks"), hook).await.expect(201);
    ann.post_text(chat, "a hidden text").await;
    let failed = async {
        let path = format!("/outgoing-webhooks/{}/deliveries", hook["id"]);
        while ann.get(&path).await.expect(200)[0]["status"] != 500 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, failed).await.expect("the answer is read");
    ann.get("/hidden-route").await.refused(404, "not_found");
    assert_eq!(process.stop().await, Some(0), "the last spans are sent before it ends");

    let spans = spans(&collector);
    let made =
        spans.iter().find(|span| attribute(span, "besedka.request_id")["stringValue"] == made_by.as_str());
    let made = made.unwrap_or_else(|| panic!("{made_by} is not in {spans:#?}"));
    assert_eq!(made["name"], "POST /api/v1/chats");
    assert_eq!(attribute(made, "http.route")["stringValue"], "/api/v1/chats");
    assert_eq!((&made["kind"], number(&attribute(made, "http.response.status_code"))), (&json!(SERVER), 201));
    let posted = spans.iter().find(|span| span["name"] == "POST /api/v1/messages");
    assert_eq!(number(&attribute(posted.expect("it is there"), "http.response.status_code")), 201);

    let within = |work: &&Value| work["parentSpanId"] == made["spanId"] && work["name"] == "unit of work";
    let work = spans.iter().find(within).unwrap_or_else(|| panic!("no work of {made}: {spans:#?}"));
    assert_eq!((&work["kind"], &work["traceId"]), (&json!(CLIENT), &made["traceId"]));
    assert_eq!(attribute(work, "db.system.name")["stringValue"], "sqlite");
    assert_eq!(attribute(work, "besedka.committed")["boolValue"], true);

    let call = spans.iter().find(|span| span["name"] == "webhook").expect("the call is there");
    assert_eq!((&call["kind"], number(&attribute(call, "http.response.status_code"))), (&json!(CLIENT), 500));
    assert_eq!(call["status"]["code"], 2, "an error");

    let secrets = ["hidden", PASSWORD, &chat.to_string(), &ann.id.to_string(), &program.url];
    for asked in collector.asked() {
        let text = asked.text.to_lowercase();
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

/// So many requests that spans are sent at once, without waiting for the interval.
async fn many(process: &Process) {
    let url = format!("{}/health", process.url);
    let http = crate::server::client();
    for _ in 0..12 {
        let asked = join_all((0..50).map(|_| http.get(&url).send())).await;
        assert!(asked.into_iter().all(|answer| answer.unwrap().status() == 200));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_is_reported_once_and_when_it_is_back() {
    let collector = Other::saying(Answer::new(503, "")).await;
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &["--otlp-url", &collector.url]).await;
    many(&process).await;
    collector.until_asked(1).await;
    many(&process).await;
    let refused = collector.until_asked(2).await.len();
    collector.always_says(Answer::new(200, "{}"));
    many(&process).await;
    collector.until_asked(refused + 1).await;
    assert_eq!(process.stop().await, Some(0));
    let log = process.log();
    assert_eq!(log.matches("the collector of traces can't be used").count(), 1, "{log}");
    assert_eq!(log.matches("the collector of traces can be used again").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_or_does_not_answer_holds_nobody_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (collector, reports) in [(closed, 1), (silent.local_addr().unwrap(), 0)] {
        let dir = TempDir::new().unwrap();
        let url = format!("http://{collector}");
        // The log's own filter hides no spans.
        let mut process =
            Process::start(dir.path(), &["--otlp-url", &url, "--log", "warn,besedka=info"]).await;
        let ann = process.person("ann").await;
        let chat = ann.group("Garden", &[]).await;
        ann.post_text(chat, "still here").await;
        let stopped = timeout(PATIENCE, process.stop()).await;
        assert_eq!(stopped.expect("it stops in time"), Some(0));
        let log = process.log();
        assert!(log.matches("the collector of traces").count() >= reports, "{log}");
        assert!(log.matches("the collector of traces").count() <= 1, "{log}");
    }
}
