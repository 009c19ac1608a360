//! What the messenger does, and who may.
//!
//! Rights are types. A [`Visitor`] without an account may register and sign in; a [`Caller`] is the user of an access
//! token, and finds only what they may see; a [`Membership`] is a caller in a chat, a [`Moderator`] one who manages it, and
//! an [`Owner`] its owner; a [`MessageInChat`] is a message that a caller may see; an [`Administrator`] is a caller who
//! administers the server, and an [`Operator`] has the database and the secrets at hand, as a command on the server's
//! machine does. Within a change, each right is checked again.

mod accounts;
mod administration;
mod assistant;
mod chats;
mod files;
mod foundation;
mod jobs;
mod live;
mod meetings;
mod messages;
mod portability;
mod search;

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac::{HMAC_SHA256, Key};
use tokio::sync::{Semaphore, mpsc};

pub use crate::model::Imported;
pub use accounts::account::{Registration, SignIn};
pub use accounts::contact::Contact;
pub use accounts::personal_token::{NewToken, PersonalToken};
pub use accounts::profile::Profile;
pub use accounts::session::{Grant, Ticket};
pub use accounts::sign_in_code::CodeSignIn;
pub use accounts::token::{ACCESS_LIFE, Access};
pub use administration::administrator::Administrator;
pub use administration::deletion::Legacy;
pub use assistant::CatchUp;
pub use chats::chat::NewGroup;
pub use chats::invite::{Invitation, Invited};
pub use chats::membership::{Membership, PreferenceChange};
pub use chats::moderation::{ChatChange, Moderator, Owner};
pub use files::attachment::{Announcement, Form, Link, ReadableFile, Way};
pub use files::migrate_files::Progress;
pub use files::quota::Quota;
pub use files::upload::{Expected, Upload};
pub use foundation::clock::Clock;
pub use foundation::error::{Error, Result};
pub use foundation::idempotency::{Attempt, Turn};
pub use foundation::limits::{Limit, Network};
pub use foundation::secrets::Secrets;
pub use foundation::settings::{
    AssistantSettings, MailServer, MeetingSettings, Opening, Senders, Settings, SmsGateway,
};
pub use foundation::subject::{Original, Subject};
pub use foundation::unit_of_work::Tries;
pub use live::sync::{Cursor, Gap, Listener, Page};
pub use meetings::Meeting;
pub use messages::draft::NewDraft;
pub use messages::external_files::Attached;
pub use messages::history::{Around, MOST_MESSAGES, Media};
pub use messages::message::MessageInChat;
pub use messages::receipt::{Furthest, Reading, Receipts};
pub use messages::request::NewMessage;
pub use messages::retry_detection::UnacknowledgedPost;
pub use messages::scheduled::Rescheduling;
pub use portability::export::{Export, Part};
pub use portability::import::{Import, OldChat, OldFile, OldMessage, Target};
pub use search::query::{Found, Further, Hit, Order, Search};

use crate::files::{Files, Links, Trouble};
use crate::hub::{Close, Hub};
use crate::model::Ids;
use crate::store::Db;

/// How many searches there may be at once: SQLite answers four questions at a time.
const SEARCHES: usize = 2;

/// The messenger. A handle: clones are the same one.
#[derive(Clone)]
pub struct Messenger(Arc<Core>);

/// What the rooms of the messenger share.
pub struct Core {
    pub(crate) db: Db,
    pub(crate) files: Files,
    pub(crate) hub: Hub,
    pub clock: Clock,
    pub settings: Settings,
    ids: Ids,
    nodes: live::nodes::Nodes,
    stopping: AtomicBool,
    links: Links,
    tokens: accounts::token::Tokens,
    /// When sessions that another process ended were looked for.
    heeded: foundation::last_run::LastRun,
    tending: tokio::sync::Mutex<()>,
    passwords: accounts::password::Passwords,
    limits: foundation::limits::Limits,
    running: Arc<foundation::idempotency::Running>,
    exports: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    posts: mpsc::Sender<messages::post::Post>,
    previews: messages::preview::Previews,
    arrivals: files::direct_uploads::Arrivals,
    names: accounts::display_names::Names,
    indexing: search::indexing::Indexing,
    /// How many searches there may be at once.
    searches: Semaphore,
    /// From a refresh token, the one that follows it.
    successors: Key,
    invites: Key,
    /// From an invitation into a group, its token.
    group_invites: Key,
    guesses: chats::short_code::Guesses,
    /// For what is kept of codes that were sent.
    sign_in_codes: Key,
    ways: accounts::code_delivery::Ways,
    assistant: Option<assistant::Assistant>,
    /// When answers were looked for that nobody finishes.
    half_answers: foundation::last_run::LastRun,
    meetings: meetings::Meetings,
    /// For what is kept of requests' bodies.
    bodies: Key,
}

impl Deref for Messenger {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.0
    }
}

/// The operator of the server, who has its database and secrets: a command on the server's machine.
///
/// There is no way from a [`Messenger`], which every API holds, to an operator: it takes the database, the files and the
/// secrets, and the messenger gives out none of them.
///
/// ```
/// # use besedka_core::messenger::{Operator, Result};
/// async fn close_account(operator: &Operator) -> Result<()> {
///     operator.deactivate("ann").await
/// }
/// ```
///
/// ```compile_fail,E0599
/// # use besedka_core::messenger::{Messenger, Result};
/// async fn close_account(messenger: &Messenger) -> Result<()> {
///     messenger.deactivate("ann").await
/// }
/// ```
///
/// ```compile_fail,E0423
/// # use besedka_core::messenger::{Messenger, Operator};
/// fn promoted(messenger: Messenger) -> Operator {
///     Operator(messenger)
/// }
/// ```
pub struct Operator(Messenger);

impl Operator {
    /// Opens the messenger for its operator.
    pub async fn new(
        db: Db,
        files: Files,
        secrets: &Secrets,
        clock: Clock,
        settings: Settings,
    ) -> Result<Self> {
        Ok(Self(Messenger::new(db, files, secrets, clock, settings).await?))
    }
}

impl Deref for Operator {
    type Target = Messenger;

    fn deref(&self) -> &Messenger {
        &self.0
    }
}

/// Somebody without an account, or not signed in yet.
pub struct Visitor {
    messenger: Messenger,
    address: IpAddr,
    attempt: Option<Attempt>,
    is_for_long: bool,
}

/// Somebody who is signed in.
pub struct Caller {
    messenger: Messenger,
    pub access: Access,
    attempt: Option<Attempt>,
}

impl Messenger {
    pub async fn new(
        db: Db,
        files: Files,
        secrets: &Secrets,
        clock: Clock,
        settings: Settings,
    ) -> Result<Self> {
        let (posts, waiting) = mpsc::channel(messages::post::LONGEST_QUEUE);
        let messenger = Self(Arc::new(Core {
            hub: Hub::default(),
            ids: Ids::new(0),
            stopping: AtomicBool::new(false),
            nodes: live::nodes::Nodes::join(settings.bus.as_deref(), db.is_shared())
                .await
                .map_err(|why| Error::invalid("--bus-url", why))?,
            links: Links::new(&secrets.key("links")),
            tokens: accounts::token::Tokens::new(secrets),
            heeded: foundation::last_run::LastRun::default(),
            tending: tokio::sync::Mutex::default(),
            passwords: accounts::password::Passwords::new(),
            limits: foundation::limits::Limits::new(settings.rate_limits, clock.clone()),
            running: Arc::default(),
            exports: Arc::new(Semaphore::new(portability::export::AT_ONCE)),
            imports: Arc::new(Semaphore::new(portability::import::AT_ONCE)),
            posts,
            previews: messages::preview::Previews::new(settings.link_previews.as_deref())?,
            arrivals: files::direct_uploads::Arrivals::default(),
            names: accounts::display_names::Names::default(),
            indexing: search::indexing::Indexing::default(),
            searches: Semaphore::new(SEARCHES),
            successors: Key::new(HMAC_SHA256, &secrets.key("refresh token")),
            invites: Key::new(HMAC_SHA256, &secrets.key("invite")),
            group_invites: Key::new(HMAC_SHA256, &secrets.key("invitation into a group")),
            guesses: chats::short_code::Guesses::default(),
            sign_in_codes: Key::new(HMAC_SHA256, &secrets.key("sign-in code")),
            ways: accounts::code_delivery::Ways::new(&settings.senders)?,
            assistant: settings.assistant.as_ref().map(assistant::Assistant::new).transpose()?,
            half_answers: foundation::last_run::LastRun::default(),
            meetings: meetings::Meetings::new(&settings.meetings, secrets)?,
            bodies: Key::new(HMAC_SHA256, &secrets.key("body")),
            db,
            files,
            clock,
            settings,
        }));
        messenger.check_secret(secrets.key("fingerprint")).await?;
        messenger.keep_place().await?;
        messenger.remember_revoked().await?;
        tokio::spawn(messages::post::run_writer(Arc::downgrade(&messenger.0), waiting));
        Ok(messenger)
    }

    pub fn visitor(&self, address: IpAddr) -> Visitor {
        Visitor { messenger: self.clone(), address, attempt: None, is_for_long: false }
    }

    pub fn as_user(&self, access: Access) -> Caller {
        Caller { messenger: self.clone(), access, attempt: None }
    }

    /// Counts one towards a limit, or refuses it.
    pub fn limit(&self, limit: Limit) -> Result<()> {
        self.limits.take(limit)?;
        if let Some(news) = limit.shared() {
            self.spread(news);
        }
        Ok(())
    }

    /// Whether the database and the folder for files answer, and it does not stop. A bucket that is down is
    /// [`Error::FilesUnavailable`].
    pub async fn check(&self) -> Result<()> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Error::Busy);
        }
        let mut read = self.db.read().await?;
        crate::store::streams::seqs(&mut read, &[]).await?;
        self.files.check().await?;
        Ok(())
    }

    /// Whether the bucket for files, if there is one, does all that will be asked of it.
    pub async fn probe_files(&self) -> std::result::Result<(), Trouble> {
        self.files.probe().await
    }

    /// Whether the bucket lets pages of an address send files to it and fetch them.
    pub async fn probe_pages(&self, origin: &str) -> std::result::Result<(), Trouble> {
        self.files.probe_pages(origin).await
    }

    /// To where else than to this server pages send files, and from where they show them.
    pub fn storage_origins(&self) -> Vec<String> {
        self.files.origins()
    }

    /// Is not ready any more, and tells sockets bit by bit to come back, in half of the time given.
    pub async fn send_away(&self, time: Duration) {
        const STEPS: u32 = 20;
        self.stopping.store(true, Ordering::Relaxed);
        // First balancers look elsewhere, then sockets follow.
        tokio::time::sleep(time / 2).await;
        for left in (1..=STEPS).rev().filter(|_| !time.is_zero()) {
            self.hub.close_some(Close::Restart, left as usize);
            tokio::time::sleep(time / 2 / STEPS).await;
        }
    }

    /// Tells every socket to come back later.
    pub fn close_sockets(&self) {
        self.hub.close_all(Close::Restart);
    }

    /// Waits until everything is written.
    pub async fn close(&self) {
        if let Err(error) = self.write_down_everybody().await {
            tracing::error!(%error, "writing down who was here");
        }
        if let Err(error) = self.leave_place().await {
            tracing::error!(%error, "leaving the other nodes");
        }
        self.db.close().await;
    }

    fn id(&self) -> i64 {
        self.ids.next(self.clock.now())
    }
}

impl Visitor {
    /// Which request the next change is made by.
    #[must_use]
    pub fn once(self, attempt: Attempt) -> Self {
        Self { attempt: Some(attempt), ..self }
    }

    /// Signs in for long: the refresh token stays the same, for clients that keep the first one they get.
    #[must_use]
    pub fn for_long(self) -> Self {
        Self { is_for_long: true, ..self }
    }
}

impl Caller {
    /// Which request the next change is made by.
    #[must_use]
    pub fn once(self, attempt: Attempt) -> Self {
        Self { attempt: Some(attempt), ..self }
    }

    /// Counts one change towards the caller's limit.
    fn changes(&self) -> Result<()> {
        self.messenger.limit(Limit::Change(self.access.user))
    }
}
