//! What several nodes share: a database server, as `tests/databases.sh` starts it, on the disk that is measured, and
//! NATS.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::{Connection as _, Executor, MySqlConnection};
use tokio::time::{Instant, sleep};

use crate::server::{Server, free_address};
use crate::{Bench, Result};

/// The server may have to be fetched first.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Shared {
    database: Child,
    bus: Child,
    folder: PathBuf,
    flags: Vec<String>,
}

impl Shared {
    pub(crate) async fn start(bench: &Bench) -> Result<Self> {
        let folder = bench.folder.path().join("shared");
        std::fs::create_dir_all(&folder)?;
        let (database, bus) = (free_address()?, free_address()?);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/databases.sh");
        let serve = |log: File| {
            let mut command = Command::new(script);
            command.args(["serve", &bench.options.engine]).arg(&folder).arg(database.port().to_string());
            start(command, log)
        };
        let nats = |log: File| {
            let mut command = Command::new("nats-server");
            command.args(["-a", "127.0.0.1", "-p", &bus.port().to_string()]);
            start(command, log)
        };
        let url = format!("mysql://besedka:besedka@{database}");
        let shared = Self {
            database: serve(File::create(folder.join("database.log"))?)?,
            bus: nats(File::create(folder.join("bus.log"))?)?,
            flags: vec![
                format!("--database-url={url}/besedka"),
                format!("--bus-url=nats://{bus}"),
                format!("--secret-file={}", folder.join("secret.key").display()),
            ],
            folder,
        };
        let begun = Instant::now();
        let mut connection = loop {
            match MySqlConnection::connect(&url).await {
                Ok(connection) => break connection,
                Err(why) if begun.elapsed() > PATIENCE => {
                    let log = std::fs::read_to_string(shared.folder.join("database.log")).unwrap_or_default();
                    return Err(format!("the database can't be reached: {why}\n{log}").into());
                }
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        };
        connection.execute("CREATE DATABASE besedka").await?;
        Ok(shared)
    }

    /// One more node.
    pub(crate) async fn node(&self, bench: &Bench, number: usize) -> Result<Server> {
        let data = self.folder.join(format!("node{number}"));
        Server::start(&bench.binary, &data, &self.flags).await
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for child in [&mut self.bus, &mut self.database] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start(mut command: Command, log: File) -> Result<Child> {
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let program = command.get_program().to_string_lossy().into_owned();
    Ok(command.spawn().map_err(|why| format!("{program}: {why}"))?)
}
