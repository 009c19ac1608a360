//! `/auth/phone` and `/auth/email`: signing in with a one-time code.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::types::{Problem, SignedIn, User};
use super::{Answer, Area, Refusal};
use crate::body::JsonBody;
use crate::links::Links;
use crate::visit::Visit;
use besedka_core::messenger::{CodeSignIn, Contact, Error, Messenger};

pub struct Codes;

#[derive(Object)]
#[oai(example)]
struct ToPhone {
    /// For example `+79991234567`. Russian numbers can start with 8, 7 or neither.
    phone: String,
}

impl Example for ToPhone {
    fn example() -> Self {
        Self { phone: "+79991234567".to_owned() }
    }
}

#[derive(Object)]
#[oai(example)]
struct ToEmail {
    email: String,
}

impl Example for ToEmail {
    fn example() -> Self {
        Self { email: "user@example.com".to_owned() }
    }
}

/// A code that was sent.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Sent {
    /// Always true.
    success: bool,
    message: String,
    /// How long the code is valid, in seconds.
    expires_in: u64,
}

impl Example for Sent {
    fn example() -> Self {
        Self { success: true, message: "The code was sent".to_owned(), expires_in: 600 }
    }
}

#[derive(Object)]
#[oai(example)]
struct PhoneCode {
    phone: String,
    code: String,
    /// The display name of a new user.
    name: Option<String>,
}

impl Example for PhoneCode {
    fn example() -> Self {
        Self { phone: "+79991234567".to_owned(), code: "123456".to_owned(), name: None }
    }
}

#[derive(Object)]
#[oai(example)]
struct EmailCode {
    email: String,
    code: String,
    /// The display name of a new user.
    name: Option<String>,
}

impl Example for EmailCode {
    fn example() -> Self {
        Self { email: "user@example.com".to_owned(), code: "123456".to_owned(), name: None }
    }
}

#[OpenApi(tag = "Area::Auth")]
impl Codes {
    /// Send a code by SMS
    ///
    /// Sends a six-digit code. It is valid for ten minutes, for five attempts and for a single sign-in, and
    /// replaces earlier codes. At most three codes are sent per hour.
    #[oai(path = "/auth/phone/send-code", method = "post", operation_id = "sendPhoneCode")]
    async fn to_phone(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<ToPhone>,
    ) -> Answer<Json<Sent>> {
        send(&messenger, &visit, &Contact::phone(&body.0.phone)?).await
    }

    /// Send a code by e-mail
    ///
    /// Sends a six-digit code, with the same limits as by SMS.
    #[oai(path = "/auth/email/send-code", method = "post", operation_id = "sendEmailCode")]
    async fn to_email(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<ToEmail>,
    ) -> Answer<Json<Sent>> {
        send(&messenger, &visit, &Contact::email(&body.0.email)?).await
    }

    /// Sign in with a code sent by SMS
    ///
    /// Creates an account for a new phone number. A wrong code answers 400 with `attemptsLeft`.
    #[oai(path = "/auth/phone/verify-code", method = "post", operation_id = "verifyPhoneCode")]
    async fn of_phone(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<PhoneCode>,
    ) -> Answer<Json<SignedIn>> {
        let PhoneCode { phone, code, name } = body.0;
        verify(&messenger, &visit, Contact::phone(&phone)?, code, name).await
    }

    /// Sign in with a code sent by e-mail
    ///
    /// Creates an account for a new e-mail address. A wrong code answers 400 with `attemptsLeft`.
    #[oai(path = "/auth/email/verify-code", method = "post", operation_id = "verifyEmailCode")]
    async fn of_email(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<EmailCode>,
    ) -> Answer<Json<SignedIn>> {
        let EmailCode { email, code, name } = body.0;
        verify(&messenger, &visit, Contact::email(&email.to_lowercase())?, code, name).await
    }
}

async fn send(messenger: &Messenger, visit: &Visit, to: &Contact) -> Answer<Json<Sent>> {
    let language = messenger.language(None, visit.language);
    let life = messenger.visitor(visit.address).send_code(to, language).await?;
    Ok(Json(Sent { success: true, message: "The code was sent".to_owned(), expires_in: life.as_secs() }))
}

async fn verify(
    messenger: &Messenger,
    visit: &Visit,
    to: Contact,
    code: String,
    name: Option<String>,
) -> Answer<Json<SignedIn>> {
    let signed_in = sign_in(messenger, visit, to, code, name).await;
    Ok(Json(signed_in.map_err(|error| match error {
        Error::WrongCode { left } => {
            let message = error.to_string();
            Refusal::BadRequest(Json(Problem { message, attempts_left: Some(left) }))
        }
        error => error.into(),
    })?))
}

/// The same for `/auth/login`, where a wrong code answers 401.
pub(super) async fn log_in(
    messenger: &Messenger,
    visit: &Visit,
    phone: Contact,
    code: String,
) -> Answer<SignedIn> {
    let signed_in = sign_in(messenger, visit, phone, code, None).await;
    signed_in.map_err(|error| match error {
        Error::WrongCode { .. } => Refusal::of(StatusCode::UNAUTHORIZED, error.to_string(), error.code()),
        error => error.into(),
    })
}

async fn sign_in(
    messenger: &Messenger,
    visit: &Visit,
    to: Contact,
    code: String,
    name: Option<String>,
) -> Result<SignedIn, Error> {
    let who = CodeSignIn {
        to,
        code,
        display_name: name.filter(|name| !name.trim().is_empty()),
        invite_code: None,
        device: visit.agent.clone(),
        ends_earlier_access: false,
    };
    let signed_in = messenger.visitor(visit.address).for_long().verify_code(who).await?;
    let links = Links::to(messenger, visit, signed_in.user.id());
    Ok(SignedIn::new(User::new(signed_in.user, &links), signed_in.tokens))
}
