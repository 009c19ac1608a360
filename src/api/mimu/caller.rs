//! Who asks: an access token, or a personal one where an old client has only `X-PrID` to send it in.

use poem::http::header;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::Refusal;
use crate::visit::admit;
use besedka_core::messenger::{Access, Error, Limit, Messenger};
use besedka_core::model::Scopes;

const BEARER: &str = "access token";
const PR_ID: &str = "X-PrID";

/// Somebody who reads by a GET, and changes something by whatever else.
pub struct SignedIn(pub Access);

/// Somebody who only reads, whichever method it is by.
pub struct Reader(pub Access);

/// The token of a request. An old client sends its `X-PrID` also beside a token, where it means nothing.
pub fn token(request: &Request) -> Option<&str> {
    let text =
        |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default().trim());
    match text(header::AUTHORIZATION.as_str()) {
        Some(given) => {
            let (scheme, token) = given.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        }
        None => text(PR_ID),
    }
}

fn messenger(request: &Request) -> std::result::Result<&Messenger, Error> {
    request.data::<Messenger>().ok_or(Error::Unauthorized)
}

/// Whom a request's token names.
pub async fn signed_in(request: &Request) -> std::result::Result<Access, Error> {
    admit(messenger(request)?, request, token(request).ok_or(Error::Unauthorized)?).await
}

async fn reading(request: &Request) -> std::result::Result<Access, Error> {
    let messenger = messenger(request)?;
    let access = messenger.access(token(request).ok_or(Error::Unauthorized)?, Scopes::READ).await?;
    messenger.limit(Limit::Read(access.user))?;
    Ok(access)
}

fn register(registry: &mut Registry) {
    let scheme = |ty, description| MetaSecurityScheme {
        ty,
        description: Some(description),
        name: None,
        key_in: None,
        scheme: None,
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    };
    let bearer = "An access token of `POST /auth/login`, or a personal access token.";
    let bearer = MetaSecurityScheme { scheme: Some("bearer"), ..scheme("http", bearer) };
    let pr_id =
        "A personal access token (`besedka token create`), for a client that sends this header alone.";
    let pr_id = MetaSecurityScheme { name: Some(PR_ID), key_in: Some("header"), ..scheme("apiKey", pr_id) };
    registry.create_security_scheme(BEARER, bearer);
    registry.create_security_scheme(PR_ID, pr_id);
}

macro_rules! scheme {
    ($name:ident, $check:ident) => {
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                register(registry);
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![BEARER, PR_ID]
            }

            async fn from_request(
                request: &'a Request,
                _: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> Result<Self> {
                Ok(Self($check(request).await.map_err(Refusal::from)?))
            }
        }
    };
}

scheme!(SignedIn, signed_in);
scheme!(Reader, reading);
