//! Previews of the pages that messages link to.
//!
//! A message is announced at once, without them. When it is stored its links are queued, a few pages are fetched at a
//! time, and when one has a preview, the messages that wait for it are announced again. A page is fetched once, however
//! many messages link to it. Links that are lost with the queue, or do not fit into it, are found again in the database.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::boxed;
use crate::integrations::{AllowedTarget, PageFetcher};
use crate::messenger::Messenger;
use crate::messenger::foundation::{Error, Result};
use crate::messenger::messages::message::MessageInChat;
use crate::model::{Change, ChatId, Link, MessageId, Parts};
use crate::store::{chats, messages, previews};

/// How long a preview is fresh.
const FRESH: Duration = Duration::from_secs(7 * 24 * 3_600);
/// When a page without a preview is fetched again.
const AGAIN: Duration = Duration::from_secs(3_600);
/// The most pages that are fetched at once.
const MAX_READERS: usize = 4;
/// The most pages in the queue.
const MAX_QUEUE: usize = 256;
/// Links of messages older than this are not fetched after a restart.
const RECENT: Duration = Duration::from_secs(24 * 3_600);
/// How many are processed at a time.
const BATCH: usize = 100;

/// New links, as they are found in messages.
pub(crate) type Found = Vec<(MessageId, ChatId, Vec<Link>)>;

pub(crate) struct Previews {
    /// `None` when previews are off.
    pages: Option<PageFetcher>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    queue: VecDeque<Link>,
    /// Which messages wait for a page, also while it is being fetched.
    messages: HashMap<[u8; 32], Vec<MessageId>>,
    readers: usize,
    /// Whether there may be links in the database that were not fetched.
    is_behind: bool,
}

impl Previews {
    /// `exceptions` are addresses that may be fetched although they are not public; `None` turns previews off.
    pub(crate) fn new(exceptions: Option<&[AllowedTarget]>) -> Result<Self> {
        let pages = exceptions.map(|exceptions| PageFetcher::new(exceptions.to_vec())).transpose();
        let waiting = Waiting { is_behind: true, ..Waiting::default() };
        Ok(Self { pages: pages.map_err(Error::Internal)?, waiting: Mutex::new(waiting) })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn add(&mut self, message: MessageId, link: Link) {
        let hash = link.hash();
        if let Some(messages) = self.messages.get_mut(&hash) {
            messages.push(message);
        } else if self.queue.len() < MAX_QUEUE {
            self.messages.insert(hash, vec![message]);
            self.queue.push_back(link);
        } else {
            self.is_behind = true;
        }
    }

    /// The next page to fetch; without one, the reader ends.
    fn next(&mut self) -> Option<Link> {
        let next = self.queue.pop_front();
        self.readers -= usize::from(next.is_none());
        next
    }
}

impl Messenger {
    /// Queues the links of stored messages.
    pub(crate) fn preview(&self, found: Found) {
        if self.previews.pages.is_none() {
            return;
        }
        let mut waiting = self.previews.waiting();
        for (message, _, links) in found {
            for link in links {
                waiting.add(message, link);
            }
        }
        while waiting.readers < MAX_READERS.min(waiting.queue.len()) {
            waiting.readers += 1;
            tokio::spawn(read(self.clone()));
        }
    }

    /// Queues links that did not fit into the queue, or were lost with it when the server stopped.
    pub(crate) async fn fetch_missing_previews(&self) -> Result<()> {
        {
            let mut waiting = self.previews.waiting();
            if self.previews.pages.is_none() || !waiting.is_behind || !waiting.messages.is_empty() {
                return Ok(());
            }
            waiting.is_behind = false;
        }
        let first = MessageId::first_of(self.clock.now() - RECENT);
        let found = previews::unfetched(&mut self.db.read().await?, first, BATCH as u64).await?;
        if found.len() == BATCH {
            self.previews.waiting().is_behind = true;
        }
        self.preview(found.into_iter().map(|(message, chat, link)| (message, chat, vec![link])).collect());
        Ok(())
    }

    /// Fetches a page unless its preview is fresh; returns whether there is a preview.
    async fn fetch(&self, pages: &PageFetcher, link: &Link) -> Result<bool> {
        let known = previews::known(&mut self.db.read().await?, link).await?;
        if let Some(known) = known
            && self.clock.now() < known.stale_at
        {
            return Ok(known.has_page);
        }
        let page = pages.read(link.address()).await;
        let page = page.inspect_err(|failure| tracing::debug!(%failure, "a page has no preview")).ok();
        let mut work = self.begin_background().await?;
        let stale_at = work.now + if page.is_some() { FRESH } else { AGAIN };
        previews::save(&mut work.tx, link, page.as_ref(), stale_at).await?;
        work.commit().await?;
        Ok(page.is_some() || known.is_some_and(|known| known.has_page))
    }

    /// Announces messages again, now that they have previews.
    async fn announce_again(&self, ids: &[MessageId]) -> Result<()> {
        let mut work = self.begin_background().await?;
        // Who edits or deletes one of them does so before it is read here, or after it was announced.
        chats::lock_chats_of(&mut work.tx, ids).await?;
        for message in messages::by_ids(&mut work.tx, ids).await? {
            // Meanwhile it may have been edited or deleted.
            if !message.previews.is_empty() {
                work.announce(message.chat, Change::MessageUpdated(message));
            }
        }
        work.commit().await
    }
}

/// Fetches pages until the queue is empty.
async fn read(messenger: Messenger) {
    let Some(pages) = &messenger.previews.pages else { return };
    loop {
        let Some(link) = messenger.previews.waiting().next() else { return };
        let fetched = messenger.fetch(pages, &link).await;
        let waiting = messenger.previews.waiting().messages.remove(&link.hash()).unwrap_or_default();
        let announced = match fetched {
            Ok(true) => announce_again(&messenger, &waiting).await,
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        match announced {
            Ok(()) => {}
            // The server stops; what is left is found again when it starts.
            Err(Error::Busy) => messenger.previews.waiting().is_behind = true,
            Err(error) => tracing::error!(%error, "could not store a link preview"),
        }
    }
}

async fn announce_again(messenger: &Messenger, messages: &[MessageId]) -> Result<()> {
    for some in messages.chunks(BATCH) {
        messenger.announce_again(some).await?;
    }
    Ok(())
}

impl MessageInChat {
    /// Removes the previews of the caller's own message for good.
    #[boxed]
    pub async fn remove_previews(mut self) -> Result<()> {
        let mut work = self.begin().await?;
        let message = self.message();
        if message.author != self.caller().access.user {
            return Err(Error::Forbidden("You can only remove the previews of your own messages"));
        }
        if message.content.is_none() {
            return Err(Error::NotFound("message"));
        }
        if message.parts.has(Parts::NO_PREVIEWS) {
            return self.commit_unchanged(work).await.map(drop);
        }
        messages::set_parts(&mut work.tx, &[message.id], Parts::NO_PREVIEWS).await?;
        self.commit_updated(work).await.map(drop)
    }
}
