//! Others whom the server asks: a mail server, and servers on the web that say what a test wants them to say.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A request that was made of somebody else.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// By their names in small letters.
    pub headers: HashMap<String, String>,
    pub text: String,
}

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// A part of an answer.
#[derive(Clone)]
pub enum Piece {
    Say(String),
    /// Goes on only when a test lets it.
    Wait(Arc<Notify>),
    /// Ends the connection in the middle.
    Cut,
    /// Says nothing more, and stays.
    Hang,
}

#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    /// Its `Content-Type`.
    pub kind: &'static str,
    pub pieces: Vec<Piece>,
}

impl Answer {
    pub fn new(status: u16, text: impl Into<String>) -> Self {
        Self { status, kind: "text/plain", pieces: vec![Piece::Say(text.into())] }
    }
}

/// A server on the web.
pub struct Other {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: Arc<Mutex<(VecDeque<Answer>, Answer)>>,
}

impl Other {
    /// One that says this until it is told otherwise.
    pub async fn saying(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let answers = Arc::new(Mutex::new((VecDeque::new(), answer)));
        let (log, says) = (asked.clone(), answers.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, log.clone(), says.clone()));
            }
        });
        Self { url, asked, answers }
    }

    /// What it says next, once; and then again what it sent before.
    pub fn says(&self, answer: Answer) {
        self.answers.lock().unwrap().0.push_back(answer);
    }

    /// What it says from now on.
    pub fn always_says(&self, answer: Answer) {
        self.answers.lock().unwrap().1 = answer;
    }

    /// Waits until it was asked so often, and returns everything that was asked.
    pub async fn until_asked(&self, times: usize) -> Vec<Asked> {
        let asked = async {
            loop {
                let asked = self.asked();
                if asked.len() >= times {
                    return asked;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), asked).await.expect("it is asked")
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    socket: TcpStream,
    log: Arc<Mutex<Vec<Asked>>>,
    says: Arc<Mutex<(VecDeque<Answer>, Answer)>>,
) -> Option<()> {
    let mut socket = BufReader::new(socket);
    let asked = read(&mut socket).await?;
    log.lock().unwrap().push(asked);
    let answer = {
        let mut says = says.lock().unwrap();
        says.0.pop_front().unwrap_or_else(|| says.1.clone())
    };
    let head = format!(
        "HTTP/1.1 {} .\r\nContent-Type: {}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        answer.status, answer.kind
    );
    socket.write_all(head.as_bytes()).await.ok()?;
    for piece in answer.pieces {
        match piece {
            Piece::Say(text) if text.is_empty() => {}
            Piece::Say(text) => {
                let chunk = format!("{:x}\r\n{text}\r\n", text.len());
                socket.write_all(chunk.as_bytes()).await.ok()?;
            }
            Piece::Wait(signal) => signal.notified().await,
            Piece::Cut => return None,
            Piece::Hang => std::future::pending().await,
        }
    }
    socket.write_all(b"0\r\n\r\n").await.ok()
}

async fn read(socket: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut asked = Asked::default();
    let mut line = String::new();
    loop {
        line.clear();
        if socket.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            text if asked.method.is_empty() => {
                let mut words = text.split(' ').map(str::to_owned);
                (asked.method, asked.path) = (words.next()?, words.next()?);
            }
            text => {
                let (name, value) = text.split_once(':')?;
                asked.headers.insert(name.to_lowercase(), value.trim().to_owned());
            }
        }
    }
    let mut body = vec![0; asked.header("content-length").parse().unwrap_or(0)];
    socket.read_exact(&mut body).await.ok()?;
    asked.text = String::from_utf8(body).ok()?;
    Some(asked)
}

/// A mail server that takes every letter until it is told otherwise.
pub struct MailServer {
    /// As `--smtp-url` wants it.
    pub url: String,
    letters: Arc<Mutex<Vec<String>>>,
    /// By what names it was greeted.
    greetings: Arc<Mutex<Vec<String>>>,
    /// What it says to a recipient instead of taking the letter.
    refusal: Arc<Mutex<Option<String>>>,
}

impl MailServer {
    pub async fn start() -> Self {
        Self::at("127.0.0.1:0").await
    }

    pub async fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let server =
            Self { url, letters: Arc::default(), greetings: Arc::default(), refusal: Arc::default() };
        let (kept, greetings, refusal) =
            (server.letters.clone(), server.greetings.clone(), server.refusal.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(take_letters(socket, kept.clone(), greetings.clone(), refusal.clone()));
            }
        });
        server
    }

    /// Answers every recipient with this from now on; with `None`, takes letters again.
    pub fn refuses(&self, answer: Option<&str>) {
        *self.refusal.lock().unwrap() = answer.map(str::to_owned);
    }

    /// By what names it was greeted.
    pub fn greetings(&self) -> Vec<String> {
        self.greetings.lock().unwrap().clone()
    }

    /// The letters that it took, with their envelopes.
    pub fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().clone()
    }
}

async fn take_letters(
    socket: TcpStream,
    kept: Arc<Mutex<Vec<String>>>,
    greetings: Arc<Mutex<Vec<String>>>,
    refusal: Arc<Mutex<Option<String>>>,
) -> Option<()> {
    let mut socket = BufReader::new(socket);
    let (mut letter, mut line) = (String::new(), String::new());
    let mut is_data = false;
    socket.write_all(b"220 here\r\n").await.ok()?;
    loop {
        line.clear();
        if socket.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        if !is_data && matches!(word.as_str(), "EHLO" | "HELO") {
            greetings.lock().unwrap().push(line[4..].trim().to_owned());
        }
        let refused = refusal.lock().unwrap().clone().filter(|_| !is_data && word == "RCPT");
        if let Some(answer) = refused {
            letter.clear();
            socket.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
            continue;
        }
        let answer = match (is_data, line.as_str(), word.as_str()) {
            (true, ".\r\n", _) => {
                is_data = false;
                kept.lock().unwrap().push(std::mem::take(&mut letter));
                "250 taken\r\n"
            }
            (true, ..) => {
                letter.push_str(&line);
                continue;
            }
            (false, _, "DATA") => {
                is_data = true;
                "354 go on\r\n"
            }
            (false, _, "QUIT") => "221 bye\r\n",
            (false, _, "MAIL" | "RCPT") => {
                letter.push_str(&line);
                "250 fine\r\n"
            }
            (false, ..) => "250 fine\r\n",
        };
        socket.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// The first six digits in a row.
pub fn code_in(text: &str) -> String {
    let mut runs = text.split(|c: char| !c.is_ascii_digit());
    runs.find(|run| run.len() == 6).expect("there is a code").to_owned()
}

/// What a language model's server says.
pub mod model {
    use serde_json::json;

    use super::{Answer, Piece};

    /// Words of a stream.
    pub fn word(text: &str) -> Piece {
        Piece::Say(format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"content": text}}]})))
    }

    pub fn end() -> Piece {
        let stop = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
        Piece::Say(format!(": a comment\n\ndata: {stop}\n\ndata: [DONE]\n\n"))
    }

    pub fn says(words: &[&str]) -> Answer {
        stream(words.iter().map(|text| word(text)).chain([end()]).collect())
    }

    pub fn stream(pieces: Vec<Piece>) -> Answer {
        Answer { status: 200, kind: "text/event-stream", pieces }
    }
}
