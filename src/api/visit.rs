//! Where a request comes from, and the user of its token.

use poem::http::{Method, header};
use poem::web::Data;
use poem::{FromRequest, Request, RequestBody, Result};

use super::connection::SignedInMark;
use super::site::Site;
use besedka_core::messenger::{self, Access, Limit, Messenger};
use besedka_core::model::{Language, Scopes};

/// The origin of a request.
pub struct Visit {
    pub address: std::net::IpAddr,
    /// The address that links begin with.
    pub base: String,
    pub is_https: bool,
    /// The `User-Agent`.
    pub agent: Option<String>,
    /// The first language of `Accept-Language` in which the server writes.
    pub language: Option<Language>,
    /// Whether the browser reports a page of ours as the request's origin.
    pub is_ours: bool,
}

impl<'a> FromRequest<'a> for Visit {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let site = Data::<&Site>::from_request_without_body(request).await?;
        let base = site.base(request);
        let host = |url: &str| url.split('/').nth(2).map(str::to_owned);
        // `null`, from a page without an address, has no host either and must not be treated as a missing
        // origin.
        let origin = request.header(header::ORIGIN.as_str());
        Ok(Self {
            address: site.address(request),
            is_https: site.is_https(request),
            agent: request.header(header::USER_AGENT.as_str()).map(str::to_owned),
            language: Language::known(request.header(header::ACCEPT_LANGUAGE.as_str())),
            is_ours: origin.is_none_or(|origin| host(origin) == host(&base)),
            base,
        })
    }
}

/// The user of a dialect request's token, if its scopes allow the request: a GET reads, everything else changes
/// something. Counts reads against the rate limit; changes are counted by the messenger. The user's language is known
/// afterwards.
pub async fn admit(messenger: &Messenger, request: &Request, token: &str) -> messenger::Result<Access> {
    let reads = request.method() == Method::GET;
    let access = messenger.access(token, if reads { Scopes::READ } else { Scopes::WRITE }).await?;
    let access = access.from(Site::address_of(request));
    SignedInMark::set(request);
    messenger.load_language(access.user).await?;
    if reads {
        messenger.limit(Limit::Read(access.user))?;
    }
    Ok(access)
}
