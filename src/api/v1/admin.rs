//! `/admin`: server administration.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object, OpenApi};

use super::caller::Owner;
use super::idempotency::Key;
use super::types::Done;
use super::{Answer, Area};
use crate::site::Site;
use besedka_core::messenger::{Administrator, Measurements, Messenger};
use besedka_core::model::{self, PushOutcome, Time, UserId};

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
    /// True for a bot. Absent for people.
    #[oai(skip_serializing_if_is_none)]
    is_bot: Option<bool>,
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
            is_bot: user.person.is_bot.then_some(true),
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
            is_bot: None,
            created_at: "2024-03-26T10:00:00".to_owned(),
            last_seen_at: Some("2024-03-26T12:00:00".to_owned()),
            deactivated_at: None,
        }
    }
}

/// A backup of the server, or an attempt that failed.
#[derive(Object)]
#[oai(example)]
struct Backup {
    /// The moment whose data it contains. UTC, ISO 8601 without a zone.
    started_at: String,
    /// UTC, ISO 8601 without a zone.
    finished_at: String,
    /// The folder or bucket.
    place: String,
    /// The name of the archive; empty if the backup failed.
    name: String,
    /// The size of the archive in bytes.
    bytes: i64,
    /// When it was restored to a temporary file and compared; null if it was not. UTC, ISO 8601 without a zone.
    verified_at: Option<String>,
    /// Why it failed; null if it did not.
    failure: Option<String>,
}

impl From<model::Backup> for Backup {
    fn from(backup: model::Backup) -> Self {
        let model::Backup { started_at, finished_at, place, name, bytes, verified_at, failure } = backup;
        Self {
            started_at: started_at.iso(),
            finished_at: finished_at.iso(),
            place,
            name,
            bytes,
            verified_at: verified_at.map(Time::iso),
            failure,
        }
    }
}

impl Example for Backup {
    fn example() -> Self {
        Self {
            started_at: "2024-03-26T03:00:00".to_owned(),
            finished_at: "2024-03-26T03:00:09".to_owned(),
            place: "/var/backups/besedka".to_owned(),
            name: "besedka-20240326T030000Z.tar.zst".to_owned(),
            bytes: 73_400_320,
            verified_at: Some("2024-03-26T03:00:09".to_owned()),
            failure: None,
        }
    }
}

/// The state of the server.
#[derive(Object)]
#[oai(example)]
struct ServerStatus {
    /// The version of Besedka.
    version: String,
    /// Open live connections on the node that answers.
    sockets: u64,
    /// Posts that wait to be written on that node.
    posts_waiting: u64,
    /// Scheduled messages that should have been sent, and by how many milliseconds the first of them is late.
    scheduled_overdue: u64,
    scheduled_lag_ms: u64,
    /// Messages that the search index lacks, up to 10000 new ones, and the age of the oldest new one in milliseconds.
    search_pending: u64,
    search_lag_ms: u64,
    /// The size of the database in bytes.
    database_bytes: u64,
    /// The size of all uploaded files in bytes.
    storage_bytes: u64,
    /// Free bytes on the disk of the embedded database; null if the database is on another machine.
    disk_free_bytes: Option<u64>,
    /// Reports by users about which nobody has decided.
    open_reports: u64,
    /// The last complete backup; null if there is none.
    last_backup: Option<Backup>,
    /// When the last backup that was verified was begun; null if there is none. UTC, ISO 8601 without a zone.
    last_verified_backup_at: Option<String>,
    /// The last backups and attempts, the newest first.
    backups: Vec<Backup>,
    /// What the node that answers saw of requests that contradicts its settings, and which setting mends it.
    warnings: Vec<String>,
}

impl ServerStatus {
    fn new(measured: Measurements, backups: Vec<model::Backup>, warnings: Vec<String>) -> Self {
        let milliseconds = |lag: std::time::Duration| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sockets: measured.sockets as u64,
            posts_waiting: measured.posts_waiting as u64,
            scheduled_overdue: measured.overdue,
            scheduled_lag_ms: milliseconds(measured.overdue_lag),
            search_pending: measured.unindexed,
            search_lag_ms: milliseconds(measured.index_lag),
            database_bytes: measured.database_bytes,
            storage_bytes: measured.storage_bytes,
            disk_free_bytes: measured.disk_free,
            open_reports: measured.open_reports,
            last_backup: measured.last_backup.map(Backup::from),
            last_verified_backup_at: measured.last_verified_backup.map(Time::iso),
            backups: backups.into_iter().map(Backup::from).collect(),
            warnings,
        }
    }
}

impl Example for ServerStatus {
    fn example() -> Self {
        Self {
            version: "0.1.0".to_owned(),
            sockets: 25,
            posts_waiting: 0,
            scheduled_overdue: 0,
            scheduled_lag_ms: 0,
            search_pending: 0,
            search_lag_ms: 0,
            database_bytes: 52_428_800,
            storage_bytes: 1_073_741_824,
            disk_free_bytes: Some(21_474_836_480),
            open_reports: 0,
            last_backup: Some(Backup::example()),
            last_verified_backup_at: Some("2024-03-26T03:00:00".to_owned()),
            backups: vec![Backup::example()],
            warnings: Vec::new(),
        }
    }
}

/// What became of a push.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
enum PushResult {
    /// The push service accepted it.
    Sent,
    /// It failed, and is tried again.
    Retried,
    /// It failed for good, or too often.
    Failed,
    /// The push service no longer knows the device; its subscription was removed.
    Removed,
}

/// An attempt to push a notification to a device.
#[derive(Object)]
#[oai(example)]
struct PushDelivery {
    id: i64,
    /// UTC, ISO 8601 without a zone.
    at: String,
    user_id: i64,
    /// The host of the push service.
    service: String,
    result: PushResult,
    /// The HTTP status of its answer; null if it did not answer.
    status: Option<u16>,
    /// The number of attempts up to now.
    attempts: i64,
}

impl From<model::PushLogEntry> for PushDelivery {
    fn from(entry: model::PushLogEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at.iso(),
            user_id: entry.user.0,
            service: entry.service,
            result: match entry.outcome {
                PushOutcome::Sent => PushResult::Sent,
                PushOutcome::Retried => PushResult::Retried,
                PushOutcome::Failed => PushResult::Failed,
                PushOutcome::Removed => PushResult::Removed,
            },
            status: entry.status,
            attempts: entry.attempts,
        }
    }
}

impl Example for PushDelivery {
    fn example() -> Self {
        Self {
            id: 253_402_301_311,
            at: "2024-03-26T12:00:01".to_owned(),
            user_id: 253_402_300_863,
            service: "push.example.org".to_owned(),
            result: PushResult::Sent,
            status: Some(201),
            attempts: 1,
        }
    }
}

#[OpenApi(tag = "Area::Admin")]
impl Admin {
    /// The state of the server
    ///
    /// Connections, waiting work, sizes and backups. Only for server administrators.
    #[oai(path = "/admin/status", method = "get", operation_id = "serverStatus")]
    async fn status(
        &self,
        messenger: Data<&Messenger>,
        site: Data<&Site>,
        caller: Owner,
    ) -> Answer<Json<ServerStatus>> {
        let administrator = messenger.as_user(caller.0).administering().await?;
        let (measured, backups) = (administrator.measurements().await?, administrator.backups().await?);
        Ok(Json(ServerStatus::new(measured, backups, site.config_warnings.all())))
    }

    /// List attempts to push notifications
    ///
    /// Sorted newest first, from the last seven days and at most 10,000, without the contents. For the next page, pass the
    /// last entry's `id` as `before_id`. Only for server administrators.
    #[oai(path = "/admin/push-deliveries", method = "get", operation_id = "pushDeliveries")]
    async fn push_deliveries(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        before_id: Query<Option<i64>>,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<PushDelivery>>> {
        let administrator = messenger.as_user(caller.0).administering().await?;
        let logged = administrator.push_log(before_id.0, limit.0).await?;
        Ok(Json(logged.into_iter().map(PushDelivery::from).collect()))
    }

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

pub async fn administrator(messenger: &Messenger, caller: Owner, key: &Key) -> Answer<Administrator> {
    let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
    Ok(caller.administering().await?)
}
