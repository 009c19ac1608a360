//! Authentication by access token.

use poem::Request;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;

use super::Refusal;
use crate::visit::admit;
use besedka_core::messenger::{Access, Error, Messenger};

/// The `access` token from `POST /educations/api/v1/users/auth/`.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access_token", bearer_format = "JWT", checker = "check")]
pub struct Caller(pub Access);

async fn check(request: &Request, bearer: Bearer) -> poem::Result<Access> {
    let messenger = request.data::<Messenger>().ok_or(Error::Unauthorized).map_err(Refusal::from)?;
    Ok(admit(messenger, request, &bearer.token).await.map_err(Refusal::from)?)
}
