//! Invitations: links by which others join a group.
//!
//! The token in the link is not stored. It is the invitation's id with a 128-bit MAC, which takes the server's secret to
//! make: so it can be shown again in the list, and a copy of the database lets nobody in.

use std::time::Duration;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::boxed;
use crate::messenger::chats::join::join_chat;
use crate::messenger::chats::moderation::Moderator;
use crate::messenger::chats::notices::announce_access;
use crate::messenger::foundation::{Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::{Caller, Messenger, Visitor};
use crate::model::{Channel, Chat, Invite, InviteId, Right, Time};
use crate::store::chats::ChatRecord;
use crate::store::{chats, invites, members};

/// The lifetime of an invitation, in seconds, if it has one.
const LIFE: std::ops::RangeInclusive<u64> = 60..=366 * 24 * 3_600;
const MAX_USES: i64 = 100_000;
/// The most invitations of one group.
const MAX_INVITES: usize = 100;
/// Bytes of the MAC in a token.
const MAC: usize = 16;

/// An invitation with its token.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub invite: Invite,
    pub token: String,
}

/// What an invitation is for.
#[derive(Debug, Clone)]
pub struct Invited {
    pub to: Channel,
    pub expires_at: Option<Time>,
}

impl Moderator {
    /// Creates an invitation, with a lifetime in seconds and a number of uses if they are limited.
    #[boxed]
    pub async fn invite(mut self, life: Option<i64>, max_uses: Option<i64>) -> Result<Invitation> {
        let life = match life.map(u64::try_from) {
            None => None,
            Some(Ok(seconds)) if LIFE.contains(&seconds) => Some(Duration::from_secs(seconds)),
            Some(_) => return Err(Error::invalid("expires_in_seconds", "must be a minute to a year")),
        };
        if max_uses.is_some_and(|uses| !(1..=MAX_USES).contains(&uses)) {
            return Err(Error::invalid("max_uses", format!("must be 1 to {MAX_USES}")));
        }
        let mut work = self.begin_with_right(Right::Invite).await?;
        let (chat, now) = (self.chat.id, work.now);
        let mut there = invites::of_chat(&mut work.tx, chat).await?;
        if there.len() >= MAX_INVITES {
            invites::delete_unusable(&mut work.tx, chat, now).await?;
            there.retain(|invite| invite.is_usable(now));
        }
        if there.len() >= MAX_INVITES {
            return Err(Error::Conflict("This chat has 100 invitations already; revoke some of them"));
        }
        let invite = Invite {
            id: InviteId(self.messenger.id()),
            chat,
            creator: self.member.user,
            created_at: now,
            expires_at: life.map(|life| now + life),
            max_uses,
            uses: 0,
        };
        invites::insert(&mut work.tx, &invite).await?;
        announce_access(&mut work, chat).await?;
        let messenger = self.messenger.clone();
        self.commit(work, Subject::Invite(chat, invite.id)).await?;
        Ok(messenger.invitation(invite))
    }

    /// The group's invitations, the newest first.
    #[boxed]
    pub async fn invites(&self) -> Result<Vec<Invitation>> {
        self.may(Right::Invite)?;
        let found = invites::of_chat(&mut self.messenger.db.read().await?, self.chat.id).await?;
        Ok(found.into_iter().map(|invite| self.messenger.invitation(invite)).collect())
    }

    /// Revokes an invitation.
    #[boxed]
    pub async fn revoke_invite(mut self, id: InviteId) -> Result<()> {
        let mut work = self.begin_with_right(Right::Invite).await?;
        let chat = self.chat.id;
        let found = invites::by_id(&mut work.tx, id).await?.filter(|invite| invite.chat == chat);
        found.ok_or(Error::NotFound("invitation"))?;
        invites::delete(&mut work.tx, id).await?;
        announce_access(&mut work, chat).await?;
        self.commit(work, Subject::Nothing).await
    }
}

impl Visitor {
    /// What a token is an invitation for, before anybody signs in.
    #[boxed]
    pub async fn invited(&self, token: &str) -> Result<Invited> {
        self.messenger.limit(Limit::Invited(self.address.into()))?;
        let (chat, expires_at) = self.messenger.invitation_to(token).await?;
        let to = Channel { about: chat.about(), member_count: chat.member_count, is_member: false };
        Ok(Invited { to, expires_at })
    }
}

impl Caller {
    /// What a token is an invitation for, before it is used.
    #[boxed]
    pub async fn invited(&self, token: &str) -> Result<Invited> {
        let (chat, expires_at) = self.messenger.invitation_to(token).await?;
        let mut read = self.messenger.db.read().await?;
        let is_member = members::find(&mut read, chat.id, self.access.user).await?.is_some();
        let to = Channel { about: chat.about(), member_count: chat.member_count, is_member };
        Ok(Invited { to, expires_at })
    }

    /// Joins a group by an invitation.
    #[boxed]
    pub async fn join_by_invite(self, token: &str) -> Result<Chat> {
        self.changes()?;
        let id = self.messenger.invited_by(token)?;
        let mut work = self.messenger.begin().await?;
        let invite = good(&mut work, id).await?;
        join_chat(&self.messenger, &mut work, invite.chat, self.access.user).await?;
        invites::count_use(&mut work.tx, id).await?;
        announce_access(&mut work, invite.chat).await?;
        self.finish(work, invite.chat).await
    }
}

const NO_INVITE: Error = Error::NotFound("invitation");

/// An invitation that can be used once more. Its chat is locked until the transaction ends.
async fn good(work: &mut UnitOfWork, id: InviteId) -> Result<Invite> {
    let invite = invites::by_id(&mut work.tx, id).await?.ok_or(NO_INVITE)?;
    chats::lock(&mut work.tx, invite.chat).await?;
    // Read again now that it is locked.
    let invite = invites::by_id(&mut work.tx, id).await?;
    let invite = invite.filter(|invite| invite.is_usable(work.now)).ok_or(NO_INVITE)?;
    chats::by_id(&mut work.tx, invite.chat).await?.ok_or(NO_INVITE)?;
    Ok(invite)
}

impl Messenger {
    fn invitation(&self, invite: Invite) -> Invitation {
        let id = invite.id.0.to_be_bytes();
        let token = URL_SAFE_NO_PAD.encode([&id[..], &self.mac_of_invite(id)].concat());
        Invitation { invite, token }
    }

    /// The chat of a token that is still good, and when it expires.
    async fn invitation_to(&self, token: &str) -> Result<(ChatRecord, Option<Time>)> {
        let id = self.invited_by(token)?;
        let mut read = self.db.read().await?;
        let invite = invites::by_id(&mut read, id).await?;
        let invite = invite.filter(|invite| invite.is_usable(self.clock.now())).ok_or(NO_INVITE)?;
        let chat = chats::by_id(&mut read, invite.chat).await?.ok_or(NO_INVITE)?;
        Ok((chat, invite.expires_at))
    }

    /// The invitation that a token belongs to.
    fn invited_by(&self, token: &str) -> Result<InviteId> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| NO_INVITE)?;
        let (id, mac) = bytes.split_first_chunk::<8>().ok_or(NO_INVITE)?;
        constant_time::verify_slices_are_equal(mac, &self.mac_of_invite(*id)).map_err(|_| NO_INVITE)?;
        Ok(InviteId(i64::from_be_bytes(*id)))
    }

    fn mac_of_invite(&self, id: [u8; 8]) -> [u8; MAC] {
        let mut mac = [0; MAC];
        mac.copy_from_slice(&hmac::sign(&self.group_invites, &id).as_ref()[..MAC]);
        mac
    }
}
