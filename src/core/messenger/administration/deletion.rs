//! Deleting an account: at once for sign-in and look-up, and then step by step in its chats.
//!
//! An account may be in a thousand chats and have posted a hundred thousand messages. What is left to do is stored with
//! the deletion, and done in small transactions between those of others; interrupted, it goes on where it was.

use serde_json::json;

use crate::boxed;
use crate::messenger::accounts::session::revoke_all;
use crate::messenger::administration::deactivation::keep_an_administrator;
use crate::messenger::chats::leave::remove_member;
use crate::messenger::chats::notices::{announce_notice, insert_notice};
use crate::messenger::files::avatar_image::replace_avatar;
use crate::messenger::foundation::{Actor, Error, Result, Subject, UnitOfWork};
use crate::messenger::messages::erase::erase_many;
use crate::messenger::{Caller, Messenger, Operator};
use crate::model::{AuditAction, AuditTarget, Change, ChatId, ChatKind, Notice, UserId, WebhookScope};
use crate::store::deletions::{self, Deletion};
use crate::store::{
    blocks, bookmarks, bots, chat_names, chats, drafts, google_tokens, members, messages, outgoing_webhooks,
    scheduled, sessions, users,
};

/// What happens to a user's messages when their account is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessagesOnDeletion {
    /// They stay, with a deleted account as author.
    Kept,
    /// They are deleted for everybody.
    Erased,
}

/// How many steps to do in one run.
const STEPS: usize = 5;
/// How many chats to leave in one step.
const CHATS: u64 = 5;
/// How many messages to scan in one step, and how many to delete at most.
const MAX_SCANNED: u64 = 20_000;
const MAX_DELETED: u64 = 200;

impl Caller {
    /// Deletes the caller's account. Its personal data is deleted at once, and all sessions and tokens end.
    #[boxed]
    pub async fn delete_account(self, password: &str, messages: MessagesOnDeletion) -> Result<()> {
        self.changes()?;
        let confirmed = self.confirm_password("password", password).await?;
        let mut work = self.messenger.begin_for([self.access.user]).await?;
        confirmed.still_holds(&mut work.tx).await?;
        delete(&mut work, self.access.user, messages, self.access.actor()).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

impl Operator {
    /// Deletes an account, by e-mail address or username.
    pub async fn delete_user(&self, name: &str, messages: MessagesOnDeletion) -> Result<()> {
        let mut work = self.begin().await?;
        let found = users::credentials(&mut work.tx, name).await?;
        let (user, _) = found.ok_or(Error::NotFound("user"))?;
        users::lock(&mut work.tx, [user]).await?;
        delete(&mut work, user, messages, Actor::Operator).await?;
        work.commit().await
    }
}

impl Messenger {
    /// Continues pending deletions.
    pub(crate) async fn finish_deletions(&self) -> Result<()> {
        for _ in 0..STEPS {
            let Some(deletion) = deletions::any(&mut self.db.read().await?).await? else { return Ok(()) };
            self.continue_deletion(deletion).await?;
        }
        Ok(())
    }

    /// One step. Its changes and its progress are written in one transaction.
    async fn continue_deletion(&self, before: Deletion) -> Result<()> {
        let user = before.user;
        let mut read = self.db.read().await?;
        let left = members::chats_after(&mut read, user, before.chat, CHATS).await?;
        // Read outside the transaction, so that others can write meanwhile.
        let found = match left.is_empty() && before.erases {
            true => {
                Some(messages::of_author(&mut read, user, before.message, MAX_SCANNED, MAX_DELETED).await?)
            }
            false => None,
        };
        drop(read);
        let mut work = self.begin_background().await?;
        if deletions::of_user(&mut work.tx, user).await?.as_ref() != Some(&before) {
            // Another node was faster.
            return Ok(());
        }
        for (chat, kind) in &left {
            chats::lock(&mut work.tx, *chat).await?;
            self.remove_from_chat(&mut work, user, *chat, *kind).await?;
        }
        let last = left.last().map(|(chat, _)| *chat);
        let looked = found.as_ref().and_then(|(_, upto)| *upto);
        if let Some((messages, _)) = found {
            erase_many(&mut work, &messages).await?;
        }
        if last.is_none() && looked.is_none() {
            deletions::finish(&mut work.tx, user).await?;
        } else {
            let (chat, message) = (last.unwrap_or(before.chat), looked.unwrap_or(before.message));
            deletions::update(&mut work.tx, &Deletion { chat, message, ..before }).await?;
        }
        work.commit().await
    }

    /// Removes a deleted user from a chat. They leave a group; a private chat stays for the other member.
    async fn remove_from_chat(
        &self,
        work: &mut UnitOfWork,
        user: UserId,
        chat: ChatId,
        kind: ChatKind,
    ) -> Result<()> {
        let Some(member) = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop() else {
            return Ok(());
        };
        if !matches!(kind, ChatKind::Group | ChatKind::Channel) {
            // In groups these are deleted with the membership.
            bookmarks::delete_of_chat(&mut work.tx, chat, user).await?;
            drafts::delete_of_chat(&mut work.tx, chat, user).await?;
        }
        match kind {
            ChatKind::Saved => {
                let now = work.now;
                chats::delete(&mut work.tx, chat, now).await?;
                members::remove_all(&mut work.tx, chat).await?;
            }
            ChatKind::Private => {
                members::block_posting(&mut work.tx, chat).await?;
                work.announce(chat, Change::MemberUpdated { chat, member });
            }
            ChatKind::Group | ChatKind::Channel => {
                work.announce(chat, Change::MemberUpdated { chat, member: member.clone() });
                let name = member.person.display_name.clone();
                remove_member(work, chat, &member).await?;
                let notice = insert_notice(self, work, chat, user, &Notice::Left { name }).await?;
                announce_notice(work, notice);
            }
        }
        Ok(())
    }
}

/// Deletes the personal data of an account and ends its sessions; stores what is left to do.
/// The user's bots are deleted, too; their messages stay. Fails for the only administrator, whoever asks for it.
pub(crate) async fn delete(
    work: &mut UnitOfWork,
    user: UserId,
    messages: MessagesOnDeletion,
    by: Actor,
) -> Result<()> {
    let before = users::by_id(&mut work.tx, user).await?.ok_or(Error::NotFound("user"))?;
    keep_an_administrator(work, &before).await?;
    for bot in bots::of_owner(&mut work.tx, user).await? {
        Box::pin(delete(work, bot, MessagesOnDeletion::Kept, by)).await?;
    }
    let now = work.now;
    // Before the name is deleted.
    let action = if before.person.is_bot { AuditAction::BotDelete } else { AuditAction::AccountDelete };
    let details = json!({"messages": messages == MessagesOnDeletion::Erased});
    work.audit(by, action, AuditTarget::from(user), details).await?;
    bots::delete(&mut work.tx, user).await?;
    outgoing_webhooks::delete_of_scope(&mut work.tx, WebhookScope::Bot(user)).await?;
    users::forget(&mut work.tx, user, now).await?;
    work.after_commit(move |messenger| messenger.forget_profile(user));
    replace_avatar(work, user, before.person.avatar, None).await?;
    scheduled::delete_of_user(&mut work.tx, user).await?;
    blocks::delete_of_user(&mut work.tx, user).await?;
    chat_names::delete_of_user(&mut work.tx, user).await?;
    google_tokens::delete(&mut work.tx, user).await?;
    members::block_posting_of(&mut work.tx, user).await?;
    deletions::insert(&mut work.tx, user, messages == MessagesOnDeletion::Erased).await?;
    revoke_all(work, user).await?;
    Ok(sessions::forget_devices(&mut work.tx, user, now).await?)
}
