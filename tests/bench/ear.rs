//! What one receiver remembers, to notice what comes twice or out of turn.

use serde_json::Value;

use crate::Result;
use crate::audience::Hall;
use crate::post::{Mark, now, place};
use crate::socket::{Socket, event};

/// How many senders a receiver can tell apart.
const SENDERS: usize = 100;
/// Every so many frames one is parsed as a whole.
const SAMPLE: u64 = 1024;

pub(crate) struct Ear {
    heard: u64,
    /// The place of the last message in the chat's stream.
    place: u64,
    /// The last ticket of each sender.
    tickets: [u64; SENDERS],
    /// Where in the last frame its mark and its position were.
    mark_at: usize,
    position_at: usize,
}

impl Default for Ear {
    fn default() -> Self {
        Self { heard: 0, place: 0, tickets: [0; SENDERS], mark_at: 0, position_at: 0 }
    }
}

impl Ear {
    pub(crate) fn heard(&self) -> u64 {
        self.heard
    }

    /// Takes what has come next.
    pub(crate) async fn listen(&mut self, socket: &mut Socket, hall: &Hall) -> Result<()> {
        // What came in one read came at one time.
        let mut at = None;
        socket
            .frames(|frame| match Mark::find(frame, &mut self.mark_at) {
                Some(mark) => {
                    self.compare(frame, &mark, hall.chat)?;
                    hall.hear(&mark, || *at.get_or_insert_with(now))
                }
                // Something else, such as that a chat was read; but not an error or a gap.
                None => event(frame).map(drop),
            })
            .await
    }

    fn compare(&mut self, frame: &[u8], mark: &Mark, chat: u64) -> Result<()> {
        let place = place(frame, &mut self.position_at).ok_or("a message without position")?;
        if place <= self.place {
            return Err(format!("place {place} came after {}", self.place).into());
        }
        self.place = place;
        let ticket = mark.ticket();
        let last = self.tickets.get_mut(mark.sender()).ok_or("an unknown sender")?;
        if ticket <= *last {
            return Err(format!("message {ticket} came after {last} of its sender").into());
        }
        *last = ticket;
        if self.heard.is_multiple_of(SAMPLE) {
            check(frame, chat)?;
        }
        self.heard += 1;
        Ok(())
    }
}

/// That a frame is what it should be, every field that clients rely on.
fn check(frame: &[u8], chat: u64) -> Result<()> {
    let frame: Value = serde_json::from_slice(frame)?;
    let message = &frame["data"];
    let whole = frame["event"] == "message.created"
        && frame["position"].is_string()
        && message["chat_id"] == chat
        && message["id"].is_u64()
        && message["content"].is_string();
    if whole {
        return Ok(());
    }
    Err(format!("not a message of chat {chat}: {frame}").into())
}
