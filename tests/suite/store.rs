//! The store on its own.

use std::collections::BTreeSet;
use std::path::Path;

use besedka::model::{ChatId, Link, MessageId, Page, Stream, Time};
use besedka::store::{Db, Error, links, previews, streams};
use futures_util::FutureExt;
use sea_query::{Expr, Query};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::database::Database;

#[tokio::test]
async fn a_refused_change_within_a_group_does_not_undo_the_others() {
    // A group is closed after a few milliseconds, within which a busy machine may not have come to the other changes.
    for _ in 0..50 {
        if a_change_is_refused_within_a_group().await {
            return;
        }
    }
    panic!("three changes never became one group");
}

/// Returns whether the changes were one group.
async fn a_change_is_refused_within_a_group() -> bool {
    let (_dir, db) = sqlite().await;
    let (order, mut made) = tokio::sync::mpsc::unbounded_channel();
    let mut first = db.begin().await.unwrap();
    // These two wait for the connection while the first has it: they are of its group.
    let refused = tokio::spawn({
        let db = db.clone();
        async move {
            let mut tx = db.begin().await.unwrap();
            streams::create(&mut tx, &[Stream(2)]).await.unwrap();
            streams::create(&mut tx, &[Stream(1)]).await
        }
    });
    let (go, went) = oneshot::channel();
    let last = tokio::spawn({
        let (db, order) = (db.clone(), order.clone());
        async move {
            let mut tx = db.begin().await.unwrap();
            streams::create(&mut tx, &[Stream(3)]).await.unwrap();
            went.await.unwrap();
            tx.commit(move || order.send(3).unwrap()).await
        }
    });
    others_run().await;
    streams::create(&mut first, &[Stream(1)]).await.unwrap();
    let first = tokio::spawn(first.commit(move || order.send(1).unwrap()));
    assert!(matches!(refused.await.unwrap(), Err(Error::Taken)));
    others_run().await;
    // It waits for its group, and nobody sees what is not on the disk.
    if !there(&db).await.is_empty() || first.is_finished() {
        return false;
    }
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    last.await.unwrap().unwrap();
    assert_eq!(there(&db).await, [1, 3]);
    assert_eq!(
        (made.recv().await, made.recv().await, made.recv().await),
        (Some(1), Some(3), None),
        "what follows is done in the order of the changes"
    );
    true
}

#[tokio::test]
async fn a_change_that_is_dropped_never_was() {
    let (_kept, db) = database().await;
    let mut dropped = db.begin().await.unwrap();
    streams::create(&mut dropped, &[Stream(1)]).await.unwrap();
    drop(dropped);
    let mut kept = db.begin().await.unwrap();
    assert_eq!(
        streams::seqs(&mut kept, &[Stream(1)]).await.unwrap().len(),
        0,
        "the next change does not see it"
    );
    streams::create(&mut kept, &[Stream(2)]).await.unwrap();
    kept.commit(|| ()).await.unwrap();
    assert_eq!(there(&db).await, [2]);
}

#[tokio::test]
async fn whoever_stops_waiting_for_the_connection_holds_nobody_up() {
    let (_kept, db) = database().await;
    let first = db.begin().await.unwrap();
    let impatient = tokio::spawn({
        let db = db.clone();
        async move { db.begin().await.map(drop) }
    });
    others_run().await;
    impatient.abort();
    let _ = impatient.await;
    drop(first);
    let mut next = db.begin().await.unwrap();
    streams::create(&mut next, &[Stream(1)]).await.unwrap();
    next.commit(|| ()).await.unwrap();
    assert_eq!(there(&db).await, [1]);
}

#[tokio::test]
async fn a_snapshot_stays_as_it_was() {
    let (_kept, db) = database().await;
    let mut snapshot = db.snapshot().await.unwrap();
    assert_eq!(streams::seqs(&mut snapshot, &[Stream(1)]).await.unwrap().len(), 0);
    let mut tx = db.begin().await.unwrap();
    streams::create(&mut tx, &[Stream(1)]).await.unwrap();
    tx.commit(|| ()).await.unwrap();
    assert_eq!(streams::seqs(&mut snapshot, &[Stream(1)]).await.unwrap().len(), 0);
    assert_eq!(there(&db).await, [1]);
}

#[tokio::test]
async fn connections_whose_query_or_snapshot_was_given_up_serve_others() {
    const READERS: usize = 4;
    let (_dir, db) = sqlite().await;
    for round in 0..READERS as i64 * 3 {
        // All connections at once, so that each of them is given up.
        let mut reads = Vec::new();
        for reader in 0..READERS {
            let is_snapshot = reader % 2 == 0;
            reads.push(if is_snapshot { db.snapshot().await } else { db.read().await }.unwrap());
        }
        for (reader, read) in reads.iter_mut().enumerate() {
            let query = streams::seqs(read, &[Stream(1)]);
            // Some are given up in the middle of the query, unless its answer is there at once.
            if reader < READERS / 2 {
                let _ = query.now_or_never();
            } else {
                query.await.unwrap();
            }
        }
        drop(reads);
        let mut tx = db.begin().await.unwrap();
        streams::create(&mut tx, &[Stream(round)]).await.unwrap();
        tx.commit(|| ()).await.unwrap();
        let mut again = Vec::new();
        for _ in 0..READERS {
            again.push(db.snapshot().await.unwrap());
        }
        for read in &mut again {
            let seen = streams::seqs(read, &[Stream(round)]).await.unwrap();
            assert_eq!(seen.len(), 1, "no connection is still in an older snapshot");
        }
    }
}

#[tokio::test]
async fn what_was_committed_is_there_after_opening_again() {
    let (kept, db) = database().await;
    let mut tx = db.begin().await.unwrap();
    streams::create(&mut tx, &[Stream(1)]).await.unwrap();
    tx.commit(|| ()).await.unwrap();
    db.close().await;
    assert!(matches!(db.begin().await, Err(Error::Closed)));
    let db = kept.1.open(kept.0.path()).await;
    assert_eq!(there(&db).await, [1]);
}

#[tokio::test]
async fn sqlite_keeps_a_log_waits_for_the_disk_and_checks_references() {
    let (_dir, db) = sqlite().await;
    let mut tx = db.begin().await.unwrap();
    let mut pragmas = Query::select();
    for pragma in ["journal_mode", "synchronous", "foreign_keys"] {
        pragmas.expr(Expr::cust(format!("(SELECT {pragma} FROM pragma_{pragma})")));
    }
    let (mode, synchronous, references): (String, i64, i64) = tx.one(&pragmas).await.unwrap().unwrap();
    assert_eq!((mode.as_str(), synchronous, references), ("wal", 2, 1));
}

#[tokio::test]
async fn a_preview_goes_when_it_is_stale_and_no_message_links_to_it() {
    let (_kept, db) = database().await;
    let mut tx = db.begin().await.unwrap();
    let link = |name: &str| Link::new(&format!("https://{name}.example/")).unwrap();
    let page = Page { title: "Title".to_owned(), description: None, site_name: None };
    let (linked, fresh, stale, silent) = (link("linked"), link("fresh"), link("stale"), link("silent"));
    for (link, stale_at) in [(&linked, 1), (&fresh, 9), (&stale, 1)] {
        previews::save(&mut tx, link, Some(&page), Time(stale_at)).await.unwrap();
    }
    previews::save(&mut tx, &silent, None, Time(1)).await.unwrap();
    let two = vec![linked.clone(), link("unasked")];
    links::insert_many(&mut tx, &[(MessageId(1), ChatId(1), two)]).await.unwrap();

    let forsaken = previews::orphaned(&mut tx, Time(5), 10).await.unwrap();
    let hashes: BTreeSet<_> = forsaken.iter().cloned().collect();
    assert_eq!(hashes, BTreeSet::from([stale.hash().to_vec(), silent.hash().to_vec()]));
    previews::delete(&mut tx, forsaken).await.unwrap();
    assert!(previews::known(&mut tx, &stale).await.unwrap().is_none());
    assert!(previews::known(&mut tx, &fresh).await.unwrap().is_some_and(|known| known.has_page));

    let unasked = previews::unfetched(&mut tx, MessageId(1), 10).await.unwrap();
    assert_eq!(unasked, [(MessageId(1), ChatId(1), link("unasked"))]);
    assert_eq!(previews::unfetched(&mut tx, MessageId(2), 10).await.unwrap(), []);
    let shown = previews::of_messages(&mut tx, &[MessageId(1)]).await.unwrap();
    assert_eq!(shown[&MessageId(1)].iter().map(|preview| &preview.url).collect::<Vec<_>>(), [&linked.url]);
    // Said once, it stays while the page is away.
    previews::save(&mut tx, &linked, None, Time(20)).await.unwrap();
    let known = previews::known(&mut tx, &linked).await.unwrap().unwrap();
    assert_eq!((known.stale_at, known.has_page), (Time(20), true));
}

/// A database of the kind that the suite runs on, and what keeps it until the test is over.
async fn database() -> ((TempDir, Database), Db) {
    let (dir, database) = (TempDir::new().unwrap(), Database::new().await);
    let db = database.open(dir.path()).await;
    ((dir, database), db)
}

/// For what only SQLite has.
async fn sqlite() -> (TempDir, Db) {
    let dir = TempDir::new().unwrap();
    let db = open(dir.path()).await;
    (dir, db)
}

async fn open(folder: &Path) -> Db {
    Db::open(&format!("sqlite:{}", folder.join("besedka.db").display()), 2).await.unwrap()
}

/// Lets every other task go on until it waits for something; the runtime has one thread.
async fn others_run() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Which of the streams 1, 2 and 3 a reader sees.
async fn there(db: &Db) -> Vec<i64> {
    there_of(db, &[Stream(1), Stream(2), Stream(3)]).await
}

async fn there_of(db: &Db, streams: &[Stream]) -> Vec<i64> {
    let seqs = streams::seqs(&mut db.read().await.unwrap(), streams).await.unwrap();
    let mut there: Vec<i64> = seqs.keys().map(|stream| stream.0).collect();
    there.sort_unstable();
    there
}
