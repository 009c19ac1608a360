//! What is wrong with a server, and what to change.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::boxed;
use crate::hub::{Bus, BusSettings};
use crate::integrations::{Mailer, PublicAddress, check_model_server};
use crate::messenger::administration::administrator::Administrator;
use crate::messenger::administration::proxy_advice::{self, Advice};
use crate::messenger::foundation::settings::{
    AssistantSettings, MailServer, PushSettings, RegistrationPolicy,
};
use crate::messenger::foundation::{Error, Result};
use crate::messenger::{Messenger, Operator};
use crate::model::{MessageId, Time};
use crate::store::measures::{self, Layout, SearchIndex};
use crate::store::{Db, accounts, backups, search};

/// How far the clocks of two machines may differ.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);
/// The share of the disk, and the number of bytes, that should be free.
const FREE_SHARE: u64 = 10;
const FREE_BYTES: u64 = 1024 * 1024 * 1024;
/// A disk that will be full within this number of days is reported.
const FULL_WITHIN_DAYS: i64 = 30;
const DAY: i64 = 24 * 3_600 * 1_000;
/// How many file descriptors a server needs for its connections, with as many for files.
const ENOUGH_FDS: u64 = 8_192;
/// How old the last backup may be if none are scheduled.
const BACKUP_AGE: Duration = Duration::from_secs(7 * 24 * 3_600);
const BUS_TIMEOUT: Duration = Duration::from_secs(5);
const BACKUPS: u64 = 366;
/// Free pages in an embedded database's file that are worth giving back, in bytes.
const MUCH_FREE: u64 = 256 * 1024 * 1024;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Ok,
    Warning,
    Error,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The name of the check, for programs.
    pub check: &'static str,
    pub severity: Severity,
    pub summary: String,
    /// Lines to add to the configuration of a proxy or the system.
    pub advice: Vec<Advice>,
}

impl Finding {
    pub fn ok(check: &'static str, summary: impl Into<String>) -> Self {
        Self { check, severity: Severity::Ok, summary: summary.into(), advice: Vec::new() }
    }

    pub fn warning(check: &'static str, summary: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::ok(check, summary) }
    }

    pub fn error(check: &'static str, summary: impl Into<String>) -> Self {
        Self { severity: Severity::Error, ..Self::ok(check, summary) }
    }

    fn with(self, advice: Vec<Advice>) -> Self {
        Self { advice, ..self }
    }
}

/// The server that is examined: its settings, and what the program found out by itself.
#[derive(Clone)]
pub struct Examined {
    /// What the program found before it had a messenger.
    pub before: Vec<Finding>,
    pub public_url: Option<String>,
    /// The address and port that the server listens on.
    pub listen: String,
    pub has_trusted_proxies: bool,
    pub upload_limit: u64,
    /// Who may register; `None` for what an administrator chose.
    pub registration: Option<RegistrationPolicy>,
    /// Whether the server encrypts by itself.
    pub has_tls: bool,
    /// What was found of its certificate.
    pub certificate: Option<Finding>,
    /// How pushes are sent; `None` when they are off.
    pub push: Option<PushSettings>,
    pub mail: Option<MailServer>,
    pub assistant: Option<AssistantSettings>,
    pub bus: Option<BusSettings>,
    /// How often backups are scheduled.
    pub backup_every: Option<Duration>,
    /// The most file descriptors of a process; `None` for no limit.
    pub max_fds: Option<u64>,
    /// Local folders that grow, besides that of the database, each with the name of the check of its disk.
    pub folders: Vec<(&'static str, PathBuf)>,
}

impl Examined {
    fn listens_on_loopback(&self) -> bool {
        let host = self.listen.rsplit_once(':').map_or("", |(host, _)| host).trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl Operator {
    /// Examines the server. Changes nothing.
    #[boxed]
    pub async fn examine(&self, examined: Examined) -> Vec<Finding> {
        Messenger::examine(self, examined).await
    }
}

impl Administrator {
    /// Examines the server, which is running. Changes nothing. One examination at a time: it reads the whole database.
    #[boxed]
    pub async fn examine(&self, examined: Examined) -> Result<Vec<Finding>> {
        let messenger = self.messenger();
        let _alone = messenger
            .examining
            .try_lock()
            .map_err(|_| Error::Conflict("The server is being examined already; wait for the result"))?;
        Ok(messenger.examine(examined).await)
    }
}

/// Whether the database is there and its tables are those of this version. The error is a finding after which nothing
/// else can be examined.
#[boxed]
pub async fn examine_migrations(url: &str) -> std::result::Result<Finding, Finding> {
    let check = "migrations";
    if let Some(file) = url.strip_prefix("sqlite:")
        && !Path::new(file).exists()
    {
        let summary = format!("there is no server yet: the database {file} does not exist");
        return Err(Finding::error("database", summary));
    }
    let status = Db::migration_status(url).await;
    let status =
        status.map_err(|error| Finding::error("database", format!("it can't be opened: {error}")))?;
    let missing = status.known.iter().filter(|(_, _, is_applied)| !is_applied).count();
    if missing > 0 {
        let summary =
            format!("{missing} migrations are missing: start the server, or run `besedka migrate up`");
        return Err(Finding::error(check, summary));
    }
    Ok(match status.unknown.len() {
        0 => Finding::ok(check, "the tables are those of this version"),
        newer => Finding::warning(check, format!("{newer} migrations are of a newer Besedka")),
    })
}

impl Messenger {
    async fn examine(&self, mut examined: Examined) -> Vec<Finding> {
        let mut found = std::mem::take(&mut examined.before);
        let certificate = examined.certificate.take();
        let examined = &examined;
        found.push(self.examine_database().await);
        found.push(self.examine_layout().await);
        found.push(self.examine_search_index().await);
        found.push(self.examine_disk().await);
        found.extend(other_disks(self.db.file(), &examined.folders));
        found.push(self.examine_storage(examined.public_url.as_deref()).await);
        found.push(self.examine_backups(examined.backup_every).await);
        found.push(self.examine_registration(examined).await);
        found.push(self.examine_administrators().await);
        found.push(file_descriptors(examined.max_fds));
        found.extend(mail(examined.mail.as_ref()).await);
        found.extend(model(examined.assistant.as_ref()).await);
        found.extend(bus(examined.bus.as_ref()).await);
        let date = match &examined.public_url {
            Some(url) => {
                let (outside, date) = public_address(url, examined).await;
                found.extend(outside);
                date
            }
            None => {
                found.push(without_public_url(examined));
                None
            }
        };
        found.push(self.examine_clock(date).await);
        found.extend(certificate);
        found.push(push(examined.push.as_ref()));
        found
    }

    async fn examine_registration(&self, examined: &Examined) -> Finding {
        let check = "registration";
        let policy = match examined.registration {
            Some(policy) => Ok(policy),
            None => self.registration().await,
        };
        let is_open = match policy {
            Ok(policy) => policy == RegistrationPolicy::Open,
            Err(error) => return Finding::error(check, format!("who may register is unknown: {error}")),
        };
        if !is_open {
            return Finding::ok(check, "strangers can't register");
        }
        let is_behind_proxy = examined.public_url.is_some() || examined.has_trusted_proxies;
        match is_behind_proxy || !examined.listens_on_loopback() {
            true => Finding::warning(
                check,
                "everybody who can reach the server may register: set --registration invite, and create codes with \
                 `besedka invite`",
            ),
            false => {
                Finding::ok(check, "everybody may register who can reach the server: on this machine only")
            }
        }
    }

    async fn examine_database(&self) -> Finding {
        let check = "database";
        let version = match measures::version(&self.db).await {
            Ok(version) => version,
            Err(error) => return Finding::error(check, format!("the database does not answer: {error}")),
        };
        match measures::damage(&self.db).await {
            Ok(None) => Finding::ok(check, version),
            Ok(Some(damage)) => Finding::error(
                check,
                format!("the database is damaged ({damage}): restore the last verified backup"),
            ),
            Err(error) => Finding::error(check, format!("the database can't be checked: {error}")),
        }
    }

    async fn examine_layout(&self) -> Finding {
        match measures::layout(&self.db).await {
            Ok(layout) => database_settings(&layout),
            Err(error) => {
                Finding::error("database-settings", format!("the database's settings are unknown: {error}"))
            }
        }
    }

    async fn examine_search_index(&self) -> Finding {
        let check = "search-index";
        match measures::search_index(&self.db).await {
            Ok(SearchIndex::Within) => Finding::ok(check, "the search index is in the database"),
            Ok(SearchIndex::Sound { bytes }) => {
                Finding::ok(check, format!("the search index has {} MiB", bytes >> 20))
            }
            Ok(SearchIndex::Missing) => {
                Finding::ok(check, "there is no search index: the server builds it when it runs")
            }
            Ok(SearchIndex::Damaged(damage)) => Finding::warning(
                check,
                format!("the search index is damaged ({damage}): restart the server, which builds it anew"),
            ),
            Err(error) => Finding::error(check, format!("the search index can't be checked: {error}")),
        }
    }

    async fn examine_administrators(&self) -> Finding {
        let check = "administrator";
        let has_admin = async { accounts::has_admin(&mut self.db.read().await?).await };
        match has_admin.await {
            Ok(true) => Finding::ok(check, "the server has an administrator"),
            Ok(false) => Finding::warning(
                check,
                "the server has no administrator: `besedka user setup-link` prints a link that creates one",
            ),
            Err(error) => Finding::error(check, format!("the administrators are unknown: {error}")),
        }
    }

    async fn examine_disk(&self) -> Finding {
        let check = "disk";
        let Some((free, size)) = self.db.file().and_then(crate::files::disk_space) else {
            return Finding::ok(
                check,
                "the database has a server of its own, whose disk can't be seen from here",
            );
        };
        let said = format!("{} of {} MiB are free", free >> 20, size >> 20);
        if is_nearly_full(free, size) {
            return Finding::error(check, format!("{said}: make room, or take a larger disk"));
        }
        match self.days_until_full(free).await {
            Some(days) if days < FULL_WITHIN_DAYS => {
                Finding::warning(check, format!("{said}; at the present growth it is full in {days} days"))
            }
            Some(days) => Finding::ok(check, format!("{said}, for {days} days at the present growth")),
            None => Finding::ok(check, said),
        }
    }

    /// By how much backups have grown. It takes at least two, a day apart.
    async fn days_until_full(&self, free: u64) -> Option<i64> {
        let mut read = self.db.read().await.ok()?;
        let made = backups::list(&mut read, BACKUPS).await.ok()?;
        let complete: Vec<_> = made.iter().filter(|backup| backup.failure.is_none()).collect();
        let (last, first) = (complete.first()?, complete.last()?);
        let (time, bytes) = (last.started_at.0 - first.started_at.0, last.bytes - first.bytes);
        let per_day = i64::try_from(i128::from(bytes) * i128::from(DAY) / i128::from(time.max(1))).ok()?;
        (time >= DAY && per_day > 0).then(|| i64::try_from(free).unwrap_or(i64::MAX) / per_day)
    }

    async fn examine_storage(&self, public_url: Option<&str>) -> Finding {
        let check = "storage";
        if let Err(failure) = self.probe_files().await {
            return Finding::error(check, failure.to_string());
        }
        if let Some(url) = public_url
            && let Ok(url) = url::Url::parse(url)
            && let Err(failure) = self.probe_cors(&url.origin().ascii_serialization()).await
        {
            return Finding::error(check, failure.to_string());
        }
        Finding::ok(check, "files can be written, read and deleted")
    }

    async fn examine_backups(&self, every: Option<Duration>) -> Finding {
        let check = "backup";
        let last = async {
            let mut read = self.db.read().await?;
            let last = backups::last(&mut read).await?;
            Ok::<_, crate::store::Error>((last, backups::last_attempt(&mut read).await?))
        };
        let how = match every {
            Some(_) => {
                "they are scheduled, so the server must run to make them; if it does, its log says why it did not"
            }
            None => {
                "schedule them with --backup-every 24h and --backup-to, or run `besedka backup` from cron"
            }
        };
        let (last, attempt) = match last.await {
            Ok(found) => found,
            Err(error) => return Finding::error(check, format!("the last backup is unknown: {error}")),
        };
        if let Some(reason) = attempt.and_then(|attempt| attempt.failure) {
            return Finding::error(check, format!("the last backup failed: {reason}"));
        }
        let Some(last) = last else {
            return Finding::warning(check, format!("there is no backup yet: {how}"));
        };
        let said = format!("the last backup is of {}, in {}", last.started_at.iso(), last.place);
        let allowed = every.map_or(BACKUP_AGE, |every| every * 2);
        if last.started_at + allowed < self.clock.now() {
            return Finding::warning(check, format!("{said}, which is too long ago: {how}"));
        }
        match last.verified_at {
            Some(_) => Finding::ok(check, format!("{said}, and was verified")),
            None => Finding::warning(check, format!("{said}; verify it with --verify")),
        }
    }

    /// Compares the clock with the newest message, and with the time at the public address.
    async fn examine_clock(&self, outside: Option<Time>) -> Finding {
        let check = "clock";
        let now = self.clock.now();
        let newest = async {
            let mut read = self.db.read().await?;
            search::newest_message(&mut read).await
        };
        let newest = newest.await.ok().flatten().map(MessageId::time);
        if newest.is_some_and(|newest| newest > now + CLOCK_TOLERANCE) {
            let summary = "the clock is behind the newest message: set it, and keep it right with NTP";
            return Finding::error(check, summary);
        }
        let differs = |outside: Time| (outside.0 - now.0).unsigned_abs() > CLOCK_TOLERANCE.as_millis() as u64;
        match outside {
            Some(outside) if differs(outside) => Finding::error(
                check,
                format!(
                    "it is {} here and {} at the public address: keep both right with NTP",
                    now.iso(),
                    outside.iso()
                ),
            ),
            _ => Finding::ok(check, format!("{} UTC", now.iso())),
        }
    }
}

fn is_nearly_full(free: u64, size: u64) -> bool {
    free < FREE_BYTES && free < size / FREE_SHARE
}

/// The disks of folders, except that of the database, each once. Of a folder that does not exist yet, that where it will be.
fn other_disks(database: Option<&Path>, folders: &[(&'static str, PathBuf)]) -> Vec<Finding> {
    let device = |path: &Path| std::fs::metadata(path).ok().map(|found| found.dev());
    let mut seen: BTreeSet<u64> = database.and_then(device).into_iter().collect();
    let mut found = Vec::new();
    for (check, folder) in folders {
        let Ok(folder) = std::path::absolute(folder) else { continue };
        let Some(folder) = folder.ancestors().find(|folder| folder.is_dir()) else { continue };
        if device(folder).is_some_and(|device| !seen.insert(device)) {
            continue;
        }
        let Some((free, size)) = crate::files::disk_space(folder) else { continue };
        let said = format!("{} of {} MiB are free at {}", free >> 20, size >> 20, folder.display());
        found.push(match is_nearly_full(free, size) {
            true => Finding::error(check, format!("{said}: make room, or take a larger disk")),
            false => Finding::ok(check, said),
        });
    }
    found
}

fn database_settings(layout: &Layout) -> Finding {
    let check = "database-settings";
    match layout {
        Layout::Server { flush: 1 } => Finding::ok(check, "each commit is written to the disk"),
        Layout::Server { flush } => {
            let summary = format!(
                "innodb_flush_log_at_trx_commit is {flush}: what was posted last may be lost when the database's machine \
                 fails"
            );
            let lines = "[mysqld]\ninnodb_flush_log_at_trx_commit = 1".to_owned();
            Finding::warning(check, summary).with(vec![Advice { program: "MySQL or MariaDB", lines }])
        }
        Layout::File { journal, page_size, pages, free } => {
            let mib = |pages: &u64| (pages * page_size) >> 20;
            let said = format!(
                "journal {journal}, pages of {page_size} bytes; {} of {} MiB in the file are free",
                mib(free),
                mib(pages)
            );
            match free * page_size > MUCH_FREE && free * 2 > *pages {
                true => Finding::warning(
                    check,
                    format!("{said}: to give them back, stop the server and run VACUUM in sqlite3"),
                ),
                false => Finding::ok(check, said),
            }
        }
    }
}

/// How pushes are sent. The key itself follows from the server's secret.
fn push(settings: Option<&PushSettings>) -> Finding {
    let check = "push";
    match settings {
        None => Finding::ok(check, "pushes are off"),
        Some(PushSettings { contact: None, .. }) => Finding::warning(
            check,
            "pushes do not say whom to turn to, and some push services refuse such ones: set --push-contact \
             mailto:ADDRESS, or --public-url with https",
        ),
        Some(PushSettings { contact: Some(contact), .. }) => {
            Finding::ok(check, format!("push services reach you at {contact}"))
        }
    }
}

fn file_descriptors(max: Option<u64>) -> Finding {
    let check = "file-descriptors";
    match max {
        Some(max) if max < ENOUGH_FDS => {
            let summary =
                format!("a process may open {max} files, and each connection takes one: raise the limit");
            Finding::warning(check, summary).with(proxy_advice::file_descriptors())
        }
        Some(max) => Finding::ok(check, format!("a process may open {max} files")),
        None => Finding::ok(check, "a process may open any number of files"),
    }
}

async fn mail(server: Option<&MailServer>) -> Option<Finding> {
    let check = "mail";
    let server = server?;
    let checked = match Mailer::new(&server.url, server.from.as_deref(), server.name.as_deref()) {
        Ok(mailer) => mailer.check().await,
        Err(reason) => Err(reason),
    };
    Some(match checked {
        Ok(()) => Finding::ok(check, "the mail server accepts the account"),
        Err(reason) => Finding::error(check, format!("codes can't be sent by mail: {reason}")),
    })
}

async fn model(settings: Option<&AssistantSettings>) -> Option<Finding> {
    let settings = settings?;
    Some(match check_model_server(&settings.url, settings.key.as_deref()).await {
        Ok(()) => Finding::ok("model", "the language model's server answers"),
        Err(reason) => {
            Finding::error("model", format!("the language model's server can't be used: {reason}"))
        }
    })
}

async fn bus(settings: Option<&BusSettings>) -> Option<Finding> {
    let connected = tokio::time::timeout(BUS_TIMEOUT, Bus::check(settings?)).await;
    Some(match connected {
        Ok(Ok(())) => Finding::ok("bus", "the bus between nodes can be used"),
        Ok(Err(error)) => Finding::error("bus", format!("the bus between nodes can't be used: {error}")),
        Err(_) => Finding::error("bus", "the bus between nodes does not answer"),
    })
}

fn without_public_url(examined: &Examined) -> Finding {
    let check = "public-address";
    if examined.has_tls {
        let summary =
            "the server encrypts by itself; set --public-url, so that it can be examined from outside";
        return Finding::warning(check, summary);
    }
    match examined.listens_on_loopback() {
        true => Finding::warning(
            check,
            "the server is reachable from this machine only; put a proxy with HTTPS before it and set --public-url",
        )
        .with(proxy_advice::whole(&examined.listen, examined.upload_limit)),
        false => Finding::error(
            check,
            "the server is reached without HTTPS: notifications, voice messages and copying need it, and passwords \
             travel in plain text; put a proxy with HTTPS before it and set --public-url",
        )
        .with(proxy_advice::whole(&examined.listen, examined.upload_limit)),
    }
}

/// The server through its public address, and the time there.
async fn public_address(url: &str, examined: &Examined) -> (Vec<Finding>, Option<Time>) {
    let check = "public-address";
    let whole = || proxy_advice::whole(&examined.listen, examined.upload_limit);
    let outside = match PublicAddress::new(url) {
        Ok(outside) => outside,
        Err(reason) => return (vec![Finding::error(check, reason)], None),
    };
    let answer = match outside.health().await {
        Ok(answer) => answer,
        Err(reason) => {
            let summary = format!("{url} can't be reached from here: {reason}");
            return (vec![Finding::error(check, summary).with(whole())], None);
        }
    };
    if !answer.is_besedka {
        let summary = format!("{url}/health is answered with {}, and not by this server", answer.status);
        return (vec![Finding::error(check, summary).with(whole())], answer.date);
    }
    let mut found = Vec::new();
    found.push(match url.starts_with("https://") {
        true => Finding::ok(check, format!("{url} reaches the server")),
        false => Finding::warning(
            check,
            format!("{url} has no HTTPS: notifications and voice messages need it, and passwords travel in plain text"),
        )
        .with(whole()),
    });
    found.push(match outside.socket().await {
        Ok(101) => Finding::ok("socket", "the WebSocket is let through"),
        Ok(status) => {
            let summary = format!("the WebSocket is answered with {status}: the proxy must pass upgrades on");
            Finding::error("socket", summary).with(proxy_advice::upgrades(&examined.listen))
        }
        Err(reason) => Finding::error("socket", format!("the WebSocket can't be opened: {reason}"))
            .with(proxy_advice::upgrades(&examined.listen)),
    });
    found.push(match (&answer.proxy, examined.has_trusted_proxies) {
        (Some(proxy), false) => {
            let summary = format!(
                "{proxy} is before the server and not trusted, so all people share its address and its limits: set \
                 --trusted-proxies to its address (loopback, if it runs on this machine)"
            );
            Finding::error("forwarded-headers", summary).with(proxy_advice::forwarded_headers())
        }
        (Some(proxy), true) => Finding::ok("forwarded-headers", format!("{proxy} is before the server")),
        (None, _) => Finding::ok("forwarded-headers", "no proxy names itself"),
    });
    found.push(match outside.refuses_upload(examined.upload_limit).await {
        Ok(true) => {
            let limit = examined.upload_limit;
            let summary = format!("the proxy refuses files of {limit} bytes, which --upload-limit allows");
            Finding::error("upload-limit", summary).with(proxy_advice::upload_limit(limit))
        }
        Ok(false) => Finding::ok("upload-limit", "files of the allowed size are let through"),
        Err(reason) => Finding::error("upload-limit", reason),
    });
    (found, answer.date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_mostly_free_and_commits_that_are_not_written_are_reported() {
        let file = |pages, free| Layout::File { journal: "wal".to_owned(), page_size: 4_096, pages, free };
        let of = |layout| database_settings(&layout);
        assert_eq!(of(file(1_000, 900)).severity, Severity::Ok, "little is free");
        assert_eq!(of(file(1_000_000, 400_000)).severity, Severity::Ok, "less than half is free");
        let free = of(file(1_000_000, 600_000));
        assert_eq!(free.severity, Severity::Warning);
        assert!(free.summary.contains("2343 of 3906 MiB"), "{}", free.summary);
        assert_eq!(of(Layout::Server { flush: 1 }).severity, Severity::Ok);
        let lazy = of(Layout::Server { flush: 2 });
        assert_eq!((lazy.severity, lazy.advice.len()), (Severity::Warning, 1));
    }
}
