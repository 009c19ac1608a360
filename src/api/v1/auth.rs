//! `/auth`: registration, sign-in and token renewal.

use poem::Request;
use poem::http::{StatusCode, header};
use poem::web::Data;
use poem_openapi::param::Header;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::caller::{Owner, Visit};
use super::idempotency::Key;
use super::types::{Tokens, User};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger, Registration, SignIn, TokenPair};

pub struct Auth;

/// A new account. At least one of `email` and `username` is required.
#[derive(Object)]
#[oai(example)]
struct Register {
    /// Must be unique, ignoring case.
    email: Option<String>,
    /// 2 to 32 letters, digits, `_`, `-` or `.`; must be unique, ignoring case.
    username: Option<String>,
    /// 8 to 128 characters.
    password: String,
    /// The name that others see, 1 to 64 characters.
    display_name: String,
    /// The http or https URL of an avatar image.
    avatar_url: Option<String>,
    /// The invitation code, if registration requires one.
    invite_code: Option<String>,
    /// The code that `POST /auth/codes` sent to `email`, if registration requires a proven address (`--registration verified`).
    email_code: Option<String>,
    /// The name of this device in the list of sessions; defaults to the `User-Agent`.
    device: Option<String>,
}

impl Example for Register {
    fn example() -> Self {
        Self {
            email: Some("user@example.com".to_owned()),
            username: None,
            password: "securePassword123".to_owned(),
            display_name: "John Doe".to_owned(),
            avatar_url: Some("https://example.com/avatar.jpg".to_owned()),
            invite_code: None,
            email_code: None,
            device: None,
        }
    }
}

/// Credentials. Either `email` or `username` is required.
#[derive(Object)]
#[oai(example)]
struct Login {
    email: Option<String>,
    username: Option<String>,
    password: String,
    /// The name of this device in the list of sessions; defaults to the `User-Agent`.
    device: Option<String>,
}

impl Example for Login {
    fn example() -> Self {
        Self {
            email: Some("user@example.com".to_owned()),
            username: None,
            password: "securePassword123".to_owned(),
            device: None,
        }
    }
}

/// A refresh token. Omit it if the token is in the cookie.
#[derive(Object)]
#[oai(example)]
struct Refresh {
    refresh_token: Option<String>,
}

impl Example for Refresh {
    fn example() -> Self {
        Self { refresh_token: Some("Qm9vdHN0cmFwIGlzIGEgcGF2aWxpb24gaW4gYSBnYXJkZW4".to_owned()) }
    }
}

/// A new account and its tokens.
#[derive(Object)]
#[oai(example)]
pub(super) struct Registered {
    pub user: User,
    pub tokens: Tokens,
}

impl Example for Registered {
    fn example() -> Self {
        Self { user: User::example(), tokens: Tokens::example() }
    }
}

#[derive(ApiResponse)]
pub(super) enum RegisteredAnswer {
    /// The account was created and the user is signed in.
    #[oai(status = 201)]
    Created(
        Json<Registered>,
        /// The refresh token, if the request has `X-Besedka-Session: cookie`.
        #[oai(header = "Set-Cookie")]
        Option<String>,
    ),
}

#[derive(ApiResponse)]
enum TokensAnswer {
    /// The user is signed in.
    #[oai(status = 200)]
    Ok(
        Json<Tokens>,
        /// The refresh token, if the request has `X-Besedka-Session: cookie`.
        #[oai(header = "Set-Cookie")]
        Option<String>,
    ),
}

#[derive(ApiResponse)]
enum SignedOut {
    /// The session has ended.
    #[oai(status = 204)]
    Done(
        /// Removes the cookie.
        #[oai(header = "Set-Cookie")]
        Option<String>,
    ),
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
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        /// `cookie` to receive the refresh token in an HttpOnly cookie instead of in the body.
        #[oai(name = "X-Besedka-Session")]
        session: Header<Option<String>>,
        body: JsonBody<Register>,
    ) -> Answer<RegisteredAnswer> {
        check_session(session.0.as_deref(), &visit)?;
        let new = body.0;
        let registration = Registration {
            email: new.email,
            username: new.username,
            password: new.password,
            display_name: Some(new.display_name),
            avatar_url: new.avatar_url,
            invite_code: new.invite_code,
            email_code: new.email_code,
            device: new.device.or_else(|| visit.agent.clone()),
        };
        let visitor = messenger.visitor(visit.address).once(key.answering(StatusCode::CREATED));
        let (user, grant) = visitor.register(registration).await?;
        let (tokens, cookie) = hand_over(grant, &visit, session.0.as_deref());
        Ok(RegisteredAnswer::Created(Json(Registered { user: user.into(), tokens }), cookie))
    }

    /// Sign in
    ///
    /// Returns an access token, valid for 15 minutes, and a refresh token.
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        /// `cookie` to receive the refresh token in an HttpOnly cookie instead of in the body.
        #[oai(name = "X-Besedka-Session")]
        session: Header<Option<String>>,
        body: JsonBody<Login>,
    ) -> Answer<TokensAnswer> {
        check_session(session.0.as_deref(), &visit)?;
        let who = body.0;
        let name = who.email.or(who.username);
        let name =
            name.ok_or_else(|| Error::invalid("email", "an e-mail address or a username is required"))?;
        let device = who.device.or_else(|| visit.agent.clone());
        let visitor = messenger.visitor(visit.address).once(key.answering(StatusCode::OK));
        let grant = visitor.sign_in(SignIn { name, password: who.password, device }).await?;
        let (tokens, cookie) = hand_over(grant, &visit, session.0.as_deref());
        Ok(TokensAnswer::Ok(Json(tokens), cookie))
    }

    /// Refresh tokens
    ///
    /// Returns a new access token and a new refresh token, and invalidates the old refresh token. If an old
    /// refresh token is used again later, it is treated as stolen and the whole session ends. Does not require
    /// an `Idempotency-Key`.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        visit: Visit,
        /// `cookie` to use the refresh token from the cookie.
        #[oai(name = "X-Besedka-Session")]
        session: Header<Option<String>>,
        body: JsonBody<Refresh>,
    ) -> Answer<TokensAnswer> {
        let token = match body.0.refresh_token {
            Some(token) => token,
            None if is_cookie(session.0.as_deref()) && visit.is_ours() => {
                cookie_of(request, &visit).ok_or(Error::Unauthorized)?
            }
            None => return Err(Error::invalid("refresh_token", "is missing").into()),
        };
        let grant = messenger.visitor(visit.address).refresh(&token).await?;
        let (tokens, cookie) = hand_over(grant, &visit, session.0.as_deref());
        Ok(TokensAnswer::Ok(Json(tokens), cookie))
    }

    /// Sign out
    ///
    /// Ends the current session: its tokens become invalid and its sockets are closed. When called with a
    /// personal access token, revokes that token.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logout")]
    async fn logout(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        /// `cookie` to also remove the cookie.
        #[oai(name = "X-Besedka-Session")]
        session: Header<Option<String>>,
    ) -> Answer<SignedOut> {
        messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT)).sign_out().await?;
        Ok(SignedOut::Done(is_cookie(session.0.as_deref()).then(|| cookie(&visit, "", 0))))
    }
}

fn is_cookie(session: Option<&str>) -> bool {
    session == Some("cookie")
}

/// Refuses a session by cookie where no cookie can keep one.
pub(super) fn check_session(session: Option<&str>, visit: &Visit) -> Result<(), Error> {
    if is_cookie(session) { visit.check_cookie() } else { Ok(()) }
}

/// Returns both tokens for the body or, if the client asks for it, the refresh token as a cookie.
pub(super) fn hand_over(grant: TokenPair, visit: &Visit, session: Option<&str>) -> (Tokens, Option<String>) {
    const WEEK: u32 = 7 * 24 * 3_600;
    let mut tokens = Tokens::from(grant);
    let taken = if is_cookie(session) { tokens.refresh_token.take() } else { None };
    (tokens, taken.map(|token| cookie(visit, &token, WEEK)))
}

/// A browser sends a `__Host-` cookie to this exact host only (RFC 6265bis 4.1.3.2), and refuses to store one
/// without TLS.
fn cookie_name(visit: &Visit) -> &'static str {
    if visit.is_https { "__Host-besedka-refresh" } else { "besedka-refresh" }
}

fn cookie(visit: &Visit, token: &str, seconds: u32) -> String {
    let secure = if visit.is_https { "; Secure" } else { "" };
    format!("{}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}", cookie_name(visit))
}

fn cookie_of(request: &Request, visit: &Visit) -> Option<String> {
    let name = cookie_name(visit);
    let cookies = request.headers().get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, token)| token.to_owned())
}
