//! `/tokens`: personal access tokens, for programs.

use std::time::Duration;

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object, OpenApi};

use super::caller::Owner;
use super::idempotency::Key;
use super::types::{Created, Done};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Messenger, NewToken, PersonalToken};
use besedka_core::model::{Scopes, Session, SessionId, Time};

pub struct Tokens;

/// What a token can be used for.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
enum Scope {
    /// Read everything that the user can read in chats, including on the WebSocket.
    Read,
    /// Send messages and change things in chats.
    Write,
    /// Manage the profile, password, sessions and tokens.
    Account,
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::READ,
            Scope::Write => Self::WRITE,
            Scope::Account => Self::ACCOUNT,
        }
    }
}

fn listed(scopes: Scopes) -> Vec<Scope> {
    let all = [Scope::Read, Scope::Write, Scope::Account];
    all.into_iter().filter(|scope| scopes.contains((*scope).into())).collect()
}

/// A personal access token, without its secret.
#[derive(Object)]
#[oai(example)]
pub struct Token {
    id: i64,
    /// What the token is used for.
    name: String,
    scopes: Vec<Scope>,
    /// UTC, ISO 8601 without a zone.
    created_at: String,
    /// When the token was last used, with a precision of five minutes; null if never.
    last_used_at: Option<String>,
    /// Null if the token does not expire.
    expires_at: Option<String>,
}

impl From<Session> for Token {
    fn from(token: Session) -> Self {
        Self {
            id: token.id.0,
            scopes: listed(token.scopes),
            created_at: token.created_at.iso(),
            last_used_at: token.last_used().map(Time::iso),
            expires_at: (token.expires_at < Time::NEVER).then(|| token.expires_at.iso()),
            name: token.device.unwrap_or_default(),
        }
    }
}

impl Example for Token {
    fn example() -> Self {
        Self {
            id: 253_402_301_055,
            name: "Build server".to_owned(),
            scopes: vec![Scope::Read, Scope::Write],
            created_at: "2024-03-26T10:00:00".to_owned(),
            last_used_at: Some("2024-03-26T12:00:00".to_owned()),
            expires_at: Some("2024-06-24T10:00:00".to_owned()),
        }
    }
}

/// A new personal access token.
#[derive(Object)]
#[oai(example)]
pub struct TokenRequest {
    /// What the token is used for, 1 to 100 characters.
    name: String,
    /// At least one. A token can only create tokens with scopes that it has itself.
    #[oai(validator(max_items = 10))]
    scopes: Vec<Scope>,
    /// 1 to 3650 days; without it, the token does not expire.
    expires_in_days: Option<i64>,
}

impl TokenRequest {
    /// The token to be created.
    pub fn into_token(self) -> NewToken {
        const DAY: Duration = Duration::from_secs(24 * 3_600);
        let Self { name, scopes, expires_in_days } = self;
        // What is no number of days is refused as none.
        let days = expires_in_days.map(|days| u32::try_from(days).unwrap_or(0));
        let scopes = scopes.into_iter().fold(Scopes::NONE, |all, scope| all.and(scope.into()));
        NewToken { name, scopes, life: days.map(|days| DAY * days) }
    }
}

impl Example for TokenRequest {
    fn example() -> Self {
        let name = "Build server".to_owned();
        Self { name, scopes: vec![Scope::Read, Scope::Write], expires_in_days: Some(90) }
    }
}

/// A new personal access token, with its secret.
#[derive(Object)]
#[oai(example)]
pub struct TokenWithSecret {
    /// The secret, for `Authorization: Bearer …`. It is only returned once.
    token: String,
    #[oai(flatten)]
    about: Token,
}

impl From<PersonalToken> for TokenWithSecret {
    fn from(made: PersonalToken) -> Self {
        Self { token: made.secret, about: made.token.into() }
    }
}

impl Example for TokenWithSecret {
    fn example() -> Self {
        let about = Token { last_used_at: None, ..Token::example() };
        Self { token: "bsk_QmVzZWRrYSBtZWFucyBhIHBhdmlsaW9uIGluIGEgZ2E".to_owned(), about }
    }
}

#[OpenApi(tag = "Area::Tokens")]
impl Tokens {
    /// List personal access tokens
    ///
    /// Sorted newest first; the secrets are not included.
    #[oai(path = "/tokens", method = "get", operation_id = "tokens")]
    async fn list(&self, messenger: Data<&Messenger>, caller: Owner) -> Answer<Json<Vec<Token>>> {
        let tokens = messenger.as_user(caller.0).tokens().await?;
        Ok(Json(tokens.into_iter().map(Token::from).collect()))
    }

    /// Create a personal access token
    ///
    /// For programs that act on behalf of the user. The secret is used like an access token, on the WebSocket
    /// too. It is only returned in this response: repeating the request does not return it again.
    #[oai(path = "/tokens", method = "post", operation_id = "createToken")]
    async fn create(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<TokenRequest>,
    ) -> Answer<Created<TokenWithSecret>> {
        let new = body.0.into_token();
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        Ok(Created::Created(Json(caller.create_token(new).await?.into())))
    }

    /// Revoke a personal access token
    ///
    /// The token becomes invalid and its sockets are closed at once.
    #[oai(path = "/tokens/:id", method = "delete", operation_id = "revokeToken")]
    async fn revoke(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.revoke_token(SessionId(id.0)).await?;
        Ok(Done::Done)
    }
}
