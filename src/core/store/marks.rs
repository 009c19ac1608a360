//! Read and delivery positions of members: one row per member, never one per message.

use std::collections::HashMap;

use sea_query::{CaseStatement, Cond, Expr, ExprTrait, Order, Query, SelectStatement};

use super::schema::{Member as M, Message as Msg, User as U};
use super::unread::{FAR, counted_from, is_counted, unread_after};
use super::{Executor, Result, chats};
use crate::model::{ChatId, MessageId, UserId};

/// Whether a member who was in the chat when a message was posted, other than its author, has read it and does not hide
/// that.
pub async fn is_read(executor: &mut Executor, chat: ChatId, seq: i64, author: UserId) -> Result<bool> {
    let query = Query::select()
        .column((M::Table, M::UserId))
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((M::Table, M::UserId)).ne(author))
        .and_where(Expr::col((M::Table, M::JoinedSeq)).lt(seq))
        .and_where(Expr::col((M::Table, M::ReadSeq)).gte(seq))
        .and_where(Expr::col((U::Table, U::HidesReading)).eq(false))
        .limit(1)
        .to_owned();
    Ok(executor.one::<(UserId,)>(&query).await?.is_some())
}

/// Moves the read and the delivery position forward, never back: what was read was delivered.
pub async fn read(executor: &mut Executor, chat: ChatId, user: UserId, seq: i64) -> Result<()> {
    let farther = Expr::col(M::DeliveredSeq).gt(seq);
    let delivered = CaseStatement::new().case(farther, Expr::col(M::DeliveredSeq)).finally(seq);
    // What is counted beyond this position stays counted.
    let beyond = || Expr::col((M::Table, M::CountedSeq)).gt(seq);
    let mut read = unread_after(user, Expr::col((M::Table, M::ReadSeq)));
    read.and_where(Expr::col((Msg::Table, Msg::Seq)).lte(seq));
    let rest = Expr::col((M::Table, M::Counted)).sub(Expr::from(read));
    let update = Query::update()
        .table(M::Table)
        // In this order, because MySQL sees in each expression what those before it have changed.
        .value(M::Counted, CaseStatement::new().case(beyond(), rest).finally(0))
        .value(
            M::CountedSeq,
            CaseStatement::new()
                .case(beyond(), Expr::col((M::Table, M::CountedSeq)))
                .finally(Option::<i64>::None),
        )
        .value(M::DeliveredSeq, delivered)
        .value(M::ReadSeq, seq)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .and_where(Expr::col(M::ReadSeq).lt(seq))
        .to_owned();
    executor.execute(&update).await
}

/// Moves the delivery position forward, never back.
pub async fn delivered(executor: &mut Executor, chat: ChatId, user: UserId, seq: i64) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::DeliveredSeq, seq)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .and_where(Expr::col(M::DeliveredSeq).lt(seq))
        .to_owned();
    executor.execute(&update).await
}

/// Whether a user hides their read positions.
pub async fn hides_reading(executor: &mut Executor, user: UserId) -> Result<bool> {
    let query = Query::select()
        .column(U::Id)
        .from(U::Table)
        .and_where(Expr::col(U::Id).eq(user))
        .and_where(Expr::col(U::HidesReading).eq(true))
        .to_owned();
    Ok(executor.one::<(UserId,)>(&query).await?.is_some())
}

/// Read positions as (chat, user, joined_seq, read_seq): those of `reader`, and those of other members who do not hide
/// them and have read at least up to the given sequence number of the chat.
pub async fn read_by(
    executor: &mut Executor,
    reader: UserId,
    chats: &HashMap<ChatId, i64>,
) -> Result<Vec<(ChatId, UserId, i64, i64)>> {
    /// The most chats of one statement: SQLite limits the depth of an expression to 1,000.
    const CHATS: usize = 200;
    let mut found = Vec::new();
    let chats: Vec<(ChatId, i64)> = chats.iter().map(|(chat, from)| (*chat, *from)).collect();
    for some in chats.chunks(CHATS) {
        found.append(&mut executor.all(&read_by_query(reader, some)).await?);
    }
    Ok(found)
}

fn read_by_query(reader: UserId, chats: &[(ChatId, i64)]) -> SelectStatement {
    let own = || Expr::col((M::Table, M::UserId)).eq(reader);
    let mut wanted = Cond::any();
    for (chat, from) in chats {
        let others = Expr::col((M::Table, M::ReadSeq))
            .gte(*from)
            .and(Expr::col((M::Table, M::ReadSeq)).gt(Expr::col((M::Table, M::JoinedSeq))))
            .and(Expr::col((U::Table, U::HidesReading)).eq(false));
        wanted = wanted.add(Expr::col((M::Table, M::ChatId)).eq(*chat).and(own().or(others)));
    }
    Query::select()
        .columns([M::ChatId, M::UserId, M::JoinedSeq, M::ReadSeq].map(|column| (M::Table, column)))
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .cond_where(wanted)
        .to_owned()
}

/// How far a member's unread messages are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    All,
    Part,
}

/// Counts on what a member has not read and keeps the sum, so that the list of chats need not. No more at a time than
/// takes a moment, because others who write wait for it.
pub async fn count_on(executor: &mut Executor, chat: ChatId, user: UserId) -> Result<Counted> {
    /// In places of the chat's stream.
    const MOST: i64 = 4_096;
    // Nothing is deleted between counting and writing it down.
    chats::lock(executor, chat).await?;
    let Some(newest) = newest(executor, chat).await? else { return Ok(Counted::All) };
    let mut unread = unread_after(user, counted_from());
    unread.and_where(Expr::col((Msg::Table, Msg::Seq)).lte(counted_from().add(MOST)));
    let query = Query::select()
        .expr_as(counted_from(), "counted_from")
        .expr_as(Expr::from(unread), "unread")
        .from(M::Table)
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((M::Table, M::UserId)).eq(user))
        .to_owned();
    let Some((from, unread)) = executor.one::<(i64, i64)>(&query).await? else { return Ok(Counted::All) };
    if from >= newest {
        return Ok(Counted::All);
    }
    let to = Ord::min(newest, from + MOST);
    let update = Query::update()
        .table(M::Table)
        .value(M::CountedSeq, to)
        .value(M::Counted, Expr::col(M::Counted).add(unread))
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        // Not when more was read meanwhile: that is counted anew.
        .and_where(counted_from().eq(from))
        .to_owned();
    executor.execute(&update).await?;
    Ok(if to == newest { Counted::All } else { Counted::Part })
}

/// How many members' counts one slice of the background changes, and how many places of the chat's stream it reads.
const MEMBERS: u64 = 200;
const PLACES: i64 = 1_024;

/// The same for those members of a chat who are farthest behind, which bounds what remains to be counted when they ask.
pub async fn count_on_for_members(executor: &mut Executor, chat: ChatId) -> Result<Counted> {
    chats::lock(executor, chat).await?;
    let Some(newest) = newest(executor, chat).await? else { return Ok(Counted::All) };
    let behind = Query::select()
        .column((M::Table, M::UserId))
        .expr_as(counted_from(), "counted_from")
        .from(M::Table)
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(counted_from().lt(newest - FAR))
        .order_by_expr(counted_from(), Order::Asc)
        .limit(MEMBERS)
        .to_owned();
    let behind: Vec<(UserId, i64)> = executor.all(&behind).await?;
    let Some((_, from)) = behind.first() else { return Ok(Counted::All) };
    let to = Ord::min(newest, from + PLACES);
    let posted = Query::select()
        .columns([Msg::Seq, Msg::AuthorId])
        .from(Msg::Table)
        .and_where(Expr::col(Msg::ChatId).eq(chat))
        .and_where(Expr::col(Msg::Seq).gt(*from))
        .and_where(Expr::col(Msg::Seq).lte(to))
        .and_where(is_counted())
        .order_by(Msg::Seq, Order::Asc)
        .to_owned();
    let posted: Vec<(i64, UserId)> = executor.all(&posted).await?;
    let mut counted = CaseStatement::new();
    let mut users = Vec::new();
    for (user, from) in behind.iter().filter(|(_, from)| *from < to) {
        let unread = &posted[posted.partition_point(|(seq, _)| seq <= from)..];
        let unread = unread.iter().filter(|(_, author)| author != user).count();
        counted = counted.case(Expr::col(M::UserId).eq(*user), unread as i64);
        users.push(*user);
    }
    let is_last = to == newest && (behind.len() as u64) < MEMBERS;
    let update = Query::update()
        .table(M::Table)
        .value(M::Counted, Expr::col(M::Counted).add(counted.finally(0)))
        .value(M::CountedSeq, to)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).is_in(users))
        .to_owned();
    executor.execute(&update).await?;
    Ok(if is_last { Counted::All } else { Counted::Part })
}

/// The sequence number of a chat's newest message.
async fn newest(executor: &mut Executor, chat: ChatId) -> Result<Option<i64>> {
    let newest = Query::select()
        .column(Msg::Seq)
        .from(Msg::Table)
        .and_where(Expr::col(Msg::ChatId).eq(chat))
        .order_by(Msg::Seq, Order::Desc)
        .limit(1)
        .to_owned();
    Ok(executor.one::<(i64,)>(&newest).await?.map(|(seq,)| seq))
}

/// Subtracts messages that are about to be deleted from the stored unread counts that include them.
pub async fn uncount(executor: &mut Executor, messages: &[MessageId]) -> Result<()> {
    /// How many messages one statement subtracts.
    const SOME: usize = 64;
    let query = Query::select()
        .columns([Msg::ChatId, Msg::Seq, Msg::AuthorId])
        .from(Msg::Table)
        .and_where(Expr::col(Msg::Id).is_in(messages.iter().copied()))
        .and_where(is_counted())
        .order_by(Msg::ChatId, Order::Asc)
        .order_by(Msg::Seq, Order::Asc)
        .to_owned();
    let gone: Vec<(ChatId, i64, UserId)> = executor.all(&query).await?;
    for of_chat in gone.chunk_by(|(one, ..), (other, ..)| one == other) {
        for some in of_chat.chunks(SOME) {
            let Some((chat, first, _)) = some.first() else { continue };
            chats::lock(executor, *chat).await?;
            let rest = some.iter().fold(Expr::col(M::Counted), |rest, (_, seq, author)| {
                let is_unread = Expr::col(M::ReadSeq)
                    .lt(*seq)
                    .and(Expr::col(M::CountedSeq).gte(*seq))
                    .and(Expr::col(M::UserId).ne(*author));
                rest.sub(CaseStatement::new().case(is_unread, 1).finally(0))
            });
            let update = Query::update()
                .table(M::Table)
                .value(M::Counted, rest)
                .and_where(Expr::col(M::ChatId).eq(*chat))
                .and_where(Expr::col(M::CountedSeq).gte(*first))
                .to_owned();
            executor.defer(&update).await?;
        }
    }
    Ok(())
}

/// Who has read a message, and to whom it was only delivered.
pub struct Receipts {
    pub read: Vec<UserId>,
    pub delivered: Vec<UserId>,
}

/// The receipts of members who were in the chat when the message was posted, without its author, by name.
pub async fn receipts(executor: &mut Executor, chat: ChatId, seq: i64, author: UserId) -> Result<Receipts> {
    let query = Query::select()
        .column((M::Table, M::UserId))
        .column((M::Table, M::ReadSeq))
        .column((U::Table, U::HidesReading))
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((M::Table, M::UserId)).ne(author))
        .and_where(Expr::col((M::Table, M::JoinedSeq)).lt(seq))
        .and_where(Expr::col((M::Table, M::DeliveredSeq)).gte(seq))
        .order_by((U::Table, U::NameFolded), Order::Asc)
        .order_by((U::Table, U::Id), Order::Asc)
        .to_owned();
    let rows: Vec<(UserId, i64, bool)> = executor.all(&query).await?;
    let (read, delivered): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(_, read_seq, hides)| *read_seq >= seq && !hides);
    let users = |rows: Vec<(UserId, i64, bool)>| rows.into_iter().map(|(user, ..)| user).collect();
    Ok(Receipts { read: users(read), delivered: users(delivered) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChatKind, Content, Kind, Message, Role, Time};
    use crate::store::chats::ChatRecord;
    use crate::store::{Db, chat_list, members, messages};

    const CHAT: ChatId = ChatId(1_000);

    /// Numbers that look random and are always the same.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }
    }

    /// A chat, and a model of what is unread in it.
    struct World {
        db: Db,
        /// The author and whether it was deleted, in order of sequence numbers from 1.
        messages: Vec<(UserId, bool)>,
        read: HashMap<UserId, i64>,
    }

    impl World {
        async fn begin(db: Db, people: &[UserId]) -> Self {
            let mut tx = db.begin().await.unwrap();
            let chat = ChatRecord {
                id: CHAT,
                kind: ChatKind::Group,
                title: "Count".to_owned(),
                description: None,
                avatar: None,
                pair: None,
                code: None,
                is_read_only: false,
                message_life: None,
                assistant_off: false,
                member_count: 0,
                creator: people[0],
                created_at: Time(0),
            };
            chats::insert(&mut tx, &chat).await.unwrap();
            let roles: Vec<_> = people.iter().map(|user| (*user, Role::Member)).collect();
            members::insert_many(&mut tx, CHAT, &roles, 0, Time(0)).await.unwrap();
            tx.commit(|| ()).await.unwrap();
            Self { db, messages: Vec::new(), read: people.iter().map(|user| (*user, 0)).collect() }
        }

        async fn post(&mut self, authors: impl IntoIterator<Item = UserId>) {
            let mut new = Vec::new();
            for author in authors {
                self.messages.push((author, false));
                let seq = self.messages.len() as i64;
                let content = Content::new(Kind::Text, Some("text".to_owned()), None).unwrap();
                new.push(Message::new(MessageId(seq), (CHAT, seq), author, content, Time(seq)));
            }
            let new: Vec<_> = new.iter().map(|message| (message, None)).collect();
            let mut tx = self.db.begin().await.unwrap();
            messages::insert_many(&mut tx, &new).await.unwrap();
            tx.commit(|| ()).await.unwrap();
        }

        async fn delete(&mut self, seqs: &[i64]) {
            let ids: Vec<_> = seqs.iter().map(|seq| MessageId(*seq)).collect();
            let mut tx = self.db.begin().await.unwrap();
            messages::delete(&mut tx, &ids, Time(0)).await.unwrap();
            tx.commit(|| ()).await.unwrap();
            for seq in seqs {
                self.messages[*seq as usize - 1].1 = true;
            }
        }

        async fn read(&mut self, user: UserId, seq: i64) {
            let mut tx = self.db.begin().await.unwrap();
            read(&mut tx, CHAT, user, seq).await.unwrap();
            tx.commit(|| ()).await.unwrap();
            let before = self.read.get_mut(&user).unwrap();
            *before = Ord::max(*before, seq);
        }

        async fn count(&self, user: Option<UserId>) {
            loop {
                let mut tx = self.db.begin().await.unwrap();
                let counted = match user {
                    Some(user) => count_on(&mut tx, CHAT, user).await.unwrap(),
                    None => count_on_for_members(&mut tx, CHAT).await.unwrap(),
                };
                tx.commit(|| ()).await.unwrap();
                if counted == Counted::All {
                    return;
                }
            }
        }

        async fn check(&self, step: usize) {
            let mut db = self.db.read().await.unwrap();
            for (user, read) in &self.read {
                let unread = self.messages[*read as usize..].iter();
                let unread = unread.filter(|(author, is_deleted)| author != user && !is_deleted).count();
                let chat = chat_list::one(&mut db, *user, CHAT).await.unwrap().unwrap();
                assert_eq!(chat.unread_count, unread as i64, "of {user:?} in step {step}");
            }
        }

        /// How many places remain to be counted for each member when they ask.
        async fn uncounted(&self) -> Vec<i64> {
            let query = Query::select().expr(counted_from()).from(M::Table).to_owned();
            let from: Vec<(i64,)> = self.db.read().await.unwrap().all(&query).await.unwrap();
            from.into_iter().map(|(from,)| self.messages.len() as i64 - from).collect()
        }
    }

    async fn world(folder: &std::path::Path, people: &[UserId]) -> World {
        let file = folder.join("test.db");
        World::begin(Db::open(&format!("sqlite:{}", file.display()), 1).await.unwrap(), people).await
    }

    #[tokio::test]
    async fn unread_counts_are_exact_whatever_was_counted_before() {
        let people: Vec<_> = (1..=5).map(UserId).collect();
        let folder = tempfile::tempdir().unwrap();
        let mut world = world(folder.path(), &people).await;
        let mut dice = Dice(7);
        for step in 0..400 {
            let user = people[dice.roll(5) as usize];
            let newest = world.messages.len() as u64;
            match dice.roll(8) {
                0..=2 => world.post((0..=dice.roll(90)).map(|number| people[(number % 4) as usize])).await,
                _ if newest == 0 => {}
                3 => world.read(user, 1 + dice.roll(newest) as i64).await,
                4 => {
                    let first = 1 + dice.roll(newest) as i64;
                    let last = Ord::min(first + dice.roll(40) as i64, newest as i64);
                    // Also what is deleted already.
                    world.delete(&(first..=last).collect::<Vec<_>>()).await;
                }
                5 => world.count(Some(user)).await,
                _ => world.count(None).await,
            }
            world.check(step).await;
        }
        world.db.close().await;
    }

    #[tokio::test]
    async fn what_remains_to_be_counted_is_bounded_for_all_members_however_much_is_unread() {
        let people: Vec<_> = (1..=450).map(UserId).collect();
        let folder = tempfile::tempdir().unwrap();
        let mut world = world(folder.path(), &people).await;
        for number in 0..30 {
            world.post((0..100).map(|author| people[(number + author) % 7])).await;
        }
        world.read(people[3], 1_000).await;
        world.count(None).await;
        let most = world.uncounted().await.into_iter().max();
        assert!(most <= Some(FAR), "{most:?}");
        // Reading and deleting some does not undo it.
        world.read(people[4], 500).await;
        world.delete(&[2_000, 2_001]).await;
        let most = world.uncounted().await.into_iter().max();
        assert!(most <= Some(FAR), "{most:?}");
        world.check(0).await;
        world.db.close().await;
    }
}
