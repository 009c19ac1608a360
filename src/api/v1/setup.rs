//! The first administrator's account, and who may register.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Header;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};

use super::auth::{Registered, RegisteredAnswer, check_session, hand_over};
use super::caller::{Owner, Visit};
use super::idempotency::Key;
use super::types::Done;
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Messenger, Registration, RegistrationChoice, RegistrationPolicy};

pub struct Setup;

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum Policy {
    /// Everybody.
    Open,
    /// People with a code from `besedka invite`.
    Invite,
    /// People who prove an e-mail address by a code that is sent there.
    Mail,
    /// Only administrators create accounts.
    Closed,
}

impl From<RegistrationPolicy> for Policy {
    fn from(policy: RegistrationPolicy) -> Self {
        match policy {
            RegistrationPolicy::Open => Self::Open,
            RegistrationPolicy::Invite => Self::Invite,
            RegistrationPolicy::Mail => Self::Mail,
            RegistrationPolicy::Closed => Self::Closed,
        }
    }
}

impl From<Policy> for RegistrationPolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Open => Self::Open,
            Policy::Invite => Self::Invite,
            Policy::Mail => Self::Mail,
            Policy::Closed => Self::Closed,
        }
    }
}

/// Who may register, and what can be chosen.
#[derive(Object)]
#[oai(example)]
struct RegistrationSetting {
    registration: Policy,
    /// Whether it is set on the server's command line and cannot be changed here.
    is_fixed: bool,
    /// Whether the server can send e-mail, which `mail` needs.
    sends_mail: bool,
}

impl From<RegistrationChoice> for RegistrationSetting {
    fn from(choice: RegistrationChoice) -> Self {
        let RegistrationChoice { policy, is_fixed, sends_mail } = choice;
        Self { registration: policy.into(), is_fixed, sends_mail }
    }
}

impl Example for RegistrationSetting {
    fn example() -> Self {
        Self { registration: Policy::Open, is_fixed: false, sends_mail: true }
    }
}

/// The token of a setup link.
#[derive(Object)]
#[oai(example)]
struct SetupLink {
    /// What follows `#` in the link that the server prints at its first start.
    token: String,
}

impl Example for SetupLink {
    fn example() -> Self {
        Self { token: TOKEN.to_owned() }
    }
}

/// The first administrator's account. At least one of `email` and `username` is required.
#[derive(Object)]
#[oai(example)]
struct FirstAdministrator {
    /// What follows `#` in the link that the server prints at its first start.
    token: String,
    email: Option<String>,
    /// 2 to 32 letters, digits, `_`, `-` or `.`.
    username: Option<String>,
    /// 8 to 128 characters.
    password: String,
    /// The name that others see, 1 to 64 characters.
    display_name: String,
    /// Who may register from now on; unchanged if missing.
    registration: Option<Policy>,
    /// The name of this device in the list of sessions; defaults to the `User-Agent`.
    device: Option<String>,
}

impl Example for FirstAdministrator {
    fn example() -> Self {
        Self {
            token: TOKEN.to_owned(),
            email: None,
            username: Some("aigul".to_owned()),
            password: "securePassword123".to_owned(),
            display_name: "Aigul".to_owned(),
            registration: Some(Policy::Invite),
            device: None,
        }
    }
}

const TOKEN: &str = "19ad0c1f400-Qm9vdHN0cmFwIGlzIGEgcGF2aWxpb24g";

/// Who may register.
#[derive(Object)]
#[oai(example)]
struct NewRegistrationSetting {
    registration: Policy,
}

impl Example for NewRegistrationSetting {
    fn example() -> Self {
        Self { registration: Policy::Invite }
    }
}

#[derive(ApiResponse)]
enum SettingAnswer {
    /// Who may register.
    #[oai(status = 200)]
    Ok(Json<RegistrationSetting>),
}

#[OpenApi]
impl Setup {
    /// Check a setup link
    ///
    /// Answers what the first administrator can choose. 403 if the token is wrong or has expired, 409 if the server has
    /// an administrator.
    #[oai(path = "/auth/setup/check", method = "post", operation_id = "checkSetup", tag = "Area::Auth")]
    async fn check_setup(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        _key: Key,
        body: JsonBody<SetupLink>,
    ) -> Answer<SettingAnswer> {
        let choice = messenger.visitor(visit.address).check_setup(&body.0.token).await?;
        Ok(SettingAnswer::Ok(Json(choice.into())))
    }

    /// Create the first administrator
    ///
    /// Creates an administrator's account with the token of the link that the server prints while it has no
    /// administrator, and signs in. The token works once, for a day. 403 if it is wrong or has expired, 409 if the
    /// server has an administrator.
    #[oai(path = "/auth/setup", method = "post", operation_id = "setUp", tag = "Area::Auth")]
    async fn set_up(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        /// `cookie` to receive the refresh token in an HttpOnly cookie instead of in the body.
        #[oai(name = "X-Besedka-Session")]
        session: Header<Option<String>>,
        body: JsonBody<FirstAdministrator>,
    ) -> Answer<RegisteredAnswer> {
        check_session(session.0.as_deref(), &visit)?;
        let FirstAdministrator { token, email, username, password, display_name, registration, device } =
            body.0;
        let new = Registration {
            email,
            username,
            password,
            display_name: Some(display_name),
            device: device.or_else(|| visit.agent.clone()),
            ..Registration::default()
        };
        let visitor = messenger.visitor(visit.address).once(key.answering(StatusCode::CREATED));
        let (user, grant) = visitor.set_up(&token, new, registration.map(Into::into)).await?;
        let (tokens, cookie) = hand_over(grant, &visit, session.0.as_deref());
        Ok(RegisteredAnswer::Created(Json(Registered { user: user.into(), tokens }), cookie))
    }

    /// Who may register
    ///
    /// Only for server administrators.
    #[oai(
        path = "/admin/registration",
        method = "get",
        operation_id = "registrationSetting",
        tag = "Area::Admin"
    )]
    async fn registration(&self, messenger: Data<&Messenger>, caller: Owner) -> Answer<SettingAnswer> {
        let choice = messenger.as_user(caller.0).administering().await?.registration().await?;
        Ok(SettingAnswer::Ok(Json(choice.into())))
    }

    /// Choose who may register
    ///
    /// 400 if it is set on the server's command line. Only for server administrators.
    #[oai(
        path = "/admin/registration",
        method = "put",
        operation_id = "chooseRegistration",
        tag = "Area::Admin"
    )]
    async fn choose_registration(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewRegistrationSetting>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.administering().await?.choose_registration(body.0.registration.into()).await?;
        Ok(Done::Done)
    }
}
