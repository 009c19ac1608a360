//! Previews of pages that messages link to.

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
    executor: &mut Executor,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Preview>>> {
    let mut found: HashMap<MessageId, Vec<Preview>> = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let query = Query::select()
        .columns([(L::Table, L::MessageId), (L::Table, L::Url)])
        .columns([P::Title, P::Description, P::SiteName].map(|column| (P::Table, column)))
        .from(L::Table)
        .inner_join(P::Table, Expr::col((P::Table, P::UrlHash)).equals((L::Table, L::UrlHash)))
        .and_where(Expr::col((L::Table, L::MessageId)).is_in(messages.iter().copied()))
        .and_where(Expr::col((P::Table, P::Title)).is_not_null())
        .order_by((L::Table, L::Place), Order::Asc)
        .to_owned();
    for row in executor.all::<PreviewRow>(&query).await? {
        let PreviewRow { message_id, url, title, description, site_name } = row;
        let page = Page { title, description, site_name };
        found.entry(message_id).or_default().push(Preview { url, page });
    }
    Ok(found)
}

/// The state of a page's preview.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// When it is to be fetched again.
    pub stale_at: Time,
    /// Whether there is a preview.
    pub has_page: bool,
}

pub async fn known(executor: &mut Executor, link: &Link) -> Result<Option<Known>> {
    let query = Query::select()
        .columns([P::StaleAt, P::Title])
        .from(P::Table)
        .and_where(Expr::col(P::UrlHash).eq(link.hash().to_vec()))
        .to_owned();
    let row: Option<(Time, Option<String>)> = executor.one(&query).await?;
    Ok(row.map(|(stale_at, title)| Known { stale_at, has_page: title.is_some() }))
}

/// Stores a page's preview. With `None`, an earlier preview is kept.
pub async fn save(executor: &mut Executor, link: &Link, page: Option<&Page>, stale_at: Time) -> Result<()> {
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
    executor.execute(&insert).await
}

/// Links, in messages from one on, whose pages were never fetched.
pub async fn unfetched(
    executor: &mut Executor,
    first: MessageId,
    limit: u64,
) -> Result<Vec<(MessageId, ChatId, Link)>> {
    let parts = Expr::col((M::Table, M::Parts));
    let query = Query::select()
        .columns([L::MessageId, L::ChatId, L::Url].map(|column| (L::Table, column)))
        .from(L::Table)
        .left_join(P::Table, Expr::col((P::Table, P::UrlHash)).equals((L::Table, L::UrlHash)))
        .left_join(M::Table, Expr::col((M::Table, M::Id)).equals((L::Table, L::MessageId)))
        .and_where(Expr::col((L::Table, L::MessageId)).gte(first))
        .and_where(Expr::col((P::Table, P::UrlHash)).is_null())
        // Not of messages whose previews were removed.
        .and_where(parts.clone().is_null().or(parts.bit_and(Parts::NO_PREVIEWS.0).eq(0)))
        .order_by((L::Table, L::MessageId), Order::Asc)
        .limit(limit)
        .to_owned();
    let rows = executor.all::<(MessageId, ChatId, String)>(&query).await?;
    Ok(rows.into_iter().map(|(message, chat, url)| (message, chat, Link { url })).collect())
}

/// Stale previews of pages that no message links to any more.
pub async fn orphaned(executor: &mut Executor, now: Time, limit: u64) -> Result<Vec<Vec<u8>>> {
    let links = Query::select()
        .expr(Expr::val(1))
        .from(L::Table)
        .and_where(Expr::col((L::Table, L::UrlHash)).equals((P::Table, P::UrlHash)))
        .to_owned();
    let query = Query::select()
        .column(P::UrlHash)
        .from(P::Table)
        .and_where(Expr::col(P::StaleAt).lte(now))
        .and_where(Expr::exists(links).not())
        .limit(limit)
        .to_owned();
    Ok(executor.all::<(Vec<u8>,)>(&query).await?.into_iter().map(|(hash,)| hash).collect())
}

pub async fn delete(executor: &mut Executor, hashes: Vec<Vec<u8>>) -> Result<()> {
    let delete =
        Query::delete().from_table(P::Table).and_where(Expr::col(P::UrlHash).is_in(hashes)).to_owned();
    executor.execute(&delete).await
}
