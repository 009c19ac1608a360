//! Presence: who is there, and when they were last; told live to whoever shares a chat with them.
//!
//! Who hides theirs sees nobody else's: what one takes one gives, as in the messengers that people come from.

use std::collections::HashMap;
use std::time::Duration;

use crate::hub::Whisper;
use crate::messenger::foundation::{Error, Result};
use crate::messenger::{Caller, Messenger};
use crate::model::{Person, Presence, Status, Stream, Time, UserId};
use crate::store::{Executor, blocks, members, users};

/// Whoever comes back within this time, as after a reload, was never gone.
const GRACE: Duration = Duration::from_secs(8);
/// Of how many people is asked in one go.
const SOME: usize = 20;
/// How many connections hear of somebody before the rest waits until the next time: when a thousand people of one
/// chat come at once, that is a million times, and so some seconds' work of a part of the machine.
const MOST_TOLD: usize = 10_000;
/// The most people whose presence may be asked for at once.
const MOST_ASKED: usize = 200;

impl Caller {
    /// Whether people are there, as the caller may see it. Whom there is not is left out.
    pub async fn presence_of(&self, people: &[UserId]) -> Result<HashMap<UserId, Presence>> {
        if !(1..=MOST_ASKED).contains(&people.len()) {
            return Err(Error::invalid("user_ids", format!("must name 1 to {MOST_ASKED} users")));
        }
        let mut read = self.messenger.db.read().await?;
        self.messenger.presence(&mut read, self.access.user, people).await
    }
}

impl Messenger {
    /// Whether people are there, as a reader may see it.
    async fn presence(
        &self,
        run: &mut Executor,
        reader: UserId,
        people: &[UserId],
    ) -> Result<HashMap<UserId, Presence>> {
        let known = users::last_seen(run, people).await?;
        let hides = users::last_seen(run, &[reader]).await?.iter().any(users::LastSeen::hides_presence);
        let blockers = blocks::blockers(run, reader, people).await?;
        let is_hidden = |seen: &users::LastSeen| {
            seen.user != reader && (hides || seen.hides_presence() || blockers.contains(&seen.user))
        };
        let presence = |seen: users::LastSeen| match is_hidden(&seen) {
            true => Presence::HIDDEN,
            false if seen.is_deactivated() => Presence::new(Status::Offline, seen.last_seen_at),
            false => Presence::new(self.hub.presence.of(seen.user), seen.last_seen_at),
        };
        Ok(known.into_iter().map(|seen| (seen.user, presence(seen))).collect())
    }

    /// Says of people whether they are there, as a reader may see it.
    pub(crate) async fn show_presence<'a>(
        &self,
        run: &mut Executor,
        reader: UserId,
        people: impl IntoIterator<Item = &'a mut Person>,
    ) -> Result<()> {
        let mut people: Vec<&mut Person> = people.into_iter().collect();
        let ids: Vec<UserId> = people.iter().map(|person| person.id).collect();
        let presence = self.presence(run, reader, &ids).await?;
        for person in &mut people {
            person.presence = presence.get(&person.id).copied();
        }
        Ok(())
    }

    /// Tells whose presence changed, and writes down when those were last here who are gone.
    pub(crate) async fn tell_presence(&self) -> Result<()> {
        let left = self.hub.presence.left_before(self.clock.now() - GRACE);
        self.write_last_seen(&left).await?;
        self.hub.presence.see_off(&left);
        let mut told = 0;
        while told < MOST_TOLD {
            let waiting = self.hub.presence.take_waiting(SOME);
            if waiting.is_empty() {
                break;
            }
            let ids: Vec<UserId> = waiting.iter().map(|waiting| waiting.user).collect();
            let mut read = self.db.read().await?;
            let seen = users::last_seen(&mut read, &ids).await?;
            let seen: HashMap<_, _> = seen.into_iter().map(|seen| (seen.user, seen)).collect();
            let chats = members::chats_of(&mut read, &ids).await?;
            let unseeing = users::hiding(&mut read).await?;
            let blocked = blocks::of_many(&mut read, &ids).await?;
            drop(read);
            for waiting in waiting {
                let (Some(seen), Some(chats)) = (seen.get(&waiting.user), chats.get(&waiting.user)) else {
                    continue;
                };
                let presence = match seen.hides_presence() {
                    // That they came or went would be told by telling it.
                    true if !waiting.again => continue,
                    true => Presence::HIDDEN,
                    false => Presence::new(waiting.status, seen.last_seen_at),
                };
                let whisper = Whisper::Presence { user: waiting.user, presence };
                let streams = chats.iter().map(|chat| Stream::from(*chat));
                let mut but = unseeing.clone();
                but.extend(blocked.get(&waiting.user).into_iter().flatten());
                told += self.hub.whisper_once(streams, whisper, &but);
            }
        }
        Ok(())
    }

    /// Writes down of everybody who is there that they were here until now, because the server stops.
    pub(crate) async fn write_down_everybody(&self) -> Result<()> {
        let now = self.clock.now();
        let everybody = self.hub.presence.everybody();
        let seen: Vec<_> =
            everybody.into_iter().map(|(user, left_at)| (user, left_at.unwrap_or(now))).collect();
        self.write_last_seen(&seen).await
    }

    async fn write_last_seen(&self, seen: &[(UserId, Time)]) -> Result<()> {
        /// How many one statement writes.
        const SOME: usize = 200;
        if seen.is_empty() {
            return Ok(());
        }
        let mut work = self.begin().await?;
        for some in seen.chunks(SOME) {
            users::saw(&mut work.tx, some).await?;
        }
        work.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{AwsEnv, Files, StorageLocation};
    use crate::messenger::{Access, Clock, Listener, Secrets, Settings};
    use crate::model::{ChatId, Role, Scopes, SessionId, SessionKind};
    use crate::store::{Db, streams};

    const CROWD: i64 = 300;

    async fn messenger(folder: &std::path::Path) -> Messenger {
        let db = Db::open(&format!("sqlite:{}", folder.join("db").display()), 2).await.unwrap();
        let files =
            Files::new(&StorageLocation::Folder(folder.to_owned()), None, &AwsEnv::default()).unwrap();
        let secrets = Secrets::open(&folder.join("key")).unwrap();
        Messenger::new(db, files, &secrets, Clock::default(), Settings::at_the_machine()).await.unwrap()
    }

    /// So many people, who share a chat.
    async fn crowd(messenger: &Messenger) {
        let mut work = messenger.begin().await.unwrap();
        let chat = ChatId(1_000_000);
        streams::create(&mut work.tx, &[chat.into()]).await.unwrap();
        for id in 1..=CROWD {
            let user = users::New {
                id: UserId(id),
                email: None,
                phone: None,
                username: None,
                password_hash: "",
                display_name: "somebody",
                avatar_url: None,
                is_admin: false,
                created_at: work.now,
            };
            users::insert(&mut work.tx, &user).await.unwrap();
            streams::create(&mut work.tx, &[user.id.into()]).await.unwrap();
            let now = work.now;
            members::insert_many(&mut work.tx, chat, &[(user.id, Role::Member)], 0, now).await.unwrap();
        }
        work.commit().await.unwrap();
    }

    /// How many times the messenger was tended until nothing more was told, and how much was heard.
    async fn told(messenger: &Messenger, listeners: &[Listener]) -> (usize, usize) {
        let (mut times, mut all) = (0, 0);
        loop {
            messenger.tell_presence().await.unwrap();
            let heard: usize = listeners.iter().map(|listener| listener.take().whispers.len()).sum();
            assert!(heard <= MOST_TOLD + SOME * listeners.len(), "{heard} at once");
            if heard == 0 {
                return (times, all);
            }
            (times, all) = (times + 1, all + heard);
        }
    }

    fn access(id: i64, expires_at: Time) -> Access {
        let (user, session) = (UserId(id), SessionId(id));
        Access { user, session, kind: SessionKind::SignIn, scopes: Scopes::ALL, expires_at }
    }

    #[tokio::test]
    async fn a_crowd_that_comes_at_once_is_told_bit_by_bit_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let messenger = messenger(folder.path()).await;
        crowd(&messenger).await;
        let now = messenger.clock.now();
        let mut listeners = Vec::new();
        for id in 1..=CROWD {
            let access = access(id, now);
            listeners.push(messenger.listen(access, None).await.unwrap());
        }
        let (times, heard) = told(&messenger, &listeners).await;
        let others = usize::try_from(CROWD * (CROWD - 1)).unwrap();
        assert_eq!(heard, others, "everybody heard of everybody else");
        assert!(times >= others / (MOST_TOLD + SOME * listeners.len()), "{times}");

        // They all reload: nobody hears anything.
        let first = listeners.remove(0);
        listeners.clear();
        for id in 2..=CROWD {
            let access = access(id, now);
            listeners.push(messenger.listen(access, None).await.unwrap());
        }
        messenger.clock.advance(GRACE);
        listeners.push(first);
        assert_eq!(told(&messenger, &listeners).await, (0, 0));

        // They all go: only one is left to hear it.
        let last = listeners.pop().unwrap();
        listeners.clear();
        messenger.tell_presence().await.unwrap();
        assert_eq!(last.take().whispers.len(), 0, "they may come back");
        messenger.clock.advance(GRACE);
        let (_, heard) = told(&messenger, std::slice::from_ref(&last)).await;
        assert!(heard > 0 && heard < others, "{heard}");
        let gone = users::last_seen(&mut messenger.db.read().await.unwrap(), &[UserId(2)]).await.unwrap();
        assert!(gone[0].last_seen_at.is_some_and(|at| at >= now), "it is written down");
    }
}
