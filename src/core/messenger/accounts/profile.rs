//! Profiles of the caller and of others.

use icu_locale_core::Locale;
use jiff::tz::TimeZoneDatabase;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::accounts::email_change::EmailProofs;
use crate::messenger::accounts::sign_in_code::Purpose;
use crate::messenger::files::avatar_image;
use crate::messenger::foundation::{Error, Limit, Result, Subject, UnitOfWork};
use crate::model::{AuditAction, AuditTarget, Change, Person, Stream, User, UserId, fold, text};
use crate::store::{self, members, users};

const MAX_NAME: usize = 64;
const MAX_ABOUT: usize = 500;
const MAX_URL: usize = 2_048;
/// The longest language tag; RFC 5646, 4.4.1 recommends 35 characters.
const MAX_TAG: usize = 35;
const MAX_FOUND: u64 = 50;

/// Changes of a profile. Missing fields stay unchanged; `Some(None)` clears them.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Changes only with [`EmailProofs`]; without a code from the new address, one is sent there.
    pub email: Option<String>,
    pub email_proofs: EmailProofs,
    pub username: Option<String>,
    pub display_name: Option<String>,
    pub avatar_url: Option<Option<String>>,
    pub about: Option<Option<String>>,
    pub time_zone: Option<Option<String>>,
    pub language: Option<Option<String>>,
    pub hides_presence: Option<bool>,
    pub hides_reading: Option<bool>,
}

impl Caller {
    #[boxed]
    pub async fn me(&self) -> Result<User> {
        Ok(User::clone(&*self.own_profile().await?.ok_or(Error::Unauthorized)?))
    }

    /// Updates the caller's profile.
    #[boxed]
    pub async fn update_profile(self, mut profile: Profile) -> Result<User> {
        self.changes()?;
        let me = self.me().await?;
        // Everything else is validated before a password is verified or a code is used up.
        let change = (profile.email.take(), std::mem::take(&mut profile.email_proofs));
        profile.clone().apply(me.clone())?;
        let change = match change {
            (Some(address), proofs) => Some(self.prepare_email_change(&me, &address, proofs).await?),
            (None, _) => None,
        };
        let mut work = self.messenger.begin_for([self.access.user]).await?;
        let before = users::by_id(&mut work.tx, self.access.user).await?.ok_or(Error::Unauthorized)?;
        let mut user = profile.apply(before.clone())?;
        let mut to_prove = None;
        if let Some(change) = change {
            (work, to_prove) = change.apply(work, &mut user).await?;
        }
        if user.person != before.person || to_prove.is_some() {
            // The change is announced to all chats of the user.
            self.messenger.limit(Limit::Profile(user.id()))?;
        }
        let written = users::update(&mut work.tx, &user).await;
        check_taken(&mut work.tx, written, &user).await?;
        if user.email != before.email {
            let by = self.access.actor();
            work.audit(by, AuditAction::EmailChange, AuditTarget::from(user.id()), Value::Null).await?;
        }
        avatar_image::replace_avatar(&mut work, user.id(), before.person.avatar, user.person.avatar).await?;
        announce_profile(&mut work, &user, &before).await?;
        if user.hides_presence != before.hides_presence {
            let id = user.id();
            work.after_commit(move |messenger| messenger.reannounce_presence(id));
        }
        if to_prove.is_none() {
            work.once(self.attempt.clone(), Subject::User(user.id()));
        }
        work.commit().await?;
        if let Some(to) = to_prove {
            let language = self.messenger.profile_language(user.language.as_deref());
            self.messenger.send_code(&to, Purpose::NewAddress(user.id()), language).await?;
            let mut work = self.messenger.begin().await?;
            work.once(self.attempt, Subject::User(user.id()));
            work.commit().await?;
        }
        Ok(user)
    }

    /// The public profile of a user.
    #[boxed]
    pub async fn person(&self, id: UserId) -> Result<Person> {
        let mut read = self.messenger.db.read().await?;
        let mut person = users::by_id(&mut read, id).await?.ok_or(Error::NotFound("user"))?.person;
        self.messenger.attach_presence(&mut read, self.access.user, [&mut person]).await?;
        Ok(person)
    }

    /// Finds users whose name or username contains all words, or whose e-mail address is equal.
    ///
    /// Users who have blocked the caller are found as well: their absence would disclose the block.
    #[boxed]
    pub async fn find_people(&self, words: &str, limit: Option<u64>) -> Result<Vec<Person>> {
        self.messenger.limit(Limit::Search(self.access.user))?;
        if words.trim().is_empty() {
            return Err(Error::invalid("q", "must contain at least one letter or digit"));
        }
        if words.len() > 320 {
            return Err(Error::invalid("q", "is too long"));
        }
        let limit = limit.unwrap_or(20).clamp(1, MAX_FOUND);
        let mut read = self.messenger.db.read().await?;
        let found = users::search(&mut read, words, limit).await?;
        let mut found: Vec<Person> = found.into_iter().map(|user| user.person).collect();
        self.messenger.attach_presence(&mut read, self.access.user, &mut found).await?;
        Ok(found)
    }
}

impl Profile {
    /// The account with these changes; its e-mail address stays.
    pub(crate) fn apply(self, mut user: User) -> Result<User> {
        let person = &mut user.person;
        if let Some(new) = self.username {
            person.username = Some(check_username(&new)?);
        }
        if let Some(new) = self.display_name {
            person.display_name = check_name(&new)?;
        }
        if self.avatar_url.is_some() {
            // An external picture replaces an uploaded avatar.
            person.avatar = None;
        }
        change(&mut person.avatar_url, self.avatar_url, check_url)?;
        change(&mut person.about, self.about, check_about)?;
        change(&mut person.time_zone, self.time_zone, check_time_zone)?;
        change(&mut user.language, self.language, check_language)?;
        user.hides_presence = self.hides_presence.unwrap_or(user.hides_presence);
        user.hides_reading = self.hides_reading.unwrap_or(user.hides_reading);
        Ok(user)
    }
}

/// Changes an optional field; an empty text clears it.
fn change(
    field: &mut Option<String>,
    new: Option<Option<String>>,
    check: fn(&str) -> Result<Option<String>>,
) -> Result<()> {
    if let Some(new) = new {
        *field = new.as_deref().map(check).transpose()?.flatten();
    }
    Ok(())
}

/// Announces a changed profile to the user's own devices and, if the public part has changed, to all their chats.
pub(crate) async fn announce_profile(work: &mut UnitOfWork, user: &User, before: &User) -> Result<()> {
    work.announce(user.id(), Change::UserUpdated(user.clone()));
    if user.person != before.person {
        announce_to_chats(work, user.id()).await?;
    }
    Ok(())
}

/// Announces a user's public profile to all their chats.
pub(crate) async fn announce_to_chats(work: &mut UnitOfWork, user: UserId) -> Result<()> {
    let places = members::of_user(&mut work.tx, user).await?;
    work.announce_all(
        places.into_iter().map(|(chat, member)| (Stream::from(chat), Change::MemberUpdated { chat, member })),
    );
    Ok(())
}

/// Maps a unique index violation to the field that is taken: the database doesn't tell which index it was.
pub(crate) async fn check_taken(tx: &mut store::Tx, written: store::Result<()>, user: &User) -> Result<()> {
    if !matches!(written, Err(store::Error::Taken)) {
        return Ok(written?);
    }
    let names = [
        ("email", user.email.as_deref()),
        ("username", user.person.username.as_deref()),
        ("phone", user.phone.as_deref()),
    ];
    for (field, name) in names {
        if let Some(name) = name
            && users::credentials(tx, name).await?.is_some_and(|(owner, _)| owner != user.id())
        {
            return Err(Error::Taken(field));
        }
    }
    Err(Error::Taken("the name"))
}

/// `@` is not allowed, so that a username can't equal an e-mail address.
pub(crate) fn check_username(text: &str) -> Result<String> {
    let text: String = text.trim().nfc().collect();
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    // Letters that normalisation removes would leave names that can't be distinguished.
    let told_apart = fold(&text).chars().filter(|c| c.is_alphanumeric()).count();
    if !(2..=32).contains(&text.chars().count())
        || !text.chars().all(allowed)
        || told_apart == 0
        || text::has_invisible(&text)
    {
        return Err(Error::invalid("username", "must be 2 to 32 letters, digits, '_', '-' or '.'"));
    }
    Ok(text)
}

pub(crate) fn check_name(text: &str) -> Result<String> {
    text::line(text)
        .filter(|name| name.chars().count() <= MAX_NAME)
        .ok_or_else(|| Error::invalid("display_name", "must have 1 to 64 visible characters"))
}

/// Validates a web URL; empty means none.
pub(crate) fn check_url(text: &str) -> Result<Option<String>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    if !is_web || text.len() > MAX_URL || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::invalid("avatar_url", "must be an http or https URL of at most 2,048 bytes"));
    }
    Ok(Some(text.to_owned()))
}

fn check_about(text: &str) -> Result<Option<String>> {
    let text = text::lines(text).filter(|text| text.chars().count() <= MAX_ABOUT);
    let reason = || Error::invalid("about", format!("must have at most {MAX_ABOUT} characters"));
    text.ok_or_else(reason).map(some)
}

/// Validates an IANA time zone name and returns its canonical spelling.
fn check_time_zone(text: &str) -> Result<Option<String>> {
    let name = text.trim();
    if name.is_empty() {
        return Ok(None);
    }
    let zone = TimeZoneDatabase::bundled().get(name).ok();
    let name = zone.as_ref().and_then(|zone| zone.iana_name()).map(str::to_owned);
    name.map(Some)
        .ok_or_else(|| Error::invalid("time_zone", "must be an IANA time zone, such as Europe/Moscow"))
}

/// Validates a BCP 47 tag and returns its canonical spelling.
fn check_language(text: &str) -> Result<Option<String>> {
    let tag = text.trim();
    if tag.is_empty() {
        return Ok(None);
    }
    let locale = Locale::try_from_str(tag).ok().map(|locale| locale.to_string());
    locale
        .filter(|tag| tag.len() <= MAX_TAG && tag != "und")
        .map(Some)
        .ok_or_else(|| Error::invalid("language", "must be a language tag (BCP 47), such as pt-BR"))
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_are_those_of_the_iana_database() {
        for (given, kept) in
            [("Europe/Moscow", "Europe/Moscow"), ("europe/moscow", "Europe/Moscow"), ("UTC", "UTC")]
        {
            assert_eq!(check_time_zone(given).unwrap().as_deref(), Some(kept));
        }
        for wrong in ["Europe/Berlim", "+03:00", "../etc/passwd", "MSK", "Etc/Unknown", "local"] {
            assert!(check_time_zone(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn languages_are_written_as_bcp_47_says() {
        for (given, kept) in
            [("ru", "ru"), ("PT-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("sr-latn", "sr-Latn")]
        {
            assert_eq!(check_language(given).unwrap().as_deref(), Some(kept));
        }
        for wrong in ["russian language", "r", "ru_", "русский", "und", "ru-", "x"] {
            assert!(check_language(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_username_can_be_told_from_every_other() {
        assert_eq!(check_username(" и\u{306}од ").unwrap(), "йод");
        for wrong in
            ["\u{345}\u{345}", "a\u{200d}b", "..", "__", "\u{3164}\u{3164}", "a@b", "ann\u{200b}a", "👍👍"]
        {
            assert!(check_username(wrong).is_err(), "{wrong:?}");
        }
    }
}
