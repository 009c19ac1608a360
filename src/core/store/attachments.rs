//! Uploaded files: what is known of them, and where they stand.

use std::collections::{BTreeMap, HashMap};

use sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::columns::uuid;
use super::schema::{Attachment as A, Member as M, Posted as P, ScheduledFile as W};
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

const COLUMNS: [A; 15] = [
    A::Id,
    A::OwnerId,
    A::Filename,
    A::StoredByName,
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

pub async fn insert(run: &mut Executor, attachment: &Attachment) -> Result<()> {
    let insert = Query::insert()
        .into_table(A::Table)
        .columns([
            A::Id,
            A::OwnerId,
            A::Filename,
            A::StoredByName,
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
            attachment.content_type.as_str().into(),
            attachment.size.into(),
            attachment.created_at.into(),
            attachment.expires_at.into(),
        ])
        .to_owned();
    run.execute(&insert).await
}

/// What is known of a file once its bytes are there and were verified.
pub struct Arrived<'a> {
    pub size: i64,
    pub content_type: &'a str,
    /// Of a large file that did not pass here, nobody knows it.
    pub sha256: Option<&'a [u8]>,
    pub metadata: &'a MediaMetadata,
}

/// Its bytes are there and were verified. They count as their owner's from now on. Not when they did so before.
pub async fn uploaded(
    run: &mut Executor,
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
    if run.one::<AttachmentRow>(&awaited).await?.is_none() {
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
        .and_where(Expr::col(A::Id).eq(attachment.id))
        .to_owned();
    run.execute(&update).await?;
    storage::add(run, &BTreeMap::from([(attachment.owner, *size)])).await?;
    Ok(true)
}

pub async fn by_id(run: &mut Executor, id: AttachmentId) -> Result<Option<Attachment>> {
    let row: Option<AttachmentRow> =
        run.one(attachments().and_where(Expr::col((A::Table, A::Id)).eq(id))).await?;
    Ok(row.map(Attachment::from))
}

pub async fn by_ids(run: &mut Executor, ids: &[AttachmentId]) -> Result<Vec<Attachment>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut question = attachments();
    question.and_where(Expr::col((A::Table, A::Id)).is_in(ids.iter().copied()));
    let rows: Vec<AttachmentRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(Attachment::from).collect())
}

/// What somebody uploaded, in the order in which it was announced, after one of them.
pub async fn of_owner(
    run: &mut Executor,
    owner: UserId,
    after: (Time, AttachmentId),
    limit: u64,
) -> Result<Vec<Attachment>> {
    let mut question = in_order(after, limit);
    question
        .and_where(Expr::col((A::Table, A::OwnerId)).eq(owner))
        .and_where(Expr::col((A::Table, A::UploadedAt)).is_not_null());
    let rows: Vec<AttachmentRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(Attachment::from).collect())
}

/// How many of somebody's uploads are announced but not there yet.
pub async fn pending(run: &mut Executor, owner: UserId, now: Time) -> Result<i64> {
    let question = Query::select()
        .expr(Func::count(Expr::col(A::Id)))
        .from(A::Table)
        .and_where(Expr::col(A::OwnerId).eq(owner))
        .and_where(Expr::col(A::UploadedAt).is_null())
        .and_where(Expr::col(A::ExpiresAt).gt(now))
        .to_owned();
    Ok(run.one::<(i64,)>(&question).await?.map_or(0, |(count,)| count))
}

/// How many bytes at most somebody's uploads may have that are announced but not there yet.
pub async fn announced_bytes(run: &mut Executor, owner: UserId, now: Time) -> Result<i64> {
    let question = Query::select()
        .expr(Func::sum(Expr::col(A::Size)).cast_as("signed"))
        .from(A::Table)
        .and_where(Expr::col(A::OwnerId).eq(owner))
        .and_where(Expr::col(A::UploadedAt).is_null())
        .and_where(Expr::col(A::ExpiresAt).gt(now))
        .to_owned();
    Ok(run.one::<(Option<i64>,)>(&question).await?.and_then(|(sum,)| sum).unwrap_or_default())
}

/// What was announced, by somebody or by anybody, and is not there yet, with forms that ran out after a moment.
pub async fn awaited(
    run: &mut Executor,
    owner: Option<UserId>,
    since: Time,
    after: (Time, AttachmentId),
    limit: u64,
) -> Result<Vec<Attachment>> {
    let mut question = in_order(after, limit);
    question
        .and_where(Expr::col((A::Table, A::UploadedAt)).is_null())
        .and_where(Expr::col((A::Table, A::ExpiresAt)).gt(since));
    if let Some(owner) = owner {
        question.and_where(Expr::col((A::Table, A::OwnerId)).eq(owner));
    }
    let rows: Vec<AttachmentRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(Attachment::from).collect())
}

#[derive(FromRow)]
struct SummedRow {
    sha256: Option<Vec<u8>>,
    #[sqlx(flatten)]
    attachment: AttachmentRow,
}

/// What is there, with its checksum where it is known, in the order in which it was announced, after one of them.
pub async fn uploaded_after(
    run: &mut Executor,
    after: (Time, AttachmentId),
    limit: u64,
) -> Result<Vec<(Attachment, Option<Vec<u8>>)>> {
    let mut question = in_order(after, limit);
    question.column((A::Table, A::Sha256)).and_where(Expr::col((A::Table, A::UploadedAt)).is_not_null());
    let rows: Vec<SummedRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(|row| (row.attachment.into(), row.sha256)).collect())
}

/// How many files are there.
pub async fn count_uploaded(run: &mut Executor) -> Result<u64> {
    let question = Query::select()
        .expr(Func::count(Expr::col(A::Id)))
        .from(A::Table)
        .and_where(Expr::col(A::UploadedAt).is_not_null())
        .to_owned();
    let count = run.one::<(i64,)>(&question).await?.map_or(0, |(count,)| count);
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

/// Puts the files of new messages into their places.
pub async fn post_many(run: &mut Executor, messages: &[Message]) -> Result<()> {
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
    run.execute(&insert).await
}

pub async fn unpost(run: &mut Executor, messages: &[MessageId]) -> Result<()> {
    let delete = Query::delete()
        .from_table(P::Table)
        .and_where(Expr::col(P::MessageId).is_in(messages.iter().copied()))
        .to_owned();
    run.execute(&delete).await
}

/// Whether an attachment stands in a chat that somebody is in.
pub async fn is_visible(run: &mut Executor, id: AttachmentId, reader: UserId) -> Result<bool> {
    let question = Query::select()
        .column((P::Table, P::ChatId))
        .from(P::Table)
        .inner_join(M::Table, Expr::col((M::Table, M::ChatId)).equals((P::Table, P::ChatId)))
        .and_where(Expr::col((P::Table, P::AttachmentId)).eq(id))
        .and_where(Expr::col((M::Table, M::UserId)).eq(reader))
        .limit(1)
        .to_owned();
    Ok(run.one::<(ChatId,)>(&question).await?.is_some())
}

#[derive(FromRow)]
struct PostedRow {
    message_id: MessageId,
    #[sqlx(flatten)]
    attachment: AttachmentRow,
}

pub async fn of_messages(
    run: &mut Executor,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Attachment>>> {
    let mut found: HashMap<MessageId, Vec<Attachment>> = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let question = attachments()
        .column((P::Table, P::MessageId))
        .inner_join(P::Table, Expr::col((P::Table, P::AttachmentId)).equals((A::Table, A::Id)))
        .and_where(Expr::col((P::Table, P::MessageId)).is_in(messages.iter().copied()))
        .order_by((P::Table, P::Place), Order::Asc)
        .to_owned();
    for row in run.all::<PostedRow>(&question).await? {
        found.entry(row.message_id).or_default().push(row.attachment.into());
    }
    Ok(found)
}

/// Attachments that stand nowhere: never uploaded and past their form's time, or uploaded and not
/// in any message since `before`, nor in one that waits for its time, and nobody's avatar.
pub async fn forsaken(run: &mut Executor, before: Time, limit: u64) -> Result<Vec<Attachment>> {
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
    let mut question = attachments();
    question
        .and_where(Expr::col((A::Table, A::CreatedAt)).lt(before))
        .and_where(Expr::col((A::Table, A::AvatarOf)).is_null())
        .and_where(Expr::exists(posted).not())
        .and_where(Expr::exists(waiting).not())
        .order_by((A::Table, A::CreatedAt), Order::Asc)
        .limit(limit);
    let rows: Vec<AttachmentRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(Attachment::from).collect())
}

/// Whether a file stands in a message, also in one that waits for its time, or is somebody's picture.
pub async fn stands(run: &mut Executor, id: AttachmentId) -> Result<bool> {
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
    Ok(run.one::<(Vec<u8>,)>(&posted).await?.is_some()
        || run.one::<(Vec<u8>,)>(&waiting).await?.is_some()
        || avatar(run, id).await?.is_some())
}

/// Makes a file as old as none is that may still be posted; what then stands nowhere is swept.
pub async fn forsake(run: &mut Executor, id: AttachmentId) -> Result<()> {
    let update = Query::update()
        .table(A::Table)
        .value(A::CreatedAt, Time(0))
        .and_where(Expr::col(A::Id).eq(id))
        .to_owned();
    run.execute(&update).await
}

/// Takes rows away, and what they counted.
pub async fn delete(run: &mut Executor, ids: &[AttachmentId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let these = || Expr::col((A::Table, A::Id)).is_in(ids.iter().copied());
    // Locked where there are several writers: whoever comes second finds nothing to count any more.
    let rows: Vec<AttachmentRow> = run.all(attachments().and_where(these()).lock_exclusive()).await?;
    let mut sizes: BTreeMap<UserId, i64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.uploaded_at.is_some()) {
        *sizes.entry(row.owner_id).or_default() -= row.size;
    }
    storage::add(run, &sizes).await?;
    run.execute(&Query::delete().from_table(A::Table).and_where(these()).to_owned()).await
}

/// A file that is somebody's picture, or a chat's.
pub async fn avatar(run: &mut Executor, id: AttachmentId) -> Result<Option<Attachment>> {
    let mut question = attachments();
    question
        .and_where(Expr::col((A::Table, A::Id)).eq(id))
        .and_where(Expr::col((A::Table, A::AvatarOf)).is_not_null());
    Ok(run.one::<AttachmentRow>(&question).await?.map(Attachment::from))
}

/// Whose picture a file is: a user's or a chat's, by their stream; or nobody's any more.
pub async fn set_avatar_of(run: &mut Executor, id: AttachmentId, whose: Option<Stream>) -> Result<()> {
    let update = Query::update()
        .table(A::Table)
        .value(A::AvatarOf, whose)
        .and_where(Expr::col(A::Id).eq(id))
        .to_owned();
    run.execute(&update).await
}
