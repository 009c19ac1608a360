//! `/auth/codes`: signing in and resetting a password with a one-time code.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Header;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::auth::{check_session, hand_over};
use super::caller::Visit;
use super::idempotency::Key;
use super::types::{Done, Tokens, User};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{CodeSignIn, Contact, Error, Messenger};

pub struct Codes;

/// The recipient of a code: either `email` or `phone`.
#[derive(Object)]
#[oai(example)]
struct NewCode {
    email: Option<String>,
    /// In E.164 format, such as `+79991234567`; Russian numbers are also accepted in common notations.
    phone: Option<String>,
}

impl Example for NewCode {
    fn example() -> Self {
        Self { email: Some("user@example.com".to_owned()), phone: None }
    }
}

/// A code that was sent.
#[derive(Object)]
#[oai(example)]
struct SentCode {
    /// How long the code is valid, in seconds.
    expires_in: i64,
}

impl Example for SentCode {
    fn example() -> Self {
        Self { expires_in: 600 }
    }
}

/// A code and its recipient: either `email` or `phone`.
#[derive(Object)]
#[oai(example)]
struct SignInByCode {
    email: Option<String>,
    phone: Option<String>,
    /// Six digits.
    code: String,
    /// For a new user: the name that others see, 1 to 64 characters.
    display_name: Option<String>,
    /// For a new user: the invitation code, if registration requires one.
    invite_code: Option<String>,
    /// The name of this device in the list of sessions; defaults to the `User-Agent`.
    device: Option<String>,
    /// For an existing account: whether to end its earlier password, sessions and personal access tokens.
    end_earlier_access: Option<bool>,
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
            end_earlier_access: None,
        }
    }
}

/// The user who signed in by a code, and their tokens.
#[derive(Object)]
#[oai(example)]
struct SignedIn {
    user: User,
    tokens: Tokens,
    /// What to know, in words, if this is the first code that was entered for the account's e-mail address and others
    /// may have access to the account by an earlier password. `DELETE /users/me/earlier-access` ends that.
    earlier_access: Option<String>,
}

impl Example for SignedIn {
    fn example() -> Self {
        Self { user: User::example(), tokens: Tokens::example(), earlier_access: None }
    }
}

#[derive(ApiResponse)]
enum SignedInAnswer {
    /// The user is signed in.
    #[oai(status = 201)]
    Created(
        Json<SignedIn>,
        /// The refresh token, if the request has `X-Besedka-Session: cookie`.
        #[oai(header = "Set-Cookie")]
        Option<String>,
    ),
}

const EARLIER_ACCESS: &str = "This account was created with your e-mail address and a password before anybody proved \
    that the address is theirs. If that was not you, somebody else may have access: DELETE /users/me/earlier-access \
    ends the earlier password, sessions and tokens.";

/// A code, its recipient, and the new password.
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
    /// Send a one-time code
    ///
    /// Sends a six-digit code by e-mail or SMS. The code is valid for ten minutes and five attempts, and
    /// replaces earlier codes. At most three codes per hour are sent to one address or number (429). If the
    /// server cannot send codes, the response is 503 with code `not_configured`.
    #[oai(path = "/auth/codes", method = "post", operation_id = "sendCode")]
    async fn send(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewCode>,
    ) -> Answer<Json<SentCode>> {
        let to = contact(body.0.email, body.0.phone)?;
        let language = messenger.language(None, visit.language);
        let visitor = messenger.visitor(visit.address).once(key.answering(StatusCode::OK));
        let life = visitor.send_code(&to, language).await?;
        Ok(Json(SentCode { expires_in: i64::try_from(life.as_secs()).unwrap_or(i64::MAX) }))
    }

    /// Sign in with a code
    ///
    /// Creates an account without a password if there is none for this address or number. A wrong code answers
    /// 400 with code `wrong_code`. If nobody had proved the account's e-mail address before, `earlier_access` says
    /// that others may have access.
    #[oai(path = "/auth/codes/login", method = "post", operation_id = "loginByCode")]
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
        body: JsonBody<SignInByCode>,
    ) -> Answer<SignedInAnswer> {
        check_session(session.0.as_deref(), &visit)?;
        let SignInByCode { email, phone, code, display_name, invite_code, device, end_earlier_access } =
            body.0;
        let who = CodeSignIn {
            to: contact(email, phone)?,
            code,
            display_name,
            invite_code,
            device: device.or_else(|| visit.agent.clone()),
            ends_earlier_access: end_earlier_access.unwrap_or(false),
        };
        let visitor = messenger.visitor(visit.address).once(key.answering(StatusCode::CREATED));
        let signed_in = visitor.verify_code(who).await?;
        let (tokens, cookie) = hand_over(signed_in.tokens, &visit, session.0.as_deref());
        let earlier_access = signed_in.has_earlier_access.then(|| EARLIER_ACCESS.to_owned());
        let answer = SignedIn { user: signed_in.user.into(), tokens, earlier_access };
        Ok(SignedInAnswer::Created(Json(answer), cookie))
    }

    /// Reset a password with a code
    ///
    /// Sets a new password, also for accounts that never had one. Ends all sessions and revokes all personal
    /// access tokens.
    #[oai(path = "/auth/codes/password", method = "post", operation_id = "resetPassword")]
    async fn password(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        /// A unique key for this request, such as a UUID.
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
        _ => Err(Error::invalid("email", "either an e-mail address or a phone number is required")),
    }
}
