//! Files of the server on this computer's disk: whole or not at all.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use reqwest::{Client, Response};
use ring::digest::{Context, SHA256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use url::Url;

/// What a file must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Written to a file of its own beside its place first, so that a broken download leaves nothing that looks whole, and two
/// of one file don't disturb each other.
pub async fn download(
    client: &Client,
    url: Url,
    path: &Path,
    expected: Option<&Expected>,
) -> Result<(), String> {
    let answer = client.get(url).send().await.and_then(Response::error_for_status);
    let answer = answer.map_err(|error| error.without_url().to_string())?;
    let (file, part) = create_part(path).await.map_err(|error| error.to_string())?;
    let written = async {
        write(answer, file, expected).await?;
        fs::rename(&part, path).await.map_err(|error| error.to_string())
    }
    .await;
    if written.is_err() {
        drop(fs::remove_file(&part).await);
    }
    written
}

/// Creates a file beside another one, with a name that no file has: `name.part`, `name.2.part` and so on.
async fn create_part(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().unwrap_or_default();
    for number in 1_u32.. {
        let mut name = name.to_owned();
        name.push(match number {
            1 => ".part".to_owned(),
            number => format!(".{number}.part"),
        });
        let part = path.with_file_name(name);
        match File::create_new(&part).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (file, part)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

async fn write(answer: Response, mut file: File, expected: Option<&Expected>) -> Result<(), String> {
    let mut stream = answer.bytes_stream();
    let (mut size, mut hash) = (0, Context::new(&SHA256));
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| error.without_url().to_string())?;
        size += chunk.len() as u64;
        if expected.is_some_and(|expected| size > expected.size) {
            return Err("it is larger than it should be".to_owned());
        }
        hash.update(&chunk);
        file.write_all(&chunk).await.map_err(|error| error.to_string())?;
    }
    file.sync_all().await.map_err(|error| error.to_string())?;
    let Some(expected) = expected else { return Ok(()) };
    let found: String = hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    if size == expected.size && found.eq_ignore_ascii_case(&expected.sha256) {
        Ok(())
    } else {
        Err("it is not what the publisher signed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    const FIRST: &[u8] = b"first download";
    const SECOND: &[u8] = b"other download";
    const HALF: usize = 7;

    fn client() -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().no_proxy().build().unwrap()
    }

    fn start(address: SocketAddr, path: &Path) -> tokio::task::JoinHandle<Result<(), String>> {
        let (client, path) = (client(), path.to_owned());
        let url = Url::parse(&format!("http://{address}/package")).unwrap();
        tokio::spawn(async move { download(&client, url, &path, None).await })
    }

    /// Accepts a request, and answers it with the first half of a file.
    async fn answer_half(listener: &TcpListener, content: &[u8]) -> TcpStream {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(connection.read_u8().await.unwrap());
        }
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&content[..HALF]).await.unwrap();
        connection
    }

    /// Waits until a file of a folder begins so.
    async fn written(folder: &Path, beginning: &[u8]) {
        let begins = |entry: std::io::Result<std::fs::DirEntry>| {
            std::fs::read(entry.unwrap().path()).is_ok_and(|content| content.starts_with(beginning))
        };
        while !std::fs::read_dir(folder).unwrap().any(begins) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn of_two_downloads_of_one_file_neither_disturbs_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("package.deb");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();

        let first = start(address, &path);
        let mut to_first = answer_half(&listener, FIRST).await;
        written(folder.path(), &FIRST[..HALF]).await;
        let second = start(address, &path);
        let to_second = answer_half(&listener, SECOND).await;
        written(folder.path(), &SECOND[..HALF]).await;

        to_first.write_all(&FIRST[HALF..]).await.unwrap();
        assert_eq!(first.await.unwrap(), Ok(()));
        assert_eq!(std::fs::read(&path).unwrap(), FIRST);

        drop(to_second);
        assert!(second.await.unwrap().is_err(), "it broke off");
        assert_eq!(std::fs::read(&path).unwrap(), FIRST);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }
}
