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
mod bots;
mod chats;
mod files;
mod foundation;
mod jobs;
mod live;
mod meetings;
mod messages;
mod notifications;
mod portability;
mod search;
mod webhooks;

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac::{HMAC_SHA256, Key};
use tokio::sync::{Semaphore, mpsc};

pub use crate::model::ImportSummary;
pub use accounts::account::{Registration, SignIn};
pub use accounts::contact::Contact;
pub use accounts::email_change::EmailProofs;
pub use accounts::personal_token::{NewToken, PersonalToken};
pub use accounts::profile::Profile;
pub use accounts::session::{SocketTicket, TokenPair};
pub use accounts::sign_in_code::{CodeSignIn, SignedInByCode};
pub use accounts::token::{ACCESS_LIFE, Access};
pub use administration::administrator::Administrator;
pub use administration::audit::AuditExport;
pub use administration::chats::{ChatCursor, ChatPage};
pub use administration::deletion::MessagesOnDeletion;
pub use administration::doctor::{Examined, Finding, Severity, examine_migrations};
pub use administration::measurements::Measurements;
pub use administration::proxy_advice::Advice;
pub use administration::reports::ReportView;
pub use administration::retention::RetentionChange;
pub use administration::setup::{RegistrationChoice, SetupToken};
pub use assistant::UnreadSummary;
pub use bots::OwnedBot;
pub use chats::chat::NewGroup;
pub use chats::invite::{Invitation, Invited};
pub use chats::membership::{Membership, PreferenceChange};
pub use chats::moderation::{ChatChange, Moderator, Owner};
pub use files::attachment::{Link, NewUpload, ReadableFile, UploadForm, UploadTarget};
pub use files::migrate_files::Progress;
pub use files::quota::Quota;
pub use files::upload::{ExpectedType, Upload};
pub use foundation::clock::Clock;
pub use foundation::error::{Error, Result};
pub use foundation::idempotency::{Attempt, AttemptGuard};
pub use foundation::limits::{Limit, Network};
pub use foundation::secrets::Secrets;
pub use foundation::settings::{
    AssistantSettings, BackupSettings, MailServer, MeetingSettings, PushSettings, RegistrationPolicy,
    Senders, Settings, SmsGateway, WebhookSettings,
};
pub use foundation::subject::{Original, Subject};
pub use foundation::unit_of_work::Retries;
pub use live::cursor::Cursor;
pub use live::sync::{Gap, Listener, Page};
pub use meetings::Meeting;
pub use messages::command::{InvokedCommand, Sent};
pub use messages::draft::NewDraft;
pub use messages::external_files::Attached;
pub use messages::history::{Around, MAX_MESSAGES, Media};
pub use messages::message::MessageInChat;
pub use messages::receipt::{Reading, Receipts};
pub use messages::request::NewMessage;
pub use messages::retry_detection::UnacknowledgedPost;
pub use messages::scheduled::Rescheduling;
pub use notifications::subscription::NewPushSubscription;
pub use portability::export::{Export, ExportPart};
pub use portability::import::{Import, LineBudget, SourceChat, SourceFile, SourceMessage, TargetChat};
pub use search::query::{Found, Hit, Order, Search, SearchCursor};
pub use webhooks::{
    IncomingSecret, ManagedWebhook, NewOutgoingWebhook, OutgoingSecret, OutgoingWebhookChange, WebhookSender,
};

use crate::boxed;
use crate::files::{Files, LinkSigner, ProbeFailure};
use crate::hub::{Close, Deliveries, Hub};
use crate::messenger::foundation::SharedQueries;
use crate::messenger::foundation::limits::Reservation;
use crate::model::{Chat, Event, Ids, UserId};
use crate::store::Db;
use crate::store::idempotency::{self, Keys};

/// How many searches there may be at once: SQLite answers four questions at a time.
const SEARCHES: usize = 2;

/// The messenger. A handle: clones are the same one.
#[derive(Clone)]
pub struct Messenger(Arc<Core>);

/// State shared by all modules of the messenger.
pub struct Core {
    pub(crate) db: Db,
    pub(crate) files: Files,
    pub(crate) hub: Hub,
    /// Committed events on their way to the hub.
    deliveries: Deliveries,
    pub clock: Clock,
    pub settings: Settings,
    ids: Ids,
    nodes: live::nodes::Nodes,
    counters: foundation::counters::Counters,
    stopping: AtomicBool,
    link_signer: LinkSigner,
    tokens: accounts::token::Tokens,
    /// When sessions revoked by other processes were last looked for.
    revocations_checked: foundation::last_run::LastRun,
    jobs_lock: tokio::sync::Mutex<()>,
    passwords: accounts::password::Passwords,
    failed_sign_ins: accounts::failed_sign_ins::FailedSignIns,
    limits: foundation::limits::Limits,
    in_progress: Arc<foundation::idempotency::InProgress>,
    keys: Keys,
    /// The lists of chats that are read now.
    lists: SharedQueries<UserId, Vec<Chat>>,
    unread_counts: chats::unread_counts::UnreadCounts,
    /// Held while a backup is made.
    backing_up: tokio::sync::Mutex<()>,
    announced: administration::announcement::Announced,
    old_messages: messages::expiry::OldMessages,
    /// Held while an administrator has the server examined.
    examining: tokio::sync::Mutex<()>,
    exports: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    posts: mpsc::Sender<messages::post::Post>,
    previews: messages::preview::Previews,
    push_queue: messages::push_queue::PushQueue,
    pushes: notifications::delivery::Pushes,
    upload_locks: files::direct_uploads::UploadLocks,
    names: accounts::display_names::DisplayNameCache,
    users: accounts::known_users::UserCache,
    chats: chats::chat_cache::ChatCache,
    posting_rights: messages::posting_rights::CachedRights,
    indexing: search::indexing::Indexing,
    /// How many searches there may be at once.
    searches: Semaphore,
    /// From a refresh token, the one that follows it.
    successors: Key,
    invites: Key,
    /// For links with which the first administrator's account is created.
    setups: Key,
    /// From an invitation into a group, its token.
    group_invites: Key,
    guesses: chats::short_code::Guesses,
    /// For what is kept of codes that were sent.
    sign_in_codes: Key,
    code_delivery: accounts::code_delivery::CodeDelivery,
    assistant: Option<assistant::Assistant>,
    /// When unfinished answers of the assistant were last looked for.
    abandoned_answers_checked: foundation::last_run::LastRun,
    meetings: meetings::Meetings,
    webhooks: webhooks::Webhooks,
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
    #[boxed]
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
    #[boxed]
    pub async fn new(
        db: Db,
        files: Files,
        secrets: &Secrets,
        clock: Clock,
        settings: Settings,
    ) -> Result<Self> {
        let (posts, waiting) = mpsc::channel(messages::post::MAX_QUEUE);
        let (deliveries, committed) = Deliveries::new();
        let messenger = Self(Arc::new(Core {
            hub: Hub::default(),
            deliveries,
            ids: Ids::new(0),
            stopping: AtomicBool::new(false),
            counters: foundation::counters::Counters::default(),
            nodes: live::nodes::Nodes::connect(settings.bus.as_ref(), db.is_shared())
                .await
                .map_err(|why| Error::invalid("--bus-url", why))?,
            link_signer: LinkSigner::new(&secrets.key("links")),
            tokens: accounts::token::Tokens::new(secrets),
            revocations_checked: foundation::last_run::LastRun::default(),
            jobs_lock: tokio::sync::Mutex::default(),
            passwords: accounts::password::Passwords::new(),
            failed_sign_ins: accounts::failed_sign_ins::FailedSignIns::default(),
            limits: foundation::limits::Limits::new(settings.rate_limits, clock.clone()),
            in_progress: Arc::default(),
            keys: Keys::load(&db, clock.now() - idempotency::LIFE).await?,
            lists: SharedQueries::default(),
            unread_counts: chats::unread_counts::UnreadCounts::default(),
            backing_up: tokio::sync::Mutex::default(),
            announced: administration::announcement::Announced::default(),
            old_messages: messages::expiry::OldMessages::default(),
            examining: tokio::sync::Mutex::default(),
            exports: Arc::new(Semaphore::new(portability::export::AT_ONCE)),
            imports: Arc::new(Semaphore::new(portability::import::AT_ONCE)),
            posts,
            previews: messages::preview::Previews::new(settings.link_previews.as_deref())?,
            push_queue: messages::push_queue::PushQueue::default(),
            pushes: notifications::delivery::Pushes::new(settings.push.as_ref(), secrets)?,
            upload_locks: files::direct_uploads::UploadLocks::default(),
            names: accounts::display_names::DisplayNameCache::default(),
            users: accounts::known_users::UserCache::default(),
            chats: chats::chat_cache::ChatCache::default(),
            posting_rights: messages::posting_rights::CachedRights::default(),
            indexing: search::indexing::Indexing::default(),
            searches: Semaphore::new(SEARCHES),
            successors: Key::new(HMAC_SHA256, &secrets.key("refresh token")),
            invites: Key::new(HMAC_SHA256, &secrets.key("invite")),
            setups: Key::new(HMAC_SHA256, &secrets.key("setup")),
            group_invites: Key::new(HMAC_SHA256, &secrets.key("invitation into a group")),
            guesses: chats::short_code::Guesses::default(),
            sign_in_codes: Key::new(HMAC_SHA256, &secrets.key("sign-in code")),
            code_delivery: accounts::code_delivery::CodeDelivery::new(&settings.senders, secrets)?,
            assistant: settings.assistant.as_ref().map(assistant::Assistant::new).transpose()?,
            abandoned_answers_checked: foundation::last_run::LastRun::default(),
            meetings: meetings::Meetings::new(&settings.meetings, secrets)?,
            webhooks: webhooks::Webhooks::new(settings.webhooks.as_ref(), secrets)?,
            bodies: Key::new(HMAC_SHA256, &secrets.key("body")),
            db,
            files,
            clock,
            settings,
        }));
        tokio::spawn(live::delivery::run(Arc::downgrade(&messenger.0), committed));
        messenger.check_secret(secrets.key("fingerprint")).await?;
        messenger.renew_node_lease().await?;
        messenger.load_revoked().await?;
        messenger.update_email_keys().await?;
        messenger.check_push_use().await?;
        tokio::spawn(messages::post::run_writer(Arc::downgrade(&messenger.0), waiting));
        Ok(messenger)
    }

    pub fn visitor(&self, address: IpAddr) -> Visitor {
        Visitor { messenger: self.clone(), address, attempt: None, is_for_long: false }
    }

    pub fn as_user(&self, access: Access) -> Caller {
        Caller { messenger: self.clone(), access, attempt: None }
    }

    /// Whether changes can collide, so that a request that failed may succeed when it is retried at once. The one writer
    /// of SQLite makes one change after the other.
    pub fn has_conflicts(&self) -> bool {
        self.db.is_shared()
    }

    /// Drops from the caches what events have changed.
    pub(crate) fn update_caches(&self, events: &[Event]) {
        self.names.apply(events);
        self.users.apply(events);
        self.chats.apply(events);
        self.posting_rights.apply(events);
    }

    /// Drops what is known of a user, who was deleted.
    pub(crate) fn forget_profile(&self, user: UserId) {
        self.names.forget([user]);
        self.users.forget(user);
    }

    /// Frees the memory of what was not needed lately.
    pub(crate) fn expire_caches(&self) {
        let now = self.clock.now();
        self.users.expire(now);
        self.chats.expire(now);
    }

    /// Counts one towards a limit, or refuses it.
    pub fn limit(&self, limit: Limit) -> Result<()> {
        self.limits.take(limit)?;
        self.share_limit(limit);
        Ok(())
    }

    /// Counts a failed attempt.
    pub(crate) fn count_failure(&self, attempt: Reservation<'_>) {
        self.share_limit(attempt.keep());
    }

    fn share_limit(&self, limit: Limit) {
        if let Some(message) = limit.shared() {
            self.publish(message);
        }
    }

    /// Whether the database and the folder for files answer, and it does not stop. A bucket that is down is
    /// [`Error::FilesUnavailable`].
    #[boxed]
    pub async fn check(&self) -> Result<()> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Error::Busy);
        }
        let mut read = self.db.read().await?;
        crate::store::streams::seqs(&mut read, &[]).await?;
        self.files.check().await?;
        Ok(())
    }

    /// Whether the bus between nodes is connected, if there is one.
    pub fn is_bus_connected(&self) -> bool {
        self.nodes.is_bus_connected()
    }

    /// Whether the bucket for files, if there is one, does all that will be asked of it.
    pub async fn probe_files(&self) -> std::result::Result<(), ProbeFailure> {
        self.files.probe().await
    }

    /// Whether the bucket lets pages of an address send files to it and fetch them.
    pub async fn probe_cors(&self, origin: &str) -> std::result::Result<(), ProbeFailure> {
        self.files.probe_cors(origin).await
    }

    /// To where else than to this server pages send files, and from where they show them.
    pub fn storage_origins(&self) -> Vec<String> {
        self.files.origins()
    }

    /// Stops being ready and closes sockets gradually over half of the time given.
    pub async fn drain(&self, time: Duration) {
        const STEPS: u32 = 20;
        self.stopping.store(true, Ordering::Relaxed);
        // First balancers look elsewhere, then sockets follow.
        tokio::time::sleep(time / 2).await;
        for left in (1..=STEPS).rev().filter(|_| !time.is_zero()) {
            self.hub.close_fraction(Close::Restart, left as usize);
            tokio::time::sleep(time / 2 / STEPS).await;
        }
    }

    /// Tells every socket to come back later.
    pub fn close_sockets(&self) {
        self.hub.close_all(Close::Restart);
    }

    /// Waits until everything is written.
    pub async fn close(&self) {
        if let Err(error) = self.save_all_last_seen().await {
            tracing::error!(%error, "could not save when users were last seen");
        }
        if let Err(error) = self.release_node_lease().await {
            tracing::error!(%error, "could not release the node's leases");
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
