//! One of several nodes: what it hears of the others, what it tells them, and which jobs are its own.
//!
//! Nodes share a database and, where there is one, a [`Bus`]. Each holds a number, by which its identifiers
//! differ from those of others, for as long as it renews it; and one of them does the jobs that need to be done
//! once. When that one dies another takes over some seconds later.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use uuid::Uuid;

use crate::hub::{Bus, Close, Heard, News, NodeId, Whisper};
use crate::messenger::Messenger;
use crate::messenger::foundation::last_run::LastRun;
use crate::messenger::foundation::{Error, Limit, Network, Result};
use crate::model::{ChatId, Event, NODES, Presence, SessionId, Status, Stream, Time, UserId};
use crate::store::{leases, streams};

/// How long a node keeps its number without renewing it.
const NUMBER_LIFE: Duration = Duration::from_secs(5 * 60);
/// How long the jobs of all stay with one node that is not heard of.
const JOBS_LIFE: Duration = Duration::from_secs(12);
const RENEW_EVERY: Duration = Duration::from_secs(4);
const JOBS: &str = "jobs";
/// How often a node says that it lives, and after what silence it counts as gone.
const ALIVE_EVERY: Duration = Duration::from_secs(4);
const SILENCE: Duration = Duration::from_secs(15);
/// How often the database is asked how far streams are: what the bus lost is told so much later.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The same while there is no bus.
const LOOK_EVERY_ALONE: Duration = Duration::from_millis(500);
/// Of how many streams, or people, at a time.
const SOME: usize = 500;

/// What a node knows of itself and of the others.
pub(crate) struct Nodes {
    /// Whether there may be others.
    are_many: bool,
    me: NodeId,
    bus: Option<Bus>,
    heard: Mutex<Option<mpsc::Receiver<Heard>>>,
    /// The number that it holds.
    number: AtomicI64,
    /// Until when the jobs of all are its own, in milliseconds.
    jobs_until: AtomicI64,
    renewed: LastRun,
    said: LastRun,
    looked: LastRun,
}

impl Nodes {
    /// Takes a place on the bus, if there is one.
    pub(crate) async fn join(bus: Option<&str>, are_many: bool) -> std::result::Result<Self, String> {
        let me = (Uuid::new_v4().as_u64_pair().0 >> 1).cast_signed();
        let (bus, heard) = match bus {
            Some(url) => Some(Bus::join(url, me).await?).unzip(),
            None => (None, None),
        };
        Ok(Self {
            are_many: are_many || bus.is_some(),
            me,
            bus,
            heard: Mutex::new(heard),
            number: AtomicI64::new(0),
            jobs_until: AtomicI64::new(0),
            renewed: LastRun::default(),
            said: LastRun::default(),
            looked: LastRun::default(),
        })
    }
}

impl Messenger {
    /// Whether the jobs that are done once for all nodes are this one's.
    pub(crate) fn does_jobs(&self) -> bool {
        !self.nodes.are_many || self.clock.now().0 < self.nodes.jobs_until.load(Ordering::Relaxed)
    }

    /// Whether there may be other nodes.
    pub(crate) fn has_others(&self) -> bool {
        self.nodes.are_many
    }

    /// Says something to the other nodes.
    pub(crate) fn spread(&self, news: News) {
        if let Some(bus) = &self.nodes.bus {
            bus.say(news);
        }
    }

    /// Says to the other nodes that something happened.
    pub(crate) fn spread_events(&self, events: &[Event]) {
        if self.nodes.bus.is_some() && !events.is_empty() {
            let places = events.iter().map(|event| (event.position.stream.0, event.position.seq));
            self.spread(News::Streams(places.collect()));
        }
    }

    /// Tells what is not kept to those who listen to a stream, on all nodes.
    pub(crate) fn whisper(&self, stream: Stream, whisper: Whisper) {
        self.hub.whisper(stream, whisper);
        match whisper {
            Whisper::Typing { chat, user } => self.spread(News::Typing(chat.0, user.0)),
            Whisper::Presence { user, .. } => self.spread(News::Unseen(stream.0, user.0)),
        }
    }

    /// Others may see something else of somebody's presence now, on all nodes.
    pub(crate) fn tell_presence_again(&self, user: UserId) {
        self.hub.presence.tell_again(user);
        self.spread(News::Again(user.0));
    }

    /// Ends what a session holds open, on all nodes.
    pub(crate) fn end_session(&self, user: UserId, session: SessionId, at: Time) {
        self.tokens.revoke(session, at);
        self.hub.close_session(user, session, Close::Revoked);
        self.spread(News::Ended(user.0, session.0, at.0));
    }

    /// Takes a number, and the jobs if nobody has them; or keeps both.
    pub(crate) async fn keep_place(&self) -> Result<()> {
        if !self.nodes.are_many || self.nodes.renewed.due(self.clock.now(), RENEW_EVERY).is_none() {
            return Ok(());
        }
        let mine = self.nodes.number.load(Ordering::Relaxed);
        let number = (mine..i64::from(NODES)).chain(0..mine);
        for number in number {
            if self.hold_for(&format!("node {number}"), NUMBER_LIFE).await?.is_some() {
                self.nodes.number.store(number, Ordering::Relaxed);
                self.ids.set_node(u8::try_from(number).unwrap_or_default());
                break;
            }
        }
        if let Some(until) = self.hold_for(JOBS, JOBS_LIFE).await? {
            self.nodes.jobs_until.store(until.0, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Refuses to be a node of a server whose others have another secret: what one signs the others would refuse.
    pub(crate) async fn check_secret(&self, fingerprint: [u8; 32]) -> Result<()> {
        if !self.nodes.are_many {
            return Ok(());
        }
        let mark = fingerprint.iter().take(7).fold(0, |mark, byte| mark << 8 | i64::from(*byte));
        let mut work = self.begin().await?;
        let now = work.now;
        if !leases::take(&mut work.tx, "secret", mark, now, Time(i64::MAX)).await? {
            let reason = "is not the one that the other nodes on this database have; copy theirs";
            return Err(Error::invalid("--secret-file", reason));
        }
        work.commit().await
    }

    async fn hold_for(&self, name: &str, life: Duration) -> Result<Option<Time>> {
        let mut work = self.begin().await?;
        let until = work.now + life;
        let now = work.now;
        let taken = leases::take(&mut work.tx, name, self.nodes.me, now, until).await?;
        if taken {
            work.commit().await?;
        }
        Ok(taken.then_some(until))
    }

    /// Lets others have at once what this one held.
    pub(crate) async fn leave_place(&self) -> Result<()> {
        if !self.nodes.are_many {
            return Ok(());
        }
        self.spread(News::Gone);
        self.nodes.jobs_until.store(0, Ordering::Relaxed);
        let mut work = self.begin().await?;
        leases::release(&mut work.tx, self.nodes.me).await?;
        work.commit().await
    }

    /// Hears what other nodes say, until it is dropped.
    pub async fn keep_in_touch(&self) {
        let mut heard = self.nodes.heard.lock().await;
        let Some(heard) = heard.as_mut() else { return std::future::pending().await };
        while let Some(one) = heard.recv().await {
            match one {
                Heard::News(node, news) => self.heed(node, news),
                Heard::Connected => {
                    self.spread(News::Who);
                    self.say_who_is_there(true);
                    self.look().await;
                }
            }
        }
    }

    fn heed(&self, node: NodeId, news: News) {
        let now = self.clock.now();
        let presence = &self.hub.presence;
        match news {
            News::Streams(places) => {
                self.hub.hear_of(places.into_iter().map(|(stream, seq)| (Stream(stream), seq)));
                if self.does_jobs() {
                    self.indexing.wake([]);
                }
            }
            News::Typing(chat, user) => {
                let (chat, user) = (ChatId(chat), UserId(user));
                self.hub.whisper(chat.into(), Whisper::Typing { chat, user });
            }
            News::Unseen(reader, user) => {
                let unseen = Whisper::Presence { user: UserId(user), presence: Presence::HIDDEN };
                self.hub.whisper(Stream(reader), unseen);
            }
            News::Again(user) => presence.tell_again(UserId(user)),
            News::Ended(user, session, at) => {
                self.tokens.revoke(SessionId(session), Time(at));
                self.hub.close_session(UserId(user), SessionId(session), Close::Revoked);
            }
            News::Counted(kind, high, low) => {
                if let Some(limit) = Limit::heard(kind, high, low) {
                    // Whoever is over it is refused when they ask here.
                    let _ = self.limits.take(limit);
                }
            }
            News::WrongCode(user, high, low, at) => {
                self.guesses.hear(UserId(user), Network::from_halves(high, low), Time(at));
            }
            News::There(people) => presence.hear(node, people.into_iter().map(read_status), now),
            News::Alive => presence.hear(node, [], now),
            News::Gone => presence.forget(Some(node), Time(i64::MIN)),
            News::Who => self.say_who_is_there(true),
        }
    }

    fn say_who_is_there(&self, all: bool) {
        if self.nodes.bus.is_none() {
            return;
        }
        for some in self.hub.presence.news(all).chunks(SOME) {
            self.spread(News::There(some.iter().copied().map(write_status).collect()));
        }
    }

    /// Tells other nodes who came and went, and notices which of them are gone.
    pub(crate) fn tell_nodes(&self) {
        let now = self.clock.now();
        self.say_who_is_there(false);
        if self.nodes.bus.is_some() && self.nodes.said.due(now, ALIVE_EVERY).is_some() {
            self.spread(News::Alive);
            self.hub.presence.forget(None, now - SILENCE);
        }
    }

    /// Looks from time to time whether something happened of which nobody told.
    pub(crate) async fn look_for_untold(&self) -> Result<()> {
        let is_told = self.nodes.bus.as_ref().is_some_and(Bus::is_connected);
        let every = if is_told { LOOK_EVERY } else { LOOK_EVERY_ALONE };
        if self.nodes.are_many && self.nodes.looked.due(self.clock.now(), every).is_some() {
            self.read_places().await?;
        }
        Ok(())
    }

    async fn look(&self) {
        if let Err(error) = self.read_places().await {
            // It is done again in some seconds.
            tracing::warn!(%error, "how far streams are can't be read");
        }
    }

    async fn read_places(&self) -> Result<()> {
        for some in self.hub.streams().chunks(SOME) {
            let places = streams::seqs(&mut self.db.read().await?, some).await?;
            self.hub.hear_of(places);
        }
        Ok(())
    }
}

fn write_status((user, status): (UserId, Status)) -> (i64, u8) {
    let status = match status {
        Status::Online => 2,
        Status::Away => 1,
        Status::Offline => 0,
    };
    (user.0, status)
}

fn read_status((user, status): (i64, u8)) -> (UserId, Status) {
    let status = match status {
        0 => Status::Offline,
        1 => Status::Away,
        _ => Status::Online,
    };
    (UserId(user), status)
}
