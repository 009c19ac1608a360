//! Authentication by access token.

use poem::http::Method;
use poem::web::Data;
use poem::{FromRequest, Request, Result};
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;

use super::Refusal;
use super::idempotency::PendingRequest;
use crate::connection::SignedInMark;
use crate::site::Site;
pub use crate::visit::Visit;
use besedka_core::messenger::{Access, Limit, Messenger};
use besedka_core::model::Scopes;

/// An access token from `POST /auth/login` or `POST /auth/register` (valid for 15 minutes), or a personal
/// access token from `POST /tokens`.
// Every scheme has the same name and text, since the document shows one of them. This one requires the scope `read`
// for a GET and `write` for everything else.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access_token", bearer_format = "JWT", checker = "by_method")]
pub struct SignedIn(pub Access);

/// An access token from `POST /auth/login` or `POST /auth/register` (valid for 15 minutes), or a personal
/// access token from `POST /tokens`.
// Requires the scope `read`, whatever the method.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access_token", bearer_format = "JWT", checker = "reading")]
pub struct Reader(pub Access);

/// An access token from `POST /auth/login` or `POST /auth/register` (valid for 15 minutes), or a personal
/// access token from `POST /tokens`.
// Requires the scope `account`: profile, sessions, tokens.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access_token", bearer_format = "JWT", checker = "of_account")]
pub struct Owner(pub Access);

/// An access token from `POST /auth/login` or `POST /auth/register` (valid for 15 minutes), or a personal
/// access token from `POST /tokens`.
// Requires the scopes `account` and `write`: an import concerns the account and posts messages.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access_token", bearer_format = "JWT", checker = "of_both")]
pub struct Importer(pub Access);

/// An access token from `POST /auth/login` or `POST /auth/register` (valid for 15 minutes), or a personal
/// access token from `POST /tokens`.
// Requires the scopes `account` and `read`: an outgoing webhook tells everything that is said in chats.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access_token", bearer_format = "JWT", checker = "of_account_and_reading")]
pub struct Observer(pub Access);

async fn by_method(request: &Request, bearer: Bearer) -> Result<Access> {
    let scopes = if request.method() == Method::GET { Scopes::READ } else { Scopes::WRITE };
    check(request, bearer, scopes).await
}

async fn reading(request: &Request, bearer: Bearer) -> Result<Access> {
    check(request, bearer, Scopes::READ).await
}

async fn of_account(request: &Request, bearer: Bearer) -> Result<Access> {
    check(request, bearer, Scopes::ACCOUNT).await
}

async fn of_both(request: &Request, bearer: Bearer) -> Result<Access> {
    let messenger = Data::<&Messenger>::from_request_without_body(request).await?;
    messenger.access(&bearer.token, Scopes::ACCOUNT).await.map_err(Refusal::from)?;
    check(request, bearer, Scopes::WRITE).await
}

async fn of_account_and_reading(request: &Request, bearer: Bearer) -> Result<Access> {
    let messenger = Data::<&Messenger>::from_request_without_body(request).await?;
    messenger.access(&bearer.token, Scopes::ACCOUNT).await.map_err(Refusal::from)?;
    check(request, bearer, Scopes::READ).await
}

async fn check(request: &Request, bearer: Bearer, wanted: Scopes) -> Result<Access> {
    let messenger = Data::<&Messenger>::from_request_without_body(request).await?;
    let access = messenger.access(&bearer.token, wanted).await.map_err(Refusal::from)?;
    let access = access.from(Site::address_of(request));
    SignedInMark::set(request);
    if let Some(pending) = request.data::<PendingRequest>() {
        pending.is_of(access);
    }
    if request.method() == Method::GET {
        messenger.limit(Limit::Read(access.user)).map_err(Refusal::from)?;
    }
    Ok(access)
}
