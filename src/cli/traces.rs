//! OpenTelemetry: spans are sent to a collector in the background, as OTLP in JSON.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::Failure;
use besedka_core::integrations::TraceCollector;
use besedka_core::traces::TARGET;

/// For how long a server that stops waits for its last spans to be sent.
const LAST_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends spans to a collector until the server stops.
pub(super) struct Traces(SdkTracerProvider);

/// Begins to send the spans of [`TARGET`], and nothing else, to a collector.
pub(super) fn start<S>(url: &str) -> Result<(impl Layer<S> + use<S>, Traces), Failure>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let client = Client {
        collector: TraceCollector::new()?,
        runtime: Handle::current(),
        is_away: AtomicBool::new(false),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpJson)
        .with_endpoint(format!("{url}/v1/traces"))
        .with_http_client(client)
        .build()?;
    let about = Resource::builder_empty()
        .with_service_name("besedka")
        .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    // Sends in a thread of its own; what does not fit into its queue is dropped.
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(about).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("besedka"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        .with_filter(Targets::new().with_target(TARGET, LevelFilter::TRACE));
    Ok((layer, Traces(provider)))
}

impl Traces {
    /// Sends what waits.
    pub(super) async fn finish(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LAST_TIMEOUT));
        // A collector that is away was reported before.
        let _ = ended.await;
    }
}

/// Our own HTTP client, for the thread that sends.
#[derive(Debug)]
struct Client {
    collector: TraceCollector,
    runtime: Handle,
    /// Whether the last request failed; that is said once.
    is_away: AtomicBool,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let collector = self.collector.clone();
        let url = parts.uri.to_string();
        let sent = self.runtime.spawn(async move { collector.send(&url, parts.headers, body).await });
        let answer = match sent.await? {
            Ok(status @ 200..300) => Ok(status),
            Ok(status) => Err(format!("it answered {status}")),
            Err(why) => Err(why),
        };
        match (&answer, self.is_away.swap(answer.is_err(), Ordering::Relaxed)) {
            (Err(why), false) => {
                tracing::warn!("the collector of traces can't be used; traces are lost until it can: {why}");
            }
            (Ok(_), true) => tracing::info!("the collector of traces can be used again"),
            _ => {}
        }
        Ok(Response::builder().status(answer?).body(Bytes::new())?)
    }
}
