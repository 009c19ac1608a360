//! `/metrics` in Prometheus' text format: requests as they are answered, and what the messenger and the operating
//! system say when somebody asks.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use poem::endpoint::make;
use poem::http::{Method, StatusCode, header};
use poem::{Endpoint, Request, Response};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::accept::{self, App};
use super::process_info::ProcessInfo;
use besedka_api::site::Site;
use besedka_core::messenger::{Measurements, Messenger};

/// The upper bounds of the buckets of response times, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Counts the requests of this server.
#[derive(Default)]
pub(super) struct RequestMetrics(Mutex<BTreeMap<Key, Times>>);

/// The method, the pattern of the route and the status of a response.
type Key = (&'static str, &'static str, u16);

/// A histogram of response times.
#[derive(Default)]
struct Times {
    /// How many were within each bucket but not within the one before it.
    buckets: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
}

impl RequestMetrics {
    pub(super) fn count(&self, method: &Method, route: &'static str, status: StatusCode, took: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = all.entry((name(method), route, status.as_u16())).or_default();
        let seconds = took.as_secs_f64();
        if let Some(bucket) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            times.buckets[bucket] += 1;
        }
        times.count += 1;
        times.seconds += seconds;
    }

    fn write(&self, page: &mut Page) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        page.head(
            "http_request_duration_seconds",
            "histogram",
            "Time until the response, by route and status.",
        );
        for ((method, route, status), times) in all.iter() {
            let labels = format!("method=\"{method}\",route=\"{}\",status=\"{status}\"", escaped(route));
            let mut within = 0;
            for (bound, count) in BUCKETS.iter().zip(times.buckets) {
                within += count;
                page.line(
                    "http_request_duration_seconds_bucket",
                    &format!("{labels},le=\"{bound}\""),
                    within,
                );
            }
            page.line("http_request_duration_seconds_bucket", &format!("{labels},le=\"+Inf\""), times.count);
            page.line("http_request_duration_seconds_sum", &labels, times.seconds);
            page.line("http_request_duration_seconds_count", &labels, times.count);
        }
    }
}

/// A known method: clients can send any text.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The text of a response.
#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, "gauge", help);
        self.line(name, "", value);
    }

    fn counter(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, "counter", help);
        self.line(name, "", value);
    }

    /// A value that may be unknown, and is then left out.
    fn gauge_if_known(&mut self, name: &str, help: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.gauge(name, help, value);
        }
    }
}

/// The whole page. What can't be read from the database at the moment is left out, and `besedka_up` says so.
async fn page(messenger: &Messenger, requests: &RequestMetrics) -> String {
    let mut page = Page::default();
    page.head("besedka_build_info", "gauge", "The version of the program.");
    page.line("besedka_build_info", &format!("version=\"{}\"", env!("CARGO_PKG_VERSION")), 1);
    requests.write(&mut page);
    let measured = messenger.measure().await;
    let is_up = u8::from(measured.is_ok());
    page.gauge("besedka_up", "Whether the database answers.", is_up);
    match measured {
        Ok(measured) => write_measurements(&mut page, &measured),
        Err(error) => tracing::warn!(%error, "metrics could not be read from the database"),
    }
    write_process(&mut page, &ProcessInfo::read());
    page.0
}

fn write_measurements(page: &mut Page, measured: &Measurements) {
    page.gauge("besedka_sockets", "Open live connections of clients on this node.", measured.sockets);
    page.counter(
        "besedka_messages_posted_total",
        "Messages stored by this node, without notices.",
        measured.posted,
    );
    page.gauge("besedka_post_queue_length", "Posts that wait to be written.", measured.posts_waiting);
    page.gauge(
        "besedka_jobs_lag_seconds",
        "Seconds since background jobs last ran on this node.",
        measured.jobs_lag.as_secs_f64(),
    );
    page.gauge(
        "besedka_scheduled_messages_overdue",
        "Scheduled messages that should have been sent.",
        measured.overdue,
    );
    page.gauge(
        "besedka_scheduled_messages_lag_seconds",
        "Seconds by which the oldest of them is late.",
        measured.overdue_lag.as_secs_f64(),
    );
    page.gauge(
        "besedka_deletions_pending",
        "Deletions of accounts that are not finished.",
        measured.deletions,
    );
    page.gauge(
        "besedka_search_pending",
        "Messages that the search index lacks, up to 10000 new ones.",
        measured.unindexed,
    );
    page.gauge(
        "besedka_search_lag_seconds",
        "Age of the oldest new message that the search index lacks.",
        measured.index_lag.as_secs_f64(),
    );
    page.gauge(
        "besedka_database_size_bytes",
        "Size of the database with its search index.",
        measured.database_bytes,
    );
    page.gauge("besedka_storage_used_bytes", "Bytes of uploaded files.", measured.storage_bytes);
    page.gauge_if_known(
        "besedka_data_disk_free_bytes",
        "Free bytes on the disk of the embedded database.",
        measured.disk_free,
    );
    page.gauge_if_known(
        "besedka_data_disk_size_bytes",
        "Size of the disk of the embedded database.",
        measured.disk_size,
    );
    let seconds = |time: besedka_core::model::Time| time.seconds();
    page.gauge_if_known(
        "besedka_backup_last_success_timestamp_seconds",
        "When the last complete backup was begun.",
        measured.last_backup.as_ref().map(|backup| seconds(backup.started_at)),
    );
    page.gauge_if_known(
        "besedka_backup_last_size_bytes",
        "Size of the last complete backup.",
        measured.last_backup.as_ref().map(|backup| backup.bytes),
    );
    page.gauge_if_known(
        "besedka_backup_last_verified_timestamp_seconds",
        "When the last backup that was verified was begun.",
        measured.last_verified_backup.map(seconds),
    );
    page.gauge(
        "besedka_backup_last_failed",
        "Whether the last backup failed.",
        u8::from(measured.last_backup_failed),
    );
}

fn write_process(page: &mut Page, process: &ProcessInfo) {
    page.head("process_cpu_seconds_total", "counter", "Time that the process has used the processors.");
    page.line("process_cpu_seconds_total", "", process.cpu_seconds);
    page.gauge("process_resident_memory_bytes", "Memory of the process.", process.resident_bytes);
    page.gauge("process_virtual_memory_bytes", "Address space of the process.", process.virtual_bytes);
    page.gauge("process_open_fds", "Open file descriptors.", process.open_fds);
    page.gauge_if_known("process_max_fds", "The most file descriptors.", process.max_fds);
    page.gauge("process_start_time_seconds", "When the process started.", process.start_seconds);
}

fn response(text: String) -> Response {
    Response::builder().content_type(CONTENT_TYPE).body(text)
}

/// `/metrics` on the server's own address, for those who know the token.
pub(super) fn with_token(
    messenger: Messenger,
    requests: Arc<RequestMetrics>,
    token: String,
) -> impl Endpoint<Output = Response> {
    make(move |request: Request| {
        let (messenger, requests) = (messenger.clone(), requests.clone());
        let given = request.header(header::AUTHORIZATION.as_str()).and_then(bearer);
        let is_allowed = given.is_some_and(|given| is_same(given, &token));
        async move {
            if request.method() != Method::GET {
                return StatusCode::METHOD_NOT_ALLOWED.into();
            }
            if !is_allowed {
                return Response::builder()
                    .status(StatusCode::UNAUTHORIZED)
                    .header(header::WWW_AUTHENTICATE, "Bearer")
                    .body("a token is needed, see --metrics-token\n");
            }
            response(page(&messenger, &requests).await)
        }
    })
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares without telling by the time where the difference is.
fn is_same(given: &str, token: &str) -> bool {
    given.len() == token.len()
        && given.bytes().zip(token.bytes()).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

/// Serves `/metrics` and nothing else on a listener of its own, until `stop` is cancelled.
pub(super) async fn serve(
    listener: TcpListener,
    messenger: Messenger,
    requests: Arc<RequestMetrics>,
    stop: CancellationToken,
) {
    let endpoint = make(move |request: Request| {
        let (messenger, requests) = (messenger.clone(), requests.clone());
        async move {
            match (request.uri().path(), request.method()) {
                ("/metrics", &Method::GET) => response(page(&messenger, &requests).await),
                ("/metrics", _) => StatusCode::METHOD_NOT_ALLOWED.into(),
                _ => StatusCode::NOT_FOUND.into(),
            }
        }
    });
    let app: App = Arc::new(poem::endpoint::ToDynEndpoint(endpoint));
    accept::accept(listener, None, app, Site::default(), stop).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_what_is_within_each_bound() {
        let requests = RequestMetrics::default();
        for milliseconds in [1, 7, 30, 60_000] {
            let took = Duration::from_millis(milliseconds);
            requests.count(&Method::GET, "/a \"b\"", StatusCode::OK, took);
        }
        requests.count(&Method::from_bytes(b"BREW").unwrap(), "/pot", StatusCode::NOT_FOUND, Duration::ZERO);
        let mut page = Page::default();
        requests.write(&mut page);
        let labels = "method=\"GET\",route=\"/a \\\"b\\\"\",status=\"200\"";
        for (bound, count) in [("0.001", 1), ("0.005", 1), ("0.01", 2), ("0.05", 3), ("10", 3), ("+Inf", 4)] {
            let line = format!("http_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}} {count}\n");
            assert!(page.0.contains(&line), "{line} is not in {}", page.0);
        }
        assert!(page.0.contains(&format!("http_request_duration_seconds_count{{{labels}}} 4\n")));
        assert!(page.0.contains("method=\"OTHER\",route=\"/pot\",status=\"404\""));
    }

    #[test]
    fn a_token_is_a_bearer_token_and_the_whole_one() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc"), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert!(is_same("abc", "abc") && !is_same("ab", "abc") && !is_same("abd", "abc"));
    }
}
