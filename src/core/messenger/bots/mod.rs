//! Bots: accounts of programs. A user owns them, and manages their profiles, tokens and commands.
//!
//! A bot is a member of chats as people are, and is added by those who may add people. It has no password: programs use
//! its tokens, which can't have the scope `account`.

use serde_json::{Value, json};

use crate::boxed;
use crate::messenger::accounts::personal_token::{NewToken, PersonalToken};
use crate::messenger::accounts::profile::{Profile, announce_profile, check_taken};
use crate::messenger::accounts::session::{record_revocation, revoke};
use crate::messenger::accounts::token::Access;
use crate::messenger::administration::deletion::{MessagesOnDeletion, delete};
use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::{Attempt, Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::{Caller, Messenger};
use crate::model::{
    AuditAction, AuditTarget, Bot, BotCommand, BotKind, Scopes, Session, SessionId, SessionKind, User,
    UserId, text,
};
use crate::store::{Executor, bots, sessions, users};

/// The most bots of one user.
const MAX_BOTS: usize = 20;
/// The most commands of one bot.
const MAX_COMMANDS: usize = 50;
const MAX_DESCRIPTION: usize = 100;

const NOT_FOUND: Error = Error::NotFound("bot");

/// A bot of the caller; for administrators of the server, any bot. Only [`Caller::bot`] returns one.
pub struct OwnedBot {
    messenger: Messenger,
    access: Access,
    attempt: Option<Attempt>,
    bot: Bot,
}

impl Caller {
    /// Creates a bot that the caller owns.
    #[boxed]
    pub async fn create_bot(self, profile: Profile) -> Result<Bot> {
        self.changes()?;
        let owner = self.access.user;
        let mut work = self.messenger.begin_for([owner]).await?;
        let me = users::by_id(&mut work.tx, owner).await?.ok_or(Error::Unauthorized)?;
        if me.person.is_bot {
            return Err(Error::Forbidden("A bot can't own bots"));
        }
        if bots::of_owner(&mut work.tx, owner).await?.len() >= MAX_BOTS {
            return Err(Error::Conflict("You have 20 bots already; delete one"));
        }
        let user = self.messenger.add_bot(&mut work, BotKind::Bot, profile).await?;
        bots::insert(&mut work.tx, user.id(), owner).await?;
        let by = self.access.actor();
        work.audit(by, AuditAction::BotCreate, AuditTarget::from(user.id()), Value::Null).await?;
        work.once(self.attempt, Subject::Bot(user.id()));
        work.mark_changed();
        work.commit().await?;
        Ok(Bot { person: user.person, owner, commands: Vec::new() })
    }

    /// The caller's bots, the oldest first.
    #[boxed]
    pub async fn bots(&self) -> Result<Vec<Bot>> {
        let mut read = self.messenger.db.read().await?;
        let ids = bots::of_owner(&mut read, self.access.user).await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(find(&mut read, id).await?);
        }
        Ok(found)
    }

    /// One of the caller's bots; for administrators of the server, any bot.
    #[boxed]
    pub async fn bot(self, id: UserId) -> Result<OwnedBot> {
        let mut read = self.messenger.db.read().await?;
        let bot = find(&mut read, id).await?.ok_or(NOT_FOUND)?;
        check_may_manage(&mut read, id, self.access.user).await?;
        drop(read);
        let Self { messenger, access, attempt } = self;
        Ok(OwnedBot { messenger, access, attempt, bot })
    }
}

async fn find(executor: &mut Executor, id: UserId) -> Result<Option<Bot>> {
    let Some(owner) = bots::owner(executor, id).await? else { return Ok(None) };
    let Some(User { person, .. }) = users::by_id(executor, id).await? else { return Ok(None) };
    Ok(Some(Bot { person, owner, commands: bots::commands(executor, id).await? }))
}

/// Fails for those who neither own a bot nor administer the server: for them there is no such bot.
pub(crate) async fn check_may_manage(executor: &mut Executor, bot: UserId, user: UserId) -> Result<()> {
    let owner = bots::owner(executor, bot).await?.ok_or(NOT_FOUND)?;
    if owner == user {
        return Ok(());
    }
    let user = users::by_id(executor, user).await?;
    match user.is_some_and(|user| user.is_admin && !user.person.is_deactivated) {
        true => Ok(()),
        false => Err(NOT_FOUND),
    }
}

impl OwnedBot {
    pub fn view(self) -> Bot {
        self.bot
    }

    pub(crate) fn id(&self) -> UserId {
        self.bot.person.id
    }

    pub(crate) fn access(&self) -> Access {
        self.access
    }

    pub(crate) fn messenger(&self) -> &Messenger {
        &self.messenger
    }

    pub(crate) fn take_attempt(&mut self) -> Option<Attempt> {
        self.attempt.take()
    }

    /// Begins a change, with the bot as it is now. The right is checked again within the transaction.
    pub(crate) async fn begin(&mut self) -> Result<UnitOfWork> {
        self.messenger.limit(Limit::Change(self.access.user))?;
        let mut work = self.messenger.begin_for([self.access.user, self.id()]).await?;
        self.bot = find(&mut work.tx, self.id()).await?.ok_or(NOT_FOUND)?;
        check_may_manage(&mut work.tx, self.id(), self.access.user).await?;
        Ok(work)
    }

    async fn commit(&mut self, mut work: UnitOfWork, subject: Subject) -> Result<()> {
        work.once(self.attempt.take(), subject);
        work.mark_changed();
        work.commit().await
    }

    async fn record_update(&self, work: &mut UnitOfWork, details: Value) -> Result<()> {
        let target = AuditTarget::from(self.id());
        work.audit(self.access.actor(), AuditAction::BotUpdate, target, details).await
    }

    /// Changes the bot's profile and announces it to all chats of the bot.
    #[boxed]
    pub async fn update(mut self, profile: Profile) -> Result<Bot> {
        let mut work = self.begin().await?;
        let before = users::by_id(&mut work.tx, self.id()).await?.ok_or(NOT_FOUND)?;
        let after = profile.apply(before.clone())?;
        if after.person != before.person {
            self.messenger.limit(Limit::Profile(self.id()))?;
        }
        let written = users::update(&mut work.tx, &after).await;
        check_taken(&mut work.tx, written, &after).await?;
        announce_profile(&mut work, &after, &before).await?;
        self.record_update(&mut work, json!({"profile": true})).await?;
        self.bot.person = after.person;
        self.commit(work, Subject::Bot(self.id())).await?;
        Ok(self.bot)
    }

    /// Deletes the bot. Its messages stay.
    #[boxed]
    pub async fn delete(mut self) -> Result<()> {
        let mut work = self.begin().await?;
        delete(&mut work, self.id(), MessagesOnDeletion::Kept, self.access.actor()).await?;
        self.commit(work, Subject::Nothing).await
    }

    /// The bot's tokens, the newest first.
    #[boxed]
    pub async fn tokens(&self) -> Result<Vec<Session>> {
        let mut read = self.messenger.db.read().await?;
        Ok(sessions::tokens_of_user(&mut read, self.id(), self.messenger.clock.now()).await?)
    }

    /// Creates a token for the bot.
    #[boxed]
    pub async fn create_token(mut self, new: NewToken) -> Result<PersonalToken> {
        if new.scopes.contains(Scopes::ACCOUNT) {
            return Err(Error::invalid("scopes", "a bot's token can have `read` and `write` only"));
        }
        self.access.require(new.scopes)?;
        let mut work = self.begin().await?;
        self.access.check_alive(&mut work.tx).await?;
        let made = self.messenger.make_token(&mut work, self.id(), new, self.access.actor()).await?;
        self.commit(work, Subject::Nothing).await?;
        Ok(made)
    }

    /// Revokes one of the bot's tokens.
    #[boxed]
    pub async fn revoke_token(mut self, id: SessionId) -> Result<()> {
        let mut work = self.begin().await?;
        let session = sessions::by_id(&mut work.tx, id).await?;
        let session =
            session.filter(|session| session.user == self.id() && session.kind == SessionKind::Token);
        let session = session.ok_or(Error::NotFound("token"))?;
        revoke(&mut work, &session).await?;
        record_revocation(&mut work, &session, self.access.actor()).await?;
        self.commit(work, Subject::Nothing).await
    }

    /// Replaces the bot's commands.
    #[boxed]
    pub async fn set_commands(mut self, commands: Vec<BotCommand>) -> Result<Bot> {
        let commands = check_commands(commands)?;
        let mut work = self.begin().await?;
        bots::set_commands(&mut work.tx, self.id(), &commands).await?;
        self.record_update(&mut work, json!({"commands": commands.len()})).await?;
        self.bot.commands = commands;
        self.commit(work, Subject::Bot(self.id())).await?;
        Ok(self.bot)
    }
}

fn check_commands(commands: Vec<BotCommand>) -> Result<Vec<BotCommand>> {
    let invalid = |reason: String| Error::invalid("commands", reason);
    if commands.len() > MAX_COMMANDS {
        return Err(invalid(format!("must be at most {MAX_COMMANDS}")));
    }
    let mut checked: Vec<BotCommand> = Vec::with_capacity(commands.len());
    for BotCommand { name, description } in commands {
        let name = name.strip_prefix('/').unwrap_or(&name).to_lowercase();
        if !BotCommand::is_name(&name) {
            return Err(invalid(
                "a name must be 1 to 32 letters, digits, '_' or '-', and begin with a letter".to_owned(),
            ));
        }
        let description = match description.trim() {
            "" => Some(String::new()),
            description => text::line(description),
        };
        let description = description.filter(|text| text.chars().count() <= MAX_DESCRIPTION);
        let description = description.ok_or_else(|| {
            invalid(format!("a description must have at most {MAX_DESCRIPTION} characters in one line"))
        })?;
        if checked.iter().any(|known| known.name == name) {
            return Err(invalid(format!("/{name} is named twice")));
        }
        checked.push(BotCommand { name, description });
    }
    checked.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(checked)
}

impl Membership {
    /// The commands that can be used in the chat, and the bots that have them.
    #[boxed]
    pub async fn commands(&self) -> Result<Vec<(UserId, BotCommand)>> {
        Ok(bots::commands_in(&mut self.messenger.db.read().await?, self.chat.id).await?)
    }
}
