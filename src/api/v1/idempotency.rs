//! The `Idempotency-Key` header: required on every request that changes something, and remembered.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use poem::http::{Method, StatusCode, header};
use poem::web::Data;
use poem::{Endpoint, FromRequest, IntoResponse, Request, RequestBody, Response, Result};
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::Value;

use super::Refusal;
use super::types::{self, Problem};
use crate::retry;
use crate::site::Site;
use crate::whole_body;
use besedka_core::messenger::{Access, Attempt, AttemptGuard, Caller, Error, Messenger, Original, Subject};

/// The largest JSON body: a message of 64 KiB and its envelope.
const LARGEST_BODY: usize = 128 * 1024;
/// The only routes that change something without requiring a key.
const EXEMPT_ROUTES: [&str; 1] = ["/auth/refresh"];

/// What is known about a request that changes something, from before its handler runs until after.
#[derive(Clone)]
pub struct PendingRequest(Arc<Known>);

struct Known {
    route: String,
    key: Option<String>,
    /// All that is asked for on the route: the query, if there is one, and the body.
    content: Bytes,
    caller: OnceLock<Access>,
    attempt: OnceLock<Attempt>,
}

impl PendingRequest {
    /// Records the caller.
    pub fn is_of(&self, access: Access) {
        let _ = self.0.caller.set(access);
    }

    fn begin(&self, messenger: &Messenger) -> std::result::Result<Key, Error> {
        let key =
            self.0.key.as_deref().ok_or(Error::Invalid { field: HEADER, reason: "is missing".to_owned() })?;
        if key.is_empty() || key.len() > 128 || !key.chars().all(|c| c.is_ascii_graphic()) {
            return Err(Error::invalid(HEADER, "must be 1 to 128 visible ASCII characters; use a UUID"));
        }
        let owner = self.0.caller.get().map(|access| access.user);
        let attempt = messenger.request(owner, &self.0.route, key, &self.0.content);
        let _ = self.0.attempt.set(attempt.clone());
        Ok(Key(messenger.attempt(attempt)?))
    }
}

const HEADER: &str = "Idempotency-Key";

/// A request's key, reserved while the request is processed.
pub struct Key(AttemptGuard);

impl Key {
    /// The attempt, to be recorded with this status when it succeeds.
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
        let pending = Data::<&PendingRequest>::from_request_without_body(request).await?.0;
        match pending.begin(&messenger) {
            Ok(key) => Ok(key),
            Err(Error::Invalid { .. }) if pending.0.key.is_none() => {
                let problem = format!("Missing {HEADER} header");
                Err(Refusal::of(StatusCode::BAD_REQUEST, problem, "idempotency_key_missing").into())
            }
            Err(error) => Err(Refusal::from(error).into()),
        }
    }
}

/// A key that a request need not have: repeating it changes nothing.
pub struct OptionalKey(Option<Key>);

impl OptionalKey {
    /// The caller, whose change is recorded if there is a key.
    pub fn of(self, caller: Caller, status: StatusCode) -> (Caller, Option<Key>) {
        match self.0 {
            Some(key) => (caller.once(key.answering(status)), Some(key)),
            None => (caller, None),
        }
    }
}

impl<'a> ApiExtractor<'a> for OptionalKey {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = false;

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
        body: &mut RequestBody,
        options: ExtractParamOptions<String>,
    ) -> Result<Self> {
        match request.headers().contains_key(HEADER) {
            true => Ok(Self(Some(Key::from_request(request, body, options).await?))),
            false => Ok(Self(None)),
        }
    }
}

/// Reads the key and the body of requests that change something, and answers repeated requests with the result
/// of the first one.
pub struct IdempotencyEndpoint<E>(E);

impl<E> IdempotencyEndpoint<E> {
    pub fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for IdempotencyEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            return self.0.call(request).await;
        }
        let body = match read(&mut request).await {
            Ok(body) => body,
            Err(refusal) => return Ok(refusal.into_response()),
        };
        let messenger = Data::<&Messenger>::from_request_without_body(&request).await?.clone();
        let path = request.uri().path();
        if EXEMPT_ROUTES.contains(&path) {
            return Ok(retry::carry_out(&self.0, request, body, &messenger).await);
        }
        let key = request.headers().get(HEADER).map(|key| String::from_utf8_lossy(key.as_bytes()));
        let pending = PendingRequest(Arc::new(Known {
            route: format!("{} {path}", request.method()),
            // RFC draft "The Idempotency-Key HTTP Header Field" quotes it; the document does not.
            key: key.map(|key| key.trim().trim_matches('"').to_owned()),
            content: content(request.uri().query(), &body),
            caller: OnceLock::new(),
            attempt: OnceLock::new(),
        }));
        let base = Data::<&Site>::from_request_without_body(&request).await?.base(&request);
        request.extensions_mut().insert(pending.clone());
        let response = retry::carry_out(&self.0, request, body, &messenger).await;
        if response.status().is_success() {
            return Ok(response);
        }
        // A repeated key takes precedence over any other error in the request.
        match pending.0.attempt.get() {
            Some(attempt) => match messenger.check_not_repeated(attempt).await {
                Ok(()) => Ok(response),
                Err(Error::Repeated(Some(original))) => {
                    let caller = pending.0.caller.get().copied();
                    let repeated = Box::pin(repeated(&messenger, caller, *original, &base));
                    Ok(repeated.await.into_response())
                }
                Err(error) => Ok(Refusal::from(error).into_response()),
            },
            None => Ok(response),
        }
    }
}

/// What a request with the same key must have alike.
fn content(query: Option<&str>, body: &Bytes) -> Bytes {
    match query {
        None => body.clone(),
        // No query has a zero byte, so it can't run into the body.
        Some(query) => [query.as_bytes(), &[0], body].concat().into(),
    }
}

/// Reads the body: never decompressed, and no larger than allowed.
async fn read(request: &mut Request) -> std::result::Result<Bytes, Refusal> {
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        let detail = "Compressed request bodies are not supported";
        return Err(Refusal::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail, "unsupported_media_type"));
    }
    whole_body::read(request.take_body(), LARGEST_BODY).await.map_err(|error| match error {
        poem::error::ReadBodyError::PayloadTooLarge => {
            Refusal::of(StatusCode::PAYLOAD_TOO_LARGE, "The request body is larger than 128 KiB", "too_large")
        }
        error => Refusal::of(StatusCode::BAD_REQUEST, error.to_string(), "invalid"),
    })
}

async fn repeated(messenger: &Messenger, caller: Option<Access>, original: Original, base: &str) -> Refusal {
    let error = Error::Repeated(None);
    let body = match caller {
        // A deletion answered without a body, although it had a subject.
        Some(access) if original.status != StatusCode::NO_CONTENT.as_u16() => {
            match body(messenger, access, original.subject, base).await {
                Ok(body) => body,
                Err(
                    error @ (Error::Internal(_)
                    | Error::Busy
                    | Error::Again
                    | Error::Full
                    | Error::FilesUnavailable),
                ) => return Refusal::from(error),
                // It is gone, or no longer the caller's.
                Err(_) => Value::Null,
            }
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

/// The current state of the first response's subject; null if there is none.
async fn body(
    messenger: &Messenger,
    access: Access,
    subject: Subject,
    base: &str,
) -> std::result::Result<Value, Error> {
    let caller = messenger.as_user(access);
    let body = match subject {
        Subject::Nothing => None,
        Subject::User(_) => types::User::from(caller.me().await?).to_json(),
        Subject::Chat(id) => types::Chat::from(caller.chat(id).await?.view().await?).to_json(),
        Subject::Read(id) => types::ReadMark::from(caller.chat(id).await?.view().await?).to_json(),
        Subject::Preferences(id) => {
            let chat = caller.chat(id).await?;
            types::ChatSettings::new(id, chat.preferences().await?).to_json()
        }
        Subject::Added(id, said) => {
            types::AddedMembers::from(caller.chat(id).await?.added(said).await?).to_json()
        }
        Subject::Ban(id, user) => {
            types::Ban::from(caller.chat(id).await?.moderating()?.ban_of(user).await?).to_json()
        }
        Subject::Invite(id, invite) => {
            let found = caller.chat(id).await?.moderating()?.invites().await?;
            let found = found.into_iter().find(|invitation| invitation.invite.id == invite);
            let found = found.ok_or(Error::NotFound("invite"))?;
            types::Invite::new(found, base).to_json()
        }
        Subject::Message(id) => types::Message::from(caller.message(id).await?.view()).to_json(),
        Subject::Bookmark(id) => types::Bookmark::from(caller.bookmark_at(id).await?).to_json(),
        Subject::Draft(chat, thread) => {
            types::Draft::from(caller.chat(chat).await?.draft(thread).await?).to_json()
        }
        Subject::Scheduled(id) => types::Scheduled::from(caller.scheduled_message(id).await?).to_json(),
        Subject::Import(done) => types::Imported::from(done).to_json(),
        Subject::Attachment(id) => {
            types::UploadForm::new(caller.reissue_upload_form(id).await?, base).to_json()
        }
        Subject::Bot(id) => types::Bot::from(caller.bot(id).await?.view()).to_json(),
        Subject::IncomingWebhook(chat, id) => {
            let found = caller.chat(chat).await?.moderating()?.webhooks().await?;
            let found = found.into_iter().find(|webhook| webhook.id == id);
            types::Webhook::from(found.ok_or(Error::NotFound("webhook"))?).to_json()
        }
        Subject::OutgoingWebhook(id) => {
            types::OutgoingWebhook::from(caller.outgoing_webhook(id).await?.view()).to_json()
        }
        Subject::Member(chat, user) => {
            types::Member::from(caller.chat(chat).await?.member(user).await?).to_json()
        }
    };
    Ok(body.unwrap_or_default())
}
