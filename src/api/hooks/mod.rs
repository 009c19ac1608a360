//! `/hooks/{secret}`: incoming webhooks, which take the bodies that programs send to Slack and Mattermost.
//!
//! The answers are those of Slack, in plain text: `ok`, or a word for what is wrong. A POST is never redirected, and
//! nothing but a POST succeeds. The secret is part of the path, so the path is logged by its pattern only.

mod body;
mod mrkdwn;
mod text;

use multer::Multipart;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::web::Data;
use poem::{Endpoint, FromRequest, IntoResponse, Request, Response, Result};

use crate::{form, whole_body};
use besedka_core::messenger::{Error, Messenger};

/// The pattern of the path, for the log.
pub const PATTERN: &str = "/hooks/{secret}";
/// The largest body: Alertmanager's with a hundred alerts.
const LARGEST_BODY: usize = 256 * 1024;

/// Everything below `/hooks`.
pub fn routes() -> impl Endpoint {
    Hooks
}

struct Hooks;

impl Endpoint for Hooks {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        Ok(match post(request).await {
            Ok(()) => answer(StatusCode::OK, "ok"),
            Err(refusal) => refusal.into_response(),
        })
    }
}

/// Why nothing was posted: a status, and Slack's word for it.
struct Refusal {
    status: StatusCode,
    word: &'static str,
    retry_after: Option<u64>,
}

impl Refusal {
    const fn new(status: StatusCode, word: &'static str) -> Self {
        Self { status, word, retry_after: None }
    }
}

const INVALID_PAYLOAD: Refusal = Refusal::new(StatusCode::BAD_REQUEST, "invalid_payload");

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound("chat") => Self::new(StatusCode::GONE, "channel_is_archived"),
            Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "no_service"),
            Error::Invalid { .. } => INVALID_PAYLOAD,
            Error::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "action_prohibited"),
            Error::TooMany(wait) => {
                let retry_after = Some(wait.as_secs_f64().ceil().max(1.0) as u64);
                Self { retry_after, ..Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited") }
            }
            Error::Full => Self::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full"),
            Error::Busy | Error::Again => Self {
                retry_after: Some(1),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable")
            },
            error => {
                tracing::error!(%error, "a webhook could not post");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "rollup_error")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = answer(self.status, self.word);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

fn answer(status: StatusCode, word: &'static str) -> Response {
    Response::builder().status(status).content_type("text/plain; charset=utf-8").body(word)
}

async fn post(mut request: Request) -> std::result::Result<(), Refusal> {
    if request.method() != Method::POST {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"));
    }
    let Ok(messenger) = Data::<&Messenger>::from_request_without_body(&request).await else {
        return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "rollup_error"));
    };
    let messenger = messenger.0.clone();
    let sender = messenger.webhook(request.uri().path().trim_matches('/')).await?;
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_payload"));
    }
    let content_type = request.content_type().unwrap_or_default().to_owned();
    let bytes = whole_body::read(request.take_body(), LARGEST_BODY).await.map_err(|error| match error {
        poem::error::ReadBodyError::PayloadTooLarge => {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large")
        }
        _ => INVALID_PAYLOAD,
    })?;
    let body = match form::read(&content_type, poem::Body::from_bytes(bytes.clone())) {
        Some(form) => body::read(&payload_of(form).await.ok_or(INVALID_PAYLOAD)?),
        None => body::read(&bytes),
    };
    let body = body.ok_or(INVALID_PAYLOAD)?;
    if body.attachments.len() > body::MAX_ATTACHMENTS {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "too_many_attachments"));
    }
    let message = text::message(&body);
    if besedka_core::model::is_blank(&message.text) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "no_text"));
    }
    sender.post(&message.text, body.username.as_deref(), message.mentioned).await?;
    Ok(())
}

/// The field `payload` of a multipart form, as `curl -F` sends it.
async fn payload_of(mut form: Multipart<'static>) -> Option<Vec<u8>> {
    while let Ok(Some(field)) = form.next_field().await {
        if field.name() == Some("payload") {
            return field.bytes().await.ok().map(Into::into);
        }
    }
    None
}
