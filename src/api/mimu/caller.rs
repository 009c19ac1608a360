//! Authentication by access token, or by a personal access token in `X-PrID`, the only header of old clients.

use poem::http::header;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::Refusal;
use crate::visit::admit;
use besedka_core::messenger::{Access, Error, Limit, Messenger};
use besedka_core::model::Scopes;

const BEARER: &str = "access_token";
const PR_ID: &str = "X-PrID";

/// A caller whose GET requests read and whose other requests change something.
pub struct SignedIn(pub Access);

/// A caller whose request only reads, whatever its method.
pub struct Reader(pub Access);

/// The token of a request. Old clients send their `X-PrID` along with a token as well; it is ignored then.
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

/// The user that a request's token belongs to.
pub async fn signed_in(request: &Request) -> std::result::Result<Access, Error> {
    admit(messenger(request)?, request, token(request).ok_or(Error::Unauthorized)?).await
}

async fn reading(request: &Request) -> std::result::Result<Access, Error> {
    let messenger = messenger(request)?;
    let access = messenger.access(token(request).ok_or(Error::Unauthorized)?, Scopes::READ).await?;
    messenger.limit(Limit::Read(access.user))?;
    messenger.load_language(access.user).await?;
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
    let bearer = "An access token from `POST /auth/login`, or a personal access token.";
    let bearer = MetaSecurityScheme { scheme: Some("bearer"), ..scheme("http", bearer) };
    let pr_id = "A personal access token (`besedka token create`), for clients that send only this header.";
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
