//! The audit log: who did what to the server and its accounts.

use serde_json::{Map, Value};

use super::{ChatId, Time, UserId};

macro_rules! actions {
    ($($action:ident = $name:literal),* $(,)?) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum AuditAction { $($action),* }

        impl AuditAction {
            pub const ALL: &[Self] = &[$(Self::$action),*];

            /// The name by which it is stored and shown.
            pub fn name(self) -> &'static str {
                match self { $(Self::$action => $name),* }
            }
        }
    };
}

actions! {
    AccountCreate = "account.create",
    AccountDeactivate = "account.deactivate",
    AccountReactivate = "account.reactivate",
    AccountPromote = "account.promote",
    AccountDemote = "account.demote",
    AccountDelete = "account.delete",
    RegistrationUpdate = "registration.update",
    RetentionUpdate = "retention.update",
    InvitationCreate = "invitation.create",
    SignInFailed = "sign_in.failed",
    PasswordChange = "password.change",
    PasswordReset = "password.reset",
    EmailChange = "email.change",
    SessionRevoke = "session.revoke",
    TokenCreate = "token.create",
    TokenRevoke = "token.revoke",
    ChatDelete = "chat.delete",
    ChatTransfer = "chat.transfer",
    BotCreate = "bot.create",
    BotUpdate = "bot.update",
    BotDelete = "bot.delete",
    WebhookCreate = "webhook.create",
    WebhookUpdate = "webhook.update",
    WebhookRotate = "webhook.rotate",
    WebhookDelete = "webhook.delete",
    ExportCreate = "export.create",
    ImportCreate = "import.create",
    BackupCreate = "backup.create",
    BackupRestore = "backup.restore",
    DatabaseMigrate = "database.migrate",
    FilesMove = "files.move",
    AuditExport = "audit.export",
    ReportResolve = "report.resolve",
    ReportDismiss = "report.dismiss",
    AnnouncementUpdate = "announcement.update",
    AnnouncementDelete = "announcement.delete",
}

impl AuditAction {
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}

/// What it was done to. A name that is missing is filled in for users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTarget {
    /// `user`, `chat`, `webhook` or `report`. Of sessions and tokens it is their user.
    pub kind: String,
    pub id: i64,
    /// Its name at the time.
    pub name: Option<String>,
}

impl AuditTarget {
    pub fn new(kind: &str, id: i64, name: Option<String>) -> Self {
        Self { kind: kind.to_owned(), id, name }
    }

    pub fn chat(id: ChatId, title: &str) -> Self {
        Self::new("chat", id.0, Some(title.to_owned()))
    }
}

impl From<UserId> for AuditTarget {
    fn from(id: UserId) -> Self {
        Self::new("user", id.0, None)
    }
}

/// An entry as it is stored: a newer version may have written other actions and kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    pub id: i64,
    pub at: Time,
    pub action: String,
    /// `user`, `operator` for the command line, or `system` for the server itself.
    pub actor_kind: String,
    pub actor: Option<UserId>,
    /// The name at the time.
    pub actor_name: Option<String>,
    pub target: Option<AuditTarget>,
    /// The address from which the request came.
    pub address: Option<String>,
    pub details: Map<String, Value>,
}

/// Which entries of the audit log are looked for.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub action: Option<AuditAction>,
    /// What a person did, and what was done to their account.
    pub person: Option<UserId>,
    pub since: Option<Time>,
    /// Before this time.
    pub until: Option<Time>,
}
