//! `/admin`: server administration.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::Owner;
use super::idempotency::Key;
use super::types::Done;
use super::{Answer, Area};
use besedka_core::messenger::{Administrator, Messenger};
use besedka_core::model::{self, Time, UserId};

pub struct Admin;

/// A user account, as an administrator sees it.
#[derive(Object)]
#[oai(example)]
struct Account {
    id: i64,
    email: Option<String>,
    username: Option<String>,
    display_name: String,
    /// Whether the user is a server administrator.
    is_admin: bool,
    /// UTC, ISO 8601 without a zone.
    created_at: String,
    /// When the user was last connected; null if never, or if the user hides it. UTC, ISO 8601 without a zone.
    last_seen_at: Option<String>,
    /// When the account was deactivated; null if it is active. UTC, ISO 8601 without a zone.
    deactivated_at: Option<String>,
}

impl From<model::Account> for Account {
    fn from(account: model::Account) -> Self {
        let model::Account { user, last_seen_at, deactivated_at } = account;
        Self {
            id: user.id().0,
            email: user.email,
            username: user.person.username,
            display_name: user.person.display_name,
            is_admin: user.is_admin,
            created_at: user.person.created_at.iso(),
            last_seen_at: last_seen_at.filter(|_| !user.hides_presence).map(Time::iso),
            deactivated_at: deactivated_at.map(Time::iso),
        }
    }
}

impl Example for Account {
    fn example() -> Self {
        Self {
            id: 253_402_300_863,
            email: Some("anna@example.com".to_owned()),
            username: Some("anna".to_owned()),
            display_name: "Анна".to_owned(),
            is_admin: false,
            created_at: "2024-03-26T10:00:00".to_owned(),
            last_seen_at: Some("2024-03-26T12:00:00".to_owned()),
            deactivated_at: None,
        }
    }
}

#[OpenApi(tag = "Area::Admin")]
impl Admin {
    /// List accounts
    ///
    /// Sorted by creation, oldest first. For the next page, pass the last account's `id` as `after_id`. Only
    /// for server administrators.
    #[oai(path = "/admin/users", method = "get", operation_id = "accounts")]
    async fn accounts(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// Parts of a name, or a complete e-mail address.
        q: Query<Option<String>>,
        after_id: Query<Option<i64>>,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Account>>> {
        let administrator = messenger.as_user(caller.0).administering().await?;
        let words = q.0.unwrap_or_default();
        let accounts = administrator.accounts(&words, after_id.0.map(UserId), limit.0).await?;
        Ok(Json(accounts.into_iter().map(Account::from).collect()))
    }

    /// Deactivate an account
    ///
    /// Ends all of the account's sessions, closes its sockets at once, and blocks sign-in. The user's messages
    /// are kept and the user is shown as deactivated. Groups that they own pass to an admin or, without one, to
    /// the longest-standing member. Only for server administrators.
    #[oai(path = "/admin/users/:id/deactivate", method = "post", operation_id = "deactivateAccount")]
    async fn deactivate(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        administrator(&messenger, caller, &key).await?.deactivate(UserId(id.0)).await?;
        Ok(Done::Done)
    }

    /// Reactivate an account
    ///
    /// Allows the user to sign in again with the same password. Only for server administrators.
    #[oai(path = "/admin/users/:id/reactivate", method = "post", operation_id = "reactivateAccount")]
    async fn reactivate(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        administrator(&messenger, caller, &key).await?.reactivate(UserId(id.0)).await?;
        Ok(Done::Done)
    }

    /// Grant administrator rights
    ///
    /// Makes a user a server administrator. Only for server administrators.
    #[oai(path = "/admin/users/:id/admin", method = "put", operation_id = "appointAdmin")]
    async fn appoint(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        administrator(&messenger, caller, &key).await?.appoint(UserId(id.0), true).await?;
        Ok(Done::Done)
    }

    /// Revoke administrator rights
    ///
    /// The last remaining administrator cannot be removed (409). Only for server administrators.
    #[oai(path = "/admin/users/:id/admin", method = "delete", operation_id = "dismissAdmin")]
    async fn dismiss(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        administrator(&messenger, caller, &key).await?.appoint(UserId(id.0), false).await?;
        Ok(Done::Done)
    }
}

async fn administrator(messenger: &Messenger, caller: Owner, key: &Key) -> Answer<Administrator> {
    let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
    Ok(caller.administering().await?)
}
