//! Section `delivery`: how long a message takes from its sender to each receiver, at a rate at which
//! nothing waits for anything else.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::audience::{Audience, Hall};
use crate::crowd::{Crowd, Person};
use crate::effort::Watch;
use crate::http::Connection;
use crate::post::Post;
use crate::report::{Cell, Table};
use crate::server::Server;
use crate::{Bench, Result};

const MESSAGES_PER_SECOND: u32 = 5;
/// The first frames to each receiver are parsed in full; they are not measured.
const WARM_UP: u32 = 5;

pub(crate) async fn measure(bench: &Bench, crowd: &mut Crowd) -> Result<Table> {
    let sizes = bench.pick([10, 100, 1_000], [10, 100, 200]);
    let server = bench.start(&crowd.data).await?;
    crowd.gather(&server, sizes[2]).await?;
    let mut table = Table::new("Delivery at 5 messages/s", &columns("receivers"));
    for size in sizes {
        eprintln!("delivery: {size} receivers …");
        let mut row = run(bench, [&server, &server], &crowd.people[..size]).await?;
        row[0] = Cell::count(size);
        table.row(row);
    }
    server.stop()?;
    Ok(table)
}

/// What a row of [`run`] holds.
pub(crate) fn columns(first: &'static str) -> [&'static str; 7] {
    [first, "messages", "p50 ms", "p99 ms", "max ms", "server cores", "generator cores"]
}

/// From a sender at one node to receivers at one; maybe the same.
pub(crate) async fn run(bench: &Bench, [from, to]: [&Server; 2], people: &[Person]) -> Result<Vec<Cell>> {
    let members: Vec<_> = people.iter().collect();
    let chat = Crowd::chat(from, &format!("Garden of {}", people.len()), &members).await?;
    let audience = Audience::seat(&[to], people, chat).await?;
    let hall = audience.hall();
    let mut connection = Connection::open(from.address).await?;
    let mut post = Post::new(&people[0].token, chat, 0);
    steadily(WARM_UP, &hall, &mut connection, &mut post).await?;
    audience.all_heard().await?;
    hall.keep_times();
    let both = [from, to];
    let nodes = if std::ptr::eq(from, to) { &both[..1] } else { &both };
    let watch = Watch::start(nodes)?;
    let messages = u32::try_from(bench.time.as_secs())? * MESSAGES_PER_SECOND;
    steadily(messages, &hall, &mut connection, &mut post).await?;
    let effort = watch.read(nodes)?;
    audience.all_heard().await?;
    let mut times = hall.times();
    audience.finish().await?;
    let [half, nearly_all, all] = times.millis([0.50, 0.99, 1.0]);
    Ok(vec![
        Cell::count(people.len()),
        Cell::count(messages as usize),
        half.into(),
        nearly_all.into(),
        all.into(),
        effort.server_cores().into(),
        effort.own_cores().into(),
    ])
}

async fn steadily(messages: u32, hall: &Hall, connection: &mut Connection, post: &mut Post) -> Result<()> {
    let mut beat = interval(Duration::from_secs(1) / MESSAGES_PER_SECOND);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..messages {
        beat.tick().await;
        let ticket = hall.ticket().await?;
        connection.ask(post.stamped(ticket)).await?.expect(201)?;
    }
    Ok(())
}
