//! Running as one of several nodes: messages to and from the others, node numbers and the job leader.
//!
//! Nodes share a database and, where there is one, a [`Bus`]. Each leases a number that makes its identifiers unique,
//! and one of them, the job leader, leases the jobs that run once for all nodes. When it dies another node takes over
//! after [`JOBS_LEASE`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use uuid::Uuid;

use crate::hub::{Bus, BusEvent, BusSettings, Close, EphemeralEvent, NodeId, NodeMessage};
use crate::messenger::Messenger;
use crate::messenger::foundation::last_run::LastRun;
use crate::messenger::foundation::{Error, Limit, Network, Result};
use crate::model::{ChatId, Event, NODES, Presence, SessionId, Status, Stream, Time, UserId};
use crate::store::{leases, streams};

/// How long a node keeps its number without renewing the lease.
const NUMBER_LEASE: Duration = Duration::from_secs(5 * 60);
/// How long a node stays job leader without renewing the lease.
const JOBS_LEASE: Duration = Duration::from_secs(12);
const RENEW_EVERY: Duration = Duration::from_secs(4);
const JOBS: &str = "jobs";
/// How often a node sends a heartbeat, and after what silence the others forget it.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(4);
const NODE_TIMEOUT: Duration = Duration::from_secs(15);
/// How often stream positions are read from the database, which bounds the delay of events that the bus lost.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// The same while the bus is not connected.
const POLL_EVERY_WITHOUT_BUS: Duration = Duration::from_millis(500);
/// How many streams or users are handled at a time.
const BATCH: usize = 500;

/// The state of this node among the others.
pub(crate) struct Nodes {
    /// Whether there may be other nodes.
    is_clustered: bool,
    id: NodeId,
    bus: Option<Bus>,
    received: Mutex<Option<mpsc::Receiver<BusEvent>>>,
    /// The number that it leases.
    number: AtomicI64,
    /// Until when it is the job leader, in milliseconds since 1970.
    jobs_until: AtomicI64,
    renewed: LastRun,
    heartbeat_sent: LastRun,
    polled: LastRun,
}

impl Nodes {
    /// Also if there is no bus.
    pub(crate) fn is_bus_connected(&self) -> bool {
        self.bus.as_ref().is_none_or(Bus::is_connected)
    }

    /// Connects to the bus, if there is one.
    pub(crate) async fn connect(
        bus: Option<&BusSettings>,
        is_clustered: bool,
    ) -> std::result::Result<Self, String> {
        let id = (Uuid::new_v4().as_u64_pair().0 >> 1).cast_signed();
        let (bus, received) = match bus {
            Some(settings) => Some(Bus::connect(settings, id).await?).unzip(),
            None => (None, None),
        };
        Ok(Self {
            is_clustered: is_clustered || bus.is_some(),
            id,
            bus,
            received: Mutex::new(received),
            number: AtomicI64::new(0),
            jobs_until: AtomicI64::new(0),
            renewed: LastRun::default(),
            heartbeat_sent: LastRun::default(),
            polled: LastRun::default(),
        })
    }
}

impl Messenger {
    /// Whether this node runs the jobs that run once for all nodes.
    pub(crate) fn is_job_leader(&self) -> bool {
        !self.nodes.is_clustered || self.clock.now().0 < self.nodes.jobs_until.load(Ordering::Relaxed)
    }

    /// Whether there may be other nodes.
    pub(crate) fn is_clustered(&self) -> bool {
        self.nodes.is_clustered
    }

    /// Whether there is a bus, and it is connected.
    pub(crate) fn hears_other_nodes(&self) -> bool {
        self.nodes.bus.as_ref().is_some_and(Bus::is_connected)
    }

    /// Sends a message to the other nodes.
    pub(crate) fn publish(&self, message: NodeMessage) {
        if let Some(bus) = &self.nodes.bus {
            bus.publish(message);
        }
    }

    /// Tells the other nodes which streams have new events.
    pub(crate) fn publish_positions(&self, events: &[Event]) {
        if self.nodes.bus.is_some() && !events.is_empty() {
            let positions = events.iter().map(|event| (event.position.stream.0, event.position.seq));
            self.publish(NodeMessage::Positions(positions.collect()));
        }
    }

    /// Sends an event that is not stored to the subscribers of a stream, on all nodes.
    pub(crate) fn send_ephemeral(&self, stream: Stream, event: EphemeralEvent) {
        self.hub.send_ephemeral(stream, event.clone());
        match event {
            EphemeralEvent::Typing { chat, user } => self.publish(NodeMessage::Typing(chat.0, user.0)),
            EphemeralEvent::Presence { user, .. } => {
                self.publish(NodeMessage::PresenceHidden(stream.0, user.0));
            }
            // Each node reads it from the database.
            EphemeralEvent::Announcement(_) => {}
        }
    }

    /// Announces a user's presence again because what others may see has changed, on all nodes.
    pub(crate) fn reannounce_presence(&self, user: UserId) {
        self.hub.presence.reannounce(user);
        self.publish(NodeMessage::PresenceVisibility(user.0));
    }

    /// Rejects a session's access tokens and closes its connections, on all nodes.
    pub(crate) fn end_session(&self, user: UserId, session: SessionId, at: Time) {
        self.tokens.revoke(session, at);
        self.hub.close_session(user, session, Close::Revoked);
        self.publish(NodeMessage::SessionEnded(user.0, session.0, at.0));
    }

    /// Takes or renews the lease of a node number, and that of the jobs unless another node holds it.
    pub(crate) async fn renew_node_lease(&self) -> Result<()> {
        if !self.nodes.is_clustered || self.nodes.renewed.due(self.clock.now(), RENEW_EVERY).is_none() {
            return Ok(());
        }
        let current = self.nodes.number.load(Ordering::Relaxed);
        let numbers = (current..i64::from(NODES)).chain(0..current);
        for number in numbers {
            if self.take_lease(&format!("node {number}"), NUMBER_LEASE).await?.is_some() {
                self.nodes.number.store(number, Ordering::Relaxed);
                self.ids.set_node(u8::try_from(number).unwrap_or_default());
                break;
            }
        }
        if let Some(until) = self.take_lease(JOBS, JOBS_LEASE).await? {
            self.nodes.jobs_until.store(until.0, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Fails if the other nodes have another secret: each would reject what the other signs.
    pub(crate) async fn check_secret(&self, fingerprint: [u8; 32]) -> Result<()> {
        if !self.nodes.is_clustered {
            return Ok(());
        }
        let holder = fingerprint.iter().take(7).fold(0, |number, byte| number << 8 | i64::from(*byte));
        let mut work = self.begin().await?;
        let now = work.now;
        if !leases::take(&mut work.tx, "secret", holder, now, Time(i64::MAX)).await? {
            let reason = "differs from that of the other nodes on this database; copy theirs";
            return Err(Error::invalid("--secret-file", reason));
        }
        work.commit().await
    }

    /// Returns until when this node holds a lease now; `None` when another node holds it.
    async fn take_lease(&self, name: &str, duration: Duration) -> Result<Option<Time>> {
        let mut work = self.begin().await?;
        let until = work.now + duration;
        let now = work.now;
        let taken = leases::take(&mut work.tx, name, self.nodes.id, now, until).await?;
        if taken {
            work.commit().await?;
        }
        Ok(taken.then_some(until))
    }

    /// Waits until this node holds a lease. Fails with [`Error::Busy`] while another node keeps it. A single node needs none.
    pub(crate) async fn wait_for_lease(&self, name: &str, duration: Duration) -> Result<()> {
        const TRIES: u32 = 150;
        const PAUSE: Duration = Duration::from_millis(200);
        if !self.nodes.is_clustered {
            return Ok(());
        }
        for _ in 0..TRIES {
            if self.take_lease(name, duration).await?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Error::Busy)
    }

    pub(crate) async fn release_lease(&self, name: &str) -> Result<()> {
        if !self.nodes.is_clustered {
            return Ok(());
        }
        let mut work = self.begin().await?;
        leases::release_one(&mut work.tx, name, self.nodes.id).await?;
        work.commit().await
    }

    /// Releases all leases, so that other nodes can take them at once.
    pub(crate) async fn release_node_lease(&self) -> Result<()> {
        if !self.nodes.is_clustered {
            return Ok(());
        }
        self.publish(NodeMessage::Leaving);
        self.nodes.jobs_until.store(0, Ordering::Relaxed);
        let mut work = self.begin().await?;
        leases::release(&mut work.tx, self.nodes.id).await?;
        work.commit().await
    }

    /// Handles messages of other nodes, until it is dropped.
    pub async fn receive_from_bus(&self) {
        let mut received = self.nodes.received.lock().await;
        let Some(received) = received.as_mut() else { return std::future::pending().await };
        while let Some(event) = received.recv().await {
            match event {
                BusEvent::Message(node, message) => self.handle(node, message),
                BusEvent::Connected => {
                    self.names.forget_all();
                    self.publish(NodeMessage::PresenceRequest);
                    self.publish_presence(true);
                    self.try_read_positions().await;
                }
            }
        }
    }

    fn handle(&self, node: NodeId, message: NodeMessage) {
        let now = self.clock.now();
        let presence = &self.hub.presence;
        match message {
            NodeMessage::Positions(positions) => {
                // A user's stream has the user's number, and advances when their name changes.
                self.names.forget(positions.iter().map(|(stream, _)| UserId(*stream)));
                self.hub.advance(positions.into_iter().map(|(stream, seq)| (Stream(stream), seq)));
                if self.is_job_leader() {
                    self.indexing.wake([]);
                }
            }
            NodeMessage::Typing(chat, user) => {
                let (chat, user) = (ChatId(chat), UserId(user));
                self.hub.send_ephemeral(chat.into(), EphemeralEvent::Typing { chat, user });
            }
            NodeMessage::PresenceHidden(reader, user) => {
                let hidden = EphemeralEvent::Presence { user: UserId(user), presence: Presence::HIDDEN };
                self.hub.send_ephemeral(Stream(reader), hidden);
            }
            NodeMessage::PresenceVisibility(user) => presence.reannounce(UserId(user)),
            NodeMessage::SessionEnded(user, session, at) => {
                self.tokens.revoke(SessionId(session), Time(at));
                self.hub.close_session(UserId(user), SessionId(session), Close::Revoked);
            }
            NodeMessage::LimitUsed(kind, high, low) => {
                if let Some(limit) = Limit::from_message(kind, high, low) {
                    // A caller that exceeds it is refused at their next request here.
                    let _ = self.limits.take(limit);
                }
            }
            NodeMessage::WrongCode(user, high, low, at) => {
                self.guesses.record_wrong(UserId(user), Network::from_halves(high, low), Time(at));
            }
            NodeMessage::Presence(people) => {
                presence.apply_remote(node, people.into_iter().map(read_status), now);
            }
            NodeMessage::Heartbeat => presence.apply_remote(node, [], now),
            NodeMessage::Leaving => presence.forget_nodes(Some(node), Time(i64::MIN)),
            NodeMessage::PresenceRequest => self.publish_presence(true),
        }
    }

    /// Sends the presence of the users on this node: of all, or of those whose status changed since the last time.
    fn publish_presence(&self, all: bool) {
        if self.nodes.bus.is_none() {
            return;
        }
        for batch in self.hub.presence.take_unpublished(all).chunks(BATCH) {
            self.publish(NodeMessage::Presence(batch.iter().copied().map(write_status).collect()));
        }
    }

    /// Sends presence changes and heartbeats to the other nodes, and forgets nodes that stopped sending theirs.
    pub(crate) fn send_heartbeat(&self) {
        let now = self.clock.now();
        self.publish_presence(false);
        if self.nodes.bus.is_some() && self.nodes.heartbeat_sent.due(now, HEARTBEAT_EVERY).is_some() {
            self.publish(NodeMessage::Heartbeat);
            self.hub.presence.forget_nodes(None, now - NODE_TIMEOUT);
        }
    }

    /// Reads stream positions from the database when it is time, to find events that the bus did not report.
    pub(crate) async fn poll_positions(&self) -> Result<()> {
        let every = if self.hears_other_nodes() { POLL_EVERY } else { POLL_EVERY_WITHOUT_BUS };
        if self.nodes.is_clustered && self.nodes.polled.due(self.clock.now(), every).is_some() {
            self.read_positions().await?;
        }
        Ok(())
    }

    async fn try_read_positions(&self) {
        if let Err(error) = self.read_positions().await {
            // `poll_positions` tries again within seconds.
            tracing::warn!(%error, "could not read the stream positions");
        }
    }

    async fn read_positions(&self) -> Result<()> {
        for batch in self.hub.streams().chunks(BATCH) {
            let positions = streams::seqs(&mut self.db.read().await?, batch).await?;
            self.hub.advance(positions);
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
