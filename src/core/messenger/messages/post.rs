//! Posting: the hot path. Posts that wait are written together, in a handful of statements for all of them.

use std::collections::{HashMap, HashSet};
use std::sync::Weak;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::boxed;
use crate::messenger::foundation::{Error, Limit, Result, Retries, Subject, UnitOfWork};
use crate::messenger::messages::command::Sent;
use crate::messenger::messages::post_queue::PostQueue;
use crate::messenger::messages::posting_rights::RightsSource;
use crate::messenger::messages::push_queue::queue_pushes;
use crate::messenger::messages::request::{BatchMode, NewMessage, PostRequest};
use crate::messenger::messages::retry_detection::{self, UnacknowledgedPost};
use crate::messenger::messages::validate;
use crate::messenger::{Caller, Core, Messenger};
use crate::model::{self, Change, ChatId, Message, MessageId, Parts, Position, Stream};
use crate::store::{Error as StoreError, attachments, links, mentions, messages, streams};

/// How many posts are handed over to the writer before it takes them.
pub(crate) const MAX_QUEUE: usize = 4_096;
/// The most posts in one batch.
/// Half of what may wait for a connection (`hub`), so that one batch closes nobody who keeps up.
const LARGEST_BATCH: usize = 128;

/// A post on its way to the disk.
pub(crate) struct Post {
    request: PostRequest,
    outcome: oneshot::Sender<Result<Posted>>,
}

/// A stored message, and its retry-detection token when its sender uses one.
type Posted = (Message, Option<UnacknowledgedPost>);

impl Caller {
    /// Posts a message in a chat. Returns when it is stored and announced. A command of one of the chat's bots is handed to
    /// the bot instead; the message is then not stored, and has expired.
    #[boxed]
    pub async fn post(self, chat: ChatId, new: NewMessage) -> Result<Message> {
        Ok(self.send(chat, new).await?.into_message())
    }

    /// Posts a message, also one that looks like a command.
    ///
    /// It is a method of the caller and not of a [`Membership`](crate::messenger::chats::membership::Membership), because the
    /// rights of all posts of a batch are looked up in one query.
    pub(crate) async fn post_message(self, chat: ChatId, new: NewMessage) -> Result<Message> {
        let request = PostRequest::new(chat, self.access.user, new, self.attempt);
        Ok(enqueue(&self.messenger, request).await?.0)
    }

    /// Posts a message without a `client_id`. If the sender does not [get](UnacknowledgedPost::acknowledge) the answer and
    /// sends the same again within 20 seconds, it stays one message.
    #[boxed]
    pub async fn post_detecting_retries(
        self,
        chat: ChatId,
        new: NewMessage,
    ) -> Result<(Message, UnacknowledgedPost)> {
        let command = self.messenger.command_in(chat, self.access.user, &new).await?;
        let mut request = PostRequest::new(chat, self.access.user, new, self.attempt);
        let fingerprint = retry_detection::fingerprint(&request);
        if let Some((bot, call)) = command {
            let PostRequest { author, new, attempt, .. } = request;
            let command = (chat, bot, call);
            let invoked = self.messenger.invoke(command, author, new, attempt, Some(fingerprint)).await?;
            let message = Sent::Command(invoked).into_message();
            let unacknowledged = UnacknowledgedPost::new(&self.messenger, fingerprint, message.id);
            return Ok((message, unacknowledged));
        }
        request.fingerprint = Some(fingerprint);
        let (message, unacknowledged) = enqueue(&self.messenger, request).await?;
        let unacknowledged = unacknowledged
            .unwrap_or_else(|| UnacknowledgedPost::new(&self.messenger, fingerprint, message.id));
        Ok((message, unacknowledged))
    }
}

/// Puts a post into the writer's queue and waits for its outcome.
async fn enqueue(messenger: &Messenger, request: PostRequest) -> Result<Posted> {
    messenger.limit(Limit::Send(request.author))?;
    messenger.confirm_uploads(request.author, &request.new.content.attachments()).await?;
    let (outcome, answer) = oneshot::channel();
    messenger.posts.send(Post { request, outcome }).await.map_err(|_| Error::Busy)?;
    answer.await.map_err(|_| Error::Busy)?
}

/// Writes posts until the messenger is gone.
pub(crate) async fn run_writer(core: Weak<Core>, mut waiting: mpsc::Receiver<Post>) {
    let (mut new, mut queue) = (Vec::new(), PostQueue::default());
    loop {
        // It need not wait for more while some are queued.
        let received = match queue.is_empty() {
            true => waiting.recv_many(&mut new, MAX_QUEUE).await,
            false => std::iter::from_fn(|| waiting.try_recv().ok()).map(|post| new.push(post)).count(),
        };
        if received == 0 && queue.is_empty() {
            return;
        }
        for post in new.drain(..) {
            if let Err(refused) = queue.push(post.request.author, post) {
                let _ = refused.outcome.send(Err(Error::Busy));
            }
        }
        let Some(core) = core.upgrade() else { return };
        let messenger = Messenger(core);
        let mut batch = queue.take(LARGEST_BATCH);
        while !batch.is_empty() {
            batch = answer_batch(&messenger, batch).await;
        }
    }
}

/// Writes a batch and sends the outcomes. Returns the posts that must wait until the others are written.
async fn answer_batch(messenger: &Messenger, batch: Vec<Post>) -> Vec<Post> {
    let (batch, again) = split_duplicates(batch);
    let (posts, outcomes): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|post| (post.request, post.outcome)).unzip();
    let mut results = write_batch(messenger, &posts, BatchMode::TrustIndex).await;
    if posts.len() > 1 && matches!(results, Err(Error::Repeated(_) | Error::KeyReused)) {
        // One of them is a repetition, and because of it none was written: find out which.
        results = write_batch(messenger, &posts, BatchMode::CheckKeys).await;
    }
    let results = match results {
        Ok(results) => results,
        Err(error) if posts.len() == 1 => vec![Err(error)],
        Err(Error::Full) => posts.iter().map(|_| Err(Error::Full)).collect(),
        Err(Error::Busy) => posts.iter().map(|_| Err(Error::Busy)).collect(),
        // One of them can't be written: try each by itself.
        Err(error) => {
            tracing::warn!(%error, posts = posts.len(), "posts are written one by one");
            let mut results = Vec::with_capacity(posts.len());
            for post in &posts {
                let alone = write_batch(messenger, std::slice::from_ref(post), BatchMode::TrustIndex).await;
                results.push(alone.and_then(|mut alone| alone.pop().unwrap_or(Err(Error::Busy))));
            }
            results
        }
    };
    let mut lost = Vec::new();
    for ((result, outcome), request) in results.into_iter().zip(outcomes).zip(&posts) {
        let posted = result.map(|message| {
            let unacknowledged =
                request.fingerprint.map(|it| UnacknowledgedPost::new(messenger, it, message.id));
            (message, unacknowledged)
        });
        if let Err(Ok((_, Some(unacknowledged)))) = outcome.send(posted) {
            lost.push(unacknowledged);
        }
    }
    // Before the next batch is written: a retry may be in it.
    for unacknowledged in lost {
        unacknowledged.record().await;
    }
    again
}

/// A message that is sent twice within a batch: the second waits until the first is written. So does a request that is
/// repeated because its client gave up the first.
fn split_duplicates(batch: Vec<Post>) -> (Vec<Post>, Vec<Post>) {
    let (mut client_ids, mut contents, mut keys) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut is_first = |request: &PostRequest| {
        request.new.client_id.is_none_or(|id| client_ids.insert((request.author, id)))
            && request.fingerprint.is_none_or(|it| contents.insert(it))
            && request.attempt.as_ref().is_none_or(|attempt| keys.insert(attempt.fingerprint()))
    };
    batch.into_iter().partition(|post| is_first(&post.request))
}

/// The outcome of each post: a new message, an existing one, or a refusal. An error when none was written.
pub(crate) async fn write_batch(
    messenger: &Messenger,
    requests: &[PostRequest],
    mode: BatchMode,
) -> Result<Vec<Result<Message>>> {
    let mut source = RightsSource::Cache;
    let mut retries = Retries::default();
    loop {
        match try_write_batch(messenger, requests, mode, source).await {
            // At once, because those in memory were probably outdated.
            Err(Error::Again) if source == RightsSource::Cache => source = RightsSource::Database,
            Err(Error::Again) if retries.wait().await => {}
            done => return done,
        }
    }
}

async fn try_write_batch(
    messenger: &Messenger,
    requests: &[PostRequest],
    mode: BatchMode,
    source: RightsSource,
) -> Result<Vec<Result<Message>>> {
    let mut work = messenger.begin().await?;
    let results = insert_posts(messenger, &mut work, requests, (mode, source)).await?;
    if work.has_changes() {
        work.commit().await?;
    }
    Ok(results)
}

/// Inserts posts within a unit of work. The outcomes are valid once it is committed.
pub(crate) async fn insert_posts(
    messenger: &Messenger,
    work: &mut UnitOfWork,
    requests: &[PostRequest],
    (mode, source): (BatchMode, RightsSource),
) -> Result<Vec<Result<Message>>> {
    let mut results: Vec<Option<Result<Message>>> =
        validate::find_repeated(messenger, work, requests, mode).await?;
    let rights = validate::check_posting_rights(work, requests, source, &mut results).await?;
    let mut files =
        validate::resolve_attachments(work, requests, messenger.settings.voice_limit, &mut results).await?;
    let mut answers = validate::resolve_replies(work, requests, &mut results).await?;
    validate::count_towards_limits(messenger, requests, mode, &mut results);
    if mode == BatchMode::AllOrNothing
        && let Some(refusal) = results.iter_mut().find_map(|result| result.take_if(|result| result.is_err()))
    {
        return refusal.map(|_| Vec::new());
    }
    let mut meant = validate::resolve_mentions(work, requests, &results).await?;

    let open: Vec<usize> = (0..requests.len()).filter(|index| results[*index].is_none()).collect();
    if open.is_empty() {
        return Ok(results.into_iter().flatten().collect());
    }
    let mut wanted: HashMap<Stream, i64> = HashMap::new();
    for index in &open {
        *wanted.entry(requests[*index].chat.into()).or_default() += 1;
    }
    streams::advance(&mut work.tx, &wanted).await?;

    let mut next: HashMap<ChatId, i64> = HashMap::new();
    let mut new = Vec::with_capacity(open.len());
    let mut keys = Vec::with_capacity(open.len());
    let mut addresses = Vec::new();
    for index in &open {
        let PostRequest { chat, author, new: request, prechecked, attempt, .. } = &requests[*index];
        let allowed = rights.get(&(*chat, *author)).ok_or(Error::Busy)?;
        let seq = next.entry(*chat).or_insert(allowed.seq);
        *seq += 1;
        let id = MessageId(messenger.id());
        let mut message = Message::new(id, (*chat, *seq), *author, request.content.clone(), work.now);
        message.client_id = request.client_id;
        message.is_silent = request.is_silent;
        message.origin = prechecked.as_ref().and_then(|prechecked| prechecked.origin.clone());
        let is_old = prechecked.as_ref().is_some_and(|prechecked| prechecked.is_old);
        message.attachments = files.remove(index).unwrap_or_default();
        if let Some(content) = &mut message.content {
            content.fill_from_file(&message.attachments);
        }
        (message.reply_to, message.thread) = answers.remove(index).unwrap_or_default();
        (message.mentions, message.mentions_all) = meant.remove(index).unwrap_or_default();
        message.expires_at =
            allowed.message_life.map(|life| work.now + Duration::from_millis(life.unsigned_abs()));
        message.parts = Parts::NONE
            .with(Parts::FILES, !message.attachments.is_empty())
            .with(Parts::MENTIONS, message.mentions_all || !message.mentions.is_empty());
        let found = request.content.text().map(model::links).unwrap_or_default();
        if !found.is_empty() {
            message.parts = message.parts.with(Parts::LINKS, true).with(Parts::NO_PREVIEWS, is_old);
            addresses.push((id, *chat, found));
        }
        new.push(message);
        let record = attempt.as_ref().map(|attempt| attempt.record(Subject::Message(id), work.now));
        let key = record.and_then(|record| messenger.keys.store_with_message(&record, id));
        if key.is_none() {
            work.once(attempt.clone(), Subject::Message(id));
        }
        keys.push(key);
    }
    match messages::insert_many(&mut work.tx, &new.iter().zip(keys).collect::<Vec<_>>()).await {
        // Another node has just written one of them: the next try finds it.
        Err(StoreError::Taken) => return Err(Error::Again),
        written => written?,
    }
    attachments::attach_many(&mut work.tx, &new).await?;
    mentions::insert_many(&mut work.tx, &new).await?;
    let is_old = |index: usize| requests[index].prechecked.as_ref().is_some_and(|it| it.is_old);
    let posted = new.iter().zip(&open);
    let notified: Vec<&Message> =
        posted.filter(|(_, index)| !is_old(**index)).map(|(message, _)| message).collect();
    queue_pushes(work, &notified).await?;
    links::insert_many(&mut work.tx, &addresses).await?;
    addresses.retain(|(id, ..)| {
        new.iter().any(|message| message.id == *id && !message.parts.has(Parts::NO_PREVIEWS))
    });
    if !addresses.is_empty() {
        work.after_commit(|messenger| messenger.preview(addresses));
    }
    let mut posted: HashMap<ChatId, usize> = HashMap::new();
    for message in &new {
        *posted.entry(message.chat).or_default() += 1;
    }
    work.after_commit(move |messenger| messenger.note_posts(&posted));
    let threads: Vec<MessageId> = new.iter().filter_map(|message| message.thread).collect();
    messages::set_parts(&mut work.tx, &threads, Parts::REPLIES).await?;
    for message in &new {
        let position = Position { stream: message.chat.into(), seq: message.seq };
        work.announce_at(position, Change::MessageCreated(message.clone()));
    }
    announce_threads(work, &new).await?;
    for message in
        new.iter().zip(&open).filter(|(_, index)| requests[**index].new.clears_draft).map(|(m, _)| m)
    {
        crate::messenger::messages::draft::remove_draft_at(
            work,
            message.author,
            message.chat,
            message.thread,
        )
        .await?;
    }
    for (index, message) in open.into_iter().zip(new) {
        results[index] = Some(Ok(message));
    }
    Ok(results.into_iter().flatten().collect())
}

/// Announces the changed reply counts of threads.
async fn announce_threads(work: &mut UnitOfWork, new: &[Message]) -> Result<()> {
    let mut begun: Vec<MessageId> = new.iter().filter_map(|message| message.thread).collect();
    begun.sort_unstable();
    begun.dedup();
    crate::messenger::messages::erase::announce_updated(work, &begun).await
}
