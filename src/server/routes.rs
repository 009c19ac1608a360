//! What is where: the APIs, the socket, health, the documentation and the web client.

use std::sync::Arc;

use poem::endpoint::{make, make_sync};
use poem::http::{StatusCode, header};
use poem::middleware::{CatchPanic, Cors};
use poem::web::{Data, Json};
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, Route, get, handler};
use serde_json::json;

use super::accept::App;
use super::doors::Doors;
use super::seen::Seen;
use super::slashes;
use crate::config::Config;
use crate::web::Web;
use besedka_api::site::Asked;
use besedka_api::{self as api, v1};
use besedka_core::messenger::{Error, Messenger};

pub(super) fn routes(config: &Config, messenger: Messenger) -> App {
    let spoken: Vec<_> =
        api::DIALECTS.iter().filter(|dialect| config.dialects.are_to_speak(dialect.slug)).collect();
    let mut app = Route::new()
        .nest("/api/v1", v1::routes())
        .at("/ws", v1::socket())
        .at("/health", get(health))
        .at("/ready", get(ready))
        .nest("/", Web::new(&messenger.storage_origins()));
    let is_spoken = |slug| slug == v1::SLUG || spoken.iter().any(|dialect| dialect.slug == slug);
    let specs: Vec<_> = api::specs().iter().filter(|spec| is_spoken(spec.slug)).collect();
    let index: Vec<_> = specs
        .iter()
        .map(|spec| json!({"name": spec.name, "url": format!("/openapi/{}.json", spec.slug)}))
        .collect();
    app = app.at("/openapi/index.json", get(make_sync(move |_| Json(index.clone()))));
    for spec in specs.into_iter().chain([api::events()]) {
        app = app
            .at(format!("/openapi/{}.json", spec.slug), text("application/json", || spec.json()))
            .at(format!("/openapi/{}.yaml", spec.slug), text("application/yaml", || spec.yaml()));
    }

    let app = Doors::new(&config.dialects, &spoken, || health.boxed(), app)
        .data(messenger)
        .data(config.site())
        .before(|mut request: Request| async {
            request.set_data(Asked(request.method().clone()));
            Ok(slashes::collapse(request))
        })
        .catch_all_error(v1::refuse);
    let app = Arc::new(app);
    let crossing = Arc::new(app.clone().with(cors(&config.cors_origins)));
    let origins = config.cors_origins.clone();
    // poem's Cors answers 401 to every origin that it is not told of, and our own pages have one too.
    let app = make(move |request: Request| {
        let origin = request.header(header::ORIGIN.as_str());
        let is_let_in = origin.is_some_and(|origin| origins.iter().any(|known| known == origin));
        let (app, crossing) = (app.clone(), crossing.clone());
        async move {
            match is_let_in {
                true => crossing.call(request).await,
                false => app.call(request).await,
            }
        }
    });
    let app = app.with(CatchPanic::new().with_handler(panicked)).with(Seen).map_to_response();
    Arc::new(poem::endpoint::ToDynEndpoint(app))
}

fn text(
    content_type: &'static str,
    text: impl Fn() -> &'static str + Send + Sync + 'static,
) -> impl Endpoint {
    get(make_sync(move |_| Response::builder().content_type(content_type).body(text())))
}

/// Whether the process is alive.
#[handler]
fn health() -> Json<serde_json::Value> {
    Json(json!({"status": "ok"}))
}

/// Whether the database and the storage answer. Without its bucket the server is of use still: it says so, and no
/// balancer takes it away.
#[handler]
async fn ready(messenger: Data<&Messenger>) -> Response {
    match messenger.check().await {
        Ok(()) => Json(json!({"status": "ok"})).into_response(),
        Err(Error::FilesUnavailable) => Json(json!({"status": "ok", "files": "unavailable"})).into_response(),
        Err(error) => {
            tracing::error!(%error, "the server is not ready");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "unavailable"}))).into_response()
        }
    }
}

/// Exactly these origins; a token is sent by hand, so no credentials are allowed.
fn cors(origins: &[String]) -> Cors {
    Cors::new()
        .allow_origins(origins)
        .allow_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allow_headers(["Authorization", "Content-Type", "Idempotency-Key", "Range"])
        // Those of dialects: a token in old builds of unet's client, and what Mimu's sends.
        .allow_headers(["WWW-Authenticate", "X-PrID", "X-ChatId", "X-Emoji"])
        .expose_headers(["Content-Range", "Retry-After", "X-Request-Id"])
        .allow_credentials(false)
        .max_age(3_600)
}

/// Never what panicked: that is in the log.
fn panicked(_: Box<dyn std::any::Any + Send>) -> (StatusCode, Json<serde_json::Value>) {
    let body = json!({"detail": "Internal server error", "code": "internal"});
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body))
}
