//! Who asks: the access token.

use poem::http::Method;
use poem::web::Data;
use poem::{FromRequest, Request, Result};
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;

use super::Refusal;
use super::idempotency::Slot;
pub use crate::visit::Visit;
use besedka_core::messenger::{Access, Limit, Messenger};
use besedka_core::model::Scopes;

/// An access token of `POST /auth/login`, or a personal access token of `POST /tokens`.
///
/// Reading needs the scope `read`, and whatever else `write`.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access token", bearer_format = "JWT", checker = "by_method")]
pub struct SignedIn(pub Access);

/// Somebody who only reads, whichever method it is by.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access token", bearer_format = "JWT", checker = "reading")]
pub struct Reader(pub Access);

/// Somebody whose request is about their account: their profile, sessions, tokens.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access token", bearer_format = "JWT", checker = "of_account")]
pub struct Owner(pub Access);

/// Somebody who brings along what they had elsewhere: that is about their account, and says things in chats.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access token", bearer_format = "JWT", checker = "of_both")]
pub struct Importer(pub Access);

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

async fn check(request: &Request, bearer: Bearer, wanted: Scopes) -> Result<Access> {
    let messenger = Data::<&Messenger>::from_request_without_body(request).await?;
    let access = messenger.access(&bearer.token, wanted).await.map_err(Refusal::from)?;
    if let Some(slot) = request.data::<Slot>() {
        slot.is_of(access);
    }
    if request.method() == Method::GET {
        messenger.limit(Limit::Read(access.user)).map_err(Refusal::from)?;
    }
    Ok(access)
}
