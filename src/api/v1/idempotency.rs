//! The header `Idempotency-Key`: required on what changes something, and remembered.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use poem::http::{Method, StatusCode, header};
use poem::web::Data;
use poem::{Endpoint, FromRequest, IntoResponse, Request, RequestBody, RequestParts, Response, Result};
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::Value;

use super::Refusal;
use super::types::{self, Problem};
use crate::site::Site;
use besedka_core::messenger::{Access, Attempt, Error, Messenger, Original, Subject, Tries, Turn};

/// The largest JSON body: a message of 64 KiB and what belongs to it.
const LARGEST_BODY: usize = 128 * 1024;
/// The only routes that change something and need no key.
const FREE: [&str; 1] = ["/auth/refresh"];

/// What is known of a request that changes something, from before its handler to after it.
#[derive(Clone)]
pub struct Slot(Arc<Known>);

struct Known {
    route: String,
    key: Option<String>,
    body: Bytes,
    caller: OnceLock<Access>,
    attempt: OnceLock<Attempt>,
}

impl Slot {
    /// Remembers whose request it is.
    pub fn is_of(&self, access: Access) {
        let _ = self.0.caller.set(access);
    }

    fn begin(&self, messenger: &Messenger) -> std::result::Result<Key, Error> {
        let key =
            self.0.key.as_deref().ok_or(Error::Invalid { field: HEADER, reason: "is missing".to_owned() })?;
        if key.is_empty() || key.len() > 128 || !key.chars().all(|c| c.is_ascii_graphic()) {
            return Err(Error::invalid(HEADER, "must be 1 to 128 visible ASCII characters, best a UUID"));
        }
        let owner = self.0.caller.get().map(|access| access.user);
        let attempt = messenger.request(owner, &self.0.route, key, &self.0.body);
        let _ = self.0.attempt.set(attempt.clone());
        Ok(Key(messenger.attempt(attempt)?))
    }
}

const HEADER: &str = "Idempotency-Key";

/// The key of a request, held while it is carried out.
pub struct Key(Turn);

impl Key {
    /// The attempt that answers this status when it succeeds.
    pub fn answering(&self, status: StatusCode) -> Attempt {
        self.0.attempt.clone().answering(status.as_u16())
    }
}

impl<'a> ApiExtractor<'a> for Key {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = true;

    type ParamType = String;
    type ParamRawType = String;

    fn register(registry: &mut Registry) {
        <String as Type>::register(registry);
    }

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(String::schema_ref())
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<String>,
    ) -> Result<Self> {
        let messenger = Data::<&Messenger>::from_request_without_body(request).await?;
        let slot = Data::<&Slot>::from_request_without_body(request).await?.0;
        match slot.begin(&messenger) {
            Ok(key) => Ok(key),
            Err(Error::Invalid { .. }) if slot.0.key.is_none() => {
                let problem = format!("Missing {HEADER} header");
                Err(Refusal::of(StatusCode::BAD_REQUEST, problem, "idempotency_key_missing").into())
            }
            Err(error) => Err(Refusal::from(error).into()),
        }
    }
}

/// Reads the key and the body of what changes something, and answers repeated requests with what
/// the first one did.
pub struct Keyed<E>(E);

impl<E> Keyed<E> {
    pub fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint> Keyed<E> {
    /// Carries a request out; again, when another change was in its way.
    async fn carry_out(&self, request: &Request, body: &Bytes) -> Response {
        let mut tries = Tries::default();
        loop {
            let response = self.0.get_response(copy(request, body)).await;
            let at_once = response.status() == StatusCode::SERVICE_UNAVAILABLE
                && response.header(header::RETRY_AFTER).is_some_and(|seconds| seconds == "0");
            if !at_once || !tries.another().await {
                return response;
            }
        }
    }
}

/// A request like one whose body was read.
fn copy(request: &Request, body: &Bytes) -> Request {
    let (mut parts, ()) = poem::http::Request::new(()).into_parts();
    parts.method.clone_from(request.method());
    parts.uri.clone_from(request.uri());
    parts.version = request.version();
    parts.headers.clone_from(request.headers());
    parts.extensions.clone_from(request.extensions());
    let (local, remote) = (request.local_addr().clone(), request.remote_addr().clone());
    let parts = RequestParts::from((parts, local, remote, request.scheme().clone()));
    Request::from_parts(parts, body.clone().into())
}

impl<E: Endpoint> Endpoint for Keyed<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(self.0.get_response(request).await);
        }
        let body = match read(&mut request).await {
            Ok(body) => body,
            Err(refusal) => return Ok(refusal.into_response()),
        };
        let path = request.uri().path();
        if FREE.contains(&path) {
            return Ok(self.carry_out(&request, &body).await);
        }
        let key = request.headers().get(HEADER).map(|key| String::from_utf8_lossy(key.as_bytes()));
        let slot = Slot(Arc::new(Known {
            route: format!("{} {path}", request.method()),
            // RFC draft "The Idempotency-Key HTTP Header Field" quotes it; the document does not.
            key: key.map(|key| key.trim().trim_matches('"').to_owned()),
            body: body.clone(),
            caller: OnceLock::new(),
            attempt: OnceLock::new(),
        }));
        let messenger = Data::<&Messenger>::from_request_without_body(&request).await?.clone();
        let base = Data::<&Site>::from_request_without_body(&request).await?.base(&request);
        request.extensions_mut().insert(slot.clone());
        let response = self.carry_out(&request, &body).await;
        if response.status().is_success() {
            return Ok(response);
        }
        // A repeated key goes before whatever else is wrong with the request.
        match slot.0.attempt.get() {
            Some(attempt) => match messenger.carried_out(attempt).await {
                Ok(()) => Ok(response),
                Err(Error::Repeated(Some(original))) => {
                    let caller = slot.0.caller.get().copied();
                    Ok(repeated(&messenger, caller, *original, &base).await.into_response())
                }
                Err(error) => Ok(Refusal::from(error).into_response()),
            },
            None => Ok(response),
        }
    }
}

/// The body, decompressed by nobody and no larger than it may be.
async fn read(request: &mut Request) -> std::result::Result<Bytes, Refusal> {
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        let detail = "Compressed bodies are not taken";
        return Err(Refusal::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail, "unsupported_media_type"));
    }
    request.take_body().into_bytes_limit(LARGEST_BODY).await.map_err(|error| match error {
        poem::error::ReadBodyError::PayloadTooLarge => {
            Refusal::of(StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 128 KiB", "too_large")
        }
        error => Refusal::of(StatusCode::BAD_REQUEST, error.to_string(), "invalid"),
    })
}

async fn repeated(messenger: &Messenger, caller: Option<Access>, original: Original, base: &str) -> Refusal {
    let error = Error::Repeated(None);
    let body = match caller {
        // What took something away answered nothing, though it was about something.
        Some(access) if original.status != StatusCode::NO_CONTENT.as_u16() => {
            body(messenger, access, original.subject, base).await.unwrap_or_default()
        }
        _ => Value::Null,
    };
    let original = types::Original { status: original.status, body };
    Refusal::Conflict(Json(Problem {
        detail: error.to_string(),
        code: error.code().to_owned(),
        original: Some(original),
    }))
}

/// What the first answer was about, as it is now.
async fn body(messenger: &Messenger, access: Access, subject: Subject, base: &str) -> Option<Value> {
    let caller = messenger.as_user(access);
    match subject {
        Subject::Nothing => None,
        Subject::User(_) => types::User::from(caller.me().await.ok()?).to_json(),
        Subject::Chat(id) => types::Chat::from(caller.chat(id).await.ok()?.view().await.ok()?).to_json(),
        Subject::Read(id) => {
            super::receipts::ReadMark::from(caller.chat(id).await.ok()?.view().await.ok()?).to_json()
        }
        Subject::Preferences(id) => {
            let chat = caller.chat(id).await.ok()?;
            types::ChatSettings::new(id, chat.preferences().await.ok()?).to_json()
        }
        Subject::Added(id, said) => {
            types::AddedMembers::from(caller.chat(id).await.ok()?.added(said).await.ok()?).to_json()
        }
        Subject::Ban(id, user) => {
            types::Ban::from(caller.chat(id).await.ok()?.moderating().ok()?.ban_of(user).await.ok()?)
                .to_json()
        }
        Subject::Invite(id, invite) => {
            let found = caller.chat(id).await.ok()?.moderating().ok()?.invites().await.ok()?;
            let found = found.into_iter().find(|invitation| invitation.invite.id == invite)?;
            types::Invite::new(found, base).to_json()
        }
        Subject::Message(id) => types::Message::from(caller.message(id).await.ok()?.view()).to_json(),
        Subject::Bookmark(id) => types::Bookmark::from(caller.bookmark_at(id).await.ok()?).to_json(),
        Subject::Draft(chat, thread) => {
            types::Draft::from(caller.chat(chat).await.ok()?.draft(thread).await.ok()?).to_json()
        }
        Subject::Scheduled(id) => types::Scheduled::from(caller.scheduled_message(id).await.ok()?).to_json(),
        Subject::Import(done) => types::Imported::from(done).to_json(),
        Subject::Attachment(id) => super::attachments::form_again(&caller, id, base).await?.to_json(),
        Subject::Member(chat, user) => {
            types::Member::from(caller.chat(chat).await.ok()?.member(user).await.ok()?).to_json()
        }
    }
}
