//! Section `groups`: what a send costs in a group of ten and in one of a thousand, of whom nobody listens.
//! The database keeps a message once and nothing for each member, so the size should make no difference.

use crate::crowd::Crowd;
use crate::report::{Cell, Table};
use crate::{Bench, Result, sends};

const SENDERS: usize = 10;

pub(crate) async fn measure(bench: &Bench, crowd: &mut Crowd) -> Result<Table> {
    let server = bench.start(&crowd.data).await?;
    let sizes = bench.pick([10, 1_000], [10, 100]);
    crowd.gather(&server, sizes[1]).await?;
    let mut table = Table::new(
        "Sends by the size of the group (10 senders)",
        &[
            "members",
            "sends/s",
            "p50 ms",
            "p95 ms",
            "p99 ms",
            "max ms",
            "server CPU µs/send",
            "server cores",
            "generator cores",
        ],
    );
    for size in sizes {
        eprintln!("groups: {size} members …");
        let members: Vec<_> = crowd.people[..size].iter().collect();
        let chat = Crowd::chat(&server, &format!("Group of {size}"), &members).await?;
        let mut row =
            sends::run(bench, &server, sends::posts(&crowd.people[..SENDERS], &[chat]), 201).await?;
        row[0] = Cell::count(size);
        table.row(row);
    }
    server.stop()?;
    Ok(table)
}
