//! The server: opens the data, runs background work, serves requests and stops gracefully.

mod accept;
mod body_pace;
mod connections;
mod database_lock;
mod delivery_tracking;
mod desktop_updates;
mod doctor;
mod host_router;
mod metrics;
mod normalize_path;
mod process_info;
mod request_log;
mod route_patterns;
mod routes;
mod tls;

use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use poem::endpoint::make;
use poem::{Endpoint, Request, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Data, Switch};
use besedka_api::delivery::Delivery;
use besedka_core::backup;
use besedka_core::files::{Files, ProbeFailure, StorageLocation};
use besedka_core::messenger::{Clock, Messenger, Operator, Secrets, Settings, SetupToken};
use besedka_core::model::Time;
use besedka_core::store::{Db, Tables, measures};

use accept::App;
pub(crate) use database_lock::DatabaseLock;
pub(crate) use doctor::examined;
use metrics::RequestMetrics;
use tls::{Authority, Certificates, Destinations, Proofs, Tls};

/// How often data that is no longer needed is removed.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// How often scheduled work is looked for.
const JOBS_INTERVAL: Duration = Duration::from_millis(250);
/// How often it is looked whether a backup is due.
const BACKUP_INTERVAL: Duration = Duration::from_secs(30);
/// The time for requests to finish when the server stops.
const REQUESTS_TIMEOUT: Duration = Duration::from_secs(20);
/// The time for background work to finish, and for the database to close, when the server stops.
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a server did not start, as a sentence for the person who started it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    fn new(what: impl std::fmt::Display, why: &dyn std::fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

/// An open server with its background work running. Requests come to it through [`Server::endpoint`].
pub struct Server {
    pub messenger: Messenger,
    app: App,
    stop: CancellationToken,
    background: Vec<JoinHandle<()>>,
    /// Where `/metrics` is served besides.
    pub metrics_address: Option<SocketAddr>,
    /// For the link with which the first administrator's account is created, if there was no administrator at the start.
    pub setup_token: Option<SetupToken>,
    drain: Duration,
    /// `None` on a node that shares the database with others.
    _lock: Option<DatabaseLock>,
}

/// A server that accepts connections on a listener of its own.
pub struct Running {
    pub address: SocketAddr,
    pub messenger: Messenger,
    /// Where `/metrics` is served besides.
    pub metrics_address: Option<SocketAddr>,
    /// Where plain HTTP is redirected.
    pub http_address: Option<SocketAddr>,
    /// For the link with which the first administrator's account is created, if there was no administrator at the start.
    pub setup_token: Option<SetupToken>,
    server: Server,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Opens a server and serves connections on a listener.
    pub async fn start(config: Config, listener: TcpListener) -> Result<Running, StartError> {
        let address =
            listener.local_addr().map_err(|error| StartError::new("the listener has no address", &error))?;
        let mut server = Self::open(config.clone()).await?;
        let (messenger, setup_token) = (server.messenger.clone(), server.setup_token.take());
        let (tls, http_address) = server.start_tls(&config, address.port()).await?;
        let accepting = accept::accept(listener, tls, server.app.clone(), config.site(), server.stop.clone());
        let accepting = tokio::spawn(accepting);
        let metrics_address = server.metrics_address;
        Ok(Running { address, messenger, metrics_address, http_address, setup_token, server, accepting })
    }

    /// Begins to look after the certificate, if the server encrypts by itself, and to serve plain HTTP beside it.
    async fn start_tls(
        &mut self,
        config: &Config,
        port: u16,
    ) -> Result<(Option<Tls>, Option<SocketAddr>), StartError> {
        let settings = &config.tls;
        if !settings.is_on() {
            return Ok((None, None));
        }
        let certificates = Arc::<Certificates>::default();
        let tls =
            Tls::new(certificates.clone()).map_err(|error| StartError::new("TLS can't be used", &error))?;
        let proofs = Proofs::default();
        let mut http_address = None;
        if let Some(address) = settings.http_listen {
            let listener = TcpListener::bind(address).await.map_err(|error| {
                StartError::new(format_args!("can't listen on --http-listen {address}"), &error)
            })?;
            http_address = listener.local_addr().ok();
            let endpoint = tls::redirect(proofs.clone(), Destinations::new(config, port));
            let app: App = Arc::new(poem::endpoint::ToDynEndpoint(endpoint));
            let serving = accept::accept(listener, None, app, config.site(), self.stop.clone());
            self.background.push(tokio::spawn(serving));
        }
        match (&settings.tls_cert, &settings.tls_key) {
            (Some(certificate), Some(key)) => {
                let files = (certificate.clone(), key.clone());
                let watching = tls::watch(files, certificates, self.stop.clone()).map_err(StartError)?;
                self.background.push(tokio::spawn(watching));
            }
            _ => {
                let proofs = http_address.map(|_| proofs);
                let authority = Authority::new(config, certificates, proofs).map_err(StartError)?;
                self.background.push(tokio::spawn(authority.run(self.stop.clone())));
            }
        }
        Ok((Some(tls), http_address))
    }

    /// Opens a server for another program, which passes requests to [`Server::endpoint`]. `config.listen`, `config.tls` and
    /// the settings of the log are not used. Call [`Server::stop`] at the end.
    pub async fn open(mut config: Config) -> Result<Self, StartError> {
        config.check().map_err(StartError)?;
        config.normalize();
        let settings = config.settings().map_err(StartError)?;
        if let Ok(url) = config.data.database_url() {
            measures::refuse_damaged(&url)
                .await
                .map_err(|error| StartError::new("the database can't be used", &error))?;
        }
        let lock = match config.bus_url {
            None => Some(lock_database(&config.data)?),
            Some(_) => None,
        };
        // Migrations and a restore are large futures, which run once.
        let operator = Box::pin(open_operator(&config.data, settings, config.clock.clone())).await?;
        let setup_token = operator.setup_token().await.map_err(messenger_error)?;
        let messenger = Messenger::clone(&operator);
        messenger.open_search_index().await;
        match messenger.probe_files().await {
            Ok(()) => {}
            // Waiting does not correct a wrong setting.
            Err(ProbeFailure::Misconfigured(why)) => return Err(StartError(why)),
            Err(ProbeFailure::Unavailable(why)) => {
                tracing::error!("{why}; until it does, files can be neither uploaded nor downloaded");
            }
        }
        if let Some(origin) = config.public_origin().map(str::to_owned) {
            let messenger = messenger.clone();
            tokio::spawn(async move {
                if let Err(trouble) = messenger.probe_cors(&origin).await {
                    tracing::warn!("{trouble}");
                }
            });
        }
        let backup = config.backup();
        // A bucket that is down must not delay the start.
        tokio::spawn(async move {
            if let Some(trouble) = doctor::backup_trouble(&backup).await {
                tracing::warn!("{trouble}");
            }
        });
        let token = config.operation.metrics_token().map_err(StartError)?;
        let is_measured = token.is_some() || config.operation.metrics_listen.is_some();
        let metrics = is_measured.then(Arc::<RequestMetrics>::default);
        let app = routes::routes(&config, messenger.clone(), metrics.clone(), token);
        let stop = CancellationToken::new();
        let mut background = vec![
            tokio::spawn(back_up(messenger.clone(), stop.clone())),
            tokio::spawn(clean_up(messenger.clone(), stop.clone())),
            tokio::spawn(run_due_jobs(messenger.clone(), stop.clone())),
            tokio::spawn(update_index(messenger.clone(), stop.clone())),
            tokio::spawn(fill_gaps(messenger.clone(), stop.clone())),
            tokio::spawn(follow_other_nodes(messenger.clone(), stop.clone())),
        ];
        let mut metrics_address = None;
        if let (Some(address), Some(metrics)) = (config.operation.metrics_listen, metrics) {
            let listener = TcpListener::bind(address).await.map_err(|error| {
                StartError::new(format_args!("can't listen on --metrics-listen {address}"), &error)
            })?;
            metrics_address = listener.local_addr().ok();
            let serving = metrics::serve(listener, messenger.clone(), metrics, stop.clone());
            background.push(tokio::spawn(serving));
        }
        Ok(Self {
            messenger,
            app,
            stop,
            background,
            metrics_address,
            setup_token,
            drain: Duration::from_secs(config.drain),
            _lock: lock,
        })
    }

    /// All routes of the server, to be nested in a poem program, at the root or under a prefix.
    pub fn endpoint(&self) -> impl Endpoint<Output = Response> + use<> {
        let app = self.app.clone();
        make(move |mut request: Request| {
            let app = app.clone();
            async move {
                // Only our own connections know when a response was written: here it counts as written at once.
                let delivery = Delivery::default();
                request.set_data(delivery.clone());
                let response = app.call(request).await?;
                delivery.written();
                Ok::<_, poem::Error>(response)
            }
        })
    }

    /// Prepares to stop: `/ready` answers 503, and after `config.drain` seconds all WebSockets are closed. Requests are
    /// still served. A program that waits for its connections to end needs this, because WebSockets stay open.
    pub fn drain(&self) -> BoxFuture<'static, ()> {
        let (messenger, time) = (self.messenger.clone(), self.drain);
        Box::pin(async move {
            messenger.drain(time).await;
            messenger.close_sockets();
        })
    }

    /// Stops background work and closes the database. Requests that come later fail.
    pub async fn stop(self) {
        self.stop.cancel();
        self.messenger.close_sockets();
        let rest = async {
            join_all(self.background).await;
            self.messenger.close().await;
        };
        if tokio::time::timeout(BACKGROUND_TIMEOUT, rest).await.is_err() {
            tracing::warn!("background work did not finish in time; the server stops anyway");
        }
    }
}

impl Running {
    /// The current time by the server's clock.
    pub fn now(&self) -> Time {
        self.messenger.clock.now()
    }

    /// Stops gracefully: `/ready` answers 503, no more connections are accepted, WebSockets are told to reconnect,
    /// requests and writes are finished.
    pub async fn stop(self) {
        self.messenger.drain(self.server.drain).await;
        self.server.stop.cancel();
        self.messenger.close_sockets();
        if tokio::time::timeout(REQUESTS_TIMEOUT, self.accepting).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
        self.server.stop().await;
    }
}

/// Opens the data folder, the database and the storage of files, and the messenger on them; runs nothing.
pub async fn open_messenger(data: &Data, settings: Settings, clock: Clock) -> Result<Messenger, StartError> {
    let (db, files, secrets) = open_storage(data, clock.now()).await?;
    Messenger::new(db, files, &secrets, clock, settings).await.map_err(messenger_error)
}

/// Opens the same for the commands of the server's operator.
pub async fn open_operator(data: &Data, settings: Settings, clock: Clock) -> Result<Operator, StartError> {
    let (db, files, secrets) = open_storage(data, clock.now()).await?;
    Operator::new(db, files, &secrets, clock, settings).await.map_err(messenger_error)
}

fn messenger_error(error: besedka_core::messenger::Error) -> StartError {
    StartError::new("the messenger can't start", &error)
}

/// Creates a folder, if it is missing, that only its owner may enter, whatever the umask.
fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Creates a file, if it is missing, that only its owner may read. SQLite gives the files beside it the same mode.
fn create_private_file(file: &Path) -> std::io::Result<()> {
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn create_data_folder(data: &Data) -> Result<(), StartError> {
    let folder = &data.data_dir;
    create_private_folder(folder).map_err(|error| {
        StartError::new(format_args!("the data folder {} can't be created", folder.display()), &error)
    })
}

fn database_url(data: &Data) -> Result<String, StartError> {
    data.database_url().map_err(|error| StartError::new("the database URL can't be used", &error))
}

/// Keeps other servers from the database.
fn lock_database(data: &Data) -> Result<DatabaseLock, StartError> {
    create_data_folder(data)?;
    DatabaseLock::acquire(&database_url(data)?)
}

async fn open_storage(data: &Data, now: Time) -> Result<(Db, Files, Secrets), StartError> {
    backup::check_not_interrupted(&data.data_dir).map_err(StartError)?;
    create_data_folder(data)?;
    let secret = data.secret();
    let secrets = Secrets::open(&secret).map_err(|error| {
        StartError::new(format_args!("the server's secret {} can't be used", secret.display()), &error)
    })?;
    if let StorageLocation::Folder(folder) = data.storage() {
        create_private_folder(&folder).map_err(|error| {
            StartError::new(
                format_args!("the folder for files {} can't be created", folder.display()),
                &error,
            )
        })?;
    }
    let files =
        Files::new(&data.storage(), data.storage_fallback_url.as_ref(), &data.aws).map_err(StartError)?;
    let url = database_url(data)?;
    if let Some(file) = url.strip_prefix("sqlite:") {
        create_private_file(Path::new(file))
            .map_err(|error| StartError::new(format_args!("the database {file} can't be created"), &error))?;
    }
    let db = match data.migrate {
        Switch::On => Db::open_recording(&url, data.database_connections, "system", now).await,
        Switch::Off => Db::open_with(&url, data.database_connections, Tables::Leave).await,
    };
    let db = db.map_err(|error| StartError::new("the database can't be opened", &error))?;
    Ok((db, files, secrets))
}

async fn clean_up(messenger: Messenger, stop: CancellationToken) {
    let mut tick = tokio::time::interval(CLEANUP_INTERVAL);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => if let Err(error) = messenger.clean_up().await {
                tracing::error!(%error, "the periodic cleanup failed");
            }
        }
    }
}

async fn run_due_jobs(messenger: Messenger, stop: CancellationToken) {
    let mut tick = tokio::time::interval(JOBS_INTERVAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => messenger.run_due_jobs().await,
        }
    }
}

/// A backup that is being made when the server stops is given up, and leaves nothing.
async fn back_up(messenger: Messenger, stop: CancellationToken) {
    let mut tick = tokio::time::interval(BACKUP_INTERVAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = messenger.back_up_if_due() => {}
        }
    }
}

/// A batch that is in progress when the server stops is rolled back, and repeated after the next start.
async fn update_index(messenger: Messenger, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = messenger.run_indexing() => {}
    }
}

async fn follow_other_nodes(messenger: Messenger, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = messenger.receive_from_bus() => {}
    }
}

async fn fill_gaps(messenger: Messenger, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = messenger.run_backfill() => {}
    }
}
