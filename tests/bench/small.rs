//! Section `small`: a hundred people at once on one core and 256 MiB of memory.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use crate::audience::{Audience, Hall};
use crate::confined::Confinement;
use crate::crowd::{Crowd, Person};
use crate::effort::Watch;
use crate::http::Connection;
use crate::post::Post;
use crate::report::{Cell, Table};
use crate::server::Server;
use crate::{Bench, Result};

const PEOPLE: usize = 100;
/// How often each of them says something.
const EVERY: Duration = Duration::from_secs(5);
const MEBIBYTE: f64 = 1024.0 * 1024.0;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rhythm {
    InTurn,
    AllAtOnce,
}

pub(crate) async fn measure(bench: &Bench, crowd: &mut Crowd) -> Result<Table> {
    // Their passwords are hashed with all the memory that there is.
    let server = bench.start(&crowd.data).await?;
    crowd.gather(&server, PEOPLE).await?;
    server.stop()?;
    let confinement = Confinement::new();
    eprintln!("small: {} …", confinement.describe());
    let server = Server::start_within(&confinement.prefix(), &bench.binary, &crowd.data, &[]).await?;
    let title = "A hundred people at once on a small machine";
    let mut table = Table::new(
        title,
        &[
            "what",
            "machine",
            "messages",
            "p50 ms",
            "p95 ms",
            "p99 ms",
            "max ms",
            "server cores",
            "resident MiB",
        ],
    );
    sleep(Duration::from_secs(10)).await;
    let idle = server.memory()? as f64 / MEBIBYTE;
    let mut row: Vec<Cell> = vec!["idle, after 10 s".into(), confinement.describe().into()];
    row.extend((0..6).map(|_| Cell::from("")));
    row.push(idle.into());
    table.row(row);
    for (rhythm, what) in [
        (Rhythm::InTurn, "each says something every 5 s, in turn"),
        (Rhythm::AllAtOnce, "all say something every 5 s, at the same moment"),
    ] {
        eprintln!("small: {what} …");
        let mut row: Vec<Cell> = vec![what.into(), confinement.describe().into()];
        row.extend(run(bench, &server, &crowd.people[..PEOPLE], rhythm).await?);
        table.row(row);
    }
    server.stop()?;
    Ok(table)
}

async fn run(bench: &Bench, server: &Server, people: &[Person], rhythm: Rhythm) -> Result<Vec<Cell>> {
    let members: Vec<_> = people.iter().collect();
    let chat = Crowd::chat(server, "All of us", &members).await?;
    let audience = Audience::seat(&[server], people, chat).await?;
    let hall = audience.hall();
    // The first frames to each receiver are parsed in full; they are not measured.
    talk(server, &hall, people, rhythm, 1).await?;
    audience.all_heard().await?;
    hall.keep_times();
    let rounds = (bench.time.as_secs() / EVERY.as_secs()).max(2);
    let watch = Watch::start(&[server])?;
    talk(server, &hall, people, rhythm, rounds).await?;
    let effort = watch.read(&[server])?;
    audience.all_heard().await?;
    let mut times = hall.times();
    audience.finish().await?;
    let [half, most, nearly_all, all] = times.millis([0.50, 0.95, 0.99, 1.0]);
    Ok(vec![
        Cell::count(people.len() * usize::try_from(rounds)?),
        half.into(),
        most.into(),
        nearly_all.into(),
        all.into(),
        effort.server_cores().into(),
        (server.memory()? as f64 / MEBIBYTE).into(),
    ])
}

/// Each of them posts so many times.
async fn talk(
    server: &Server,
    hall: &Rc<Hall>,
    people: &[Person],
    rhythm: Rhythm,
    rounds: u64,
) -> Result<()> {
    let mut speakers = JoinSet::new();
    let begun = Instant::now() + Duration::from_millis(200);
    for (number, person) in people.iter().enumerate() {
        let mut connection = Connection::open(server.address).await?;
        let mut post = Post::new(&person.token, hall.chat, number);
        let turn = EVERY * u32::try_from(number)? / u32::try_from(people.len())?;
        let offset = if rhythm == Rhythm::InTurn { turn } else { Duration::ZERO };
        let mut beat = interval_at(begun + offset, EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let hall = Rc::clone(hall);
        speakers.spawn_local(async move {
            for _ in 0..rounds {
                beat.tick().await;
                let ticket = hall.ticket().await?;
                connection.ask(post.stamped(ticket)).await?.expect(201)?;
            }
            Ok::<_, crate::Error>(())
        });
    }
    while let Some(speaker) = speakers.join_next().await {
        speaker??;
    }
    Ok(())
}
