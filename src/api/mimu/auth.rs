//! `/auth`: accounts, sign-in and its renewal.

use poem::web::Data;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::{Answer, Area, answer};
use crate::body::JsonBody;
use crate::visit::Visit;
use besedka_core::messenger::{Error, Messenger, Registration, SignIn, TokenPair};
use besedka_core::model::{self, Scopes};

pub struct Auth;

/// A new account; `email` or `username` at least.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Register {
    /// Unique without regard to case.
    email: Option<String>,
    /// 2 to 32 letters, digits, `_`, `-` or `.`; unique without regard to case.
    username: Option<String>,
    /// 8 to 128 characters.
    password: String,
    /// The name that others see; without it the username, or what is before the `@`.
    name: Option<String>,
    /// Where registration is by invitation: the code.
    invite_code: Option<String>,
}

impl Example for Register {
    fn example() -> Self {
        Self {
            email: Some("anna@example.com".to_owned()),
            username: None,
            password: "securePassword123".to_owned(),
            name: Some("Анна".to_owned()),
            invite_code: None,
        }
    }
}

/// Who signs in: `email` or `username`. Either may hold the other.
#[derive(Object)]
#[oai(example)]
struct Login {
    email: Option<String>,
    username: Option<String>,
    password: String,
}

impl Example for Login {
    fn example() -> Self {
        Self {
            email: Some("anna@example.com".to_owned()),
            username: None,
            password: "securePassword123".to_owned(),
        }
    }
}

/// A refresh token.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Refresh {
    refresh_token: String,
}

impl Example for Refresh {
    fn example() -> Self {
        Self { refresh_token: "Qm9vdHN0cmFwIGlzIGEgcGF2aWxpb24gaW4gYSBnYXJkZW4".to_owned() }
    }
}

/// Whoever signed in.
#[derive(Object)]
struct User {
    /// As `memberIds` takes it.
    id: String,
    name: String,
    email: Option<String>,
    username: Option<String>,
}

/// Signed in.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Tokens {
    /// For the header `Authorization: Bearer …`.
    access_token: String,
    /// For `POST /auth/refresh`, once.
    refresh_token: String,
    /// How many seconds the access token is good.
    expires_in: u64,
    user: User,
}

impl Tokens {
    fn new(grant: TokenPair, user: model::User) -> Self {
        let TokenPair { access_token, refresh_token, expires_in } = grant;
        let model::User { person, email, .. } = user;
        let user =
            User { id: person.id.to_string(), name: person.display_name, email, username: person.username };
        Self { access_token, refresh_token, expires_in: expires_in.as_secs(), user }
    }

    /// Of somebody who has signed in before.
    async fn of(messenger: &Messenger, grant: TokenPair) -> Result<Self, Error> {
        let access = messenger.access(&grant.access_token, Scopes::READ).await?;
        Ok(Self::new(grant, messenger.as_user(access).me().await?))
    }
}

#[OpenApi(tag = "Area::Auth")]
impl Auth {
    /// Register
    ///
    /// Makes an account and signs in.
    #[oai(path = "/auth/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<Register>,
    ) -> Answer<Tokens> {
        let Register { email, username, password, name, invite_code } = body.0;
        let registration = Registration {
            email,
            username,
            password,
            display_name: name,
            invite_code,
            device: visit.agent,
            ..Registration::default()
        };
        let (user, grant) = messenger.visitor(visit.address).register(registration).await?;
        answer(Tokens::new(grant, user))
    }

    /// Sign in
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<Login>,
    ) -> Answer<Tokens> {
        let Login { email, username, password } = body.0;
        let name = email.or(username);
        let name =
            name.ok_or_else(|| Error::invalid("email", "an e-mail address or a username is needed"))?;
        let who = SignIn { name, password, device: visit.agent };
        let grant = messenger.visitor(visit.address).sign_in(who).await?;
        answer(Tokens::of(&messenger, grant).await?)
    }

    /// Renew the tokens
    ///
    /// Answers a new access token and a new refresh token; the old one works no more.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<Refresh>,
    ) -> Answer<Tokens> {
        let grant = messenger.visitor(visit.address).refresh(&body.0.refresh_token).await?;
        answer(Tokens::of(&messenger, grant).await?)
    }
}
