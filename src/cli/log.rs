//! The log of the server: a format, a filter, and a limit of what libraries may write. Beside it, traces.

use std::collections::HashMap;
use std::fmt::Debug;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use super::Failure;
use super::traces::{self, Traces};
use crate::config::{Config, LogFormat};

/// The lines that one library may write within [`WINDOW`].
const MAX_LINES: u32 = 20;
const WINDOW: Duration = Duration::from_secs(60);

/// Starts the log, and traces if there is a collector. Needs a runtime, for the summary of the lines that were left out.
pub(super) fn start(config: &Config) -> Result<Option<Traces>, Failure> {
    let filter = filter(&config.log)?;
    let limit = LibraryLimit::default();
    let lines = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let lines = lines.with_filter(limit.clone());
    let traces = match &config.operation.otlp_url {
        Some(url) => {
            let (spans, traces) = traces::start(url)?;
            // The filter is that of the lines alone, and not of spans.
            tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans).try_init()?;
            Some(traces)
        }
        None => {
            tracing_subscriber::registry().with(lines).with(filter).try_init()?;
            None
        }
    };
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(WINDOW).await;
            for (library, lines) in limit.left_out() {
                tracing::warn!(library, lines, "a library wrote too many lines; the rest was left out");
            }
        }
    });
    Ok(traces)
}

fn filter(log: &str) -> Result<EnvFilter, Failure> {
    let filter = EnvFilter::try_new(log).map_err(|error| format!("--log {log}: {error}"))?;
    // At trace level it would log every frame, with tokens and message texts.
    let filter = filter.add_directive("tungstenite=info".parse()?);
    // What it says of recordings repeats parts of them.
    Ok(filter.add_directive("symphonia=off".parse()?))
}

/// Lets a library write [`MAX_LINES`] a window, because what it warns of may be the content of a hostile file. Besedka's
/// own lines are not limited.
#[derive(Clone, Default)]
struct LibraryLimit(Arc<Mutex<HashMap<String, Lines>>>);

struct Lines {
    since: Instant,
    written: u32,
    left_out: u64,
}

impl LibraryLimit {
    fn allows(&self, target: &str) -> bool {
        let library = target.split("::").next().unwrap_or(target);
        if library.starts_with("besedka") {
            return true;
        }
        let now = Instant::now();
        let mut libraries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The names of libraries are few, and none is taken from a request.
        let lines =
            libraries.entry(library.to_owned()).or_insert(Lines { since: now, written: 0, left_out: 0 });
        if now.duration_since(lines.since) >= WINDOW {
            (lines.since, lines.written) = (now, 0);
        }
        let is_allowed = lines.written < MAX_LINES;
        match is_allowed {
            true => lines.written += 1,
            false => lines.left_out += 1,
        }
        is_allowed
    }

    /// The number of lines that were left out since the last call, by library.
    fn left_out(&self) -> Vec<(String, u64)> {
        let mut libraries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts =
            libraries.iter_mut().map(|(name, lines)| (name.clone(), std::mem::take(&mut lines.left_out)));
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

impl<S: Subscriber> Filter<S> for LibraryLimit {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let mut target = LogTarget(None);
        event.record(&mut target);
        self.allows(target.0.as_deref().unwrap_or(event.metadata().target()))
    }
}

/// The target of a line that came from the crate `log`, which `tracing-log` hands over as a field.
struct LogTarget(Option<String>);

impl Visit for LogTarget {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "log.target" {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_library_writes_a_bounded_number_of_lines() {
        let limit = LibraryLimit::default();
        let written = (0..1_000).filter(|_| limit.allows("symphonia_format_mkv::demuxer")).count();
        assert_eq!(written, 20);
        assert_eq!(limit.left_out(), [("symphonia_format_mkv".to_owned(), 980)]);
        assert_eq!(limit.left_out(), []);
        assert!(limit.allows("lettre::transport"), "another library has its own lines");
        assert!((0..1_000).all(|_| limit.allows("besedka_core::store") && limit.allows("besedka::cli")));

        tokio::time::advance(WINDOW).await;
        assert!(limit.allows("symphonia_format_mkv::demuxer"));
    }

    #[test]
    fn what_reads_recordings_writes_nothing_of_them() {
        #[derive(Clone, Default)]
        struct Written(Arc<Mutex<Vec<u8>>>);
        impl std::io::Write for Written {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap().extend(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        for log in ["info,object_store=warn", "trace"] {
            let written = Written::default();
            let writer = written.clone();
            let lines = fmt::layer().with_writer(move || writer.clone());
            let subscriber = tracing_subscriber::registry().with(filter(log).unwrap()).with(lines);
            tracing::subscriber::with_default(subscriber, || {
                tracing::error!(target: "symphonia_format_riff::wave", "unknown chunk SECR");
                tracing::warn!(target: "symphonia_core::meta", "unknown tag SECR");
                tracing::info!(target: "besedka::server", "a line of ours");
            });
            let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
            assert!(written.contains("a line of ours") && !written.contains("SECR"), "{log}: {written}");
        }
    }

    #[test]
    fn lines_of_the_crate_log_count_by_their_own_target() {
        let limit = LibraryLimit::default();
        let lines = fmt::layer().with_writer(std::io::sink).with_filter(limit.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            for _ in 0..30 {
                tracing::warn!(target: "log", { log.target = "symphonia_core::io" }, "a damaged file");
            }
        });
        assert_eq!(limit.left_out(), [("symphonia_core".to_owned(), 10)]);
    }
}
