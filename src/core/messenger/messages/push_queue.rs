//! Which new messages may have to be pushed: `notifications` chooses their recipients after the commit, once for all nodes.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::messenger::foundation::{Result, UnitOfWork};
use crate::model::{Kind, Message, MessageId};
use crate::store::push;

/// Whether new messages are queued: not as long as there is no device to push to.
#[derive(Default)]
pub(crate) struct PushQueue(AtomicBool);

impl PushQueue {
    pub(crate) fn set_used(&self, is_used: bool) {
        self.0.store(is_used, Ordering::Relaxed);
    }

    pub(crate) fn is_used(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Queues new messages within the unit of work that posts them. Nobody is notified of silent ones and of those of the system.
pub(crate) async fn queue_pushes(work: &mut UnitOfWork, new: &[&Message]) -> Result<()> {
    if !work.messenger().push_queue.is_used() {
        return Ok(());
    }
    let notified = new.iter().filter(|message| !message.is_silent && message.kind != Kind::System);
    let ids: Vec<MessageId> = notified.map(|message| message.id).collect();
    Ok(push::insert_messages(&mut work.tx, &ids).await?)
}
