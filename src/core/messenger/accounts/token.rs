//! Access tokens: signed, short-lived, refused at once when their session is revoked.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::messenger::foundation::secrets::Secrets;
use crate::messenger::foundation::{Error, Result};
use crate::model::{Scopes, SessionId, SessionKind, Time, UserId};

/// How long an access token is good.
pub const ACCESS_LIFE: Duration = Duration::from_secs(15 * 60);

/// Who asks: what an access token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    pub user: UserId,
    pub session: SessionId,
    pub kind: SessionKind,
    pub scopes: Scopes,
    pub expires_at: Time,
}

impl Access {
    /// Refuses a token that may not be used for this.
    pub(crate) fn demand(&self, wanted: Scopes) -> Result<()> {
        match self.scopes.lacks(wanted).names().next() {
            None => Ok(()),
            Some(missing) => Err(Error::InsufficientScope(missing)),
        }
    }
}

/// RFC 7519 claims; all of them are required.
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

/// How far behind its use the time may be at which a session was last used.
const USE_EVERY: Duration = Duration::from_secs(5 * 60);
/// The most tokens that are remembered: some 5 MB.
const MOST_KNOWN: usize = 10_000;
const AUDIENCE: &str = "besedka";

pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    header: Header,
    validation: Validation,
    issuer: String,
    /// Tokens that were checked or looked up before: most requests come with one of them.
    known: RwLock<HashMap<Box<str>, Known>>,
    /// Sessions that ended before their access tokens did, and when.
    revoked: RwLock<HashMap<SessionId, Time>>,
    /// Sessions whose use has not been written down yet.
    used: Mutex<HashSet<SessionId>>,
}

/// A token that is good, and when its use was last noticed, in milliseconds.
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

    /// Who a token names that was seen before.
    pub(crate) fn known(&self, token: &str, now: Time) -> Option<Result<Access>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(token)?;
        self.notice(known, now);
        Some(self.refuse_over(known.access, now))
    }

    /// Who a signed token names.
    pub(crate) fn check(&self, token: &str, now: Time) -> Result<Access> {
        let (access, issued_at) = self.verify(token)?;
        self.admit(token, access, issued_at, now)
    }

    /// Remembers a token that is good, and when it was made or used last.
    pub(crate) fn admit(&self, token: &str, access: Access, used_at: Time, now: Time) -> Result<Access> {
        self.refuse_over(access, now)?;
        let new = Known { access, noticed_at: AtomicI64::new(used_at.0) };
        self.notice(&new, now);
        self.remember(token, new, now);
        // Revoked since it was looked up: either this sees it, or `revoke` the token that was remembered.
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

    /// Notices from time to time that a session is in use; whoever tends the messenger writes it down.
    fn notice(&self, known: &Known, now: Time) {
        let noticed_at = known.noticed_at.load(Ordering::Relaxed);
        if Time(noticed_at) + USE_EVERY <= now {
            known.noticed_at.store(now.0, Ordering::Relaxed);
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(known.access.session);
        }
    }

    /// The sessions whose use was noticed since this was asked last.
    pub(crate) fn take_used(&self) -> HashSet<SessionId> {
        std::mem::take(&mut self.used.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Checks the signature. Says also when the token was made.
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
        };
        Ok((access, Time(claims.iat.saturating_mul(1_000))))
    }

    fn remember(&self, token: &str, new: Known, now: Time) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.retain(|_, known| known.access.expires_at > now);
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
        }
        known.insert(token.into(), new);
    }

    pub(crate) fn is_revoked(&self, session: SessionId) -> bool {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session)
    }

    /// Refuses the tokens of a session from now on. By the time this is forgotten none of them is good:
    /// signed ones have run out, and personal ones are looked up anew.
    pub(crate) fn revoke(&self, session: SessionId, now: Time) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.insert(session, now);
        revoked.retain(|_, at| *at + ACCESS_LIFE > now);
        drop(revoked);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, known| known.access.session != session);
    }
}
