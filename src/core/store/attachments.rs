//! Uploaded files, and the messages that they are attached to.

use std::collections::{BTreeMap, HashMap};

use sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::columns::uuid;
use super::hidden::is_seen_at;
use super::schema::{
    Attachment as A, Deletion as D, Member as M, Message as Msg, Posted as P, ScheduledFile as W,
};
use super::{Executor, Result, storage};
use crate::model::{
    Attachment, AttachmentId, ChatId, FileClass, MediaMetadata, Message, MessageId, Stream, Time, UserId,
};

#[derive(FromRow)]
struct AttachmentRow {
    id: Vec<u8>,
    owner_id: UserId,
    filename: String,
    stored_by_name: bool,
    keep_original: bool,
    content_type: String,
    size: i64,
    created_at: Time,
    expires_at: Time,
    uploaded_at: Option<Time>,
    width: Option<i64>,
    height: Option<i64>,
    duration_ms: Option<i64>,
    waveform: Option<Vec<u8>>,
    placeholder: Option<Vec<u8>>,
    thumbnail: Option<String>,
}

impl From<AttachmentRow> for Attachment {
    fn from(row: AttachmentRow) -> Self {
        Self {
            id: AttachmentId(uuid(&row.id)),
            owner: row.owner_id,
            filename: row.filename,
            stored_by_name: row.stored_by_name,
            keep_original: row.keep_original,
            content_type: row.content_type,
            size: row.size,
            created_at: row.created_at,
            expires_at: row.expires_at,
            uploaded: row.uploaded_at.is_some(),
            metadata: MediaMetadata {
                width: row.width,
                height: row.height,
                duration_ms: row.duration_ms,
                waveform: row.waveform,
                placeholder: row.placeholder,
                thumbnail: row.thumbnail,
            },
        }
    }
}

const COLUMNS: [A; 16] = [
    A::Id,
    A::OwnerId,
    A::Filename,
    A::StoredByName,
    A::KeepOriginal,
    A::ContentType,
    A::Size,
    A::CreatedAt,
    A::ExpiresAt,
    A::UploadedAt,
    A::Width,
    A::Height,
    A::DurationMs,
    A::Waveform,
    A::Placeholder,
    A::Thumbnail,
];

fn attachments() -> SelectStatement {
    Query::select().columns(COLUMNS.map(|column| (A::Table, column))).from(A::Table).to_owned()
}

pub async fn insert(executor: &mut Executor, attachment: &Attachment) -> Result<()> {
    let insert = Query::insert()
        .into_table(A::Table)
        .columns([
            A::Id,
            A::OwnerId,
            A::Filename,
            A::StoredByName,
            A::KeepOriginal,
            A::ContentType,
            A::Size,
            A::CreatedAt,
            A::ExpiresAt,
        ])
        .values_panic([
            attachment.id.into(),
            attachment.owner.into(),
            attachment.filename.as_str().into(),
            attachment.stored_by_name.into(),
            attachment.keep_original.into(),
            attachment.content_type.as_str().into(),
            attachment.size.into(),
            attachment.created_at.into(),
            attachment.expires_at.into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

/// The properties of a file after it was uploaded and verified.
pub struct Arrived<'a> {
    pub size: i64,
    pub content_type: &'a str,
    /// `None` for a large file that was uploaded directly to the bucket.
    pub sha256: Option<&'a [u8]>,
    pub metadata: &'a MediaMetadata,
}

/// Marks a file as uploaded and verified, and counts its bytes towards its owner's quota. Returns `false` if it was
/// marked before.
pub async fn uploaded(
    executor: &mut Executor,
    attachment: &Attachment,
    arrived: &Arrived<'_>,
    now: Time,
) -> Result<bool> {
    let Arrived { size, content_type, sha256, metadata } = arrived;
    let mut awaited = attachments();
    awaited
        .and_where(Expr::col((A::Table, A::Id)).eq(attachment.id))
        .and_where(Expr::col((A::Table, A::UploadedAt)).is_null())
        .lock_exclusive();
    if executor.one::<AttachmentRow>(&awaited).await?.is_none() {
        return Ok(false);
    }
    let update = Query::update()
        .table(A::Table)
        .value(A::Size, *size)
        .value(A::ContentType, *content_type)
        .value(A::Sha256, sha256.map(<[u8]>::to_vec))
        .value(A::UploadedAt, now)
        .value(A::Width, metadata.width)
        .value(A::Height, metadata.height)
        .value(A::DurationMs, metadata.duration_ms)
        .value(A::Waveform, metadata.waveform.clone())
        .value(A::Placeholder, metadata.placeholder.clone())
        .value(A::Thumbnail, metadata.thumbnail.clone())
        .value(A::RefusalCode, None::<String>)
        .value(A::RefusalReason, None::<String>)
        .and_where(Expr::col(A::Id).eq(attachment.id))
        .to_owned();
    executor.execute(&update).await?;
    storage::add(executor, &BTreeMap::from([(attachment.owner, *size)])).await?;
    Ok(true)
}

/// Why an upload was refused.
#[derive(Debug, FromRow)]
pub struct Refusal {
    /// The code of the error.
    #[sqlx(rename = "refusal_code")]
    pub code: String,
    #[sqlx(rename = "refusal_reason")]
    pub reason: String,
}

/// Records why an upload was refused, unless the file has been uploaded since.
pub async fn refuse(executor: &mut Executor, id: AttachmentId, refusal: &Refusal) -> Result<()> {
    let update = Query::update()
        .table(A::Table)
        .value(A::RefusalCode, refusal.code.as_str())
        .value(A::RefusalReason, refusal.reason.as_str())
        .and_where(Expr::col(A::Id).eq(id))
        .and_where(Expr::col(A::UploadedAt).is_null())
        .to_owned();
    executor.execute(&update).await
}

/// Why the last upload of a file was refused.
pub async fn refusal(executor: &mut Executor, id: AttachmentId) -> Result<Option<Refusal>> {
    let query = Query::select()
        .columns([A::RefusalCode, A::RefusalReason])
        .from(A::Table)
        .and_where(Expr::col(A::Id).eq(id))
        .and_where(Expr::col(A::RefusalCode).is_not_null())
        .to_owned();
    executor.one(&query).await
}

pub async fn by_id(executor: &mut Executor, id: AttachmentId) -> Result<Option<Attachment>> {
    let row: Option<AttachmentRow> =
        executor.one(attachments().and_where(Expr::col((A::Table, A::Id)).eq(id))).await?;
    Ok(row.map(Attachment::from))
}

pub async fn by_ids(executor: &mut Executor, ids: &[AttachmentId]) -> Result<Vec<Attachment>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = attachments();
    query.and_where(Expr::col((A::Table, A::Id)).is_in(ids.iter().copied()));
    let rows: Vec<AttachmentRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(Attachment::from).collect())
}

/// A user's uploaded files, in the order in which they were announced, after one of them.
pub async fn of_owner(
    executor: &mut Executor,
    owner: UserId,
    after: (Time, AttachmentId),
    limit: u64,
) -> Result<Vec<Attachment>> {
    let mut query = in_order(after, limit);
    query
        .and_where(Expr::col((A::Table, A::OwnerId)).eq(owner))
        .and_where(Expr::col((A::Table, A::UploadedAt)).is_not_null());
    let rows: Vec<AttachmentRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(Attachment::from).collect())
}

/// How many of a user's uploads are announced but not finished.
pub async fn pending(executor: &mut Executor, owner: UserId, now: Time) -> Result<i64> {
    let query = Query::select()
        .expr(Func::count(Expr::col(A::Id)))
        .from(A::Table)
        .and_where(Expr::col(A::OwnerId).eq(owner))
        .and_where(Expr::col(A::UploadedAt).is_null())
        .and_where(Expr::col(A::ExpiresAt).gt(now))
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count))
}

/// The most bytes that a user's announced uploads may still have.
pub async fn announced_bytes(executor: &mut Executor, owner: UserId, now: Time) -> Result<i64> {
    let query = Query::select()
        .expr(Func::sum(Expr::col(A::Size)).cast_as("signed"))
        .from(A::Table)
        .and_where(Expr::col(A::OwnerId).eq(owner))
        .and_where(Expr::col(A::UploadedAt).is_null())
        .and_where(Expr::col(A::ExpiresAt).gt(now))
        .to_owned();
    Ok(executor.one::<(Option<i64>,)>(&query).await?.and_then(|(sum,)| sum).unwrap_or_default())
}

/// Unfinished uploads of a user, or of all users, whose forms expired after a time.
pub async fn unfinished(
    executor: &mut Executor,
    owner: Option<UserId>,
    since: Time,
    after: (Time, AttachmentId),
    limit: u64,
) -> Result<Vec<Attachment>> {
    let mut query = in_order(after, limit);
    query
        .and_where(Expr::col((A::Table, A::UploadedAt)).is_null())
        .and_where(Expr::col((A::Table, A::ExpiresAt)).gt(since));
    if let Some(owner) = owner {
        query.and_where(Expr::col((A::Table, A::OwnerId)).eq(owner));
    }
    let rows: Vec<AttachmentRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(Attachment::from).collect())
}

#[derive(FromRow)]
struct SummedRow {
    sha256: Option<Vec<u8>>,
    #[sqlx(flatten)]
    attachment: AttachmentRow,
}

/// Uploaded files with their checksums where known, in the order in which they were announced, after one of them.
pub async fn uploaded_after(
    executor: &mut Executor,
    after: (Time, AttachmentId),
    limit: u64,
) -> Result<Vec<(Attachment, Option<Vec<u8>>)>> {
    let mut query = in_order(after, limit);
    query.column((A::Table, A::Sha256)).and_where(Expr::col((A::Table, A::UploadedAt)).is_not_null());
    let rows: Vec<SummedRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(|row| (row.attachment.into(), row.sha256)).collect())
}

/// The number of uploaded files.
pub async fn count_uploaded(executor: &mut Executor) -> Result<u64> {
    let query = Query::select()
        .expr(Func::count(Expr::col(A::Id)))
        .from(A::Table)
        .and_where(Expr::col(A::UploadedAt).is_not_null())
        .to_owned();
    let count = executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count);
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Attachments in the order in which they were announced, after one of them.
fn in_order((at, id): (Time, AttachmentId), limit: u64) -> SelectStatement {
    let created_at = || Expr::col((A::Table, A::CreatedAt));
    let later = created_at().eq(at).and(Expr::col((A::Table, A::Id)).gt(id));
    attachments()
        .and_where(created_at().gte(at))
        .and_where(created_at().gt(at).or(later))
        .order_by((A::Table, A::CreatedAt), Order::Asc)
        .order_by((A::Table, A::Id), Order::Asc)
        .limit(limit)
        .to_owned()
}

/// Attaches the files of new messages.
pub async fn attach_many(executor: &mut Executor, messages: &[Message]) -> Result<()> {
    let posted = || {
        messages
            .iter()
            .flat_map(|message| message.attachments.iter().enumerate().map(move |file| (message, file)))
    };
    if posted().next().is_none() {
        return Ok(());
    }
    let mut insert = Query::insert()
        .into_table(P::Table)
        .columns([P::AttachmentId, P::MessageId, P::ChatId, P::Place, P::Class])
        .to_owned();
    for (message, (place, file)) in posted() {
        let class = FileClass::of(&file.content_type) as i64;
        insert.values_panic([
            file.id.into(),
            message.id.into(),
            message.chat.into(),
            i64::try_from(place).unwrap_or(i64::MAX).into(),
            class.into(),
        ]);
    }
    executor.defer(&insert).await
}

/// Takes the files out of messages.
pub async fn detach(executor: &mut Executor, messages: &[MessageId]) -> Result<()> {
    let posted = Query::select()
        .column(P::AttachmentId)
        .from(P::Table)
        .and_where(Expr::col(P::MessageId).is_in(messages.iter().copied()))
        .to_owned();
    let update = Query::update()
        .table(A::Table)
        .value(A::Detached, 1)
        .and_where(Expr::col(A::Id).in_subquery(posted))
        .to_owned();
    executor.execute(&update).await?;
    let delete = Query::delete()
        .from_table(P::Table)
        .and_where(Expr::col(P::MessageId).is_in(messages.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}

/// Whether a file was in a message that was deleted. It may still be in another one.
pub async fn is_detached(executor: &mut Executor, id: AttachmentId) -> Result<bool> {
    let query =
        Query::select().column(A::Detached).from(A::Table).and_where(Expr::col(A::Id).eq(id)).to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.is_some_and(|(detached,)| detached != 0))
}

/// Whether a file is attached in a chat that a user is in, to a message that the user has not hidden and whose author
/// does not have their messages deleted just now.
pub async fn is_visible(executor: &mut Executor, id: AttachmentId, reader: UserId) -> Result<bool> {
    let query = Query::select()
        .column((P::Table, P::ChatId))
        .from(P::Table)
        .inner_join(M::Table, Expr::col((M::Table, M::ChatId)).equals((P::Table, P::ChatId)))
        .inner_join(Msg::Table, Expr::col((Msg::Table, Msg::Id)).equals((P::Table, P::MessageId)))
        .and_where(Expr::col((P::Table, P::AttachmentId)).eq(id))
        .and_where(Expr::col((M::Table, M::UserId)).eq(reader))
        .and_where(is_seen_at(reader, (Msg::Table, Msg::ChatId), (Msg::Table, Msg::Seq)))
        .and_where(Expr::exists(being_erased()).not())
        .limit(1)
        .to_owned();
    Ok(executor.one::<(ChatId,)>(&query).await?.is_some())
}

/// The unfinished deletion of a message's author that deletes their messages too.
fn being_erased() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(D::Table)
        .and_where(Expr::col((D::Table, D::UserId)).equals((Msg::Table, Msg::AuthorId)))
        .and_where(Expr::col((D::Table, D::Erases)).ne(0))
        .to_owned()
}

#[derive(FromRow)]
struct PostedRow {
    message_id: MessageId,
    #[sqlx(flatten)]
    attachment: AttachmentRow,
}

pub async fn of_messages(
    executor: &mut Executor,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Attachment>>> {
    let mut found: HashMap<MessageId, Vec<Attachment>> = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let query = attachments()
        .column((P::Table, P::MessageId))
        .inner_join(P::Table, Expr::col((P::Table, P::AttachmentId)).equals((A::Table, A::Id)))
        .and_where(Expr::col((P::Table, P::MessageId)).is_in(messages.iter().copied()))
        .order_by((P::Table, P::Place), Order::Asc)
        .to_owned();
    for row in executor.all::<PostedRow>(&query).await? {
        found.entry(row.message_id).or_default().push(row.attachment.into());
    }
    Ok(found)
}

/// Files created before a time that are in no message, in no scheduled message and are nobody's avatar, uploaded or not.
pub async fn orphaned(
    executor: &mut Executor,
    before: Time,
    (skipped, limit): (u64, u64),
) -> Result<Vec<Attachment>> {
    let posted = Query::select()
        .expr(Expr::val(1))
        .from(P::Table)
        .and_where(Expr::col((P::Table, P::AttachmentId)).equals((A::Table, A::Id)))
        .to_owned();
    let waiting = Query::select()
        .expr(Expr::val(1))
        .from(W::Table)
        .and_where(Expr::col((W::Table, W::AttachmentId)).equals((A::Table, A::Id)))
        .to_owned();
    let mut query = attachments();
    query
        .and_where(Expr::col((A::Table, A::CreatedAt)).lt(before))
        .and_where(Expr::col((A::Table, A::AvatarOf)).is_null())
        .and_where(Expr::exists(posted).not())
        .and_where(Expr::exists(waiting).not())
        .order_by((A::Table, A::CreatedAt), Order::Asc)
        .order_by((A::Table, A::Id), Order::Asc)
        .limit(limit)
        .offset(skipped);
    let rows: Vec<AttachmentRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(Attachment::from).collect())
}

/// Whether a file is in a message or a scheduled message, or is an avatar.
pub async fn is_used(executor: &mut Executor, id: AttachmentId) -> Result<bool> {
    let posted = Query::select()
        .column(P::AttachmentId)
        .from(P::Table)
        .and_where(Expr::col(P::AttachmentId).eq(id))
        .limit(1)
        .to_owned();
    let waiting = Query::select()
        .column(W::AttachmentId)
        .from(W::Table)
        .and_where(Expr::col(W::AttachmentId).eq(id))
        .limit(1)
        .to_owned();
    Ok(executor.one::<(Vec<u8>,)>(&posted).await?.is_some()
        || executor.one::<(Vec<u8>,)>(&waiting).await?.is_some()
        || avatar(executor, id).await?.is_some())
}

/// Makes a file old enough to be deleted as orphaned.
pub async fn expire(executor: &mut Executor, id: AttachmentId) -> Result<()> {
    let update = Query::update()
        .table(A::Table)
        .value(A::CreatedAt, Time(0))
        .and_where(Expr::col(A::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}

/// Deletes files, and subtracts their bytes from the quotas.
pub async fn delete(executor: &mut Executor, ids: &[AttachmentId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let these = || Expr::col((A::Table, A::Id)).is_in(ids.iter().copied());
    // Locked, so that of two transactions only one subtracts the bytes.
    let rows: Vec<AttachmentRow> = executor.all(attachments().and_where(these()).lock_exclusive()).await?;
    let mut sizes: BTreeMap<UserId, i64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.uploaded_at.is_some()) {
        *sizes.entry(row.owner_id).or_default() -= row.size;
    }
    storage::add(executor, &sizes).await?;
    executor.execute(&Query::delete().from_table(A::Table).and_where(these()).to_owned()).await
}

/// A file that is the avatar of a user or a chat.
pub async fn avatar(executor: &mut Executor, id: AttachmentId) -> Result<Option<Attachment>> {
    let mut query = attachments();
    query
        .and_where(Expr::col((A::Table, A::Id)).eq(id))
        .and_where(Expr::col((A::Table, A::AvatarOf)).is_not_null());
    Ok(executor.one::<AttachmentRow>(&query).await?.map(Attachment::from))
}

/// Sets the user or chat, by its stream, whose avatar a file is; `None` if it is no longer one.
pub async fn set_avatar_of(executor: &mut Executor, id: AttachmentId, whose: Option<Stream>) -> Result<()> {
    let update = Query::update()
        .table(A::Table)
        .value(A::AvatarOf, whose)
        .and_where(Expr::col(A::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}
