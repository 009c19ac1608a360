//! Section `backup`: how long a backup and a restore of many messages and files take, and what a backup costs those who
//! send meanwhile.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use crate::archive::Archive;
use crate::crowd::{Crowd, Person};
use crate::http::Connection;
use crate::report::Table;
use crate::sends::{columns, posts, run, run_until};
use crate::server::{Server, without_settings};
use crate::upload::upload;
use crate::{Bench, Result};

const MEBIBYTE: usize = 1024 * 1024;
const SENDERS: usize = 16;
const CHATS: usize = 8;

pub(crate) async fn measure(bench: &Bench, archive: &mut Archive) -> Result<[Table; 2]> {
    let files = bench.pick(1_024, 16);
    let server = bench.start(&archive.data).await?;
    let messages = archive.messages;
    let people = archive.people(&server).await?.to_vec();
    fill(&server, &people[0], files).await?;
    let senders = &people[..SENDERS];
    let mut chats = Vec::new();
    for chat in 0..CHATS {
        let members: Vec<_> = senders.iter().skip(chat).step_by(CHATS).collect();
        chats.push(Crowd::chat(&server, &format!("Backup {chat}"), &members).await?);
    }
    let content = format!("{messages} messages, {files} MiB of files");
    let mut table = Table::new("Backup and restore", &["what", "content", "seconds", "MiB written"]);
    let mut row = |what: &str, took: Duration, written: &Path| -> Result<()> {
        let size = size_of(written)? as f64 / MEBIBYTE as f64;
        table.row(vec![what.into(), content.as_str().into(), took.as_secs_f64().into(), size.into()]);
        Ok(())
    };
    let target = |name: &str| bench.folder.path().join(name);

    eprintln!("backup: {content}, while nobody sends …");
    let alone = target("backup-alone");
    let took = command(bench, "backup", &alone, &archive.data)?.ended().await?;
    row("backup, while nobody sends", took, &alone)?;

    let mut sends = Table::new("Durable sends during a backup", &columns("senders"));
    eprintln!("backup: sends without one …");
    let mut calm = run(bench, &server, posts(senders, &chats), 201).await?;
    calm[0] = "16, without a backup".into();
    sends.row(calm);
    eprintln!("backup: sends during one …");
    let busy = target("backup-busy");
    let backup = async { command(bench, "backup", &busy, &archive.data)?.ended().await };
    let (mut during, took) = run_until(&server, posts(senders, &chats), 201, backup).await?;
    during[0] = "16, during a backup".into();
    sends.row(during);
    row("backup, while 16 send", took?, &busy)?;
    fs::remove_dir_all(&busy)?;

    eprintln!("backup: again, with the files there …");
    let took = command(bench, "backup", &alone, &archive.data)?.ended().await?;
    row("backup, with the files there", took, &alone)?;
    server.stop()?;

    eprintln!("backup: restoring …");
    let restored = target("restored");
    let took = command(bench, "restore", &newest_in(&alone)?, &restored)?.ended().await?;
    row("restore", took, &restored)?;
    // It serves.
    bench.start(&restored).await?.stop()?;
    fs::remove_dir_all(&alone)?;
    fs::remove_dir_all(&restored)?;
    Ok([table, sends])
}

/// Posts so many files of one mebibyte that can't be compressed.
async fn fill(server: &Server, person: &Person, files: usize) -> Result<()> {
    eprintln!("backup: {files} MiB of files …");
    let chat = Crowd::chat(server, "Files", &[person]).await?;
    let mut connection = Connection::open(server.address).await?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for number in 0..files {
        let mut bytes = Vec::with_capacity(MEBIBYTE);
        while bytes.len() < MEBIBYTE {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.extend_from_slice(&state.to_le_bytes());
        }
        let name = format!("{number}.bin");
        let id = upload(server.address, person, (&name, "application/octet-stream"), bytes).await?;
        let body = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": id}});
        connection.call(("POST", "/api/v1/messages"), Some(&person.token), &body, 201).await?;
    }
    Ok(())
}

/// A command of the program beside the server.
struct Running {
    child: Child,
    begun: Instant,
    log: PathBuf,
}

fn command(bench: &Bench, name: &str, what: &Path, data: &Path) -> Result<Running> {
    let log = bench.folder.path().join(format!("{name}.log"));
    let output = fs::File::create(&log)?;
    let mut command = Command::new(&bench.binary);
    without_settings(&mut command)
        .arg(name)
        .arg(what)
        .arg("--data-dir")
        .arg(data)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    Ok(Running { begun: Instant::now(), child: command.spawn()?, log })
}

impl Running {
    /// How long it took.
    async fn ended(mut self) -> Result<Duration> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                let took = self.begun.elapsed();
                return match status.success() {
                    true => Ok(took),
                    false => Err(format!("{status}: {}", fs::read_to_string(&self.log)?).into()),
                };
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing to stop if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The archive that was made last in a folder.
fn newest_in(folder: &Path) -> Result<PathBuf> {
    let mut found: Vec<_> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    found.retain(|path| path.to_string_lossy().ends_with(".tar.zst"));
    found.sort();
    Ok(found.pop().ok_or("no archive was made")?)
}

/// The bytes of all files in a folder.
fn size_of(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.file_type()?.is_dir() {
            true => size_of(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(bytes)
}
