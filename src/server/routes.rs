//! All routes: the APIs, the WebSocket, health checks, the documentation and the web client.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::Either;
use poem::endpoint::{BoxEndpoint, DynEndpoint, make_sync};
use poem::http::{HeaderValue, StatusCode, Version, header};
use poem::middleware::Cors;
use poem::web::{Data, Json};
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, Result, Route, get, handler};
use serde_json::json;

use super::accept::App;
use super::desktop_updates::DesktopUpdates;
use super::doctor;
use super::host_router::HostRouter;
use super::metrics::{self, RequestMetrics};
use super::normalize_path::normalize_path;
use super::request_log::RequestLog;
use crate::config::Config;
use crate::web::Web;
use besedka_api::site::{OriginalMethod, Site};
use besedka_api::v1::Examination;
use besedka_api::{self as api, v1};
use besedka_core::messenger::{Error, Messenger};

pub(super) fn routes(
    config: &Config,
    messenger: Messenger,
    metrics: Option<Arc<RequestMetrics>>,
    metrics_token: Option<String>,
) -> App {
    let enabled: Vec<_> =
        api::DIALECTS.iter().filter(|dialect| config.dialects.is_enabled(dialect.slug)).collect();
    let base_path = config.base_path();
    let mut app = Route::new()
        .nest("/hooks", api::hooks::routes())
        .at("/ws", v1::socket())
        .at("/health", get(health))
        .at("/ready", get(ready));
    if let (Some(token), Some(requests)) = (metrics_token, &metrics) {
        app = app.at("/metrics", metrics::with_token(messenger.clone(), requests.clone(), token));
    }
    if let Some(folder) = &config.operation.desktop_updates {
        app = app.at("/desktop-updates/:file", get(DesktopUpdates::new(folder.clone())));
    }
    app = app.nest("/", Web::new(&messenger.storage_origins(), base_path));
    let is_served = |slug| slug == v1::SLUG || enabled.iter().any(|dialect| dialect.slug == slug);
    let specs: Vec<_> = api::specs().iter().filter(|spec| is_served(spec.slug)).collect();
    let index: Vec<_> = specs
        .iter()
        .map(|spec| json!({"name": spec.name, "url": format!("{base_path}/openapi/{}.json", spec.slug)}))
        .collect();
    app = app.at("/openapi/index.json", get(make_sync(move |_| Json(index.clone()))));
    for spec in specs.into_iter().chain([api::events()]) {
        let spec = Arc::new(spec.below(base_path));
        let (json, yaml, newer) = (spec.clone(), spec.clone(), spec);
        app = app
            .at(
                format!("/openapi/{}.json", json.slug),
                document("application/json", move || json.json().to_owned()),
            )
            .at(
                format!("/openapi/{}.yaml", yaml.slug),
                document("application/yaml", move || yaml.yaml().to_owned()),
            );
        if newer.slug == api::events().slug {
            continue;
        }
        let (json, yaml) = (newer.clone(), newer);
        app = app
            .at(
                format!("/openapi/{}-3.1.json", json.slug),
                document("application/json", move || json.json_3_1().to_owned()),
            )
            .at(
                format!("/openapi/{}-3.1.yaml", yaml.slug),
                document("application/yaml", move || yaml.yaml_3_1().to_owned()),
            );
    }

    let router = HostRouter::new(&config.dialects, &enabled, || health.boxed(), app.boxed());
    let inner =
        Arc::new(Inner { router, messenger, site: config.site(), examination: doctor::examination(config) });
    let outer = Outer {
        with_cors: inner.clone().with(cors(&config.cors_origins)).boxed(),
        inner,
        origins: config.cors_origins.clone(),
    };
    let log = RequestLog {
        varies_by_origin: !config.cors_origins.is_empty(),
        sends_hsts: config.tls.sends_hsts(),
        metrics,
    };
    Arc::new(poem::endpoint::ToDynEndpoint(outer.with(log)))
}

/// Passes requests to the APIs, with what they need. One endpoint does all of it: each endpoint copies the request and the
/// futures within its own.
struct Inner {
    router: HostRouter,
    messenger: Messenger,
    site: Site,
    examination: Examination,
}

impl Endpoint for Inner {
    type Output = Response;

    fn call(&self, mut request: Request) -> impl Future<Output = Result<Response>> + Send {
        request.set_data(self.messenger.clone());
        request.set_data(self.site.clone());
        request.set_data(self.examination.clone());
        request.set_data(OriginalMethod(request.method().clone()));
        if request.version() < Version::HTTP_11 {
            // HTTP/1.0 knows no upgrade.
            request.headers_mut().remove(header::UPGRADE);
        }
        let answer = self.router.answer(normalize_path(request));
        async move {
            match answer.await {
                Ok(response) => Ok(response),
                Err(error) => Ok(v1::refuse(error).await),
            }
        }
    }
}

/// Answers pages of other origins, and requests that panic.
struct Outer {
    inner: Arc<Inner>,
    /// For the origins of the settings. poem's Cors answers 401 to every other, and our own pages send an origin too.
    with_cors: BoxEndpoint<'static>,
    origins: Vec<String>,
}

impl Endpoint for Outer {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        let origin = request.header(header::ORIGIN.as_str());
        let is_allowed = origin.is_some_and(|origin| self.origins.iter().any(|known| known == origin));
        let query = request.uri().query().unwrap_or_default();
        let is_linked =
            !self.origins.is_empty() && query.split('&').any(|pair| pair.starts_with("signature="));
        let answer = match is_allowed {
            true => Either::Left(DynEndpoint::call(self.with_cors.as_ref(), request)),
            false => Either::Right(Inner::call(&self.inner, request)),
        };
        async move {
            let mut answer = AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| Ok(panicked()));
            // Pages of other origins show a file by its link in a plain `<img>`, which sends no origin.
            if let Ok(response) = &mut answer
                && is_linked
                && response.status().is_success()
            {
                let anywhere = HeaderValue::from_static("cross-origin");
                response.headers_mut().insert("cross-origin-resource-policy", anywhere);
            }
            answer
        }
    }
}

fn document(content_type: &'static str, text: impl Fn() -> String + Send + Sync + 'static) -> impl Endpoint {
    get(make_sync(move |_| Response::builder().content_type(content_type).body(text())))
}

/// Whether the process is alive.
#[handler]
fn health() -> Json<serde_json::Value> {
    Json(json!({"status": "ok"}))
}

/// Whether the database and the storage answer. Without its bucket or its bus the server is still useful, so the answer
/// says that files or the bus are unavailable, but is 200: load balancers keep the server.
#[handler]
async fn ready(messenger: Data<&Messenger>) -> Response {
    let mut status = json!({"status": "ok"});
    match messenger.check().await {
        Ok(()) => {}
        Err(Error::FilesUnavailable) => status["files"] = "unavailable".into(),
        Err(error) => {
            tracing::error!(%error, "the server is not ready");
            return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "unavailable"}))).into_response();
        }
    }
    if !messenger.is_bus_connected() {
        status["bus"] = "unavailable".into();
    }
    Json(status).into_response()
}

/// Allows exactly these origins. Pages send tokens in a header, so cookies are not allowed.
fn cors(origins: &[String]) -> Cors {
    Cors::new()
        .allow_origins(origins)
        .allow_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allow_headers(["Authorization", "Content-Type", "Idempotency-Key", "Range"])
        // For dialects: the token of old unet clients, and headers of Mimu's clients.
        .allow_headers(["WWW-Authenticate", "X-PrID", "X-ChatId", "X-Emoji"])
        .expose_headers(["Content-Range", "Retry-After", "X-Request-Id"])
        .allow_credentials(false)
        .max_age(3_600)
}

/// The response does not contain the panic message, which is in the log.
fn panicked() -> Response {
    let body = json!({"detail": "Internal server error", "code": "internal"});
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}
