//! The real program, as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::server::{PASSWORD, Person, client};

/// Long enough for anything that should happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The program, running.
pub struct Process {
    pub child: Child,
    pub url: String,
    log: Option<std::thread::JoinHandle<String>>,
}

/// Waits until a process is over, and ends it when that takes too long.
pub async fn ended(child: &mut Child) -> ExitStatus {
    let waiting = async {
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let status = timeout(PATIENCE, waiting).await;
    if status.is_err() {
        let _ = child.kill();
    }
    status.expect("it ends in time")
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts it on a folder, and waits until it is ready.
    pub async fn start(folder: &Path, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_besedka"))
            .args(["--listen", "127.0.0.1:0", "--rate-limits", "off", "--log-format", "json"])
            .args(["--data-dir", folder.to_str().unwrap()])
            .args(flags)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (found, url) = tokio::sync::oneshot::channel();
        let log = std::thread::spawn(move || {
            let (mut log, mut found) = (String::new(), Some(found));
            for line in lines.map_while(Result::ok) {
                let fields = serde_json::from_str::<Value>(&line).unwrap_or_default()["fields"].take();
                if fields["message"] == "besedka is ready"
                    && let Some(found) = found.take()
                {
                    let _ = found.send(fields["url"].as_str().unwrap_or_default().to_owned());
                }
                log += &line;
                log.push('\n');
            }
            log
        });
        let url = timeout(PATIENCE, url).await.expect("it starts in time").expect("it starts");
        Self { child, url, log: Some(log) }
    }

    pub fn nobody(&self) -> Person {
        Person::nobody(&self.url, client())
    }

    pub async fn person(&self, name: &str) -> Person {
        let body = json!({"username": name, "password": PASSWORD, "display_name": name});
        let reply = self.nobody().post("/auth/register", body).await.expect(201);
        let person = self.nobody().with(&reply["tokens"]);
        Person { id: reply["user"]["id"].as_i64().unwrap(), ..person }
    }

    /// As the power goes.
    pub async fn kill(&mut self) {
        self.child.kill().unwrap();
        ended(&mut self.child).await;
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(&mut self) -> Option<i32> {
        let id = i32::try_from(self.child.id()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        ended(&mut self.child).await.code()
    }

    /// All that it wrote, once it has stopped.
    pub fn log(&mut self) -> String {
        self.log.take().unwrap().join().unwrap()
    }

    /// How much memory it has, in KiB.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }

    fn status(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}
