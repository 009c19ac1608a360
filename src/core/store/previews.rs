//! What the pages that messages link to say of themselves.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, OnConflict, Order, Query};
use sqlx::FromRow;

use super::schema::{LinkPreview as P, Message as M, MessageLink as L};
use super::{Executor, Result};
use crate::model::{ChatId, Link, MessageId, Page, Parts, Preview, Time};

#[derive(FromRow)]
struct PreviewRow {
    message_id: MessageId,
    url: String,
    title: String,
    description: Option<String>,
    site_name: Option<String>,
}

/// The previews of each message, in the order of its links.
pub async fn of_messages(
    run: &mut Executor,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Preview>>> {
    let mut found: HashMap<MessageId, Vec<Preview>> = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let question = Query::select()
        .columns([(L::Table, L::MessageId), (L::Table, L::Url)])
        .columns([P::Title, P::Description, P::SiteName].map(|column| (P::Table, column)))
        .from(L::Table)
        .inner_join(P::Table, Expr::col((P::Table, P::UrlHash)).equals((L::Table, L::UrlHash)))
        .and_where(Expr::col((L::Table, L::MessageId)).is_in(messages.iter().copied()))
        .and_where(Expr::col((P::Table, P::Title)).is_not_null())
        .order_by((L::Table, L::Place), Order::Asc)
        .to_owned();
    for row in run.all::<PreviewRow>(&question).await? {
        let PreviewRow { message_id, url, title, description, site_name } = row;
        let page = Page { title, description, site_name };
        found.entry(message_id).or_default().push(Preview { url, page });
    }
    Ok(found)
}

/// What is known of a page.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// From when on it is asked again.
    pub stale_at: Time,
    /// Whether it ever said something.
    pub has_page: bool,
}

pub async fn known(run: &mut Executor, link: &Link) -> Result<Option<Known>> {
    let question = Query::select()
        .columns([P::StaleAt, P::Title])
        .from(P::Table)
        .and_where(Expr::col(P::UrlHash).eq(link.hash().to_vec()))
        .to_owned();
    let row: Option<(Time, Option<String>)> = run.one(&question).await?;
    Ok(row.map(|(stale_at, title)| Known { stale_at, has_page: title.is_some() }))
}

/// Keeps what a page says. When it says nothing now, what it said before stays.
pub async fn save(run: &mut Executor, link: &Link, page: Option<&Page>, stale_at: Time) -> Result<()> {
    let written: &[P] = match page {
        Some(_) => &[P::Title, P::Description, P::SiteName, P::StaleAt],
        None => &[P::StaleAt],
    };
    let insert = Query::insert()
        .into_table(P::Table)
        .columns([P::UrlHash, P::Url, P::Title, P::Description, P::SiteName, P::StaleAt])
        .values_panic([
            link.hash().to_vec().into(),
            link.address().into(),
            page.map(|page| page.title.as_str()).into(),
            page.and_then(|page| page.description.as_deref()).into(),
            page.and_then(|page| page.site_name.as_deref()).into(),
            stale_at.into(),
        ])
        .on_conflict(OnConflict::column(P::UrlHash).update_columns(written.iter().copied()).to_owned())
        .to_owned();
    run.execute(&insert).await
}

/// Links of messages, from one on, whose pages were never asked.
pub async fn unfetched(
    run: &mut Executor,
    first: MessageId,
    limit: u64,
) -> Result<Vec<(MessageId, ChatId, Link)>> {
    let parts = Expr::col((M::Table, M::Parts));
    let question = Query::select()
        .columns([L::MessageId, L::ChatId, L::Url].map(|column| (L::Table, column)))
        .from(L::Table)
        .left_join(P::Table, Expr::col((P::Table, P::UrlHash)).equals((L::Table, L::UrlHash)))
        .left_join(M::Table, Expr::col((M::Table, M::Id)).equals((L::Table, L::MessageId)))
        .and_where(Expr::col((L::Table, L::MessageId)).gte(first))
        .and_where(Expr::col((P::Table, P::UrlHash)).is_null())
        // Nobody wants to see what they say below messages without previews.
        .and_where(parts.clone().is_null().or(parts.bit_and(Parts::BARE.0).eq(0)))
        .order_by((L::Table, L::MessageId), Order::Asc)
        .limit(limit)
        .to_owned();
    let rows = run.all::<(MessageId, ChatId, String)>(&question).await?;
    Ok(rows.into_iter().map(|(message, chat, url)| (message, chat, Link { url })).collect())
}

/// Pages that would be asked again, and that no message links to any more.
pub async fn orphaned(run: &mut Executor, now: Time, limit: u64) -> Result<Vec<Vec<u8>>> {
    let links = Query::select()
        .expr(Expr::val(1))
        .from(L::Table)
        .and_where(Expr::col((L::Table, L::UrlHash)).equals((P::Table, P::UrlHash)))
        .to_owned();
    let question = Query::select()
        .column(P::UrlHash)
        .from(P::Table)
        .and_where(Expr::col(P::StaleAt).lte(now))
        .and_where(Expr::exists(links).not())
        .limit(limit)
        .to_owned();
    Ok(run.all::<(Vec<u8>,)>(&question).await?.into_iter().map(|(hash,)| hash).collect())
}

pub async fn delete(run: &mut Executor, hashes: Vec<Vec<u8>>) -> Result<()> {
    let delete =
        Query::delete().from_table(P::Table).and_where(Expr::col(P::UrlHash).is_in(hashes)).to_owned();
    run.execute(&delete).await
}
