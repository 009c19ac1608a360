//! How any API says no: one set of statuses, one body per API, poem's own refusals included.

use poem::error::{MethodNotAllowedError, NotFoundError, ParsePathError as RouteError};
use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::error::{
    AuthorizationError, ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError,
};
use poem_openapi::payload::Json;
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};

use besedka_core::messenger::Error;

/// An API's way of writing an error.
pub trait Body: Type + ToJSON + ParseFromJSON + Send + Sync + 'static {
    /// `detail` is for people, `code` for programs.
    fn new(detail: String, code: &'static str) -> Self;
}

/// An answer that says no.
#[derive(ApiResponse)]
pub enum Failure<B: Body> {
    /// The request can't be understood or done as it is; `detail` names the field to mend.
    #[oai(status = 400)]
    BadRequest(Json<B>),
    /// There is no valid access token.
    #[oai(status = 401)]
    Unauthorized(Json<B>),
    /// The caller may not do this.
    #[oai(status = 403)]
    Forbidden(Json<B>),
    /// There is no such thing, or not for the caller.
    #[oai(status = 404)]
    NotFound(Json<B>),
    /// Another method is needed here.
    #[oai(status = 405)]
    MethodNotAllowed(Json<B>),
    /// It was done before, or something else is in its way.
    #[oai(status = 409)]
    Conflict(Json<B>),
    /// The request or the file is larger than allowed, or there is no room for it.
    #[oai(status = 413)]
    TooLarge(Json<B>),
    /// The body is of a type that is not taken here.
    #[oai(status = 415)]
    UnsupportedType(Json<B>),
    /// Too many requests.
    #[oai(status = 429)]
    TooMany(
        Json<B>,
        /// After how many seconds to try again.
        #[oai(header = "Retry-After")]
        u64,
    ),
    /// A fault of the server; its log says which.
    #[oai(status = 500)]
    Internal(Json<B>),
    /// Another server that was asked did not do its part.
    #[oai(status = 502)]
    BadGateway(Json<B>),
    /// The server can't do it at the moment; try again. With code `not_configured` it can't do it at all.
    #[oai(status = 503)]
    Unavailable(
        Json<B>,
        /// After how many seconds to try again.
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
    /// A refusal that is not the messenger's.
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

/// Clothes what poem refuses by itself.
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
    // What is not even an identifier is nothing that there is.
    if error.is::<ParsePathError>() || error.is::<RouteError>() {
        return (StatusCode::NOT_FOUND, "There is nothing at this address".to_owned(), "not_found");
    }
    if error.is::<NotFoundError>() {
        return (StatusCode::NOT_FOUND, "There is nothing at this address".to_owned(), "not_found");
    }
    if error.is::<MethodNotAllowedError>() {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            "Another method is needed here".to_owned(),
            "method_not_allowed",
        );
    }
    if error.is::<AuthorizationError>() {
        return (StatusCode::UNAUTHORIZED, "Missing, invalid or expired token".to_owned(), "unauthorized");
    }
    if error.is::<ContentTypeError>() {
        let detail = "The body must be JSON, with Content-Type: application/json";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, detail.to_owned(), "unsupported_media_type");
    }
    let code = match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        status if status.is_client_error() => "invalid",
        _ => {
            tracing::error!(%error, "a request failed");
            return (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on the server".to_owned(),
                "internal",
            );
        }
    };
    (error.status(), error.to_string(), code)
}
