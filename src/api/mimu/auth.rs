//! `/auth`: registration, sign-in and token renewal.

use poem::web::Data;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::{Answer, Area, answer};
use crate::body::JsonBody;
use crate::visit::Visit;
use besedka_core::messenger::{Error, Messenger, Registration, SignIn, TokenPair};
use besedka_core::model::{self, Scopes};

pub struct Auth;

/// A new account. At least one of `email` and `username` is required.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Register {
    /// Must be unique, ignoring case.
    email: Option<String>,
    /// 2 to 32 letters, digits, `_`, `-` or `.`; must be unique, ignoring case.
    username: Option<String>,
    /// 8 to 128 characters.
    password: String,
    /// The name that others see; defaults to the username, or to the part of the e-mail address before the `@`.
    name: Option<String>,
    /// The invitation code, if registration requires one.
    invite_code: Option<String>,
    /// The code that `POST /api/v1/auth/codes` sent to `email`, if registration requires a proven address.
    email_code: Option<String>,
}

impl Example for Register {
    fn example() -> Self {
        Self {
            email: Some("anna@example.com".to_owned()),
            username: None,
            password: "securePassword123".to_owned(),
            name: Some("Анна".to_owned()),
            invite_code: None,
            email_code: None,
        }
    }
}

/// Credentials: `email` or `username`. Either field accepts both.
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

/// The signed-in user.
#[derive(Object)]
struct User {
    /// The ID to use in `memberIds`.
    id: String,
    name: String,
    email: Option<String>,
    username: Option<String>,
}

/// The tokens of a signed-in user.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Tokens {
    /// For the header `Authorization: Bearer …`.
    access_token: String,
    /// For `POST /auth/refresh`; valid once.
    refresh_token: String,
    /// How long the access token is valid, in seconds.
    expires_in: u64,
    user: User,
}

impl Tokens {
    fn new(grant: TokenPair, user: model::User) -> Self {
        let TokenPair { access_token, refresh_token, expires_in, .. } = grant;
        let model::User { person, email, .. } = user;
        let user =
            User { id: person.id.to_string(), name: person.display_name, email, username: person.username };
        Self { access_token, refresh_token, expires_in: expires_in.as_secs(), user }
    }

    /// The tokens of an existing session.
    async fn of(messenger: &Messenger, grant: TokenPair) -> Result<Self, Error> {
        let access = messenger.access(&grant.access_token, Scopes::READ).await?;
        Ok(Self::new(grant, messenger.as_user(access).me().await?))
    }
}

#[OpenApi(tag = "Area::Auth")]
impl Auth {
    /// Register an account
    ///
    /// Creates an account and signs in.
    #[oai(path = "/auth/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<Register>,
    ) -> Answer<Tokens> {
        let Register { email, username, password, name, invite_code, email_code } = body.0;
        let registration = Registration {
            email,
            username,
            password,
            display_name: name,
            invite_code,
            email_code,
            device: visit.agent,
            ..Registration::default()
        };
        let registered = messenger.visitor(visit.address).register(registration).await;
        let (user, grant) = registered.map_err(|error| error.rename_field("email_code", "emailCode"))?;
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
            name.ok_or_else(|| Error::invalid("email", "an e-mail address or a username is required"))?;
        let who = SignIn { name, password, device: visit.agent };
        let grant = messenger.visitor(visit.address).sign_in(who).await?;
        answer(Tokens::of(&messenger, grant).await?)
    }

    /// Refresh tokens
    ///
    /// Returns a new access token and a new refresh token, and invalidates the old refresh token.
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
