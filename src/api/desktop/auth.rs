//! `/auth`: registration, sign-in and token renewal.

use poem::Request;
use poem::web::Data;
use poem_openapi::auth::Bearer;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi, SecurityScheme};

use super::types::{SignedIn, User};
use super::{Answer, Area, Refusal};
use crate::body::JsonBody;
use crate::links::Links;
use crate::visit::{Visit, admit};
use besedka_core::messenger::{Access, Error, Messenger, Registration, SignIn, TokenPair};
use besedka_core::model::Scopes;

/// An access token from `POST /auth/login`.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "access_token", bearer_format = "JWT", checker = "check")]
pub struct Caller(pub Access);

async fn check(request: &Request, bearer: Bearer) -> poem::Result<Access> {
    let messenger = request.data::<Messenger>().ok_or(Error::Unauthorized).map_err(Refusal::from)?;
    Ok(admit(messenger, request, &bearer.token).await.map_err(Refusal::from)?)
}

pub struct Auth;

/// A new account.
#[derive(Object)]
#[oai(example)]
struct Register {
    /// 2 to 32 letters, digits, `_`, `-` or `.`; must be unique, ignoring case.
    username: String,
    /// Must be unique, ignoring case.
    email: Option<String>,
    /// 8 to 128 characters.
    password: String,
    /// The name that others see; defaults to the username.
    display_name: Option<String>,
    /// The invitation code, if registration requires one.
    invite_code: Option<String>,
    /// The code that `POST /api/v1/auth/codes` sent to `email`, if registration requires a proven address.
    email_code: Option<String>,
}

impl Example for Register {
    fn example() -> Self {
        Self {
            username: "ivan".to_owned(),
            email: Some("ivan@example.com".to_owned()),
            password: "securePassword123".to_owned(),
            display_name: None,
            invite_code: None,
            email_code: None,
        }
    }
}

/// Credentials: `username` or `email`. Either field accepts both.
#[derive(Object)]
#[oai(example)]
struct Login {
    username: Option<String>,
    email: Option<String>,
    password: String,
}

impl Example for Login {
    fn example() -> Self {
        Self { username: Some("ivan".to_owned()), email: None, password: "securePassword123".to_owned() }
    }
}

/// A refresh token.
#[derive(Object)]
#[oai(example)]
struct Refresh {
    refresh_token: String,
}

impl Example for Refresh {
    fn example() -> Self {
        Self { refresh_token: "Qm9vdHN0cmFwIGlzIGEgcGF2aWxpb24gaW4gYSBnYXJkZW4".to_owned() }
    }
}

#[derive(ApiResponse)]
enum Registered {
    /// The account was created and the user is signed in.
    #[oai(status = 201)]
    Created(Json<SignedIn>),
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
    ) -> Answer<Registered> {
        let Register { username, email, password, display_name, invite_code, email_code } = body.0;
        let registration = Registration {
            email: email.filter(|email| !email.is_empty()),
            username: Some(username),
            password,
            display_name,
            avatar_url: None,
            invite_code,
            email_code,
            device: visit.agent.clone(),
        };
        let (user, grant) = messenger.visitor(visit.address).register(registration).await?;
        let links = Links::to(&messenger, &visit, user.id());
        Ok(Registered::Created(Json(signed_in(grant, User::own(user, &links)))))
    }

    /// Sign in
    ///
    /// Returns an access token, valid for 15 minutes, and a refresh token.
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<Login>,
    ) -> Answer<Json<SignedIn>> {
        let Login { username, email, password } = body.0;
        let name = username.or(email);
        let name = name.ok_or_else(|| Error::invalid("username", "or an e-mail address is required"))?;
        let who = SignIn { name, password, device: visit.agent.clone() };
        let grant = messenger.visitor(visit.address).sign_in(who).await?;
        Ok(Json(with_user(&messenger, grant, &visit).await?))
    }

    /// Refresh tokens
    ///
    /// Returns a new access token and a new refresh token; each refresh token can be used once.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<Refresh>,
    ) -> Answer<Json<SignedIn>> {
        let grant = messenger.visitor(visit.address).refresh(&body.0.refresh_token).await?;
        Ok(Json(with_user(&messenger, grant, &visit).await?))
    }

    /// Get current user
    #[oai(path = "/auth/me", method = "get", operation_id = "me")]
    async fn me(&self, messenger: Data<&Messenger>, visit: Visit, caller: Caller) -> Answer<Json<User>> {
        Ok(Json(User::own(
            messenger.as_user(caller.0).me().await?,
            &Links::to(&messenger, &visit, caller.0.user),
        )))
    }
}

async fn with_user(messenger: &Messenger, grant: TokenPair, visit: &Visit) -> Answer<SignedIn> {
    let access = messenger.access(&grant.access_token, Scopes::READ).await?;
    let user = messenger.as_user(access).me().await?;
    let links = Links::to(messenger, visit, user.id());
    Ok(signed_in(grant, User::own(user, &links)))
}

fn signed_in(grant: TokenPair, user: User) -> SignedIn {
    SignedIn {
        access_token: grant.access_token,
        refresh_token: grant.refresh_token,
        token_type: "bearer".to_owned(),
        user,
    }
}
