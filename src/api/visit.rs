//! Where a request comes from, and the user of its token.

use poem::http::{Method, header};
use poem::web::Data;
use poem::{FromRequest, Request, RequestBody, Result};
use url::Url;

use super::connection::SignedInMark;
use super::site::{ConfigWarning, ConfigWarnings, Site, authority};
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
    /// The origin of the page that sent the request, if its browser tells it.
    page: Option<String>,
    /// Whether that is one of the other origins that are let in.
    is_let_in: bool,
    config_warnings: ConfigWarnings,
}

impl Visit {
    /// Whether the request comes from a page of ours, or from no page.
    pub fn is_ours(&self) -> bool {
        // `null`, from a page without an address, must not be treated as a missing origin.
        self.page.as_deref().is_none_or(|page| {
            let page = authority(page);
            page.is_some() && page == authority(&self.base)
        })
    }

    /// Refuses a sign-in whose cookie the browser would not keep, or would not be believed when the page is loaded again.
    pub fn check_cookie(&self) -> messenger::Result<()> {
        let Some(page) = &self.page else { return Ok(()) };
        let is_local = || {
            let host = Url::parse(page).ok().and_then(|url| url.host_str().map(str::to_owned));
            host.is_some_and(|host| host == "localhost" || host.ends_with(".localhost"))
        };
        if self.is_let_in {
            return Ok(());
        }
        let base = &self.base;
        if self.is_ours() && !(self.is_https && page.starts_with("http://") && !is_local()) {
            if page.starts_with("https://") && !self.is_https {
                self.config_warnings.note(ConfigWarning::Address, || {
                    format!(
                        "this page is at {page}, and the server takes {base} for its own address, so links and uploads \
                         begin with it: start the server with --public-url {page} (BESEDKA_PUBLIC_URL)"
                    )
                });
            }
            return Ok(());
        }
        let text = format!(
            "this page is at {page}, and the server takes {base} for its own address, so nobody can stay signed in here. \
             Open {base}, or start the server with --public-url {page} (BESEDKA_PUBLIC_URL)"
        );
        self.config_warnings.note(ConfigWarning::Address, || text.clone());
        Err(messenger::Error::invalid("X-Besedka-Session", text))
    }
}

impl<'a> FromRequest<'a> for Visit {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let site = Data::<&Site>::from_request_without_body(request).await?;
        let base = site.base(request);
        site.watch(request);
        let origin = request.header(header::ORIGIN.as_str());
        Ok(Self {
            address: site.address(request),
            is_https: site.is_https(request),
            agent: request.header(header::USER_AGENT.as_str()).map(str::to_owned),
            language: Language::known(request.header(header::ACCEPT_LANGUAGE.as_str())),
            is_let_in: origin.is_some_and(|origin| site.cors_origins.iter().any(|known| known == origin)),
            page: origin.map(str::to_owned),
            config_warnings: site.config_warnings.clone(),
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
