//! `/auth`: registration, sign-in and token renewal.

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::types::{Created, SignedIn, User};
use super::{Answer, Area, codes};
use crate::body::JsonBody;
use crate::links::Links;
use crate::visit::Visit;
use besedka_core::messenger::{Contact, Error, Messenger, Registration, SignIn, TokenPair};
use besedka_core::model::Scopes;

pub struct Auth;

/// A new account.
#[derive(Object)]
#[oai(example)]
struct Register {
    /// Stored in lower case.
    email: String,
    /// 8 to 128 characters.
    password: String,
    /// The display name; defaults to the part of the e-mail address before the `@`.
    name: Option<String>,
    /// The code that `POST /api/v1/auth/codes` sent to `email`, if registration requires a proven address.
    #[oai(rename = "emailCode")]
    email_code: Option<String>,
}

impl Example for Register {
    fn example() -> Self {
        Self {
            email: "user@example.com".to_owned(),
            password: "password123".to_owned(),
            name: Some("User Name".to_owned()),
            email_code: None,
        }
    }
}

/// Credentials: an e-mail address with a password, or a phone number with a one-time code.
#[derive(Object)]
#[oai(example)]
struct Login {
    /// One client build sends the phone number here, and the code as `password`.
    email: Option<String>,
    password: Option<String>,
    phone: Option<String>,
    code: Option<String>,
}

impl Example for Login {
    fn example() -> Self {
        Self {
            email: Some("user@example.com".to_owned()),
            password: Some("password123".to_owned()),
            phone: None,
            code: None,
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

/// New tokens.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Renewed {
    access_token: String,
    /// The same refresh token as before.
    refresh_token: String,
}

impl Example for Renewed {
    fn example() -> Self {
        let SignedIn { access_token, refresh_token, .. } = SignedIn::example();
        Self { access_token, refresh_token }
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
    ) -> Answer<Created<SignedIn>> {
        let Register { email, password, name, email_code } = body.0;
        let registration = Registration {
            email: Some(email.to_lowercase()),
            password,
            display_name: name.filter(|name| !name.trim().is_empty()),
            email_code,
            device: visit.agent.clone(),
            ..Registration::default()
        };
        let visitor = messenger.visitor(visit.address).for_long();
        let (user, grant) = visitor.register(registration).await.map_err(explain_email_code)?;
        let links = Links::to(&messenger, &visit, user.id());
        let user = User::new(user, &links);
        Ok(Created::Created(Json(SignedIn::new(user, grant))))
    }

    /// Sign in
    ///
    /// With an e-mail address and password, or with a phone number and a one-time code.
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<Login>,
    ) -> Answer<Json<SignedIn>> {
        let Login { email, password, phone, code } = body.0;
        let (name, password) = match (given(email), password, given(phone), code) {
            (_, _, Some(phone), Some(code)) => {
                let phone = Contact::phone(&phone)?;
                return Ok(Json(codes::log_in(&messenger, &visit, phone, code).await?));
            }
            (Some(name), Some(password), ..) => (name, password),
            _ => return Err(Error::invalid("email", "and password, or phone and code, are required").into()),
        };
        if is_code(&password)
            && let Ok(phone) = Contact::phone(&name)
        {
            return Ok(Json(codes::log_in(&messenger, &visit, phone, password).await?));
        }
        let visitor = messenger.visitor(visit.address).for_long();
        let grant = visitor.sign_in(SignIn { name, password, device: visit.agent.clone() }).await?;
        Ok(Json(signed_in(&messenger, grant, &visit).await?))
    }

    /// Refresh the access token
    ///
    /// The refresh token stays the same, for client builds that never replace it. It becomes invalid when the
    /// session ends: when it is revoked with `DELETE /api/v1/sessions/{id}`, or when the password changes.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<Refresh>,
    ) -> Answer<Json<Renewed>> {
        let grant = messenger.visitor(visit.address).refresh(&body.0.refresh_token).await?;
        Ok(Json(Renewed { access_token: grant.access_token, refresh_token: grant.refresh_token }))
    }
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// Shorter than any password.
fn is_code(text: &str) -> bool {
    text.trim().len() == 6 && text.trim().bytes().all(|byte| byte.is_ascii_digit())
}

async fn signed_in(messenger: &Messenger, grant: TokenPair, visit: &Visit) -> Answer<SignedIn> {
    let access = messenger.access(&grant.access_token, Scopes::READ).await?;
    let user = messenger.as_user(access).me().await?;
    let links = Links::to(messenger, visit, user.id());
    Ok(SignedIn::new(User::new(user, &links), grant))
}

/// An error with this API's name of the code's field, which says where the code comes from.
fn explain_email_code(error: Error) -> Error {
    match error {
        Error::Invalid { field: "email_code", .. } => Error::invalid(
            "emailCode",
            "is required on this server: the code that POST /auth/email/send-code sends to the address; \
             POST /auth/email/verify-code creates an account too",
        ),
        error => error,
    }
}
