//! Section `memory`: what the server holds when it has just started, after a rest, and for each
//! connected socket on which nothing happens.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::crowd::{Crowd, Person};
use crate::report::{Cell, Table};
use crate::server::Server;
use crate::socket::Socket;
use crate::{Bench, Result};

const KIBIBYTE: f64 = 1024.0;
const MEBIBYTE: f64 = 1024.0 * 1024.0;

pub(crate) async fn measure(bench: &Bench, crowd: &mut Crowd) -> Result<Table> {
    let [people, all] = bench.pick([500, 10_000], [50, 1_000]);
    let server = bench.start(&crowd.data).await?;
    crowd.gather(&server, people).await?;
    server.stop()?;
    // Anew, so that the memory of password hashes is not counted.
    let server = bench.start(&crowd.data).await?;
    let mut table = Table::new("Memory", &["idle sockets", "resident MiB", "KiB per socket"]);
    let mut row = |state: String, resident: u64, each: Cell| {
        table.row(vec![state.into(), (resident as f64 / MEBIBYTE).into(), each]);
    };
    row("none, just started".into(), server.memory()?, "".into());
    sleep(Duration::from_secs(10)).await;
    let idle = server.memory()?;
    row("none, after 10 s".into(), idle, "".into());
    let mut sockets = JoinSet::new();
    for count in [all / 10, all] {
        eprintln!("memory: {count} sockets …");
        connect(&server, &crowd.people[..people], count, &mut sockets).await?;
        sleep(Duration::from_secs(5)).await;
        if let Some(ended) = sockets.try_join_next() {
            ended??;
        }
        let resident = server.memory()?;
        let each = resident.saturating_sub(idle) as f64 / count as f64;
        row(count.to_string(), resident, (each / KIBIBYTE).into());
    }
    drop(sockets);
    server.stop()?;
    Ok(table)
}

/// Connects until there are so many, 32 at a time, the people in turns.
async fn connect(
    server: &Server,
    people: &[Person],
    count: usize,
    sockets: &mut JoinSet<Result<()>>,
) -> Result<()> {
    let mut turn = people.iter().cycle().skip(sockets.len());
    while sockets.len() < count {
        let some = turn.by_ref().take((count - sockets.len()).min(32));
        let some = some.map(|person| Socket::open(server.address, &person.token));
        for mut socket in try_join_all(some).await? {
            sockets.spawn_local(async move {
                loop {
                    socket.frames(|_| Ok(())).await?;
                }
            });
        }
    }
    Ok(())
}
