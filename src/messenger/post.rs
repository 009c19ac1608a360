//! Posting: the hot path. Posts that wait are written together, in a handful of statements for all of them.

use std::collections::{HashMap, HashSet};
use std::sync::Weak;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::chat::{NOT_A_MEMBER, find};
use super::idempotency::{Attempt, Subject};
use super::sweep::UPLOAD_LIFE;
use super::work::Work;
use super::{Caller, Core, Error, Limit, Messenger, Result};
use crate::files::class;
use crate::model::{
    Attachment, AttachmentId, Change, ChatId, Content, Kind, Message, MessageId, Position, Stream, Time,
    UserId,
};
use crate::store::{attachments, idempotency, members, messages, streams};

/// The most posts that wait.
pub(super) const LONGEST_QUEUE: usize = 4_096;
/// The most posts that are written together.
/// Half of what may wait for a connection (`hub`), so that one batch closes nobody who keeps up.
const LARGEST_BATCH: usize = 128;

/// What somebody wants to say.
#[derive(Debug, Clone)]
pub struct Draft {
    pub content: Content,
    /// The sender's own name for it: sent again, it is the same message.
    pub client_id: Option<Uuid>,
}

/// A post on its way to the disk.
pub(super) struct Post {
    chat: ChatId,
    author: UserId,
    draft: Draft,
    attempt: Option<Attempt>,
    outcome: oneshot::Sender<Result<Message>>,
}

impl Caller {
    /// Says something in a chat. Answers when it is on the disk and told.
    ///
    /// It is a method of the caller and not of a [`Membership`](super::Membership), because the
    /// rights of all posts that are written together are asked for in one question.
    pub async fn post(self, chat: ChatId, draft: Draft) -> Result<Message> {
        let author = self.access.user;
        self.messenger.limit(Limit::Send(author))?;
        self.messenger.limit(Limit::SendToChat(chat))?;
        let (outcome, answer) = oneshot::channel();
        let post = Post { chat, author, draft, attempt: self.attempt, outcome };
        self.messenger.posts.send(post).await.map_err(|_| Error::Busy)?;
        answer.await.map_err(|_| Error::Busy)?
    }
}

/// Writes posts until the messenger is gone.
pub(super) async fn write(core: Weak<Core>, mut waiting: mpsc::Receiver<Post>) {
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
    let (posts, outcomes): (Vec<_>, Vec<_>) = batch.into_iter().map(split).unzip();
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
    for (result, outcome) in results.into_iter().zip(outcomes) {
        let _ = outcome.send(result);
    }
    again
}

/// Whether to ask first which keys were used: the unique key refuses them anyway, and few are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Asked,
    Unasked,
}

/// A post without the one who waits for it.
struct Wish {
    chat: ChatId,
    author: UserId,
    draft: Draft,
    attempt: Option<Attempt>,
}

fn split(post: Post) -> (Wish, oneshot::Sender<Result<Message>>) {
    let Post { chat, author, draft, attempt, outcome } = post;
    (Wish { chat, author, draft, attempt }, outcome)
}

/// A message that is sent twice within a batch: the second waits until the first is written.
fn set_repeats_apart(batch: Vec<Post>) -> (Vec<Post>, Vec<Post>) {
    let mut seen = HashSet::new();
    batch.into_iter().partition(|post| post.draft.client_id.is_none_or(|id| seen.insert((post.author, id))))
}

/// What becomes of each post: a new message, an old one, or a refusal. An error when none was written.
async fn carry_out(messenger: &Messenger, wishes: &[Wish], keys: Keys) -> Result<Vec<Result<Message>>> {
    let mut work = messenger.begin().await?;
    let mut results: Vec<Option<Result<Message>>> = refuse_repeated(&mut work, wishes, keys).await?;
    let mut next = refuse_strangers(&mut work, wishes, &mut results).await?;
    let files = attach(&mut work, wishes, &mut results).await?;

    let mut wanted: HashMap<Stream, i64> = HashMap::new();
    let open: Vec<usize> = (0..wishes.len()).filter(|index| results[*index].is_none()).collect();
    if open.is_empty() {
        return Ok(results.into_iter().flatten().collect());
    }
    for index in &open {
        *wanted.entry(wishes[*index].chat.into()).or_default() += 1;
    }
    streams::advance(&mut work.tx, &wanted).await?;

    let mut posted = Vec::new();
    let mut new = Vec::with_capacity(open.len());
    for index in &open {
        let Wish { chat, author, draft, attempt } = &wishes[*index];
        let stream = Stream::from(*chat);
        let place = next.entry(stream).or_default();
        *place += 1;
        let id = MessageId(messenger.id());
        let attachment = draft.content.attachment().and_then(|id| files.get(&id));
        posted.extend(attachment.map(|attachment| (attachment.id, id, *chat)));
        new.push(Message {
            id,
            chat: *chat,
            seq: *place,
            author: *author,
            kind: draft.content.kind(),
            content: Some(draft.content.clone()),
            sent_at: work.now,
            edited_at: None,
            client_id: draft.client_id,
            reactions: Vec::new(),
            attachments: attachment.into_iter().cloned().collect(),
        });
        work.once(attempt.clone(), Subject::Message(id));
    }
    messages::insert_many(&mut work.tx, &new.iter().collect::<Vec<_>>()).await?;
    attachments::post_many(&mut work.tx, &posted).await?;
    for message in &new {
        let position = Position { stream: message.chat.into(), seq: message.seq };
        work.announce_at(position, Change::MessageCreated(message.clone()));
    }
    work.commit().await?;
    for (index, message) in open.into_iter().zip(new) {
        results[index] = Some(Ok(message));
    }
    Ok(results.into_iter().flatten().collect())
}

/// Messages that were sent before, and requests that were carried out before.
async fn refuse_repeated(
    work: &mut Work,
    wishes: &[Wish],
    keys: Keys,
) -> Result<Vec<Option<Result<Message>>>> {
    let sent = |wish: &Wish| wish.draft.client_id.map(|id| (wish.author, id));
    let named: Vec<_> = wishes.iter().filter_map(sent).collect();
    let before = match named.is_empty() {
        true => HashMap::new(),
        false => messages::by_client_ids(&mut work.tx, &named).await?,
    };
    let sent_before = |wish: &Wish| sent(wish).and_then(|name| before.get(&name));
    let asked: Vec<_> = wishes
        .iter()
        .filter(|wish| keys == Keys::Asked || sent_before(wish).is_some())
        .filter_map(|wish| wish.attempt.as_ref().map(Attempt::fingerprint))
        .collect();
    let done = idempotency::find_many(&mut work.tx, &asked).await?;
    let done: HashMap<_, _> = done.iter().map(|record| (record.fingerprint, record)).collect();
    let result = |wish: &Wish| {
        if let Some(attempt) = &wish.attempt
            && let Some(record) = done.get(&attempt.fingerprint())
        {
            return Some(Err(attempt.refusal(record)));
        }
        let before = sent_before(wish)?;
        Some(match before.chat == wish.chat {
            true => Ok(before.clone()),
            false => Err(Error::Conflict("This client_id was used for a message in another chat")),
        })
    };
    Ok(wishes.iter().map(result).collect())
}

/// Refuses whoever is not in the chat: 404 when there is none, 403 when there is. Answers how far
/// the chats' streams are.
async fn refuse_strangers(
    work: &mut Work,
    wishes: &[Wish],
    results: &mut [Option<Result<Message>>],
) -> Result<HashMap<Stream, i64>> {
    let pairs: HashSet<_> = wishes.iter().map(|wish| (wish.chat, wish.author)).collect();
    let seqs = members::seqs(&mut work.tx, pairs).await?;
    for (wish, result) in wishes.iter().zip(results) {
        if !seqs.contains_key(&(wish.chat, wish.author)) {
            let refusal = match find(&mut work.tx, wish.chat, wish.author).await {
                Err(refusal @ (Error::NotFound(_) | Error::Forbidden(_))) => refusal,
                Err(error) => return Err(error),
                Ok(_) => Error::Forbidden(NOT_A_MEMBER),
            };
            *result = Some(Err(refusal));
        }
    }
    Ok(seqs.into_iter().map(|((chat, _), seq)| (chat.into(), seq)).collect())
}

/// The files of the posts. A file must be the author's own, be there, and be of the message's kind.
async fn attach(
    work: &mut Work,
    wishes: &[Wish],
    results: &mut [Option<Result<Message>>],
) -> Result<HashMap<AttachmentId, Attachment>> {
    let ids: Vec<_> = wishes.iter().filter_map(|wish| wish.draft.content.attachment()).collect();
    let found = attachments::by_ids(&mut work.tx, &ids).await?;
    let found: HashMap<_, _> = found.into_iter().map(|attachment| (attachment.id, attachment)).collect();
    let now = work.now;
    for (wish, result) in wishes.iter().zip(results).filter(|(_, result)| result.is_none()) {
        if let Some(id) = wish.draft.content.attachment() {
            let attachment = found.get(&id).filter(|attachment| attachment.owner == wish.author);
            *result = refuse_file(wish.draft.content.kind(), attachment, now).map(Err);
        }
    }
    Ok(found)
}

fn refuse_file(kind: Kind, attachment: Option<&Attachment>, now: Time) -> Option<Error> {
    let Some(attachment) = attachment else {
        return Some(Error::invalid("payload", "attachment_id is no attachment of yours"));
    };
    if !attachment.uploaded {
        return Some(Error::invalid("payload", "the file of attachment_id has not been uploaded yet"));
    }
    if attachment.created_at + UPLOAD_LIFE <= now {
        return Some(Error::invalid("payload", "the upload is older than a day; upload the file again"));
    }
    let class = class(&attachment.content_type);
    let fits = match kind {
        Kind::Image => class == "image",
        Kind::Video => class == "video",
        // A browser's recording may call its container video/webm or video/mp4.
        Kind::Voice => {
            matches!(class, "audio" | "video") || attachment.content_type == "application/octet-stream"
        }
        Kind::File | Kind::Text | Kind::System => true,
    };
    let reason = || format!("the file is {}, which is no {}", attachment.content_type, kind.name());
    (!fits).then(|| Error::invalid("payload", reason()))
}
