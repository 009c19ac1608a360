//! `/users/me/export`: exports the user's data as a zip archive that is written while it is sent.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use poem::http::{StatusCode, header};
use poem::web::Data;
use poem::{Body, Request};
use poem_openapi::auth::{Bearer, BearerAuthorization};
use poem_openapi::param::Query;
use poem_openapi::payload::{Binary, Json, Response};
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{Object, OpenApi};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::caller::{Owner, Visit};
use super::idempotency::Key;
use super::sessions::Session;
use super::tokens::Token;
use super::types::{Bookmark, Chat, Draft, Member, Message, Scheduled, User};
use super::{Answer, Area};
use crate::site::Site;
use besedka_core::files::StreamingZipWriter;
use besedka_core::messenger::{Error, Export, ExportPart, Link, Messenger};
use besedka_core::model::{Scopes, SessionId, Time, UserId};

pub struct Exports;

/// How long a link can be used to start a download.
const LINK_LIFE: Duration = Duration::from_secs(5 * 60);
/// A client that reads nothing for this long is considered gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How many messages one file holds: whatever their size, it stays below 4 GB, which old programs cannot
/// exceed.
const MESSAGES: usize = 20_000;

const README: &str = "\
What this is: your data on a Besedka server, as you could read it when this archive was made.

profile.json               you
sessions.json              your signed-in sessions
tokens.json                your personal access tokens, without their secrets
drafts.json                your unsent drafts
scheduled.json             your scheduled messages
bookmarks.ndjson           your bookmarks, newest first: one per line, with its message
chats/<id>/chat.json       one of your chats
chats/<id>/members.json    its members
chats/<id>/messages-….ndjson  its messages, oldest first: one per line
files/<id>/<name>          files that you uploaded; messages refer to them by id
export.json                who made this archive, when, and its format version

All files are JSON in UTF-8, in the formats of the server's API, version 1 (see /docs on the server).
Times are UTC.
";

/// A download link for an export.
#[derive(Object)]
#[oai(example)]
struct ExportLink {
    /// Can be opened in a browser or fetched by any program; needs no token.
    url: String,
    /// Until when the download can be started: UTC, ISO 8601 without a zone.
    expires_at: String,
}

impl Example for ExportLink {
    fn example() -> Self {
        Self {
            url: "https://chat.example.org/api/v1/users/me/export?ticket=…".to_owned(),
            expires_at: "2024-03-26T12:05:00".to_owned(),
        }
    }
}

#[OpenApi(tag = "Area::Users")]
impl Exports {
    /// Create an export link
    ///
    /// Returns a link for downloading the export in a browser. It can be used for 5 minutes, and only while the
    /// session lasts.
    #[oai(path = "/users/me/export", method = "post", operation_id = "linkExport")]
    async fn link(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
    ) -> Answer<Json<ExportLink>> {
        let access = caller.0;
        let caller = messenger.as_user(access).once(key.answering(StatusCode::OK));
        let link = caller.export_link(LINK_LIFE).await?;
        let ticket = write_ticket(access.user, access.session, &link);
        let url = format!("{}/api/v1/users/me/export?ticket={ticket}", visit.base);
        Ok(Json(ExportLink { url, expires_at: link.until.iso() }))
    }

    /// Export my data
    ///
    /// Returns a zip archive of everything that the caller can read: profile, sessions, tokens, drafts,
    /// bookmarks, scheduled messages, chats with their members and messages, and the files that the caller
    /// uploaded. A `README.txt` inside describes the layout.
    ///
    /// The archive is generated while it is sent, so its length is not known in advance and an interrupted
    /// download cannot be resumed. Requires an access token with the scopes `account` and `read`, or a link
    /// from `POST /users/me/export`. Each user can run one export at a time and three per hour.
    #[oai(path = "/users/me/export", method = "get", operation_id = "downloadExport")]
    async fn save(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        /// The ticket of an export link.
        ticket: Query<Option<String>>,
    ) -> Answer<Response<Binary<Body>>> {
        let access = match ticket.0 {
            Some(ticket) => {
                let read = read_ticket(&ticket).ok_or(Error::Forbidden("This link is not valid"))?;
                messenger.linked_export(read.0, read.1, &read.2)?
            }
            None => {
                let bearer = Bearer::from_request(request).map_err(|_| Error::Unauthorized)?;
                messenger.access(&bearer.token, Scopes::ACCOUNT).await?
            }
        };
        let export = messenger.as_user(access.from(Site::address_of(request))).export().await?;
        let day = export.now().iso();
        let name = format!("besedka-{}.zip", day.split('T').next().unwrap_or_default());
        Ok(Response::new(Binary(Body::from_bytes_stream(stream(export))))
            .header(header::CONTENT_TYPE, "application/zip")
            .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))
            .header(header::CACHE_CONTROL, "private, no-store"))
    }
}

fn write_ticket(user: UserId, session: SessionId, link: &Link) -> String {
    format!("{user}.{session}.{}.{}", link.until.0, link.signature)
}

fn read_ticket(ticket: &str) -> Option<(UserId, SessionId, Link)> {
    let mut parts = ticket.splitn(4, '.');
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (user, session, until) = (UserId(number()?), SessionId(number()?), Time(number()?));
    let signature = parts.next()?.to_owned();
    Some((user, session, Link { reader: user, until, signature }))
}

/// Streams the zip archive as it is generated. A slow reader slows down the generation.
fn stream(export: Export) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (sink, bytes) = mpsc::channel(2);
    tokio::spawn(async move {
        if let Err(error) = Box::pin(write(export, &Sink(&sink))).await {
            tracing::warn!(%error, "an export failed");
            // Without the error, the client would take the part that it has for the whole.
            let _ = sink.send(Err(error)).await;
        }
    });
    futures_util::stream::unfold(bytes, |mut bytes| async { bytes.recv().await.map(|some| (some, bytes)) })
}

/// Sends the bytes to the response.
struct Sink<'a>(&'a mpsc::Sender<io::Result<Bytes>>);

impl Sink<'_> {
    async fn send(&self, bytes: Bytes) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        match tokio::time::timeout(WRITE_TIMEOUT, self.0.send(Ok(bytes))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the client has disconnected")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the client reads too slowly")),
        }
    }
}

async fn write(mut export: Export, sink: &Sink<'_>) -> io::Result<()> {
    let (now, user) = (export.now(), export.user());
    let mut archive = StreamingZipWriter::default();
    archive.text("README.txt", now)?;
    archive.write(README.as_bytes())?;
    let about = json!({"format": "besedka-export", "version": 1, "made_at": now.iso(), "user_id": user.0});
    put(&mut archive, "export.json", now, about)?;
    let asks = export.session();
    let (mut folder, mut written, mut has_bookmarks) = (String::new(), 0, false);
    while let Some(part) = export.next().await.map_err(io::Error::other)? {
        match part {
            ExportPart::Profile(user) => put(&mut archive, "profile.json", now, User::from(*user).to_json())?,
            ExportPart::Sessions(sessions) => {
                let sessions = sessions.into_iter().map(|session| Session::new(session, asks));
                put(&mut archive, "sessions.json", now, list(sessions))?;
            }
            ExportPart::Tokens(tokens) => {
                put(&mut archive, "tokens.json", now, list(tokens.into_iter().map(Token::from)))?;
            }
            ExportPart::Drafts(drafts) => {
                put(&mut archive, "drafts.json", now, list(drafts.into_iter().map(Draft::from)))?;
            }
            ExportPart::Scheduled(waiting) => {
                put(&mut archive, "scheduled.json", now, list(waiting.into_iter().map(Scheduled::from)))?;
            }
            ExportPart::Bookmarks(bookmarks) => {
                if !has_bookmarks {
                    archive.text("bookmarks.ndjson", now)?;
                    has_bookmarks = true;
                }
                for bookmark in bookmarks {
                    line(&mut archive, &Bookmark::from(bookmark).to_json())?;
                }
            }
            ExportPart::Chat(chat, members) => {
                (folder, written) = (format!("chats/{}", chat.id()), 0);
                put(&mut archive, &format!("{folder}/chat.json"), now, Chat::from(*chat).to_json())?;
                let members = list(members.into_iter().map(Member::from));
                put(&mut archive, &format!("{folder}/members.json"), now, members)?;
            }
            ExportPart::Messages(messages) => {
                for message in messages {
                    if written % MESSAGES == 0 {
                        let number = written / MESSAGES + 1;
                        archive.text(&format!("{folder}/messages-{number:04}.ndjson"), now)?;
                    }
                    written += 1;
                    line(&mut archive, &Message::from(message).to_json())?;
                }
            }
            ExportPart::File(file, mut opened) => {
                let name = format!("files/{}/{}", file.id, file.portable_name());
                archive.bytes(&name, file.created_at, opened.size)?;
                while let Some(bytes) = opened.bytes.next().await {
                    archive.write(&bytes?)?;
                    sink.send(archive.take()).await?;
                }
            }
        }
        sink.send(archive.take()).await?;
    }
    sink.send(archive.finish()?).await
}

fn list<T: ToJSON>(items: impl Iterator<Item = T>) -> Value {
    items.filter_map(|item| item.to_json()).collect()
}

fn put(
    archive: &mut StreamingZipWriter,
    name: &str,
    at: Time,
    value: impl Into<Option<Value>>,
) -> io::Result<()> {
    archive.text(name, at)?;
    archive.write(&serde_json::to_vec_pretty(&value.into())?)
}

fn line(archive: &mut StreamingZipWriter, value: &Option<Value>) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    archive.write(&line)
}
