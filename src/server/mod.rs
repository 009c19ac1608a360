//! The server: everything joined, from start to a graceful stop.

mod accept;
mod doors;
mod routes;
mod seen;
mod slashes;
mod wire;

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Data, Switch};
use besedka_core::files::{Files, Trouble};
use besedka_core::messenger::{Clock, Messenger, Operator, Secrets};
use besedka_core::model::Time;
use besedka_core::store::{Db, Tables};

/// How often what nobody needs is taken away.
const SWEEP_EVERY: Duration = Duration::from_secs(10 * 60);
/// How often what is due is done.
const TEND_EVERY: Duration = Duration::from_millis(250);
/// How long requests may take to finish when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(20);
/// How long what the server does by itself may take to finish then, and the database to close.
const LAST_WORK: Duration = Duration::from_secs(20);

/// Why a server did not start: a sentence for whoever started it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

fn refused(what: impl Into<String>, why: &dyn std::fmt::Display) -> Refused {
    Refused(format!("{}: {why}", what.into()))
}

/// A running server.
pub struct Running {
    pub address: SocketAddr,
    pub messenger: Messenger,
    stop: CancellationToken,
    accepting: JoinHandle<()>,
    /// What the server does by itself.
    working: [JoinHandle<()>; 5],
    drain: Duration,
}

/// Opens the database, the files and the secrets, and the messenger on them.
pub async fn open(
    data: &Data,
    settings: besedka_core::messenger::Settings,
    clock: Clock,
) -> Result<Messenger, Refused> {
    let (db, files, secrets) = open_storage(data).await?;
    Messenger::new(db, files, &secrets, clock, settings).await.map_err(refused_messenger)
}

/// The same for a command of the server's operator.
pub async fn open_operator(
    data: &Data,
    settings: besedka_core::messenger::Settings,
    clock: Clock,
) -> Result<Operator, Refused> {
    let (db, files, secrets) = open_storage(data).await?;
    Operator::new(db, files, &secrets, clock, settings).await.map_err(refused_messenger)
}

fn refused_messenger(error: besedka_core::messenger::Error) -> Refused {
    refused("the messenger can't start", &error)
}

async fn open_storage(data: &Data) -> Result<(Db, Files, Secrets), Refused> {
    let folder = &data.data_dir;
    std::fs::create_dir_all(folder)
        .map_err(|error| refused(format!("the data folder {} can't be created", folder.display()), &error))?;
    let secret = data.secret();
    let secrets = Secrets::open(&secret).map_err(|error| {
        refused(format!("the server's secret {} can't be used", secret.display()), &error)
    })?;
    let files = Files::at(&data.storage(), data.storage_fallback_url.as_ref(), &data.aws).map_err(Refused)?;
    let url = data.database_url().map_err(|error| refused("the database URL can't be used", &error))?;
    let tables = if data.migrate == Switch::On { Tables::Update } else { Tables::Leave };
    let db = Db::open_with(&url, data.database_connections, tables)
        .await
        .map_err(|error| refused("the database can't be opened", &error))?;
    Ok((db, files, secrets))
}

/// Starts a server on a listener.
pub async fn start(config: &Config, listener: TcpListener, clock: Clock) -> Result<Running, Refused> {
    if let Some(flaw) = config.dialects.flaw() {
        return Err(Refused(flaw));
    }
    let messenger = open(&config.data, config.settings().map_err(Refused)?, clock).await?;
    match messenger.probe_files().await {
        Ok(()) => {}
        // A setting that is wrong stays wrong; somebody is there now who can mend it.
        Err(Trouble::Wrong(why)) => return Err(Refused(why)),
        Err(Trouble::Down(why)) => {
            tracing::error!("{why}; until it does, files can be neither uploaded nor downloaded");
        }
    }
    if let Some(url) = config.public_url.clone() {
        let messenger = messenger.clone();
        tokio::spawn(async move {
            if let Err(trouble) = messenger.probe_pages(&url).await {
                tracing::warn!("{trouble}");
            }
        });
    }
    let address = listener.local_addr().map_err(|error| refused("the listener has no address", &error))?;
    let app = routes::routes(config, messenger.clone());
    let stop = CancellationToken::new();
    let accepting = tokio::spawn(accept::accept(listener, app, stop.clone()));
    let working = [
        tokio::spawn(sweep(messenger.clone(), stop.clone())),
        tokio::spawn(tend(messenger.clone(), stop.clone())),
        tokio::spawn(index(messenger.clone(), stop.clone())),
        tokio::spawn(make_up(messenger.clone(), stop.clone())),
        tokio::spawn(hear(messenger.clone(), stop.clone())),
    ];
    let drain = Duration::from_secs(config.drain);
    Ok(Running { address, messenger, stop, accepting, working, drain })
}

impl Running {
    /// The time as the server has it.
    pub fn now(&self) -> Time {
        self.messenger.clock.now()
    }

    /// Stops: says that it is not ready, takes no more connections, tells sockets to come back, lets requests and
    /// writes finish.
    pub async fn stop(self) {
        self.messenger.send_away(self.drain).await;
        self.stop.cancel();
        self.messenger.close_sockets();
        if tokio::time::timeout(LAST_REQUESTS, self.accepting).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
        let rest = async {
            join_all(self.working).await;
            self.messenger.close().await;
        };
        if tokio::time::timeout(LAST_WORK, rest).await.is_err() {
            tracing::warn!("background work did not finish in time; the server stops anyway");
        }
    }
}

async fn sweep(messenger: Messenger, stop: CancellationToken) {
    let mut tick = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => if let Err(error) = messenger.sweep().await {
                tracing::error!(%error, "the periodic cleanup failed");
            }
        }
    }
}

async fn tend(messenger: Messenger, stop: CancellationToken) {
    let mut tick = tokio::time::interval(TEND_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => messenger.tend().await,
        }
    }
}

/// What is under way when the server stops is undone, and done after the next start.
async fn index(messenger: Messenger, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = messenger.keep_index() => {}
    }
}

async fn hear(messenger: Messenger, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = messenger.keep_in_touch() => {}
    }
}

async fn make_up(messenger: Messenger, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = messenger.keep_telling() => {}
    }
}
