//! Section `sends`: how many messages a second are acknowledged, each of them on disk by then.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::crowd::{Crowd, Person};
use crate::effort::Watch;
use crate::http::Connection;
use crate::post::{Post, now};
use crate::report::{Cell as Field, Table};
use crate::server::Server;
use crate::times::Times;
use crate::{Bench, Result};

/// Chats of eight, as in a team: sender `n` writes in chat `n % 8`.
const CHATS: usize = 8;
const PEOPLE: usize = 64;

/// What the senders of one measurement share.
#[derive(Default)]
struct Pace {
    stopped: Cell<bool>,
    /// Filled while the measurement lasts.
    times: RefCell<Option<Times>>,
}

pub(crate) async fn measure(bench: &Bench, crowd: &mut Crowd) -> Result<Table> {
    let server = bench.start(&crowd.data).await?;
    let mut table = Table::new("Durable sends", &columns("senders"));
    rows(bench, &server, crowd, &mut table).await?;
    server.stop()?;
    Ok(table)
}

/// With few and with many senders.
pub(crate) async fn rows(bench: &Bench, server: &Server, crowd: &mut Crowd, table: &mut Table) -> Result<()> {
    crowd.gather(server, PEOPLE).await?;
    let mut chats = Vec::new();
    for chat in 0..CHATS {
        let members: Vec<_> = crowd.people[..PEOPLE].iter().skip(chat).step_by(CHATS).collect();
        chats.push(Crowd::chat(server, &format!("Team {chat}"), &members).await?);
    }
    for senders in [1, 16, 64] {
        eprintln!("sends: {senders} senders …");
        let posts = posts(&crowd.people[..senders], &chats);
        table.row(run(bench, server, posts, 201).await?);
    }
    Ok(())
}

/// What a row of [`run`] holds.
pub(crate) fn columns(first: &'static str) -> [&'static str; 10] {
    [
        first,
        "sends/s",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "max ms",
        "server CPU µs/send",
        "KiB written/send",
        "server cores",
        "generator cores",
    ]
}

/// What these people say in these chats.
pub(crate) fn posts(people: &[Person], chats: &[u64]) -> Vec<Post> {
    let post =
        |(number, person): (usize, &Person)| Post::new(&person.token, chats[number % chats.len()], number);
    people.iter().enumerate().map(post).collect()
}

/// One sender for each post, which is answered with a status.
pub(crate) async fn run(bench: &Bench, server: &Server, posts: Vec<Post>, status: u16) -> Result<Vec<Field>> {
    Ok(run_until(server, posts, status, sleep(bench.time)).await?.0)
}

/// The same for as long as something else takes; also what that gives.
pub(crate) async fn run_until<T>(
    server: &Server,
    posts: Vec<Post>,
    status: u16,
    end: impl Future<Output = T>,
) -> Result<(Vec<Field>, T)> {
    let pace = Rc::new(Pace::default());
    let mut senders = JoinSet::new();
    let count = posts.len();
    for post in posts {
        let connection = Connection::open(server.address).await?;
        senders.spawn_local(send(connection, post, status, Rc::clone(&pace)));
    }
    sleep(Duration::from_secs(1)).await;
    let watch = Watch::start(&[server])?;
    pace.times.replace(Some(Times::default()));
    let ended = end.await;
    let mut times = pace.times.take().unwrap_or_default();
    let effort = watch.read(&[server])?;
    pace.stopped.set(true);
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    let sent = times.len() as u64;
    if sent == 0 {
        return Err(format!("nothing was acknowledged to {count} senders in time").into());
    }
    let [half, most, nearly_all, all] = times.millis([0.50, 0.95, 0.99, 1.0]);
    let row = vec![
        Field::count(count),
        effort.rate(sent).into(),
        half.into(),
        most.into(),
        nearly_all.into(),
        all.into(),
        effort.micros_each(sent).into(),
        effort.kibibytes_each(sent).into(),
        effort.server_cores().into(),
        effort.own_cores().into(),
    ];
    Ok((row, ended))
}

async fn send(mut connection: Connection, mut post: Post, status: u16, pace: Rc<Pace>) -> Result<()> {
    let mut ticket = 0;
    while !pace.stopped.get() {
        let begun = now();
        connection.ask(post.stamped(ticket)).await?.expect(status)?;
        ticket += 1;
        if let Some(times) = pace.times.borrow_mut().as_mut() {
            times.add_nanos(now() - begun);
        }
    }
    Ok(())
}
