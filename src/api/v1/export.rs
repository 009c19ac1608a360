//! `/users/me/export`: everything of one's own as a zip, written while it is sent.

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
use besedka_core::files::StreamingZipWriter;
use besedka_core::messenger::{Error, Export, ExportPart, Link, Messenger};
use besedka_core::model::{Scopes, SessionId, Time, UserId};

pub struct Exports;

/// How long a link is good to begin with.
const LINK_LIFE: Duration = Duration::from_secs(5 * 60);
/// Whoever takes nothing for so long is not there any more.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many messages stand in one file: whatever they say, it stays below 4 GB, which old programs can't read.
const MESSAGES: usize = 20_000;

const README: &str = "\
What this is: everything of yours on a Besedka server, as you could read it when it was made.

profile.json               you
sessions.json              where you were signed in
tokens.json                your personal access tokens, without their secrets
drafts.json                what you began to write
scheduled.json             what you wanted to be sent later
bookmarks.ndjson           your bookmarks, the newest first: one in each line, with its message
chats/<id>/chat.json       a chat of yours
chats/<id>/members.json    who was in it
chats/<id>/messages-….ndjson  what was said in it, the oldest first: one message in each line
files/<id>/<name>          what you uploaded; messages name files by their id
export.json                by whom, when and in which version of this form it was made

All is JSON in UTF-8, in the forms of the server's own API, version 1 (see /docs of the server).
Times are UTC.
";

/// Where to save one's export from.
#[derive(Object)]
#[oai(example)]
struct ExportLink {
    /// To be opened by a browser, or asked for by any program. It needs no token.
    url: String,
    /// Until when it can be begun: UTC, ISO 8601 without a zone.
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
    /// Take one's own along
    ///
    /// Answers a link by which a browser can save it, good for 5 minutes and as long as the session lasts.
    #[oai(path = "/users/me/export", method = "post", operation_id = "linkExport")]
    async fn link(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Owner,
        /// A new UUID for each request.
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

    /// Save one's own
    ///
    /// A zip of everything that one may read: profile, sessions, tokens, drafts, bookmarks, what waits to be sent, chats
    /// with their members and messages, and the files that one uploaded; a `README.txt` says where what is. It is written while it is sent, so it has no length
    /// before its end, and an interrupted one is begun anew. With an access token that has the scopes `account` and
    /// `read`, or by a link of the `POST`. Everybody has one at a time, and three an hour.
    #[oai(path = "/users/me/export", method = "get", operation_id = "export")]
    async fn save(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        /// Of a link.
        ticket: Query<Option<String>>,
    ) -> Answer<Response<Binary<Body>>> {
        let access = match ticket.0 {
            Some(ticket) => {
                let read = read_ticket(&ticket).ok_or(Error::Forbidden("This link is not ours"))?;
                messenger.linked_export(read.0, read.1, &read.2)?
            }
            None => {
                let bearer = Bearer::from_request(request).map_err(|_| Error::Unauthorized)?;
                messenger.access(&bearer.token, Scopes::ACCOUNT).await?
            }
        };
        let export = messenger.as_user(access).export()?;
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
    Some((user, session, Link { until, signature }))
}

/// The zip as it is made. Whoever reads slowly slows its making down.
fn stream(export: Export) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (outlet, bytes) = mpsc::channel(2);
    tokio::spawn(async move {
        if let Err(error) = Box::pin(write(export, &Outlet(&outlet))).await {
            tracing::warn!(%error, "an export broke off");
            // Without it the client would take what it has for the whole.
            let _ = outlet.send(Err(error)).await;
        }
    });
    futures_util::stream::unfold(bytes, |mut bytes| async { bytes.recv().await.map(|some| (some, bytes)) })
}

/// Where the bytes go.
struct Outlet<'a>(&'a mpsc::Sender<io::Result<Bytes>>);

impl Outlet<'_> {
    async fn give(&self, bytes: Bytes) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        match tokio::time::timeout(PATIENCE, self.0.send(Ok(bytes))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody listens any more")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "it was not read fast enough")),
        }
    }
}

async fn write(mut export: Export, outlet: &Outlet<'_>) -> io::Result<()> {
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
                archive.bytes(&format!("files/{}", file.key()), file.created_at, opened.size)?;
                while let Some(bytes) = opened.bytes.next().await {
                    archive.write(&bytes?)?;
                    outlet.give(archive.take()).await?;
                }
            }
        }
        outlet.give(archive.take()).await?;
    }
    outlet.give(archive.finish()?).await
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
