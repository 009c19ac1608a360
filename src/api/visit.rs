//! Where a request comes from, and whom its token names.

use poem::http::{Method, header};
use poem::web::Data;
use poem::{FromRequest, Request, RequestBody, Result};

use super::site::Site;
use besedka_core::messenger::{self, Access, Limit, Messenger};
use besedka_core::model::Scopes;

/// Where a request comes from and how it reached us.
pub struct Visit {
    pub address: std::net::IpAddr,
    /// The address that links begin with.
    pub base: String,
    pub is_https: bool,
    /// The `User-Agent`.
    pub agent: Option<String>,
    /// Whether a browser says that a page of ours sent it.
    pub is_ours: bool,
}

impl<'a> FromRequest<'a> for Visit {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let site = Data::<&Site>::from_request_without_body(request).await?;
        let base = site.base(request);
        let host = |url: &str| url.split("://").nth(1).map(str::to_owned);
        // `null`, of a page that has no address, has no host either and must not pass for no origin.
        let origin = request.header(header::ORIGIN.as_str());
        Ok(Self {
            address: site.address(request),
            is_https: site.is_https(request),
            agent: request.header(header::USER_AGENT.as_str()).map(str::to_owned),
            is_ours: origin.is_none_or(|origin| host(origin) == host(&base)),
            base,
        })
    }
}

/// Whom a token of a dialect's request names, if it is good for that: a GET reads, the rest changes
/// something. Counts what is read; what is changed is counted by the messenger.
pub async fn admit(messenger: &Messenger, request: &Request, token: &str) -> messenger::Result<Access> {
    let reads = request.method() == Method::GET;
    let access = messenger.access(token, if reads { Scopes::READ } else { Scopes::WRITE }).await?;
    if reads {
        messenger.limit(Limit::Read(access.user))?;
    }
    Ok(access)
}
