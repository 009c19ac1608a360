//! Section `fanout`: how many deliveries a second, when senders write as fast as the receivers can
//! keep up with. Nobody is left behind: a receiver that the server gives up as too slow is a failure.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::audience::{Audience, Hall};
use crate::crowd::{Crowd, Person};
use crate::effort::Watch;
use crate::http::Connection;
use crate::post::Post;
use crate::report::{Cell, Table};
use crate::server::Server;
use crate::{Bench, Result};

const LOUD: usize = 32;

pub(crate) async fn measure(bench: &Bench, crowd: &mut Crowd) -> Result<Table> {
    let sizes = bench.pick([100, 1_000], [100, 200]);
    let server = bench.start(&crowd.data).await?;
    crowd.gather(&server, sizes[1]).await?;
    let mut table = Table::new(
        "Fan-out at saturation",
        &[
            "receivers",
            "sends/s",
            "deliveries/s",
            "server CPU µs/delivery",
            "server CPU µs/send",
            "server cores",
            "generator cores",
        ],
    );
    for size in sizes {
        eprintln!("fanout: {size} receivers …");
        table.row(run(bench, &server, &crowd.people[..size]).await?);
    }
    server.stop()?;
    Ok(table)
}

async fn run(bench: &Bench, server: &Server, people: &[Person]) -> Result<Vec<Cell>> {
    let members: Vec<_> = people.iter().collect();
    let chat = Crowd::chat(server, &format!("Square of {}", people.len()), &members).await?;
    let audience = Audience::seat(&[server], people, chat).await?;
    let hall = audience.hall();
    let senders = &people[..LOUD];
    flood(Duration::from_secs(1), &[server], senders, chat, &hall).await?;
    audience.all_heard().await?;
    let (posted, heard) = (hall.posted(), hall.heard());
    let watch = Watch::start(&[server])?;
    flood(bench.time, &[server], senders, chat, &hall).await?;
    audience.all_heard().await?;
    let effort = watch.read(&[server])?;
    let (posted, heard) = (hall.posted() - posted, hall.heard() - heard);
    audience.finish().await?;
    Ok(vec![
        Cell::count(people.len()),
        effort.rate(posted).into(),
        effort.rate(heard).into(),
        effort.micros_each(heard).into(),
        effort.micros_each(posted).into(),
        effort.server_cores().into(),
        effort.own_cores().into(),
    ])
}

/// Everybody posts again as soon as the last post is acknowledged, for so long, each at the next of the nodes.
pub(crate) async fn flood(
    time: Duration,
    nodes: &[&Server],
    senders: &[Person],
    chat: u64,
    hall: &Rc<Hall>,
) -> Result<()> {
    let mut posting = JoinSet::new();
    let begun = Instant::now();
    for ((number, person), node) in senders.iter().enumerate().zip(nodes.iter().cycle()) {
        let mut connection = Connection::open(node.address).await?;
        let mut post = Post::new(&person.token, chat, number);
        let hall = Rc::clone(hall);
        posting.spawn_local(async move {
            while begun.elapsed() < time {
                let ticket = hall.ticket().await?;
                connection.ask(post.stamped(ticket)).await?.expect(201)?;
            }
            Ok::<_, crate::Error>(())
        });
    }
    while let Some(sender) = posting.join_next().await {
        sender??;
    }
    Ok(())
}
