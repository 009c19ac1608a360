//! Reports to the administrators (table `report`).

use sea_query::{Expr, ExprTrait, Func, OnConflict, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::Report as R;
use super::{Executor, Result};
use crate::model::{
    ChatId, Kind, MessageId, Report, ReportDecision, ReportReason, ReportSubject, ReportedMessage, Time,
    UserId,
};

const COLUMNS: [R; 16] = [
    R::Id,
    R::ReporterId,
    R::SubjectKind,
    R::SubjectId,
    R::UserId,
    R::ChatId,
    R::Reason,
    R::Comment,
    R::MessageKind,
    R::Text,
    R::SentAt,
    R::CreatedAt,
    R::ClosedAt,
    R::ClosedBy,
    R::IsUpheld,
    R::Note,
];

#[derive(FromRow)]
struct ReportRow {
    id: i64,
    reporter_id: UserId,
    subject_id: i64,
    user_id: UserId,
    chat_id: Option<ChatId>,
    reason: String,
    comment: Option<String>,
    message_kind: Option<Kind>,
    text: Option<String>,
    sent_at: Option<Time>,
    created_at: Time,
    closed_at: Option<Time>,
    closed_by: Option<UserId>,
    is_upheld: Option<i64>,
    note: Option<String>,
}

impl From<ReportRow> for Report {
    fn from(row: ReportRow) -> Self {
        let subject = match (row.chat_id, row.message_kind) {
            (Some(chat), Some(kind)) => ReportSubject::Message(ReportedMessage {
                id: MessageId(row.subject_id),
                chat,
                author: row.user_id,
                kind,
                text: row.text.unwrap_or_default(),
                sent_at: row.sent_at.unwrap_or(row.created_at),
            }),
            _ => ReportSubject::User(row.user_id),
        };
        let note = row.note;
        Self {
            id: row.id,
            reporter: row.reporter_id,
            subject,
            // One that only a newer version knows.
            reason: ReportReason::by_name(&row.reason).unwrap_or(ReportReason::Other),
            comment: row.comment,
            created_at: row.created_at,
            decision: row.closed_at.zip(row.closed_by).map(|(at, by)| ReportDecision {
                at,
                by,
                is_upheld: row.is_upheld == Some(1),
                note,
            }),
        }
    }
}

/// Stores a report, unless its reporter has reported the same before.
pub async fn insert(executor: &mut Executor, new: &Report) -> Result<()> {
    let (kind, id, message) = match &new.subject {
        ReportSubject::User(user) => ("user", user.0, None),
        ReportSubject::Message(message) => ("message", message.id.0, Some(message)),
    };
    let insert = Query::insert()
        .into_table(R::Table)
        .columns(COLUMNS.into_iter().take(12))
        .values_panic([
            new.id.into(),
            new.reporter.into(),
            kind.into(),
            id.into(),
            new.subject.user().into(),
            message.map(|message| message.chat).into(),
            new.reason.name().into(),
            new.comment.clone().into(),
            message.map(|message| message.kind).into(),
            message.map(|message| message.text.clone()).into(),
            message.map(|message| message.sent_at).into(),
            new.created_at.into(),
        ])
        // The first report stays as it is.
        .on_conflict(
            OnConflict::columns([R::ReporterId, R::SubjectKind, R::SubjectId])
                .do_nothing_on([R::ReporterId, R::SubjectKind, R::SubjectId])
                .to_owned(),
        )
        .to_owned();
    executor.execute(&insert).await
}

fn reports() -> SelectStatement {
    Query::select().columns(COLUMNS).from(R::Table).to_owned()
}

/// Those that are open, or those that are closed; the newest first, before one of them.
pub async fn list(
    executor: &mut Executor,
    is_open: bool,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Report>> {
    let mut query = reports();
    let closed_at = Expr::col(R::ClosedAt);
    query
        .and_where(if is_open { closed_at.is_null() } else { closed_at.is_not_null() })
        .order_by(R::Id, Order::Desc)
        .limit(limit);
    if let Some(before) = before {
        query.and_where(Expr::col(R::Id).lt(before));
    }
    Ok(executor.all::<ReportRow>(&query).await?.into_iter().map(Report::from).collect())
}

/// One report, locked until the transaction ends.
pub async fn locked(executor: &mut Executor, id: i64) -> Result<Option<Report>> {
    let mut query = reports();
    query.and_where(Expr::col(R::Id).eq(id));
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    Ok(executor.one::<ReportRow>(&query).await?.map(Report::from))
}

/// How many are open.
pub async fn count_open(executor: &mut Executor) -> Result<i64> {
    let query = Query::select()
        .expr(Func::count(Expr::col(R::Id)))
        .from(R::Table)
        .and_where(Expr::col(R::ClosedAt).is_null())
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count))
}

pub async fn close(executor: &mut Executor, id: i64, decision: &ReportDecision) -> Result<()> {
    let update = Query::update()
        .table(R::Table)
        .value(R::ClosedAt, decision.at)
        .value(R::ClosedBy, decision.by)
        .value(R::IsUpheld, i64::from(decision.is_upheld))
        .value(R::Note, decision.note.clone())
        .and_where(Expr::col(R::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}

/// Deletes those that were closed before a time.
pub async fn delete_closed_before(executor: &mut Executor, before: Time) -> Result<()> {
    let delete = Query::delete().from_table(R::Table).and_where(Expr::col(R::ClosedAt).lt(before)).to_owned();
    executor.execute(&delete).await
}
