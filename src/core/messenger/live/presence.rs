//! Presence: whether users are online and when they were last seen, sent live to those who share a chat with them.
//!
//! Users who hide their presence cannot see that of others, as in other messengers.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::boxed;
use crate::hub::EphemeralEvent;
use crate::messenger::foundation::{Error, Result};
use crate::messenger::{Caller, Messenger};
use crate::model::{Person, Presence, Status, Stream, Time, UserId};
use crate::store::{Executor, blocks, members, users};

/// A user who reconnects within this time, as after a reload, does not go offline.
const GRACE: Duration = Duration::from_secs(8);
/// How many users are announced at a time.
const BATCH: usize = 20;
/// How many subscriptions one run may visit; the rest waits for the next run. When a thousand members of one chat
/// connect together, a million deliveries are spread over some seconds instead of blocking other work.
const MAX_VISITED: usize = 10_000;
/// The most users of one request.
const MAX_REQUESTED: usize = 200;

impl Caller {
    /// The presence of users, as the caller may see it. Users that do not exist are left out.
    #[boxed]
    pub async fn presence_of(&self, users: &[UserId]) -> Result<HashMap<UserId, Presence>> {
        if !(1..=MAX_REQUESTED).contains(&users.len()) {
            return Err(Error::invalid("user_ids", format!("must have 1 to {MAX_REQUESTED} items")));
        }
        let mut read = self.messenger.db.read().await?;
        self.messenger.presence(&mut read, self.access.user, users).await
    }
}

impl Messenger {
    /// The presence of users, as a reader may see it.
    async fn presence(
        &self,
        executor: &mut Executor,
        reader: UserId,
        ids: &[UserId],
    ) -> Result<HashMap<UserId, Presence>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let known = users::last_seen_by(executor, reader, ids).await?;
        let reader_hides = known.iter().any(|(seen, _)| seen.user == reader && seen.hides_presence());
        let is_hidden = |(seen, has_blocked): &(users::LastSeen, bool)| {
            seen.user != reader && (reader_hides || seen.hides_presence() || *has_blocked)
        };
        let presence = |known: (users::LastSeen, bool)| match (is_hidden(&known), known.0) {
            (true, _) => Presence::HIDDEN,
            (false, seen) if seen.is_deactivated() => Presence::new(Status::Offline, seen.last_seen_at),
            (false, seen) => Presence::new(self.hub.presence.status_of(seen.user), seen.last_seen_at),
        };
        let asked: HashSet<UserId> = ids.iter().copied().collect();
        let known = known.into_iter().filter(|(seen, _)| asked.contains(&seen.user));
        Ok(known.map(|known| (known.0.user, presence(known))).collect())
    }

    /// Sets the presence of people, as a reader may see it.
    pub(crate) async fn attach_presence<'a>(
        &self,
        executor: &mut Executor,
        reader: UserId,
        people: impl IntoIterator<Item = &'a mut Person>,
    ) -> Result<()> {
        let mut people: Vec<&mut Person> = people.into_iter().collect();
        let ids: Vec<UserId> = people.iter().map(|person| person.id).collect();
        let presence = self.presence(executor, reader, &ids).await?;
        for person in &mut people {
            person.presence = presence.get(&person.id).copied();
        }
        Ok(())
    }

    /// Announces presence changes, and saves when users who went offline were last seen.
    pub(crate) async fn announce_presence(&self) -> Result<()> {
        let left = self.hub.presence.left_by(self.clock.now(), GRACE);
        self.save_last_seen(&left).await?;
        self.hub.presence.expire(&left);
        let mut visited = 0;
        while visited < MAX_VISITED {
            let updates = self.hub.presence.take_updates(BATCH);
            if updates.is_empty() {
                break;
            }
            let ids: Vec<UserId> = updates.iter().map(|update| update.user).collect();
            let mut read = self.db.read().await?;
            let seen = users::last_seen(&mut read, &ids).await?;
            let seen: HashMap<_, _> = seen.into_iter().map(|seen| (seen.user, seen)).collect();
            let chats = members::chats_of(&mut read, &ids).await?;
            let hiding = users::hiding_presence(&mut read).await?;
            let blocked = blocks::of_users(&mut read, &ids).await?;
            drop(read);
            for update in updates {
                let (Some(seen), Some(chats)) = (seen.get(&update.user), chats.get(&update.user)) else {
                    continue;
                };
                let presence = match seen.hides_presence() {
                    // Even an event without a status would show that the user connected or left.
                    true if !update.is_reannounced => continue,
                    true => Presence::HIDDEN,
                    false => Presence::new(update.status, seen.last_seen_at),
                };
                let event = EphemeralEvent::Presence { user: update.user, presence };
                let streams = chats.iter().map(|chat| Stream::from(*chat));
                let mut excluded = hiding.clone();
                excluded.extend(blocked.get(&update.user).into_iter().flatten());
                visited += self.hub.send_ephemeral_once(streams, event, &excluded);
            }
        }
        Ok(())
    }

    /// Saves when all connected users were last seen, because the server stops.
    pub(crate) async fn save_all_last_seen(&self) -> Result<()> {
        let now = self.clock.now();
        let users = self.hub.presence.local_users();
        let seen: Vec<_> = users.into_iter().map(|(user, left_at)| (user, left_at.unwrap_or(now))).collect();
        self.save_last_seen(&seen).await
    }

    async fn save_last_seen(&self, seen: &[(UserId, Time)]) -> Result<()> {
        /// The most users of one statement.
        const BATCH: usize = 200;
        if seen.is_empty() {
            return Ok(());
        }
        let mut work = self.begin_background().await?;
        for batch in seen.chunks(BATCH) {
            users::set_last_seen(&mut work.tx, batch).await?;
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

    /// [`CROWD`] users who share a chat.
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

    /// Announces until nothing is left; returns the number of runs and of events received.
    async fn announced(messenger: &Messenger, listeners: &[Listener]) -> (usize, usize) {
        let (mut runs, mut all) = (0, 0);
        loop {
            messenger.announce_presence().await.unwrap();
            let received: usize = listeners.iter().map(|listener| listener.take().ephemeral.len()).sum();
            assert!(received <= MAX_VISITED + BATCH * listeners.len(), "{received} at once");
            if received == 0 {
                return (runs, all);
            }
            (runs, all) = (runs + 1, all + received);
        }
    }

    fn access(id: i64, expires_at: Time) -> Access {
        let (user, session) = (UserId(id), SessionId(id));
        Access { user, session, kind: SessionKind::SignIn, scopes: Scopes::ALL, expires_at, address: None }
    }

    #[tokio::test]
    async fn a_crowd_that_connects_together_is_announced_completely_in_several_runs() {
        let folder = tempfile::tempdir().unwrap();
        let messenger = messenger(folder.path()).await;
        crowd(&messenger).await;
        let now = messenger.clock.now();
        let mut listeners = Vec::new();
        for id in 1..=CROWD {
            let access = access(id, now);
            listeners.push(messenger.listen(access, None).await.unwrap());
        }
        let (runs, received) = announced(&messenger, &listeners).await;
        let others = usize::try_from(CROWD * (CROWD - 1)).unwrap();
        assert_eq!(received, others, "each is announced to each other");
        assert!(runs >= others / (MAX_VISITED + BATCH * listeners.len()), "{runs}");

        // They all reload: nothing is announced.
        let first = listeners.remove(0);
        listeners.clear();
        for id in 2..=CROWD {
            let access = access(id, now);
            listeners.push(messenger.listen(access, None).await.unwrap());
        }
        messenger.clock.advance(GRACE);
        listeners.push(first);
        assert_eq!(announced(&messenger, &listeners).await, (0, 0));

        // All but one leave.
        let last = listeners.pop().unwrap();
        listeners.clear();
        messenger.announce_presence().await.unwrap();
        assert_eq!(last.take().ephemeral.len(), 0, "the grace period runs");
        messenger.clock.advance(GRACE);
        let (_, received) = announced(&messenger, std::slice::from_ref(&last)).await;
        assert!(received > 0 && received < others, "{received}");
        let gone = users::last_seen(&mut messenger.db.read().await.unwrap(), &[UserId(2)]).await.unwrap();
        assert!(gone[0].last_seen_at.is_some_and(|at| at >= now), "it is saved");
    }
}
