//! Receivers of one chat, who check that each hears every message exactly once and in one order.
//!
//! Places in the chat's stream must rise from frame to frame, and so must the tickets of one sender:
//! then nothing came twice or out of turn, and the count tells that nothing is missing. So many messages
//! may be under way (posted, not yet heard by all) and no more, for the generator shares the machine with
//! the server and must not outrun its own receivers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Result;
use crate::crowd::Person;
use crate::ear::Ear;
use crate::post::Mark;
use crate::server::Server;
use crate::socket::Socket;
use crate::times::Times;

/// Half of the 256 events that the server keeps for a slow reader before it gives it up.
const UNDER_WAY: u32 = 128;
/// More than can be under way even if one post is overtaken by many.
const PLACES: usize = 4096;

pub(crate) struct Audience {
    hall: Rc<Hall>,
    /// Dropped, and so ended, with the audience.
    _listeners: JoinSet<()>,
}

/// What receivers and senders share.
pub(crate) struct Hall {
    pub(crate) chat: u64,
    listeners: u32,
    /// Of each message under way, by its ticket: how many have not heard it yet.
    waiting: Vec<Cell<u32>>,
    under_way: Semaphore,
    tickets: Cell<u64>,
    heard: Cell<u64>,
    /// How many messages each listener heard.
    ears: Vec<Cell<u64>>,
    times: RefCell<Option<Times>>,
    failure: RefCell<Option<String>>,
}

impl Audience {
    /// Each listens at the next of the nodes.
    pub(crate) async fn seat(nodes: &[&Server], people: &[Person], chat: u64) -> Result<Self> {
        let hall = Rc::new(Hall {
            chat,
            listeners: u32::try_from(people.len())?,
            waiting: vec![Cell::default(); PLACES],
            under_way: Semaphore::new(UNDER_WAY as usize),
            tickets: Cell::default(),
            heard: Cell::default(),
            ears: vec![Cell::default(); people.len()],
            times: RefCell::default(),
            failure: RefCell::default(),
        });
        let mut listeners = JoinSet::new();
        for ((seat, person), node) in people.iter().enumerate().zip(nodes.iter().cycle()) {
            let mut socket = Socket::open(node.address, &person.token).await?;
            let hall = Rc::clone(&hall);
            listeners.spawn_local(async move {
                let mut ear = Ear::default();
                loop {
                    if let Err(why) = ear.listen(&mut socket, &hall).await {
                        return hall.fail(format!("receiver {seat}: {why}"));
                    }
                    hall.ears[seat].set(ear.heard());
                }
            });
        }
        Ok(Self { hall, _listeners: listeners })
    }

    pub(crate) fn hall(&self) -> Rc<Hall> {
        Rc::clone(&self.hall)
    }

    /// Waits until everybody has heard everything posted so far.
    pub(crate) async fn all_heard(&self) -> Result<()> {
        let all = timeout(Duration::from_secs(20), self.hall.under_way.acquire_many(UNDER_WAY));
        match all.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(self.hall.why()),
            Err(_) => Err("a message had not reached everybody 20 s after it was posted".into()),
        }
    }

    /// Lets late and superfluous frames arrive, then compares what each receiver heard.
    pub(crate) async fn finish(self) -> Result<()> {
        self.all_heard().await?;
        sleep(Duration::from_millis(200)).await;
        if self.hall.failure.borrow().is_some() {
            return Err(self.hall.why());
        }
        let posted = self.hall.tickets.get();
        for (seat, heard) in self.hall.ears.iter().map(Cell::get).enumerate() {
            if heard != posted {
                return Err(format!("receiver {seat} heard {heard} of {posted} messages").into());
            }
        }
        Ok(())
    }
}

impl Hall {
    /// A ticket for a message, as soon as not too many are under way.
    pub(crate) async fn ticket(&self) -> Result<u64> {
        match self.under_way.acquire().await {
            Ok(place) => place.forget(),
            Err(_) => return Err(self.why()),
        }
        let ticket = self.tickets.get() + 1;
        self.tickets.set(ticket);
        let waiting = &self.waiting[ticket as usize % PLACES];
        if waiting.replace(self.listeners) != 0 {
            return Err("thousands of messages came after one that has not".into());
        }
        Ok(ticket)
    }

    pub(crate) fn posted(&self) -> u64 {
        self.tickets.get()
    }

    pub(crate) fn heard(&self) -> u64 {
        self.heard.get()
    }

    /// Keeps from now on how long each delivery takes.
    pub(crate) fn keep_times(&self) {
        self.times.replace(Some(Times::default()));
    }

    pub(crate) fn times(&self) -> Times {
        self.times.take().unwrap_or_default()
    }

    /// One receiver heard this message, at this time.
    pub(crate) fn hear(&self, mark: &Mark, at: impl FnOnce() -> u64) -> Result<()> {
        if let Some(times) = self.times.borrow_mut().as_mut() {
            times.add_nanos(at().saturating_sub(mark.sent()));
        }
        let waiting = &self.waiting[mark.ticket() as usize % PLACES];
        let left = waiting.get().checked_sub(1);
        waiting.set(left.ok_or("a message came that nobody waits for")?);
        self.heard.set(self.heard.get() + 1);
        if left == Some(0) {
            self.under_way.add_permits(1);
        }
        Ok(())
    }

    fn fail(&self, why: String) {
        self.failure.borrow_mut().get_or_insert(why);
        // Wakes the senders, who then say why.
        self.under_way.close();
    }

    fn why(&self) -> crate::Error {
        let why = self.failure.borrow().clone();
        why.unwrap_or_else(|| "nobody listens any more".into()).into()
    }
}
