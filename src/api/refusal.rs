//! The errors of all APIs: one set of statuses, one body per API, including poem's own errors.

use poem::error::{MethodNotAllowedError, NotFoundError, ParsePathError as RouteError, WebSocketError};
use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::error::{
    AuthorizationError, ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError,
};
use poem_openapi::payload::Json;
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};

use besedka_core::messenger::Error;

/// How an API writes an error.
pub trait Body: Type + ToJSON + ParseFromJSON + Send + Sync + 'static {
    /// `detail` is for people, `code` for programs.
    fn new(detail: String, code: &'static str) -> Self;
}

/// A stable code of errors.
pub struct Code {
    pub code: &'static str,
    pub status: u16,
    /// For people who write clients.
    pub meaning: &'static str,
    /// A text that comes with it.
    pub example: &'static str,
}

const fn code(code: &'static str, status: u16, meaning: &'static str, example: &'static str) -> Code {
    Code { code, status, meaning, example }
}

/// Every code. The first one with a status is the example of that status.
pub const CODES: &[Code] = &[
    code(
        "invalid",
        400,
        "A field, parameter or body is invalid; the text starts with the field's name.",
        "content: a text message requires text",
    ),
    code(
        "taken",
        400,
        "Another account has this username, e-mail address or phone number.",
        "This username is already registered",
    ),
    code(
        "wrong_code",
        400,
        "The code is wrong or no longer valid.",
        "The code is wrong; 4 attempts are left",
    ),
    code(
        "idempotency_key_missing",
        400,
        "The header `Idempotency-Key` is missing.",
        "Missing Idempotency-Key header",
    ),
    code(
        "unauthorized",
        401,
        "The token is missing, invalid or expired: renew it.",
        "Missing, invalid or expired token",
    ),
    code(
        "wrong_password",
        401,
        "The password is wrong, or there is no such account.",
        "Wrong username, e-mail address or password",
    ),
    code(
        "session_ended",
        401,
        "The session was ended or the refresh token was used twice: sign in again.",
        "The session has ended; sign in again",
    ),
    code("forbidden", 403, "The caller is not allowed to do this.", "You are not a member of this chat"),
    code(
        "insufficient_scope",
        403,
        "The personal access token does not have the required scope.",
        "This token does not have the required scope `write`",
    ),
    code(
        "deactivated",
        403,
        "The account is deactivated.",
        "This account is deactivated; ask an administrator of the server to reactivate it",
    ),
    code(
        "registration_closed",
        403,
        "New accounts require an invitation.",
        "Registration is closed on this server",
    ),
    code("not_found", 404, "It does not exist, or the caller cannot see it.", "No such message"),
    code("method_not_allowed", 405, "The method is not supported at this path.", "Method not allowed"),
    code(
        "conflict",
        409,
        "The request conflicts with the current state.",
        "This user is already a member of the chat",
    ),
    code(
        "duplicate_request",
        409,
        "The request was executed before with this Idempotency-Key, or is in progress; `original` is its response.",
        "This request was already made with this Idempotency-Key",
    ),
    code(
        "key_reused",
        409,
        "The Idempotency-Key was used for another request.",
        "This Idempotency-Key was used for another request",
    ),
    code("too_large", 413, "The body or the file is too large.", "The request body is larger than 128 KiB"),
    code(
        "quota_exceeded",
        413,
        "The storage quota is used up.",
        "Your storage is full; delete messages with files to free space",
    ),
    code(
        "unsupported_media_type",
        415,
        "The `Content-Type` of the body is not supported.",
        "The body must be JSON, with Content-Type: application/json",
    ),
    code(
        "range_not_satisfiable",
        416,
        "The requested part of the file does not exist; `Content-Range` tells its size.",
        "The requested range does not exist",
    ),
    code(
        "too_many_requests",
        429,
        "Too many requests: wait for `Retry-After` seconds.",
        "Too many requests; try again in 5 s",
    ),
    code(
        "daily_limit",
        429,
        "The day's limit of questions to the assistant is reached.",
        "You have reached today's limit of questions to the assistant; try again tomorrow",
    ),
    code("internal", 500, "An error of the server; its log says more.", "Internal server error"),
    code(
        "bad_gateway",
        502,
        "Another server that the request depends on failed.",
        "The assistant could not answer; try again later",
    ),
    code("busy", 503, "Retry after `Retry-After` seconds.", "The server is busy; try again in a moment"),
    code(
        "files_unavailable",
        503,
        "The storage of files does not answer; everything else works.",
        "Files are temporarily unavailable; try again later",
    ),
    code(
        "not_configured",
        503,
        "The feature is not available on this server.",
        "This server has no assistant",
    ),
    code(
        "storage_full",
        507,
        "The server's disk is full; nothing was saved.",
        "The server's disk is full; nothing was saved",
    ),
];

/// An error response.
#[derive(ApiResponse)]
pub enum Failure<B: Body> {
    /// The request is invalid; `detail` names the field to correct.
    #[oai(status = 400)]
    BadRequest(Json<B>),
    /// The access token is missing, invalid or expired.
    #[oai(status = 401)]
    Unauthorized(Json<B>),
    /// The caller is not allowed to do this.
    #[oai(status = 403)]
    Forbidden(Json<B>),
    /// The resource does not exist, or the caller cannot see it.
    #[oai(status = 404)]
    NotFound(Json<B>),
    /// The method is not supported at this path.
    #[oai(status = 405)]
    MethodNotAllowed(Json<B>),
    /// The request conflicts with the current state, or was already processed with the same Idempotency-Key.
    #[oai(status = 409)]
    Conflict(Json<B>),
    /// The request body or file is too large, or exceeds the storage quota.
    #[oai(status = 413)]
    TooLarge(Json<B>),
    /// The content type of the request body is not supported.
    #[oai(status = 415)]
    UnsupportedType(Json<B>),
    /// Too many requests.
    #[oai(status = 429)]
    TooMany(
        Json<B>,
        /// How many seconds to wait before retrying.
        #[oai(header = "Retry-After")]
        u64,
    ),
    /// An internal server error; details are in the server's log.
    #[oai(status = 500)]
    Internal(Json<B>),
    /// Another server that this request depends on failed.
    #[oai(status = 502)]
    BadGateway(Json<B>),
    /// The server cannot handle the request at the moment; retry later. With code `not_configured`, the feature
    /// is not available on this server.
    #[oai(status = 503)]
    Unavailable(
        Json<B>,
        /// How many seconds to wait before retrying.
        #[oai(header = "Retry-After")]
        u64,
    ),
    /// The server's disk is full; nothing was saved.
    #[oai(status = 507)]
    Full(Json<B>),
}

impl<B: Body> From<Error> for Failure<B> {
    fn from(error: Error) -> Self {
        if let Error::Internal(cause) = &error {
            tracing::error!(%cause, "a request failed");
        }
        let body = Json(B::new(error.to_string(), error.code()));
        match error {
            Error::Invalid { .. } | Error::Taken(_) | Error::WrongCode { .. } => Self::BadRequest(body),
            Error::WrongPassword | Error::Unauthorized | Error::SessionEnded => Self::Unauthorized(body),
            Error::Forbidden(_)
            | Error::Deactivated
            | Error::InsufficientScope(_)
            | Error::RegistrationClosed => Self::Forbidden(body),
            Error::NotFound(_) => Self::NotFound(body),
            Error::Repeated(_) | Error::KeyReused | Error::Conflict(_) => Self::Conflict(body),
            Error::TooLarge(_) | Error::OverQuota(_) => Self::TooLarge(body),
            Error::TooMany(wait) | Error::DailyLimit(wait) => {
                Self::TooMany(body, wait.as_millis().div_ceil(1_000).max(1) as u64)
            }
            Error::Internal(_) => Self::Internal(body),
            Error::UpstreamFailed(_) => Self::BadGateway(body),
            Error::NotConfigured(_) => Self::Unavailable(body, 3_600),
            Error::Busy => Self::Unavailable(body, 1),
            Error::FilesUnavailable => Self::Unavailable(body, 10),
            Error::Again => Self::Unavailable(body, 0),
            Error::Full => Self::Full(body),
        }
    }
}

impl<B: Body> Failure<B> {
    /// An error that does not come from the messenger.
    pub fn of(status: StatusCode, detail: impl Into<String>, code: &'static str) -> Self {
        let body = Json(B::new(detail.into(), code));
        match status {
            StatusCode::BAD_REQUEST => Self::BadRequest(body),
            StatusCode::UNAUTHORIZED => Self::Unauthorized(body),
            StatusCode::FORBIDDEN => Self::Forbidden(body),
            StatusCode::NOT_FOUND => Self::NotFound(body),
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed(body),
            StatusCode::CONFLICT => Self::Conflict(body),
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge(body),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedType(body),
            StatusCode::BAD_GATEWAY => Self::BadGateway(body),
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable(body, 1),
            status if status.is_client_error() => Self::BadRequest(body),
            _ => Self::Internal(body),
        }
    }
}

/// Writes poem's own errors in the API's format.
pub async fn render<B: Body>(error: poem::Error) -> Response {
    if error.is_from_response() {
        return error.into_response();
    }
    let (status, detail, code) = explain(&error);
    Failure::<B>::of(status, detail, code).into_response()
}

fn explain(error: &poem::Error) -> (StatusCode, String, &'static str) {
    if let Some(error) = error.downcast_ref::<ParseParamError>() {
        return (StatusCode::BAD_REQUEST, format!("{}: {}", error.name, error.reason), "invalid");
    }
    if let Some(error) = error.downcast_ref::<ParseRequestPayloadError>() {
        return (StatusCode::BAD_REQUEST, error.reason.clone(), "invalid");
    }
    // A path parameter that is not an identifier cannot refer to anything.
    if error.is::<ParsePathError>() || error.is::<RouteError>() {
        return (StatusCode::NOT_FOUND, "Not found".to_owned(), "not_found");
    }
    if error.is::<NotFoundError>() {
        return (StatusCode::NOT_FOUND, "Not found".to_owned(), "not_found");
    }
    if error.is::<MethodNotAllowedError>() {
        return (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed".to_owned(), "method_not_allowed");
    }
    if error.is::<AuthorizationError>() {
        return (StatusCode::UNAUTHORIZED, "Missing, invalid or expired token".to_owned(), "unauthorized");
    }
    if error.is::<ContentTypeError>() {
        let detail = "The body must be JSON, with Content-Type: application/json";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, detail.to_owned(), "unsupported_media_type");
    }
    if error.is::<WebSocketError>() {
        let detail = "This address is for WebSockets: the request must upgrade the connection, over HTTP/1.1";
        return (StatusCode::BAD_REQUEST, detail.to_owned(), "invalid");
    }
    let code = match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        status if status.is_client_error() => "invalid",
        _ => {
            tracing::error!(%error, "a request failed");
            return (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error".to_owned(), "internal");
        }
    };
    (error.status(), error.to_string(), code)
}
