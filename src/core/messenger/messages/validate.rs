//! What posts ask for, and whether they may: each question is asked once for all that are written together.

use std::collections::{HashMap, HashSet};

use crate::messenger::accounts::block;
use crate::messenger::chats::lookup::{NOT_A_MEMBER, find};
use crate::messenger::files::attachment::UPLOAD_LIFETIME;
use crate::messenger::foundation::{Attempt, Error, Result, UnitOfWork};
use crate::messenger::messages::mentions::whom;
use crate::messenger::messages::request::{Keys, Wish};
use crate::messenger::messages::retry_detection;
use crate::model::{
    Attachment, AttachmentId, ChatId, Content, FileClass, Kind, Mentions, Message, MessageId, Quote, Right,
    Time, UserId,
};
use crate::store::members::{self, PostingRights};
use crate::store::{attachments, chats, idempotency, messages};

/// What is known so far of what becomes of each post: nothing of those that will be written.
type Results = [Option<Result<Message>>];

fn open<'a>(wishes: &'a [Wish], results: &'a Results) -> impl Iterator<Item = (usize, &'a Wish)> {
    wishes.iter().enumerate().filter(|(index, _)| results[*index].is_none())
}

/// Whether something could be said now, and with which files.
pub(crate) async fn check(work: &mut UnitOfWork, wish: &Wish, voice_limit: u64) -> Result<Vec<Attachment>> {
    let wishes = std::slice::from_ref(wish);
    let mut results = [None];
    refuse_strangers(work, wishes, &mut results).await?;
    let mut files = attach(work, wishes, voice_limit, &mut results).await?;
    answer(work, wishes, &mut results).await?;
    match results {
        [Some(Err(refusal))] => Err(refusal),
        _ => Ok(files.remove(&0).unwrap_or_default()),
    }
}

/// Messages that were sent before, and requests that were carried out before.
pub(crate) async fn refuse_repeated(
    work: &mut UnitOfWork,
    wishes: &[Wish],
    keys: Keys,
) -> Result<Vec<Option<Result<Message>>>> {
    let sent = |wish: &Wish| wish.new.client_id.map(|id| (wish.author, id));
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
    let unheard = retry_detection::take(work, wishes).await?;
    let result = |wish: &Wish| {
        if let Some(attempt) = &wish.attempt
            && let Some(record) = done.get(&attempt.fingerprint())
        {
            return Some(Err(attempt.refusal(record)));
        }
        if let Some(message) = wish.fingerprint.and_then(|fingerprint| unheard.get(&fingerprint)) {
            return Some(Ok(message.clone()));
        }
        let before = sent_before(wish)?;
        Some(match before.chat == wish.chat {
            true => Ok(before.clone()),
            false => Err(Error::Conflict("This client_id was used for a message in another chat")),
        })
    };
    Ok(wishes.iter().map(result).collect())
}

/// Refuses whoever may not post in the chat: 404 when there is none, 403 when there is. Answers the others' seats.
pub(crate) async fn refuse_strangers(
    work: &mut UnitOfWork,
    wishes: &[Wish],
    results: &mut Results,
) -> Result<HashMap<(ChatId, UserId), PostingRights>> {
    let pairs: HashSet<_> = wishes.iter().map(|wish| (wish.chat, wish.author)).collect();
    // Before their rows: whoever changes a chat holds it first.
    chats::lock_all(&mut work.tx, pairs.iter().map(|(chat, _)| *chat)).await?;
    let seats = members::posting_rights(&mut work.tx, pairs).await?;
    for (wish, result) in wishes.iter().zip(results) {
        let refusal = match seats.get(&(wish.chat, wish.author)) {
            Some(seat) => refuse_seat(seat),
            None => match find(&mut work.tx, wish.chat, wish.author).await {
                Err(refusal @ (Error::NotFound(_) | Error::Forbidden(_))) => Some(refusal),
                Err(error) => return Err(error),
                Ok(_) => Some(Error::Forbidden(NOT_A_MEMBER)),
            },
        };
        // Also who sent it before: what one said in a chat is not one's own to read once one has left it.
        if let Some(refusal) = refusal {
            *result = Some(Err(refusal));
        }
    }
    Ok(seats)
}

fn refuse_seat(seat: &PostingRights) -> Option<Error> {
    if let Some(refusal) = block::refusal(seat.is_blocked) {
        return Some(refusal);
    }
    let may_post = seat.role.may(Right::posting(seat.is_read_only != 0), seat.kind);
    (!may_post).then_some(Error::Forbidden("Only the chat's owner and admins can post here"))
}

/// The files of the posts. A file must be the author's own, be there, and be of the message's kind; of what is
/// forwarded or was scheduled that was so once.
pub(crate) async fn attach(
    work: &mut UnitOfWork,
    wishes: &[Wish],
    largest_voice: u64,
    results: &mut Results,
) -> Result<HashMap<usize, Vec<Attachment>>> {
    let ids: Vec<_> = wishes
        .iter()
        .filter(|wish| wish.brought.is_none())
        .flat_map(|wish| wish.new.content.attachments())
        .collect();
    let found = attachments::by_ids(&mut work.tx, &ids).await?;
    let found: HashMap<_, _> = found.into_iter().map(|attachment| (attachment.id, attachment)).collect();
    let now = work.now;
    let mut files = HashMap::new();
    for (index, wish) in wishes.iter().enumerate() {
        if results[index].is_some() {
            continue;
        }
        match &wish.brought {
            Some(brought) => {
                files.insert(index, brought.files.clone());
            }
            None => match own_files(wish.author, &wish.new.content, &found, largest_voice, now) {
                Ok(own) => {
                    files.insert(index, own);
                }
                Err(refusal) => results[index] = Some(Err(refusal)),
            },
        }
    }
    Ok(files)
}

/// The files of what somebody wants to say.
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
    if content.lacks_duration() && told.is_none_or(|length| length > Content::LONGEST_VOICE_MS) {
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
    Ok(file)
}

/// What each post answers, and in which thread it stands.
pub(crate) async fn answer(
    work: &mut UnitOfWork,
    wishes: &[Wish],
    results: &mut Results,
) -> Result<HashMap<usize, (Option<Quote>, Option<MessageId>)>> {
    let named = |wish: &Wish| [wish.new.reply_to, wish.new.thread];
    let ids: Vec<_> = open(wishes, results).flat_map(|(_, wish)| named(wish)).flatten().collect();
    let found = messages::by_ids(&mut work.tx, &ids).await?;
    let found: HashMap<_, _> = found.iter().map(|message| (message.id, message)).collect();
    let mut answers = HashMap::new();
    for (index, wish) in wishes.iter().enumerate() {
        if results[index].is_none() && named(wish) != [None, None] {
            match answered(wish, &found) {
                Ok(answer) => {
                    answers.insert(index, answer);
                }
                Err(refusal) => results[index] = Some(Err(refusal)),
            }
        }
    }
    Ok(answers)
}

fn answered(wish: &Wish, found: &HashMap<MessageId, &Message>) -> Result<(Option<Quote>, Option<MessageId>)> {
    let of_chat = |field: &'static str, id: Option<MessageId>| match id {
        None => Ok(None),
        Some(id) => match found.get(&id).filter(|message| message.chat == wish.chat) {
            Some(message) => Ok(Some(*message)),
            None => Err(Error::invalid(field, "is not a message in this chat")),
        },
    };
    let reply = of_chat("reply_to", wish.new.reply_to)?;
    if reply.is_some_and(|message| message.content.is_none()) {
        return Err(Error::invalid("reply_to", "was deleted"));
    }
    let thread = of_chat("thread_id", wish.new.thread)?;
    let begun_by = |message: &Message| message.thread.unwrap_or(message.id);
    if let (Some(reply), Some(thread)) = (reply, thread)
        && begun_by(reply) != begun_by(thread)
    {
        return Err(Error::invalid("reply_to", "is in another thread"));
    }
    // An answer to what stands in a thread stands there too.
    let thread = thread.map(begun_by).or_else(|| reply.and_then(|message| message.thread));
    Ok((reply.map(Quote::of), thread))
}

/// Who is meant by each post, and whether all are.
pub(crate) async fn mean(
    work: &mut UnitOfWork,
    wishes: &[Wish],
    results: &Results,
) -> Result<HashMap<usize, (Vec<UserId>, bool)>> {
    let mut asked: HashMap<usize, (Mentions, Vec<UserId>)> = HashMap::new();
    for (index, wish) in open(wishes, results) {
        let text = wish.new.content.text().filter(|text| text.contains('@'));
        let named = text.map(Mentions::in_text).unwrap_or_default();
        if named != Mentions::default() || !wish.new.mentions.is_empty() {
            asked.insert(index, (named, wish.new.mentions.clone()));
        }
    }
    let mut meant = HashMap::new();
    for (index, (named, ids)) in asked {
        let wish = &wishes[index];
        meant.insert(index, whom(work, wish.chat, wish.author, named, ids).await?);
    }
    Ok(meant)
}
