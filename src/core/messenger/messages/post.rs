//! Posting: the hot path. Posts that wait are written together, in a handful of statements for all of them.

use std::collections::{HashMap, HashSet};
use std::sync::Weak;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::messenger::foundation::{Error, Limit, Result, Retries, Subject, UnitOfWork};
use crate::messenger::messages::request::{Keys, NewMessage, Wish};
use crate::messenger::messages::retry_detection::{self, Unheard};
use crate::messenger::messages::validate;
use crate::messenger::{Caller, Core, Messenger};
use crate::model::{self, Change, ChatId, Message, MessageId, Parts, Position, Stream};
use crate::store::{Error as StoreError, attachments, links, mentions, messages, streams};

/// The most posts that wait.
pub(crate) const LONGEST_QUEUE: usize = 4_096;
/// The most posts that are written together.
/// Half of what may wait for a connection (`hub`), so that one batch closes nobody who keeps up.
const LARGEST_BATCH: usize = 128;

/// A post on its way to the disk.
pub(crate) struct Post {
    wish: Wish,
    outcome: oneshot::Sender<Result<Said>>,
}

/// A message that is on the disk, and its sender's not having heard of it when that matters.
type Said = (Message, Option<Unheard>);

impl Caller {
    /// Says something in a chat. Answers when it is on the disk and told.
    ///
    /// It is a method of the caller and not of a [`Membership`](crate::messenger::chats::membership::Membership), because the
    /// rights of all posts that are written together are asked for in one question.
    pub async fn post(self, chat: ChatId, new: NewMessage) -> Result<Message> {
        let author = self.access.user;
        let wish = Wish { chat, author, new, brought: None, attempt: self.attempt, fingerprint: None };
        Ok(hand_over(&self.messenger, wish).await?.0)
    }

    /// Says something that has no name of its sender's. When the sender does not [hear](Unheard::heard) the answer
    /// and says the same once more within 20 seconds, it is the same message, once.
    pub async fn post_unnamed(self, chat: ChatId, new: NewMessage) -> Result<(Message, Unheard)> {
        let author = self.access.user;
        let mut wish = Wish { chat, author, new, brought: None, attempt: self.attempt, fingerprint: None };
        let fingerprint = retry_detection::fingerprint(&wish);
        wish.fingerprint = Some(fingerprint);
        let (message, unheard) = hand_over(&self.messenger, wish).await?;
        let unheard = unheard.unwrap_or_else(|| Unheard::new(&self.messenger, fingerprint, message.id));
        Ok((message, unheard))
    }
}

/// Hands a post to whoever writes them, and waits for what becomes of it.
async fn hand_over(messenger: &Messenger, wish: Wish) -> Result<Said> {
    messenger.limit(Limit::Send(wish.author))?;
    messenger.limit(Limit::SendToChat(wish.chat))?;
    messenger.confirm_uploads(wish.author, &wish.new.content.attachments()).await?;
    let (outcome, answer) = oneshot::channel();
    messenger.posts.send(Post { wish, outcome }).await.map_err(|_| Error::Busy)?;
    answer.await.map_err(|_| Error::Busy)?
}

/// Writes posts until the messenger is gone.
pub(crate) async fn write(core: Weak<Core>, mut waiting: mpsc::Receiver<Post>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
        let Some(core) = core.upgrade() else { return };
        let messenger = Messenger(core);
        while !batch.is_empty() {
            batch = write_together(&messenger, batch).await;
        }
    }
}

/// Writes posts in one change. Answers those that must be tried again after the others.
async fn write_together(messenger: &Messenger, batch: Vec<Post>) -> Vec<Post> {
    let (batch, again) = set_repeats_apart(batch);
    let (posts, outcomes): (Vec<_>, Vec<_>) = batch.into_iter().map(|post| (post.wish, post.outcome)).unzip();
    let mut results = carry_out(messenger, &posts, Keys::Unasked).await;
    if posts.len() > 1 && matches!(results, Err(Error::Repeated(_) | Error::KeyReused)) {
        // One of them was carried out before, and with it none was written: find out which.
        results = carry_out(messenger, &posts, Keys::Asked).await;
    }
    let results = match results {
        Ok(results) => results,
        Err(error) if posts.len() == 1 => vec![Err(error)],
        Err(Error::Full) => posts.iter().map(|_| Err(Error::Full)).collect(),
        Err(Error::Busy) => posts.iter().map(|_| Err(Error::Busy)).collect(),
        // One of them can't be written: each for itself.
        Err(error) => {
            tracing::warn!(%error, posts = posts.len(), "posts are written one by one");
            let mut results = Vec::with_capacity(posts.len());
            for post in &posts {
                let alone = carry_out(messenger, std::slice::from_ref(post), Keys::Unasked).await;
                results.push(alone.and_then(|mut alone| alone.pop().unwrap_or(Err(Error::Busy))));
            }
            results
        }
    };
    let mut lost = Vec::new();
    for ((result, outcome), wish) in results.into_iter().zip(outcomes).zip(&posts) {
        let said = result.map(|message| {
            let unheard = wish.fingerprint.map(|it| Unheard::new(messenger, it, message.id));
            (message, unheard)
        });
        if let Err(Ok((_, Some(unheard)))) = outcome.send(said) {
            lost.push(unheard);
        }
    }
    // Before the next posts are written: the same may be among them once more.
    for unheard in lost {
        unheard.lost().await;
    }
    again
}

/// A message that is sent twice within a batch: the second waits until the first is written. So does a request that is
/// repeated because its client gave up the first.
fn set_repeats_apart(batch: Vec<Post>) -> (Vec<Post>, Vec<Post>) {
    let (mut seen, mut alike, mut requests) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut is_first = |wish: &Wish| {
        wish.new.client_id.is_none_or(|id| seen.insert((wish.author, id)))
            && wish.fingerprint.is_none_or(|it| alike.insert(it))
            && wish.attempt.as_ref().is_none_or(|attempt| requests.insert(attempt.fingerprint()))
    };
    batch.into_iter().partition(|post| is_first(&post.wish))
}

/// What becomes of each post: a new message, an old one, or a refusal. An error when none was written.
pub(crate) async fn carry_out(
    messenger: &Messenger,
    wishes: &[Wish],
    keys: Keys,
) -> Result<Vec<Result<Message>>> {
    let mut retries = Retries::default();
    loop {
        match carry_out_once(messenger, wishes, keys).await {
            Err(Error::Again) if retries.wait().await => {}
            done => return done,
        }
    }
}

async fn carry_out_once(messenger: &Messenger, wishes: &[Wish], keys: Keys) -> Result<Vec<Result<Message>>> {
    let mut work = messenger.begin().await?;
    let results = say_all(messenger, &mut work, wishes, keys).await?;
    if work.has_changes() {
        work.commit().await?;
    }
    Ok(results)
}

/// Writes posts within a change. What is answered counts once the change is committed.
pub(crate) async fn say_all(
    messenger: &Messenger,
    work: &mut UnitOfWork,
    wishes: &[Wish],
    keys: Keys,
) -> Result<Vec<Result<Message>>> {
    let mut results: Vec<Option<Result<Message>>> = validate::refuse_repeated(work, wishes, keys).await?;
    let seats = validate::refuse_strangers(work, wishes, &mut results).await?;
    let mut files = validate::attach(work, wishes, messenger.settings.voice_limit, &mut results).await?;
    let mut answers = validate::answer(work, wishes, &mut results).await?;
    if keys == Keys::Whole
        && let Some(refusal) = results.iter_mut().find_map(|result| result.take_if(|result| result.is_err()))
    {
        return refusal.map(|_| Vec::new());
    }
    let mut meant = validate::mean(work, wishes, &results).await?;

    let open: Vec<usize> = (0..wishes.len()).filter(|index| results[*index].is_none()).collect();
    if open.is_empty() {
        return Ok(results.into_iter().flatten().collect());
    }
    let mut wanted: HashMap<Stream, i64> = HashMap::new();
    for index in &open {
        *wanted.entry(wishes[*index].chat.into()).or_default() += 1;
    }
    streams::advance(&mut work.tx, &wanted).await?;

    let mut next: HashMap<ChatId, i64> = HashMap::new();
    let mut new = Vec::with_capacity(open.len());
    let mut addresses = Vec::new();
    for index in &open {
        let Wish { chat, author, new: wish, brought, attempt, .. } = &wishes[*index];
        let seat = seats.get(&(*chat, *author)).ok_or(Error::Busy)?;
        let place = next.entry(*chat).or_insert(seat.seq);
        *place += 1;
        let id = MessageId(messenger.id());
        let mut message = Message::new(id, (*chat, *place), *author, wish.content.clone(), work.now);
        message.client_id = wish.client_id;
        message.is_silent = wish.is_silent;
        message.origin = brought.as_ref().and_then(|brought| brought.origin.clone());
        let is_old = brought.as_ref().is_some_and(|brought| brought.is_old);
        message.attachments = files.remove(index).unwrap_or_default();
        if let Some(content) = &mut message.content {
            content.fill_from_file(&message.attachments);
        }
        (message.reply_to, message.thread) = answers.remove(index).unwrap_or_default();
        (message.mentions, message.mentions_all) = meant.remove(index).unwrap_or_default();
        message.expires_at =
            seat.message_life.map(|life| work.now + Duration::from_millis(life.unsigned_abs()));
        message.parts = Parts::NONE
            .with(Parts::FILES, !message.attachments.is_empty())
            .with(Parts::MENTIONS, message.mentions_all || !message.mentions.is_empty());
        let found = wish.content.text().map(model::links).unwrap_or_default();
        if !found.is_empty() {
            message.parts = message.parts.with(Parts::LINKS, true).with(Parts::BARE, is_old);
            addresses.push((id, *chat, found));
        }
        new.push(message);
        work.once(attempt.clone(), Subject::Message(id));
    }
    match messages::insert_many(&mut work.tx, &new.iter().collect::<Vec<_>>()).await {
        // Another node has just written one of them: looked for once more, it is there.
        Err(StoreError::Taken) => return Err(Error::Again),
        written => written?,
    }
    attachments::attach_many(&mut work.tx, &new).await?;
    mentions::insert_many(&mut work.tx, &new).await?;
    links::insert_many(&mut work.tx, &addresses).await?;
    addresses
        .retain(|(id, ..)| new.iter().any(|message| message.id == *id && !message.parts.has(Parts::BARE)));
    if !addresses.is_empty() {
        work.after_commit(|messenger| messenger.preview(addresses));
    }
    let threads: Vec<MessageId> = new.iter().filter_map(|message| message.thread).collect();
    messages::set_parts(&mut work.tx, &threads, Parts::REPLIES).await?;
    for message in &new {
        let position = Position { stream: message.chat.into(), seq: message.seq };
        work.announce_at(position, Change::MessageCreated(message.clone()));
    }
    tell_threads(work, &new).await?;
    for message in new.iter().zip(&open).filter(|(_, index)| wishes[**index].new.clears_draft).map(|(m, _)| m)
    {
        crate::messenger::messages::draft::clear(work, message.author, message.chat, message.thread).await?;
    }
    for (index, message) in open.into_iter().zip(new) {
        results[index] = Some(Ok(message));
    }
    Ok(results.into_iter().flatten().collect())
}

/// Tells how the messages are now below which something was said: how much, and when.
async fn tell_threads(work: &mut UnitOfWork, new: &[Message]) -> Result<()> {
    let mut begun: Vec<MessageId> = new.iter().filter_map(|message| message.thread).collect();
    begun.sort_unstable();
    begun.dedup();
    crate::messenger::messages::erase::tell_again(work, &begun).await
}
