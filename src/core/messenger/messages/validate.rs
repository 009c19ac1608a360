//! Checks posts before they are written, with one query per question for a whole batch.

use std::collections::{HashMap, HashSet};

use crate::messenger::Messenger;
use crate::messenger::accounts::block;
use crate::messenger::chats::lookup::{NOT_A_MEMBER, find};
use crate::messenger::files::attachment::UPLOAD_LIFETIME;
use crate::messenger::foundation::{Error, Limit, Result, UnitOfWork};
use crate::messenger::messages::mentions::find_mentioned;
use crate::messenger::messages::posting_rights::RightsSource;
use crate::messenger::messages::request::{BatchMode, PostRequest};
use crate::messenger::messages::retry_detection;
use crate::model::{
    Attachment, AttachmentId, ChatId, Content, FileClass, Kind, Mentions, Message, MessageId, Quote, Right,
    Time, UserId,
};
use crate::store::members::{self, PostingRights};
use crate::store::{attachments, chats, hidden, messages};

/// The largest picture that can be posted as an image.
const MAX_IMAGE_PIXELS: i64 = 200_000_000;
const MAX_IMAGE_SIDE: i64 = 30_000;

/// The outcomes known so far: none for posts that will be written.
type Results = [Option<Result<Message>>];

fn open<'a>(
    requests: &'a [PostRequest],
    results: &'a Results,
) -> impl Iterator<Item = (usize, &'a PostRequest)> {
    requests.iter().enumerate().filter(|(index, _)| results[*index].is_none())
}

/// Checks whether a message could be posted now; returns its files.
pub(crate) async fn check(
    work: &mut UnitOfWork,
    request: &PostRequest,
    voice_limit: u64,
) -> Result<Vec<Attachment>> {
    let requests = std::slice::from_ref(request);
    let mut results = [None];
    check_posting_rights(work, requests, RightsSource::Database, &mut results).await?;
    let mut files = resolve_attachments(work, requests, voice_limit, &mut results).await?;
    resolve_replies(work, requests, &mut results).await?;
    match results {
        [Some(Err(refusal))] => Err(refusal),
        _ => Ok(files.remove(&0).unwrap_or_default()),
    }
}

/// Finds posts that exist already, and requests that were carried out already.
pub(crate) async fn find_repeated(
    messenger: &Messenger,
    work: &mut UnitOfWork,
    requests: &[PostRequest],
    mode: BatchMode,
) -> Result<Vec<Option<Result<Message>>>> {
    if mode == BatchMode::KnownNew {
        return Ok(requests.iter().map(|_| None).collect());
    }
    let sent = |request: &PostRequest| request.new.client_id.map(|id| (request.author, id));
    let named: Vec<_> = requests.iter().filter_map(sent).collect();
    let before = match named.is_empty() {
        true => HashMap::new(),
        false => messages::by_client_ids(&mut work.tx, &named).await?,
    };
    let sent_before = |request: &PostRequest| sent(request).and_then(|name| before.get(&name));
    let asked: Vec<_> = requests
        .iter()
        .filter_map(|request| Some((request, request.attempt.as_ref()?.fingerprint())))
        .filter(|(request, key)| match messenger.keys.may_be_used(key) {
            Some(may_be_used) => may_be_used,
            // The index refuses those that were used, which are few.
            None => mode == BatchMode::CheckKeys || sent_before(request).is_some(),
        })
        .map(|(_, key)| key)
        .collect();
    let done = messenger.keys.find_many(&mut work.tx, &asked).await?;
    let done: HashMap<_, _> = done.iter().map(|record| (record.fingerprint, record)).collect();
    let unacknowledged = retry_detection::take(work, requests).await?;
    let result = |request: &PostRequest| {
        if let Some(attempt) = &request.attempt
            && let Some(record) = done.get(&attempt.fingerprint())
        {
            return Some(Err(attempt.refusal(record)));
        }
        if let Some(message) = request.fingerprint.and_then(|fingerprint| unacknowledged.get(&fingerprint)) {
            return Some(Ok(message.clone()));
        }
        let before = sent_before(request)?;
        Some(match before.chat == request.chat {
            true => Ok(before.clone()),
            false => Err(Error::Conflict("This client_id was used for a message in another chat")),
        })
    };
    Ok(requests.iter().map(result).collect())
}

/// Refuses authors who may not post in the chat: 404 when it does not exist, 403 when it does. Returns the rights of
/// the others. The work fails with [`Error::Again`] if rights from memory turn out to be outdated.
pub(crate) async fn check_posting_rights(
    work: &mut UnitOfWork,
    requests: &[PostRequest],
    source: RightsSource,
    results: &mut Results,
) -> Result<HashMap<(ChatId, UserId), PostingRights>> {
    let pairs: HashSet<_> = requests.iter().map(|request| (request.chat, request.author)).collect();
    // What others have written in the same commit is not remembered yet.
    let may_rely = source == RightsSource::Cache && work.tx.sees_only_committed();
    if may_rely && let Some(rights) = work.messenger().posting_rights.of(&pairs) {
        let expected: Vec<_> = rights.values().copied().collect();
        members::expect_posting_rights(&mut work.tx, &expected).await?;
        return Ok(rights);
    }
    // Before the members' rows: every change of a chat locks the chat first.
    chats::lock_all(&mut work.tx, pairs.iter().map(|(chat, _)| *chat)).await?;
    let rights = members::posting_rights(&mut work.tx, &pairs).await?;
    let mut allowed = Vec::with_capacity(rights.len());
    for (request, result) in requests.iter().zip(results) {
        let refusal = match rights.get(&(request.chat, request.author)) {
            Some(found) => {
                let refusal = refuse_posting(found);
                allowed.extend(refusal.is_none().then_some(found));
                refusal
            }
            None => match find(&mut work.tx, request.chat, request.author).await {
                Err(refusal @ (Error::NotFound(_) | Error::Forbidden(_))) => Some(refusal),
                Err(error) => return Err(error),
                Ok(_) => Some(Error::Forbidden(NOT_A_MEMBER)),
            },
        };
        // Also of retries: who has left the chat may no longer read what they posted in it.
        if let Some(refusal) = refusal {
            *result = Some(Err(refusal));
        }
    }
    if work.tx.sees_only_committed() {
        work.messenger().posting_rights.remember(&pairs, allowed);
    }
    Ok(rights)
}

fn refuse_posting(allowed: &PostingRights) -> Option<Error> {
    if let Some(refusal) = block::refusal(allowed.is_blocked) {
        return Some(refusal);
    }
    let may_post = allowed.role.may(Right::posting(allowed.is_read_only != 0), allowed.kind);
    (!may_post).then_some(Error::Forbidden("Only the chat's owner and admins can post here"))
}

/// The files of the posts. A file must be uploaded, belong to the author, and fit the message's kind; files of forwarded
/// and scheduled messages were checked before.
pub(crate) async fn resolve_attachments(
    work: &mut UnitOfWork,
    requests: &[PostRequest],
    largest_voice: u64,
    results: &mut Results,
) -> Result<HashMap<usize, Vec<Attachment>>> {
    let ids: Vec<_> = requests
        .iter()
        .filter(|request| request.prechecked.is_none())
        .flat_map(|request| request.new.content.attachments())
        .collect();
    let found = attachments::by_ids(&mut work.tx, &ids).await?;
    let found: HashMap<_, _> = found.into_iter().map(|attachment| (attachment.id, attachment)).collect();
    let now = work.now;
    let mut files = HashMap::new();
    for (index, request) in requests.iter().enumerate() {
        if results[index].is_some() {
            continue;
        }
        match &request.prechecked {
            Some(prechecked) => {
                files.insert(index, prechecked.files.clone());
            }
            None => match own_files(request.author, &request.new.content, &found, largest_voice, now) {
                Ok(own) => {
                    files.insert(index, own);
                }
                Err(refusal) => results[index] = Some(Err(refusal)),
            },
        }
    }
    Ok(files)
}

/// The author's own files that a content names.
pub(crate) fn own_files(
    author: UserId,
    content: &Content,
    found: &HashMap<AttachmentId, Attachment>,
    largest_voice: u64,
    now: Time,
) -> Result<Vec<Attachment>> {
    let ids = content.attachments();
    let several = ids.len() > 1;
    let own = |id| found.get(&id).filter(|attachment| attachment.owner == author);
    let files: Vec<Attachment> = ids
        .into_iter()
        .map(|id| check_file(content.kind(), several, own(id), now).cloned())
        .collect::<Result<_>>()?;
    if content.kind() == Kind::Voice {
        check_voice(content, files.first(), largest_voice)?;
    }
    Ok(files)
}

fn check_voice(content: &Content, file: Option<&Attachment>, largest: u64) -> Result<()> {
    if file.is_some_and(|file| u64::try_from(file.size).is_ok_and(|size| size > largest)) {
        return Err(Error::TooLarge(format!(
            "Voice messages can have at most {largest} bytes on this server"
        )));
    }
    let told = file.and_then(|file| file.metadata.duration_ms);
    if content.lacks_duration() && told.is_none_or(|length| length > Content::MAX_VOICE_MS) {
        let reason = "duration_ms is required: it could not be detected, or it exceeds 900,000 milliseconds";
        return Err(Error::invalid("payload", reason));
    }
    Ok(())
}

fn check_file(kind: Kind, several: bool, file: Option<&Attachment>, now: Time) -> Result<&Attachment> {
    let Some(file) = file else {
        return Err(Error::invalid("payload", "attachment_id is not an attachment that you uploaded"));
    };
    if !file.uploaded {
        return Err(Error::invalid("payload", "the file of attachment_id has not been uploaded yet"));
    }
    if file.created_at + UPLOAD_LIFETIME <= now {
        return Err(Error::invalid("payload", "the upload is older than a day; upload the file again"));
    }
    let class = FileClass::of(&file.content_type);
    let fits = match kind {
        // Of several, pictures and videos go together.
        Kind::Image | Kind::Video if several => matches!(class, FileClass::Picture | FileClass::Video),
        Kind::Image => class == FileClass::Picture,
        Kind::Video => class == FileClass::Video,
        // A browser's recording may call its container video/webm or video/mp4.
        Kind::Voice => {
            matches!(class, FileClass::Sound | FileClass::Video)
                || file.content_type == "application/octet-stream"
        }
        Kind::File | Kind::Text | Kind::System | Kind::Location | Kind::Poll | Kind::Ai => true,
    };
    if !fits {
        let reason = format!("the type {} of the file is not allowed for {}", file.content_type, kind.name());
        return Err(Error::invalid("payload", reason));
    }
    if kind == Kind::Image && is_oversized(file) {
        let reason = "the image has more than 200,000,000 pixels or 30,000 on a side; post it as a file";
        return Err(Error::invalid("payload", reason));
    }
    Ok(file)
}

/// Whether a picture is too large for those who would see it: a file of thirty bytes can claim any size.
fn is_oversized(file: &Attachment) -> bool {
    let (width, height) = (file.metadata.width.unwrap_or_default(), file.metadata.height.unwrap_or_default());
    width.max(height) > MAX_IMAGE_SIDE || width.saturating_mul(height) > MAX_IMAGE_PIXELS
}

/// The message that each post replies to, and its thread.
pub(crate) async fn resolve_replies(
    work: &mut UnitOfWork,
    requests: &[PostRequest],
    results: &mut Results,
) -> Result<HashMap<usize, (Option<Quote>, Option<MessageId>)>> {
    let named = |request: &PostRequest| [request.new.reply_to, request.new.thread];
    let ids: Vec<_> = open(requests, results).flat_map(|(_, request)| named(request)).flatten().collect();
    let found = messages::by_ids(&mut work.tx, &ids).await?;
    let found: HashMap<_, _> = found.iter().map(|message| (message.id, message)).collect();
    let answered = requests.iter().filter_map(|request| found.get(&request.new.reply_to?));
    let places: Vec<_> = answered.map(|message| (message.chat, message.seq)).collect();
    let hidden: HashSet<_> = hidden::readers(&mut work.tx, &places).await?.into_iter().collect();
    let mut answers = HashMap::new();
    for (index, request) in requests.iter().enumerate() {
        if results[index].is_none() && named(request) != [None, None] {
            let is_hidden = request.new.reply_to.is_some_and(|id| hidden.contains(&(id, request.author)));
            match resolve_reply(request, &found, is_hidden) {
                Ok(answer) => {
                    answers.insert(index, answer);
                }
                Err(refusal) => results[index] = Some(Err(refusal)),
            }
        }
    }
    Ok(answers)
}

fn resolve_reply(
    request: &PostRequest,
    found: &HashMap<MessageId, &Message>,
    is_hidden: bool,
) -> Result<(Option<Quote>, Option<MessageId>)> {
    let of_chat = |field: &'static str, id: Option<MessageId>| match id {
        None => Ok(None),
        Some(id) => match found.get(&id).filter(|message| message.chat == request.chat) {
            Some(message) => Ok(Some(*message)),
            None => Err(Error::invalid(field, "is not a message in this chat")),
        },
    };
    let reply = of_chat("reply_to", request.new.reply_to)?;
    if is_hidden {
        // To its author's eyes it is not there.
        return Err(Error::invalid("reply_to", "is not a message in this chat"));
    }
    if reply.is_some_and(|message| message.content.is_none()) {
        return Err(Error::invalid("reply_to", "was deleted"));
    }
    let thread = of_chat("thread_id", request.new.thread)?;
    let begun_by = |message: &Message| message.thread.unwrap_or(message.id);
    if let (Some(reply), Some(thread)) = (reply, thread)
        && begun_by(reply) != begun_by(thread)
    {
        return Err(Error::invalid("reply_to", "is in another thread"));
    }
    // A reply to a message of a thread belongs to the thread too.
    let thread = thread.map(begun_by).or_else(|| reply.and_then(|message| message.thread));
    Ok((reply.map(Quote::of), thread))
}

/// Counts the posts that will be written towards their chats' limits. It comes after the checks of who may post, so that
/// who may not does not use up what members have.
pub(crate) fn count_towards_limits(
    messenger: &Messenger,
    requests: &[PostRequest],
    mode: BatchMode,
    results: &mut Results,
) {
    let due: Vec<usize> = open(requests, results)
        .filter(|(_, request)| request.chat_limit.is_due())
        .map(|(index, _)| index)
        .collect();
    let limit = |index: usize| Limit::SendToChat(requests[index].chat);
    if mode == BatchMode::AllOrNothing {
        // First all are checked, so that nothing is counted when one is refused.
        if results.iter().flatten().any(Result::is_err) {
            return;
        }
        for index in &due {
            if let Err(refusal) = messenger.limits.check(limit(*index)) {
                results[*index] = Some(Err(refusal));
                return;
            }
        }
    }
    for index in due {
        match messenger.limit(limit(index)) {
            Ok(()) => requests[index].chat_limit.set_counted(),
            Err(refusal) => results[index] = Some(Err(refusal)),
        }
    }
}

/// The users that each post mentions, and whether it mentions everybody.
pub(crate) async fn resolve_mentions(
    work: &mut UnitOfWork,
    requests: &[PostRequest],
    results: &Results,
) -> Result<HashMap<usize, (Vec<UserId>, bool)>> {
    let mut asked: HashMap<usize, (Mentions, Vec<UserId>)> = HashMap::new();
    for (index, request) in open(requests, results) {
        let text = request.new.content.text().filter(|text| text.contains('@'));
        let named = text.map(Mentions::in_text).unwrap_or_default();
        if named != Mentions::default() || !request.new.mentions.is_empty() {
            asked.insert(index, (named, request.new.mentions.clone()));
        }
    }
    let mut meant = HashMap::new();
    for (index, (named, ids)) in asked {
        let request = &requests[index];
        meant.insert(index, find_mentioned(work, request.chat, request.author, named, ids).await?);
    }
    Ok(meant)
}
