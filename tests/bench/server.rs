//! The server under load: started on a free loopback port, watched through /proc, always stopped.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

use crate::Result;
use crate::effort::cpu;
use crate::http::{Connection, request};

/// How long it may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first healthy answer.
    pub(crate) started_in: Duration,
}

impl Server {
    /// With flags beside those that every run has.
    pub(crate) async fn start(binary: &Path, data: &Path, flags: &[String]) -> Result<Self> {
        Self::start_within(&[], binary, data, flags).await
    }

    /// By a command before that of the server, which becomes the server.
    pub(crate) async fn start_within(
        prefix: &[String],
        binary: &Path,
        data: &Path,
        flags: &[String],
    ) -> Result<Self> {
        let address = free_address()?;
        let log = data.with_extension("log");
        let output = File::options().create(true).append(true).open(&log)?;
        let mut command = match prefix {
            [] => Command::new(binary),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(binary);
                command
            }
        };
        without_settings(&mut command)
            .args(["serve", "--listen", &address.to_string(), "--data-dir"])
            .arg(data)
            .args(flags)
            .env("BESEDKA_RATE_LIMITS", "off")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let begun = Instant::now();
        let mut server = Self {
            child: command.spawn().map_err(|why| format!("{}: {why}", binary.display()))?,
            log,
            address,
            started_in: Duration::ZERO,
        };
        server.until_healthy(begun).await?;
        server.started_in = begun.elapsed();
        Ok(server)
    }

    async fn until_healthy(&mut self, begun: Instant) -> Result<()> {
        let question = request("GET", "/health", None, &serde_json::Value::Null);
        while begun.elapsed() < PATIENCE {
            let healthy = timeout(PATIENCE, healthy(self.address, &question)).await;
            if let Ok(Ok(true)) = healthy {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the server ended with {status}:\n{}", self.last_words()).into());
            }
            pause(Duration::from_micros(200));
        }
        Err(format!("the server was not healthy in time:\n{}", self.last_words()).into())
    }

    /// Processor time that the server has taken so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        cpu(&self.child.id().to_string())
    }

    /// Bytes that it has had written to a disk so far.
    pub(crate) fn written(&self) -> Result<u64> {
        let io = fs::read_to_string(format!("/proc/{}/io", self.child.id()))?;
        let bytes = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
        Ok(bytes.ok_or("no write_bytes")?.trim().parse()?)
    }

    /// Resident memory in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kibibytes.ok_or("no VmRSS")?.parse::<u64>()? * 1024)
    }

    /// Asks it to stop, and insists when it takes too long.
    pub(crate) fn stop(mut self) -> Result<()> {
        if self.end()? {
            return Ok(());
        }
        Err(format!("the server had to be killed:\n{}", self.last_words()).into())
    }

    /// Whether it stopped by itself once asked.
    fn end(&mut self) -> Result<bool> {
        if self.child.try_wait()?.is_some() {
            return Ok(true);
        }
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if self.child.try_wait()?.is_some() {
                return Ok(true);
            }
            pause(Duration::from_millis(5));
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(false)
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(10).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(why) = self.end() {
            eprintln!("the server could not be stopped: {why}");
        }
    }
}

/// Takes the settings of whoever runs the benchmark from a command of the program.
pub(crate) fn without_settings(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BESEDKA_") {
            command.env_remove(name);
        }
    }
    command
}

/// Free now; nobody else is likely to take it in the next millisecond.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

async fn healthy(address: SocketAddr, question: &[u8]) -> Result<bool> {
    let mut connection = Connection::open(address).await?;
    Ok(connection.ask(question).await?.status == 200)
}

#[expect(
    clippy::disallowed_methods,
    reason = "tokio's timer counts whole milliseconds, and a drop cannot await"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
