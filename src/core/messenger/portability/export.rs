//! Export of everything that a user may read, in parts, so that memory use does not depend on the account's size.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use crate::boxed;
use crate::files::{self, FileStream};
use crate::messenger::accounts::token::Access;
use crate::messenger::chats::membership::Membership;
use crate::messenger::files::attachment::Link;
use crate::messenger::foundation::idempotency::AttemptGuard;
use crate::messenger::foundation::{Error, Limit, Result, Subject};
use crate::messenger::messages::history::{Around, MAX_MESSAGES};
use crate::messenger::{Caller, Messenger};
use crate::model::{
    Attachment, AttachmentId, AuditAction, AuditTarget, Bookmark, BookmarkId, Chat, ChatId, Draft, Member,
    Message, Scheduled, Scopes, Session, SessionId, SessionKind, Time, User, UserId,
};
use crate::store::{attachments, members};

/// How many exports run at once; each user may run one.
pub(crate) const AT_ONCE: usize = 2;
/// How many chats or files are queried at a time.
const PAGE_SIZE: u64 = 100;

/// A part of an export.
pub enum ExportPart {
    Profile(Box<User>),
    Sessions(Vec<Session>),
    Tokens(Vec<Session>),
    Drafts(Vec<Draft>),
    Scheduled(Vec<Scheduled>),
    /// Some bookmarks, the newest first; sent at least once, even when there are none.
    Bookmarks(Vec<Bookmark>),
    Chat(Box<Chat>, Vec<Member>),
    /// Some messages of the preceding chat, the oldest first.
    Messages(Vec<Message>),
    /// A file that the user uploaded.
    File(Box<Attachment>, FileStream),
}

/// A running export. Dropping it ends it.
pub struct Export {
    caller: Caller,
    stage: Stage,
    /// Chats still to be exported, the next one last.
    chats: Vec<ChatId>,
    files: Vec<Attachment>,
    _guard: AttemptGuard,
    _permit: OwnedSemaphorePermit,
}

enum Stage {
    Profile,
    Sessions,
    Tokens,
    Drafts,
    Scheduled,
    /// Bookmarks before this one.
    Bookmarks(Option<BookmarkId>),
    /// Chats after this one.
    Chats(ChatId),
    Messages(ChatId, Around),
    /// Files after this one.
    Files(Time, AttachmentId),
}

impl Caller {
    /// A signed link by which a browser downloads the caller's export.
    #[boxed]
    pub async fn export_link(self, life: Duration) -> Result<Link> {
        self.access.require(Scopes::READ)?;
        let mut work = self.messenger.begin().await?;
        let until = work.now + life;
        work.once(self.attempt, Subject::Nothing);
        let signature = self.messenger.link_signer.sign_export(self.access.user, self.access.session, until);
        work.commit().await?;
        Ok(Link { reader: self.access.user, until, signature })
    }

    /// Starts an export.
    #[boxed]
    pub async fn export(self) -> Result<Export> {
        // It contains messages, which need this scope.
        self.access.require(Scopes::READ)?;
        let messenger = &self.messenger;
        let busy = |_| Error::Conflict("Another export is in progress; wait until it is complete");
        let own = messenger.request(Some(self.access.user), "export", "", b"");
        let guard = messenger.attempt(own).map_err(busy)?;
        let permit = messenger.exports.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        messenger.limit(Limit::Export(self.access.user))?;
        let mut work = messenger.begin().await?;
        let target = AuditTarget::from(self.access.user);
        work.audit(self.access.actor(), AuditAction::ExportCreate, target, Value::Null).await?;
        work.commit().await?;
        Ok(Export {
            caller: self,
            stage: Stage::Profile,
            chats: Vec::new(),
            files: Vec::new(),
            _guard: guard,
            _permit: permit,
        })
    }
}

impl Messenger {
    /// Verifies an export link, which is valid as long as the session that requested it.
    pub fn linked_export(&self, user: UserId, session: SessionId, link: &Link) -> Result<Access> {
        let now = self.clock.now();
        if link.until <= now || !self.link_signer.is_export_valid(user, session, link.until, &link.signature)
        {
            return Err(Error::Forbidden("This link is invalid or has expired"));
        }
        if self.tokens.is_revoked(session) {
            return Err(Error::SessionEnded);
        }
        let kind = SessionKind::SignIn;
        Ok(Access { user, session, kind, scopes: Scopes::ALL, expires_at: link.until, address: None })
    }
}

impl Export {
    pub fn user(&self) -> UserId {
        self.caller.access.user
    }

    /// The session that requested the export.
    pub fn session(&self) -> SessionId {
        self.caller.access.session
    }

    pub fn now(&self) -> Time {
        self.caller.messenger.clock.now()
    }

    /// The next part; `None` at the end.
    #[boxed]
    pub async fn next(&mut self) -> Result<Option<ExportPart>> {
        // A slow reader may take hours, and rights may be lost meanwhile.
        self.caller.access.check_alive(&mut self.caller.messenger.db.read().await?).await?;
        loop {
            match &self.stage {
                Stage::Profile => {
                    self.stage = Stage::Sessions;
                    return Ok(Some(ExportPart::Profile(Box::new(self.caller.me().await?))));
                }
                Stage::Sessions => {
                    self.stage = Stage::Tokens;
                    return Ok(Some(ExportPart::Sessions(self.caller.sessions().await?)));
                }
                Stage::Tokens => {
                    self.stage = Stage::Drafts;
                    return Ok(Some(ExportPart::Tokens(self.caller.tokens().await?)));
                }
                Stage::Drafts => {
                    self.stage = Stage::Scheduled;
                    return Ok(Some(ExportPart::Drafts(self.caller.drafts().await?)));
                }
                Stage::Scheduled => {
                    self.stage = Stage::Bookmarks(None);
                    return Ok(Some(ExportPart::Scheduled(self.caller.scheduled(None).await?)));
                }
                Stage::Bookmarks(before) => {
                    let page = self.caller.bookmarks(*before, Some(PAGE_SIZE)).await?;
                    self.stage = match page.last() {
                        Some(last) => Stage::Bookmarks(Some(last.id)),
                        None => Stage::Chats(ChatId(0)),
                    };
                    return Ok(Some(ExportPart::Bookmarks(page)));
                }
                Stage::Chats(last) => {
                    let last = *last;
                    if let Some(part) = self.chat(last).await? {
                        return Ok(Some(part));
                    }
                }
                Stage::Messages(..) => {
                    if let Some(part) = self.messages().await? {
                        return Ok(Some(part));
                    }
                }
                Stage::Files(at, id) => {
                    let (at, id) = (*at, *id);
                    return self.file(at, id).await;
                }
            }
        }
    }

    /// Goes on to the next chat, or to the files after the last one.
    async fn chat(&mut self, last: ChatId) -> Result<Option<ExportPart>> {
        if self.chats.is_empty() {
            let mut read = self.caller.messenger.db.read().await?;
            let found = members::chats_after(&mut read, self.user(), last, PAGE_SIZE).await?;
            self.chats = found.into_iter().rev().map(|(chat, _)| chat).collect();
        }
        let Some(id) = self.chats.pop() else {
            self.stage = Stage::Files(Time(0), AttachmentId(uuid::Uuid::nil()));
            return Ok(None);
        };
        self.stage = Stage::Chats(id);
        let Some(chat) = self.membership(id).await? else { return Ok(None) };
        let part = ExportPart::Chat(Box::new(chat.view().await?), chat.members().await?);
        self.stage = Stage::Messages(id, Around::Since(Time(0)));
        Ok(Some(part))
    }

    /// A chat of the user; `None` if they have left it meanwhile.
    async fn membership(&self, id: ChatId) -> Result<Option<Membership>> {
        match self.caller.messenger.as_user(self.caller.access).chat(id).await {
            Err(Error::Forbidden(_) | Error::NotFound(_)) => Ok(None),
            chat => chat.map(Some),
        }
    }

    async fn messages(&mut self) -> Result<Option<ExportPart>> {
        let Stage::Messages(id, from) = self.stage else { return Ok(None) };
        let Some(chat) = self.membership(id).await? else {
            self.stage = Stage::Chats(id);
            return Ok(None);
        };
        let mut page = chat.history(None, from, MAX_MESSAGES).await?;
        page.reverse();
        self.stage = match page.last() {
            Some(last) => Stage::Messages(id, Around::After(last.id)),
            None => Stage::Chats(id),
        };
        Ok(Some(ExportPart::Messages(page)))
    }

    async fn file(&mut self, at: Time, id: AttachmentId) -> Result<Option<ExportPart>> {
        let messenger = &self.caller.messenger;
        let (mut at, mut id) = (at, id);
        loop {
            if self.files.is_empty() {
                let mut read = messenger.db.read().await?;
                self.files =
                    attachments::of_owner(&mut read, self.caller.access.user, (at, id), PAGE_SIZE).await?;
                self.files.reverse();
            }
            let Some(file) = self.files.pop() else { return Ok(None) };
            (at, id) = (file.created_at, file.id);
            match messenger.files.open(&file, None).await {
                Ok(opened) => {
                    self.stage = Stage::Files(at, id);
                    return Ok(Some(ExportPart::File(Box::new(file), opened)));
                }
                Err(files::Error::Missing) => {
                    tracing::warn!(attachment = %id, "a file is missing in the storage");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
