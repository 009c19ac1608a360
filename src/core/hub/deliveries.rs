//! Hands committed events over to the task that delivers them, in the order of their commits, so that nothing waits to be
//! written while many connections are told of what was.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::Hub;
use crate::model::{Change, Event, Stream};

/// The most events that wait to be delivered. Of more only the positions are handed over, and the events are read from
/// the log.
const MAX_WAITING: usize = 8_192;

/// The sending half.
pub struct Deliveries {
    sender: mpsc::UnboundedSender<Delivery>,
    waiting: Arc<AtomicUsize>,
}

/// The receiving half.
pub struct WaitingDeliveries {
    receiver: mpsc::UnboundedReceiver<Delivery>,
    waiting: Arc<AtomicUsize>,
}

/// Events of one commit on their way to the hub.
pub struct Delivery {
    content: Content,
    delivered: Option<oneshot::Sender<()>>,
}

enum Content {
    Events(Vec<Event>),
    Positions(HashMap<Stream, i64>),
}

impl Deliveries {
    pub fn new() -> (Self, WaitingDeliveries) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::<AtomicUsize>::default();
        (Self { sender, waiting: waiting.clone() }, WaitingDeliveries { receiver, waiting })
    }

    /// Hands events over. `delivered` is told when the hub has them.
    pub fn send(&self, events: Vec<Event>, delivered: Option<oneshot::Sender<()>>) {
        if events.is_empty() {
            return;
        }
        let content = match self.waiting.load(Ordering::Relaxed) + events.len() <= MAX_WAITING {
            true => {
                self.waiting.fetch_add(events.len(), Ordering::Relaxed);
                Content::Events(events)
            }
            // Of a stream the last position counts.
            false => Content::Positions(
                events.iter().map(|event| (event.position.stream, event.position.seq)).collect(),
            ),
        };
        // It fails when the server has stopped; clients resume from their cursors.
        let _ = self.sender.send(Delivery { content, delivered });
    }
}

impl WaitingDeliveries {
    /// The next delivery; `None` when nothing will be committed any more.
    pub async fn next(&mut self) -> Option<Delivery> {
        let delivery = self.receiver.recv().await?;
        if let Content::Events(events) = &delivery.content {
            self.waiting.fetch_sub(events.len(), Ordering::Relaxed);
        }
        Some(delivery)
    }
}

impl Delivery {
    pub fn deliver_to(self, hub: &Hub) {
        match self.content {
            Content::Events(events) => hub.deliver(events),
            Content::Positions(positions) => hub.advance(positions),
        }
        if let Some(delivered) = self.delivered {
            let _ = delivered.send(());
        }
    }
}

/// Whether an event changes who is subscribed to a stream.
pub fn changes_subscriptions(change: &Change) -> bool {
    matches!(change, Change::ChatGained(_) | Change::ChatLost { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChatId, Position, Time, UserId};

    #[tokio::test]
    async fn of_more_events_than_may_wait_only_the_positions_are_kept() {
        let (deliveries, mut waiting) = Deliveries::new();
        let event = |seq| Event {
            position: Position { stream: Stream(7), seq },
            at: Time(0),
            change: Change::MemberRemoved { chat: ChatId(7), user: UserId(1) },
        };
        deliveries.send((1..=MAX_WAITING as i64).map(event).collect(), None);
        deliveries.send((8_193..8_200).map(event).collect(), None);
        let Some(Delivery { content: Content::Events(events), .. }) = waiting.next().await else { panic!() };
        assert_eq!(events.len(), MAX_WAITING);
        let Some(Delivery { content: Content::Positions(last), .. }) = waiting.next().await else { panic!() };
        assert_eq!(last, HashMap::from([(Stream(7), 8_199)]));
        deliveries.send(vec![event(8_200)], None);
        let Some(Delivery { content: Content::Events(events), .. }) = waiting.next().await else { panic!() };
        assert_eq!(events.len(), 1, "there is room again");
    }
}
