//! Authentication by access token, in the header `Authorization: Bearer …`.

use poem::web::Data;
use poem::{FromRequest, Request};
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;

use super::Refusal;
use crate::site::Site;
use crate::visit::admit;
use besedka_core::messenger::{Access, Messenger};
use besedka_core::model::Scopes;

/// An access token from `POST /auth/login`.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access_token", bearer_format = "JWT", checker = "check")]
pub struct SignedIn(pub Access);

/// An access token from `POST /auth/login`.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access_token", bearer_format = "JWT", checker = "of_account")]
pub struct Owner(pub Access);

async fn check(request: &Request, bearer: Bearer) -> poem::Result<Access> {
    let messenger = Data::<&Messenger>::from_request_without_body(request).await?;
    Ok(admit(messenger.0, request, &bearer.token).await.map_err(Refusal::from)?)
}

async fn of_account(request: &Request, bearer: Bearer) -> poem::Result<Access> {
    let messenger = Data::<&Messenger>::from_request_without_body(request).await?;
    let access = messenger.access(&bearer.token, Scopes::ACCOUNT).await.map_err(Refusal::from)?;
    Ok(access.from(Site::address_of(request)))
}
