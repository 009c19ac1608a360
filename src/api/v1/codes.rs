//! `/auth/codes`: signing in, and getting back in, by a code.

use poem::Request;
use poem::http::{StatusCode, header};
use poem::web::Data;
use poem_openapi::param::Header;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::auth::{Registered, RegisteredAnswer, hand_over};
use super::caller::Visit;
use super::idempotency::Key;
use super::types::Done;
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{CodeSignIn, Contact, Error, Messenger};
use besedka_core::model::Language;

pub struct Codes;

/// To whom a code goes: `email` or `phone`.
#[derive(Object)]
#[oai(example)]
struct NewCode {
    email: Option<String>,
    /// In E.164, as in `+79991234567`; a Russian number also as people write it.
    phone: Option<String>,
}

impl Example for NewCode {
    fn example() -> Self {
        Self { email: Some("user@example.com".to_owned()), phone: None }
    }
}

/// A code that is on its way.
#[derive(Object)]
#[oai(example)]
struct SentCode {
    /// How many seconds it is good.
    expires_in: i64,
}

impl Example for SentCode {
    fn example() -> Self {
        Self { expires_in: 600 }
    }
}

/// A code, and to whom it was sent: `email` or `phone`.
#[derive(Object)]
#[oai(example)]
struct SignInByCode {
    email: Option<String>,
    phone: Option<String>,
    /// Six digits.
    code: String,
    /// What others see of somebody who is new, 1 to 64 characters.
    display_name: Option<String>,
    /// Where registration is by invitation, for somebody who is new.
    invite_code: Option<String>,
    /// What to call this device in the list of sessions; the `User-Agent` without it.
    device: Option<String>,
}

impl Example for SignInByCode {
    fn example() -> Self {
        Self {
            email: Some("user@example.com".to_owned()),
            phone: None,
            code: "048213".to_owned(),
            display_name: Some("John Doe".to_owned()),
            invite_code: None,
            device: None,
        }
    }
}

/// A code, to whom it was sent, and the password from now on.
#[derive(Object)]
#[oai(example)]
struct NewPassword {
    email: Option<String>,
    phone: Option<String>,
    /// Six digits.
    code: String,
    /// 8 to 128 characters.
    new_password: String,
}

impl Example for NewPassword {
    fn example() -> Self {
        Self {
            email: Some("user@example.com".to_owned()),
            phone: None,
            code: "048213".to_owned(),
            new_password: "anotherPassword123".to_owned(),
        }
    }
}

#[OpenApi(tag = "Area::Auth")]
impl Codes {
    /// Send a code
    ///
    /// Six digits, by mail or SMS, good for ten minutes and five tries. Only the newest counts. At most three within
    /// an hour for each address or number (429). Where the server has no way to send them it answers 503 with code
    /// `not_configured`.
    #[oai(path = "/auth/codes", method = "post", operation_id = "sendCode")]
    async fn send(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        visit: Visit,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewCode>,
    ) -> Answer<Json<SentCode>> {
        let to = contact(body.0.email, body.0.phone)?;
        let language = Language::of(request.header(header::ACCEPT_LANGUAGE.as_str()));
        let visitor = messenger.visitor(visit.address).once(key.answering(StatusCode::OK));
        let life = visitor.send_code(&to, language).await?;
        Ok(Json(SentCode { expires_in: i64::try_from(life.as_secs()).unwrap_or(i64::MAX) }))
    }

    /// Sign in by a code
    ///
    /// Whoever has no account yet gets one, without a password. A wrong code answers 400 with code `wrong_code`.
    #[oai(path = "/auth/codes/login", method = "post", operation_id = "loginByCode")]
    async fn login(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        /// `cookie` to get the refresh token in an HttpOnly cookie instead of the body.
        #[oai(name = "X-Besedka-Session")]
        session: Header<Option<String>>,
        body: JsonBody<SignInByCode>,
    ) -> Answer<RegisteredAnswer> {
        let SignInByCode { email, phone, code, display_name, invite_code, device } = body.0;
        let who = CodeSignIn {
            to: contact(email, phone)?,
            code,
            display_name,
            invite_code,
            device: device.or_else(|| visit.agent.clone()),
        };
        let visitor = messenger.visitor(visit.address).once(key.answering(StatusCode::CREATED));
        let (user, grant) = visitor.verify_code(who).await?;
        let (tokens, cookie) = hand_over(grant, &visit, session.0.as_deref());
        Ok(RegisteredAnswer::Created(Json(Registered { user: user.into(), tokens }), cookie))
    }

    /// Set a password by a code
    ///
    /// For whoever forgot theirs, or never had one. All sessions and personal access tokens end.
    #[oai(path = "/auth/codes/password", method = "post", operation_id = "resetPassword")]
    async fn password(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewPassword>,
    ) -> Answer<Done> {
        let NewPassword { email, phone, code, new_password } = body.0;
        let to = contact(email, phone)?;
        let visitor = messenger.visitor(visit.address).once(key.answering(StatusCode::NO_CONTENT));
        visitor.reset_password(&to, &code, &new_password).await?;
        Ok(Done::Done)
    }
}

fn contact(email: Option<String>, phone: Option<String>) -> Result<Contact, Error> {
    match (email, phone) {
        (Some(address), None) => Contact::email(&address),
        (None, Some(number)) => Contact::phone(&number),
        _ => Err(Error::invalid("email", "either an e-mail address or a phone number is needed")),
    }
}
