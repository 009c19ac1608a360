//! Open connections: how many each address may have without signing in, and how long they may be silent.
//!
//! A new one over the limit takes the place of the oldest that only waits for its client: whoever opens thousands and
//! sends nothing keeps nobody else at the same address away. Many at once are let in for a moment, in which their users
//! sign in or are answered: a whole office may have one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use besedka_api::connection::SignedInMark;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// The maximum number of connections of an address over which nobody has signed in.
const MAX_ANONYMOUS: usize = 64;
/// The maximum for a moment.
const MAX_BURST: usize = 256;
/// How long a connection may have waited for its client without making place for another one.
const BURST_TIME: Duration = Duration::from_secs(1);

/// The time in which the whole head of a request must arrive, counted from its first byte, or from the beginning of the
/// connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a connection may be idle after a response.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// The open connections of each address.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<HashMap<IpAddr, Vec<Arc<Connection>>>>>);

/// An open connection.
pub(super) struct Connection {
    pub mark: SignedInMark,
    /// Cancelled to close the connection.
    pub close: CancellationToken,
    /// Requests in progress.
    pub active: AtomicUsize,
    /// Whether a request in progress waits for its body.
    pub waits_for_body: AtomicBool,
    /// One of the connections that may be open, a WebSocket too: its stream holds this.
    pub permit: OnceLock<OwnedSemaphorePermit>,
    /// Until when something must happen if no request is in progress.
    phase: Mutex<(Phase, Instant)>,
}

/// What is awaited from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The rest of a head.
    Head,
    /// The first byte of another request.
    Idle,
    /// Frames of HTTP/2, of which any counts.
    Frames,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            mark: SignedInMark::default(),
            close: CancellationToken::new(),
            active: AtomicUsize::new(0),
            waits_for_body: AtomicBool::new(false),
            permit: OnceLock::new(),
            phase: Mutex::new((Phase::Head, Instant::now() + HEAD_TIMEOUT)),
        }
    }
}

/// A request in progress; when it is dropped, the connection waits for another one.
pub(super) struct Active {
    connection: Arc<Connection>,
    next: Phase,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.connection.expect(self.next, IDLE_TIMEOUT);
        self.connection.active.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connection {
    /// Counts a request until the result is dropped.
    pub(super) fn begin(self: &Arc<Self>, is_http2: bool) -> Active {
        self.active.fetch_add(1, Ordering::Relaxed);
        let next = if is_http2 { Phase::Frames } else { Phase::Idle };
        Active { connection: self.clone(), next }
    }

    /// Bytes came from the client.
    pub(super) fn received(&self) {
        let phase = self.phase().0;
        match phase {
            Phase::Idle => self.expect(Phase::Head, HEAD_TIMEOUT),
            Phase::Frames => self.expect(Phase::Frames, IDLE_TIMEOUT),
            // Counted from the first byte.
            Phase::Head => {}
        }
    }

    /// Bytes of a response were sent: it may take as long as the client takes bytes.
    pub(super) fn sent(&self) {
        let phase = self.phase().0;
        if phase != Phase::Head {
            self.expect(phase, IDLE_TIMEOUT);
        }
    }

    /// Waits until the connection has to be closed.
    pub(super) async fn expired(&self) {
        loop {
            let until = self.phase().1;
            tokio::select! {
                () = self.close.cancelled() => return,
                () = sleep_until(until) => {}
            }
            if self.active.load(Ordering::Relaxed) > 0 {
                self.expect(self.phase().0, HEAD_TIMEOUT);
            } else if self.phase().1 <= Instant::now() {
                return;
            }
        }
    }

    fn phase(&self) -> (Phase, Instant) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, phase: Phase, within: Duration) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = (phase, Instant::now() + within);
    }

    fn is_waiting(&self) -> bool {
        self.active.load(Ordering::Relaxed) == 0 || self.waits_for_body.load(Ordering::Relaxed)
    }

    /// Whether it has waited for long enough to make place for another one.
    fn is_overdue(&self) -> bool {
        let (phase, until) = self.phase();
        self.is_waiting() && (phase != Phase::Head || Instant::now() + HEAD_TIMEOUT >= until + BURST_TIME)
    }
}

/// An open connection's entry, removed when it is dropped.
pub(super) struct Entry {
    connections: Connections,
    address: IpAddr,
    pub connection: Arc<Connection>,
}

impl Connections {
    /// Adds a connection; `None` if its address has too many that are all in use.
    pub(super) fn add(&self, address: IpAddr, is_limited: bool) -> Option<Entry> {
        let address = network(address);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.entry(address).or_default();
        let anonymous = own.iter().filter(|one| !one.mark.is_set()).count();
        if is_limited && anonymous >= MAX_ANONYMOUS {
            let oldest = own.iter().position(|one| !one.mark.is_set() && one.is_overdue());
            let oldest = match oldest {
                None if anonymous >= MAX_BURST => {
                    Some(own.iter().position(|one| !one.mark.is_set() && one.is_waiting())?)
                }
                oldest => oldest,
            };
            if let Some(oldest) = oldest {
                own.remove(oldest).close.cancel();
            }
        }
        let connection = Arc::<Connection>::default();
        own.push(connection.clone());
        Some(Entry { connections: self.clone(), address, connection })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut all = self.connections.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = all.get_mut(&self.address) {
            own.retain(|one| !Arc::ptr_eq(one, &self.connection));
            if own.is_empty() {
                all.remove(&self.address);
            }
        }
    }
}

/// An IPv4 address, or the /64 network of an IPv6 address, which is what one household has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_head_counts_from_its_first_byte() {
        let connection = Arc::<Connection>::default();
        let first = connection.phase();
        connection.received();
        assert_eq!(connection.phase(), first, "another byte gains no time");
        drop(connection.begin(false));
        assert_eq!(connection.phase().0, Phase::Idle);
        connection.received();
        assert_eq!(connection.phase().0, Phase::Head);
        assert!(connection.phase().1 <= Instant::now() + HEAD_TIMEOUT);
        drop(connection.begin(true));
        connection.received();
        assert_eq!(connection.phase().0, Phase::Frames);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_connection_takes_the_place_of_the_oldest_waiting_one() {
        let all = Connections::default();
        let address = [192, 0, 2, 1].into();
        let entries: Vec<Entry> = (0..MAX_ANONYMOUS).filter_map(|_| all.add(address, true)).collect();
        assert_eq!(entries.len(), MAX_ANONYMOUS);
        let at_once = all.add(address, true).unwrap();
        assert!(entries.iter().all(|entry| !entry.connection.close.is_cancelled()), "none has waited");
        tokio::time::advance(BURST_TIME).await;
        entries[0].connection.active.store(1, Ordering::Relaxed);
        let new = all.add(address, true).unwrap();
        assert!(!entries[0].connection.close.is_cancelled(), "a request is in progress there");
        assert!(entries[1].connection.close.is_cancelled());
        for entry in entries.iter().chain([&at_once, &new]) {
            entry.connection.active.store(1, Ordering::Relaxed);
        }
        assert!(all.add([192, 0, 2, 2].into(), true).is_some(), "each address has its own");
        assert!(all.add(address, false).is_some(), "a proxy has no limit");
    }

    #[tokio::test(start_paused = true)]
    async fn many_at_once_are_bounded() {
        let all = Connections::default();
        let address = [192, 0, 2, 1].into();
        let entries: Vec<Entry> = (0..MAX_BURST + 10).filter_map(|_| all.add(address, true)).collect();
        let closed = entries.iter().filter(|entry| entry.connection.close.is_cancelled()).count();
        assert_eq!((entries.len(), closed), (MAX_BURST + 10, 10));
        let open = || entries.iter().filter(|entry| !entry.connection.close.is_cancelled());
        open().for_each(|entry| entry.connection.active.store(1, Ordering::Relaxed));
        assert!(all.add(address, true).is_none(), "all are in use");
    }
}
