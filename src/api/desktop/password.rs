//! `/auth/password`: resetting a password with a code sent by e-mail.

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::{Answer, Area};
use crate::body::JsonBody;
use crate::visit::Visit;
use besedka_core::messenger::{Contact, Messenger};

pub struct Passwords;

/// The account whose password was forgotten.
#[derive(Object)]
#[oai(example)]
struct Forgotten {
    email: String,
}

impl Example for Forgotten {
    fn example() -> Self {
        Self { email: "ivan@example.com".to_owned() }
    }
}

/// A code that was sent.
#[derive(Object)]
#[oai(example)]
struct SentCode {
    /// How long the code is valid, in seconds.
    expires_in: u64,
}

impl Example for SentCode {
    fn example() -> Self {
        Self { expires_in: 600 }
    }
}

/// A code and the new password.
#[derive(Object)]
#[oai(example)]
struct NewPassword {
    email: String,
    /// Six digits.
    code: String,
    /// 8 to 128 characters.
    new_password: String,
}

impl Example for NewPassword {
    fn example() -> Self {
        Self {
            email: "ivan@example.com".to_owned(),
            code: "048213".to_owned(),
            new_password: "anotherPassword123".to_owned(),
        }
    }
}

#[derive(ApiResponse)]
enum Changed {
    /// The password was changed.
    #[oai(status = 204)]
    Done,
}

#[OpenApi(tag = "Area::Auth")]
impl Passwords {
    /// Send a password reset code
    ///
    /// Sends a six-digit code by e-mail. Answers 503 if the server cannot send e-mail.
    #[oai(path = "/auth/password/forgot", method = "post", operation_id = "forgotPassword")]
    async fn forgot(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<Forgotten>,
    ) -> Answer<Json<SentCode>> {
        let to = Contact::email(&body.0.email)?;
        let language = messenger.language(None, visit.language);
        let life = messenger.visitor(visit.address).send_code(&to, language).await?;
        Ok(Json(SentCode { expires_in: life.as_secs() }))
    }

    /// Reset a password with a code
    ///
    /// Sets a new password and ends all sessions.
    #[oai(path = "/auth/password/reset", method = "post", operation_id = "resetPassword")]
    async fn reset(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<NewPassword>,
    ) -> Answer<Changed> {
        let NewPassword { email, code, new_password } = body.0;
        let to = Contact::email(&email)?;
        messenger.visitor(visit.address).reset_password(&to, &code, &new_password).await?;
        Ok(Changed::Done)
    }
}
