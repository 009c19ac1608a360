//! Accounts: making one, signing in, one's own profile, finding people.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::idempotency::Subject;
use super::limits::name_key;
use super::session::Grant;
use super::work::Work;
use super::{Caller, Error, Limit, Messenger, Opening, Result, Visitor, password};
use crate::model::{Change, Person, Time, User, UserId};
use crate::store::{self, streams, users};

const LONGEST_NAME: usize = 64;
const LONGEST_URL: usize = 2_048;
const MOST_FOUND: u64 = 50;

/// What an account is made of; `email` or `username` at least.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    pub email: Option<String>,
    pub username: Option<String>,
    pub password: String,
    /// The username, or what is before the `@`, when it is missing.
    pub display_name: Option<String>,
    pub avatar_url: Option<String>,
    pub invite_code: Option<String>,
    pub device: Option<String>,
}

/// Who signs in, by e-mail address or username.
#[derive(Debug, Clone, Default)]
pub struct SignIn {
    pub name: String,
    pub password: String,
    pub device: Option<String>,
}

/// What to change of one's profile; what is missing stays.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    pub email: Option<String>,
    pub username: Option<String>,
    pub display_name: Option<String>,
    pub avatar_url: Option<String>,
}

impl Visitor {
    /// Makes an account and signs in.
    pub async fn register(self, new: Registration) -> Result<(User, Grant)> {
        let messenger = &self.messenger;
        messenger.limit(Limit::SignUp(self.address.into()))?;
        match messenger.settings.opening {
            Opening::Open => {}
            Opening::Invite => messenger.check_invite(new.invite_code.as_deref())?,
            Opening::Closed => return Err(Error::RegistrationClosed),
        }
        let (user, hash) = messenger.prepare(&new).await?;
        let mut work = messenger.begin().await?;
        insert(&mut work.tx, &user, &hash).await?;
        let grant = messenger.grant(&mut work, user.id(), new.device, Some(self.address)).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok((user, grant))
    }

    /// Signs in. A wrong password and an unknown name answer alike, in like time.
    pub async fn sign_in(self, who: SignIn) -> Result<Grant> {
        let messenger = &self.messenger;
        messenger.limit(Limit::SignIn(self.address.into()))?;
        let failures = Limit::WrongPassword(name_key(&crate::model::fold(&who.name)));
        messenger.limits.check(failures)?;
        let found = users::credentials(&mut messenger.db.read().await?, &who.name).await?;
        let (user, hash) = found.unzip();
        let right = messenger.passwords.is(&who.password, hash.clone()).await?;
        let Some(user) = user.filter(|_| right) else {
            messenger.limits.take(failures)?;
            return Err(Error::WrongPassword);
        };
        let mut work = messenger.begin().await?;
        if users::password_hash(&mut work.tx, user).await? != hash {
            // It was changed while it was checked, and with it all sessions ended.
            return Err(Error::WrongPassword);
        }
        let grant = messenger.grant(&mut work, user, who.device, Some(self.address)).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok(grant)
    }
}

impl Messenger {
    /// Makes an account for somebody, whoever may register.
    pub async fn add_user(&self, new: Registration) -> Result<User> {
        let (user, hash) = self.prepare(&new).await?;
        let mut work = self.begin().await?;
        insert(&mut work.tx, &user, &hash).await?;
        work.commit().await?;
        Ok(user)
    }

    /// A code with which anybody may register until it runs out.
    pub fn invite(&self, life: Duration) -> String {
        let until = (self.clock.now() + life).0;
        format!("{until:x}-{}", self.sign_invite(until))
    }

    fn check_invite(&self, code: Option<&str>) -> Result<()> {
        let parts = code.and_then(|code| code.trim().split_once('-'));
        let until = parts.and_then(|(until, _)| i64::from_str_radix(until, 16).ok());
        match (until, parts) {
            (Some(until), Some((_, signature)))
                if Time(until) > self.clock.now() && self.sign_invite(until) == signature =>
            {
                Ok(())
            }
            _ => Err(Error::invalid("invite_code", "a valid invitation is needed here")),
        }
    }

    fn sign_invite(&self, until: i64) -> String {
        let signature = hmac::sign(&self.invites, &until.to_be_bytes());
        URL_SAFE_NO_PAD.encode(&signature.as_ref()[..15])
    }

    async fn prepare(&self, new: &Registration) -> Result<(User, String)> {
        let email = new.email.as_deref().map(email).transpose()?;
        let username = new.username.as_deref().map(username).transpose()?;
        let fallback = username.clone().or_else(|| email.as_ref()?.split('@').next().map(str::to_owned));
        let Some(fallback) = fallback else {
            return Err(Error::invalid("email", "an e-mail address or a username is needed"));
        };
        let display_name = display_name(new.display_name.as_deref().unwrap_or(&fallback))?;
        let avatar_url = new.avatar_url.as_deref().map(url).transpose()?.flatten();
        password::check_new("password", &new.password)?;
        // A taken name is told before a hash is made for nothing; the unique index has the last word.
        let mut read = self.db.read().await?;
        for (field, name) in [("email", &email), ("username", &username)] {
            if let Some(name) = name
                && users::credentials(&mut read, name).await?.is_some()
            {
                return Err(Error::Taken(field));
            }
        }
        drop(read);
        let hash = self.passwords.hash(&new.password).await?;
        let (id, created_at) = (UserId(self.id()), self.clock.now());
        Ok((User { person: Person { id, username, display_name, avatar_url, created_at }, email }, hash))
    }
}

async fn insert(tx: &mut store::Tx, user: &User, hash: &str) -> Result<()> {
    let new = users::New {
        id: user.id(),
        email: user.email.as_deref(),
        username: user.person.username.as_deref(),
        password_hash: hash,
        display_name: &user.person.display_name,
        avatar_url: user.person.avatar_url.as_deref(),
        created_at: user.person.created_at,
    };
    taken(users::insert(tx, &new).await, user)?;
    streams::create(tx, &[user.id().into()]).await?;
    Ok(())
}

/// Two who take a name at once: the unique index decides.
fn taken(result: store::Result<()>, user: &User) -> Result<()> {
    match result {
        Err(store::Error::Taken) => {
            Err(Error::Taken(if user.email.is_some() { "email" } else { "username" }))
        }
        other => Ok(other?),
    }
}

impl Caller {
    pub async fn me(&self) -> Result<User> {
        let mut read = self.messenger.db.read().await?;
        users::by_id(&mut read, self.access.user).await?.ok_or(Error::Unauthorized)
    }

    /// Changes one's profile.
    pub async fn update_profile(self, profile: Profile) -> Result<User> {
        self.changes()?;
        let mut work = self.messenger.begin().await?;
        let mut user = users::by_id(&mut work.tx, self.access.user).await?.ok_or(Error::Unauthorized)?;
        if let Some(new) = profile.email {
            user.email = Some(email(&new)?);
            self.refuse_taken(&mut work, "email", &new).await?;
        }
        if let Some(new) = profile.username {
            user.person.username = Some(username(&new)?);
            self.refuse_taken(&mut work, "username", &new).await?;
        }
        if let Some(new) = profile.display_name {
            user.person.display_name = display_name(&new)?;
        }
        if let Some(new) = profile.avatar_url {
            user.person.avatar_url = url(&new)?;
        }
        taken(users::update(&mut work.tx, &user).await, &user)?;
        work.announce(user.id(), Change::UserUpdated(user.clone())).await?;
        work.once(self.attempt, Subject::User(user.id()));
        work.commit().await?;
        Ok(user)
    }

    /// The unique index has the last word, but does not tell which name it was.
    async fn refuse_taken(&self, work: &mut Work, field: &'static str, name: &str) -> Result<()> {
        match users::credentials(&mut work.tx, name).await? {
            Some((owner, _)) if owner != self.access.user => Err(Error::Taken(field)),
            _ => Ok(()),
        }
    }

    /// What anybody may see of somebody.
    pub async fn person(&self, id: UserId) -> Result<Person> {
        let mut read = self.messenger.db.read().await?;
        let user = users::by_id(&mut read, id).await?;
        user.map(|user| user.person).ok_or(Error::NotFound("user"))
    }

    /// People of whose name or username a word begins with `words`, or whose e-mail address it is.
    pub async fn find_people(&self, words: &str, limit: Option<u64>) -> Result<Vec<Person>> {
        self.messenger.limit(Limit::Search(self.access.user))?;
        if words.trim().is_empty() {
            return Err(Error::invalid("q", "some letters of a name are needed"));
        }
        if words.len() > 320 {
            return Err(Error::invalid("q", "longer than any name"));
        }
        let limit = limit.unwrap_or(20).clamp(1, MOST_FOUND);
        let mut read = self.messenger.db.read().await?;
        let found = users::search(&mut read, words, limit).await?;
        Ok(found.into_iter().map(|user| user.person).collect())
    }
}

fn email(text: &str) -> Result<String> {
    let text = text.trim();
    let parts = text.rsplit_once('@');
    let sound = parts.is_some_and(|(name, host)| {
        !name.is_empty()
            && !host.is_empty()
            && !name.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
    });
    if !sound || text.chars().count() > 254 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::invalid("email", "is not an e-mail address"));
    }
    Ok(text.to_owned())
}

fn username(text: &str) -> Result<String> {
    let text = text.trim();
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !(2..=32).contains(&text.chars().count()) || !text.chars().all(allowed) {
        return Err(Error::invalid("username", "must be 2 to 32 letters, digits, '_', '-' or '.'"));
    }
    Ok(text.to_owned())
}

fn display_name(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_NAME || text.chars().any(char::is_control) {
        return Err(Error::invalid("display_name", "must have 1 to 64 characters"));
    }
    Ok(text.to_owned())
}

/// A web address; an empty one is none.
fn url(text: &str) -> Result<Option<String>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    if !is_web || text.len() > LONGEST_URL || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::invalid("avatar_url", "must be an http or https address of at most 2,048 bytes"));
    }
    Ok(Some(text.to_owned()))
}
