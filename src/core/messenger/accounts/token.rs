//! Access tokens: signed, short-lived, refused at once when their session is revoked.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::messenger::foundation::secrets::Secrets;
use crate::messenger::foundation::{Actor, Error, Result};
use crate::model::{Scopes, SessionId, SessionKind, Time, UserId};
use crate::store::{Executor, sessions};

/// How long an access token is valid.
pub const ACCESS_LIFE: Duration = Duration::from_secs(15 * 60);

/// The identity and rights that a token grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    pub user: UserId,
    pub session: SessionId,
    pub kind: SessionKind,
    pub scopes: Scopes,
    pub expires_at: Time,
    /// The address of the request with the token, where it is known.
    pub address: Option<IpAddr>,
}

impl Access {
    /// The same in a request from this address.
    #[must_use]
    pub fn from(self, address: IpAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// Who acts with the token, for the audit log.
    pub(crate) fn actor(&self) -> Actor {
        Actor::User(self.user, self.address)
    }

    /// Fails if a scope is missing.
    pub(crate) fn require(&self, wanted: Scopes) -> Result<()> {
        match self.scopes.lacks(wanted).names().next() {
            None => Ok(()),
            Some(missing) => Err(Error::InsufficientScope(missing)),
        }
    }

    /// Fails if the session has ended since the token was verified. What makes something that would outlast the session calls
    /// it within a unit of work that locks the account.
    pub(crate) async fn check_alive(&self, run: &mut Executor) -> Result<()> {
        match sessions::by_id(run, self.session).await? {
            Some(_) => Ok(()),
            None => Err(Error::SessionEnded),
        }
    }

    /// Fails for personal access tokens: what leads to a password would outlast the token.
    pub(crate) fn require_sign_in(&self) -> Result<()> {
        match self.kind {
            SessionKind::SignIn => Ok(()),
            SessionKind::Token => Err(Error::Forbidden(
                "A personal access token can't change how one signs in; sign in with a password or a code",
            )),
        }
    }
}

/// RFC 7519 claims; all are required.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    jti: String,
    iat: i64,
    exp: i64,
}

/// How accurate the last use of a session is recorded.
const USE_EVERY: Duration = Duration::from_secs(5 * 60);
/// The most cached tokens: some 5 MB.
const MAX_KNOWN: usize = 10_000;
const AUDIENCE: &str = "besedka";

pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    header: Header,
    validation: Validation,
    issuer: String,
    /// Tokens that were verified before: most requests come with one of them.
    known: RwLock<HashMap<Box<str>, Known>>,
    /// Sessions that ended before their access tokens expire, and when.
    revoked: RwLock<HashMap<SessionId, Time>>,
    /// Sessions whose use was not stored yet.
    used: Mutex<HashSet<SessionId>>,
}

/// A valid token, and when its use was last recorded, in milliseconds.
struct Known {
    access: Access,
    noticed_at: AtomicI64,
}

impl Tokens {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        let key = secrets.key("access token");
        let instance = u64::from_be_bytes(secrets.key("instance")[..8].try_into().unwrap_or_default());
        let issuer = format!("besedka-{instance:016x}");
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some("1".to_owned());
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&issuer]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Expiry is checked against our own clock, below.
        validation.validate_exp = false;
        Self {
            encoding: EncodingKey::from_secret(&key),
            decoding: DecodingKey::from_secret(&key),
            header,
            validation,
            issuer,
            known: RwLock::default(),
            revoked: RwLock::default(),
            used: Mutex::default(),
        }
    }

    pub(crate) fn issue(&self, user: UserId, session: SessionId, now: Time) -> Result<String> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: user.to_string(),
            sid: session.to_string(),
            jti: uuid::Uuid::new_v4().simple().to_string(),
            iat: now.seconds(),
            exp: (now + ACCESS_LIFE).seconds(),
        };
        encode(&self.header, &claims, &self.encoding).map_err(|error| Error::Internal(error.into()))
    }

    /// Looks up a token in the cache.
    pub(crate) fn known(&self, token: &str, now: Time) -> Option<Result<Access>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(token)?;
        self.notice(known, now);
        Some(self.refuse_over(known.access, now))
    }

    /// Verifies a signed token.
    pub(crate) fn check(&self, token: &str, now: Time) -> Result<Access> {
        let (access, issued_at) = self.verify(token)?;
        self.remember_valid(token, access, issued_at, now)
    }

    /// Caches a valid token; `used_at` is when it was issued or last used.
    pub(crate) fn remember_valid(
        &self,
        token: &str,
        access: Access,
        used_at: Time,
        now: Time,
    ) -> Result<Access> {
        self.refuse_over(access, now)?;
        let new = Known { access, noticed_at: AtomicI64::new(used_at.0) };
        self.notice(&new, now);
        self.remember(token, new, now);
        // It may have been revoked since the lookup: either this check sees that, or `revoke` finds the cached token.
        let good = self.refuse_over(access, now);
        if good.is_err() {
            self.known.write().unwrap_or_else(PoisonError::into_inner).remove(token);
        }
        good
    }

    fn refuse_over(&self, access: Access, now: Time) -> Result<Access> {
        if access.expires_at <= now {
            return Err(Error::Unauthorized);
        }
        if self.is_revoked(access.session) { Err(Error::SessionEnded) } else { Ok(access) }
    }

    /// Records occasionally that a session is in use; a periodic job stores it.
    fn notice(&self, known: &Known, now: Time) {
        let noticed_at = known.noticed_at.load(Ordering::Relaxed);
        if Time(noticed_at) + USE_EVERY <= now {
            known.noticed_at.store(now.0, Ordering::Relaxed);
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(known.access.session);
        }
    }

    /// Takes the sessions whose use was recorded since the last call.
    pub(crate) fn take_used(&self) -> HashSet<SessionId> {
        std::mem::take(&mut self.used.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Verifies the signature; also returns when the token was issued.
    fn verify(&self, token: &str) -> Result<(Access, Time)> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation);
        let claims = claims.map_err(|_| Error::Unauthorized)?.claims;
        let number = |text: &str| text.parse().map_err(|_| Error::Unauthorized);
        let access = Access {
            user: UserId(number(&claims.sub)?),
            session: SessionId(number(&claims.sid)?),
            kind: SessionKind::SignIn,
            scopes: Scopes::ALL,
            expires_at: Time(claims.exp.saturating_mul(1_000)),
            address: None,
        };
        Ok((access, Time(claims.iat.saturating_mul(1_000))))
    }

    fn remember(&self, token: &str, new: Known, now: Time) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN {
            known.retain(|_, known| known.access.expires_at > now);
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
        }
        known.insert(token.into(), new);
    }

    pub(crate) fn is_revoked(&self, session: SessionId) -> bool {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session)
    }

    /// Refuses the tokens of a session from now on. The entry is dropped when none of them can be valid: signed ones
    /// have expired, and personal ones are looked up in the database.
    pub(crate) fn revoke(&self, session: SessionId, now: Time) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.insert(session, now);
        revoked.retain(|_, at| *at + ACCESS_LIFE > now);
        drop(revoked);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, known| known.access.session != session);
    }
}
