//! Section `nodes`: what it costs to have a database server instead of a file, and to be several.

use std::time::Duration;

use crate::audience::Audience;
use crate::crowd::Crowd;
use crate::effort::Watch;
use crate::fanout::flood;
use crate::report::{Cell, Table};
use crate::server::Server;
use crate::shared::Shared;
use crate::{Bench, Result, delivery, sends};

const PEOPLE: usize = 64;
const RECEIVERS: usize = 10;
/// Of the chat in which everybody writes.
const LISTENERS: usize = 6;

pub(crate) async fn measure(bench: &Bench) -> Result<[Table; 3]> {
    eprintln!("nodes: starting {} …", bench.options.engine);
    let shared = Shared::start(bench).await?;
    let mut crowd = Crowd::new(bench.folder.path().join("nodes"));
    let first = shared.node(bench, 0).await?;
    let mut alone = Table::new("Durable sends on a database server, one node", &sends::columns("senders"));
    sends::rows(bench, &first, &mut crowd, &mut alone).await?;

    let second = shared.node(bench, 1).await?;
    let mut across = Table::new(
        "Delivery on a database server at 5 messages/s, 10 receivers",
        &delivery::columns("receivers are on"),
    );
    for (name, to) in [("the sender's node", &first), ("another node", &second)] {
        eprintln!("nodes: delivery to {name} …");
        let mut row = delivery::run(bench, [&first, to], &crowd.people[..RECEIVERS]).await?;
        row[0] = name.into();
        across.row(row);
    }

    let third = shared.node(bench, 2).await?;
    eprintln!("nodes: three nodes, {PEOPLE} senders …");
    let together = together(bench, &mut crowd, &[&first, &second, &third]).await?;
    for node in [first, second, third] {
        node.stop()?;
    }
    Ok([alone, across, together])
}

/// As many senders as there are people, on all nodes and in one chat; each listener hears every message.
async fn together(bench: &Bench, crowd: &mut Crowd, nodes: &[&Server]) -> Result<Table> {
    crowd.gather(nodes[0], PEOPLE).await?;
    let everybody: Vec<_> = crowd.people.iter().collect();
    let chat = Crowd::chat(nodes[0], "Square of all nodes", &everybody).await?;
    let audience = Audience::seat(nodes, &crowd.people[..LISTENERS], chat).await?;
    let hall = audience.hall();
    flood(Duration::from_secs(1), nodes, &crowd.people, chat, &hall).await?;
    audience.all_heard().await?;
    let (posted, heard) = (hall.posted(), hall.heard());
    let watch = Watch::start(nodes)?;
    flood(bench.time, nodes, &crowd.people, chat, &hall).await?;
    audience.all_heard().await?;
    let effort = watch.read(nodes)?;
    let (posted, heard) = (hall.posted() - posted, hall.heard() - heard);
    audience.finish().await?;
    let mut table = Table::new(
        "Three nodes on one database server, one chat",
        &[
            "senders",
            "listeners",
            "messages",
            "sends/s",
            "deliveries/s",
            "nodes' CPU µs/send",
            "nodes' cores",
            "generator cores",
        ],
    );
    table.row(vec![
        Cell::count(PEOPLE),
        Cell::count(LISTENERS),
        Cell::count(usize::try_from(posted)?),
        effort.rate(posted).into(),
        effort.rate(heard).into(),
        effort.micros_each(posted).into(),
        effort.server_cores().into(),
        effort.own_cores().into(),
    ]);
    Ok(table)
}
