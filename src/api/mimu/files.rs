//! `/api/v1/upload`, `files`, `thumbnails`, `stream`: files in one go, and reading them.

use object_store::GetRange;
use poem::web::Data;
use poem::{Body, Request};
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::{Binary, Response};
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::caller::{SignedIn, signed_in};
use super::form::Form;
use super::say::file_id;
use super::types::File;
use super::view::{Base, LINK_LIFE};
use super::{Answer, Area, Refusal, answer};
use crate::download::{named, parse_range, within};
use besedka_core::files::{Opened, class, is_shown_inline};
use besedka_core::messenger::{Error, Link, Messenger, ReadableFile, Upload};
use besedka_core::model::Time;

pub struct Files;

/// Of files: whoever may read one today may not tomorrow, and none can do anything in our origin.
const PRIVATE: &str = "private, no-store";
const SANDBOX: &str = "sandbox; default-src 'none'";

/// A file that was sent here.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Uploaded {
    /// For a message, within a day.
    file_id: String,
    /// A link that needs no token, good for an hour.
    url: String,
    /// Bytes. Of a picture less than was sent, where it told where it was taken.
    size: i64,
    /// What its bytes say that it is.
    mime_type: String,
    file_name: String,
}

/// A file that is gone.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Deleted {
    file_id: String,
}

#[derive(ApiResponse)]
enum Bytes {
    /// All of it.
    #[oai(status = 200)]
    Whole(Binary<Body>),
    /// The part that `Range` asks for.
    #[oai(status = 206)]
    Part(Binary<Body>),
    /// There is no such part.
    #[oai(status = 416)]
    NoSuchPart,
}

type Reading = Result<Response<Bytes>, Refusal>;

#[OpenApi(tag = "Area::Files")]
impl Files {
    /// Send a file
    ///
    /// Whatever type its part is said to have, the server looks what it is. Sent as an image, video or voice message it
    /// must be one.
    #[oai(path = "/api/v1/upload", method = "post", operation_id = "upload")]
    async fn upload(
        &self,
        messenger: Data<&Messenger>,
        base: Base,
        caller: SignedIn,
        mut form: Form,
    ) -> Answer<Uploaded> {
        let taken = async {
            let (purpose, field) = form.file().await?;
            let filename = field.file_name().unwrap_or("file").to_owned();
            let new = Upload { filename, class: purpose.expected, most: purpose.most };
            messenger.as_user(caller.0).upload(new, field).await
        };
        let taken = taken.await;
        if taken.is_err() {
            form.drain().await;
        }
        let file = base.file(&messenger, &taken?);
        let File { file_id, url, size, mime_type, file_name, .. } = file;
        answer(Uploaded { file_id, url, size, mime_type, file_name })
    }

    /// Read a file
    ///
    /// By a link, or with a token: whoever sent it may, and whoever is in a chat where it stands.
    #[oai(path = "/api/v1/files/:file_id", method = "get", operation_id = "file")]
    async fn file(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        file_id: Path<String>,
        /// Of a link: until when it is good.
        expires: Query<Option<i64>>,
        /// Of a link.
        signature: Query<Option<String>>,
        /// As in `bytes=0-1023`.
        #[oai(name = "Range")]
        range: Header<Option<String>>,
    ) -> Reading {
        let file = readable(request, &messenger, &file_id.0, expires.0, signature.0).await?;
        send(&messenger, file, range.0.as_deref()).await
    }

    /// Read a sound or a film
    ///
    /// The same as reading the file.
    #[oai(path = "/api/v1/stream/:file_id", method = "get", operation_id = "stream")]
    async fn stream(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        file_id: Path<String>,
        /// Of a link: until when it is good.
        expires: Query<Option<i64>>,
        /// Of a link.
        signature: Query<Option<String>>,
        /// As in `bytes=0-1023`.
        #[oai(name = "Range")]
        range: Header<Option<String>>,
    ) -> Reading {
        let file = readable(request, &messenger, &file_id.0, expires.0, signature.0).await?;
        send(&messenger, file, range.0.as_deref()).await
    }

    /// Read a small picture of a file
    ///
    /// A JPEG, or a WebP when something can be seen through; at most 512 pixels on a side. A picture of which there is
    /// no smaller one is its own.
    #[oai(path = "/api/v1/thumbnails/:file_id", method = "get", operation_id = "thumbnail")]
    async fn thumbnail(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        file_id: Path<String>,
        /// Of a link: until when it is good.
        expires: Query<Option<i64>>,
        /// Of a link.
        signature: Query<Option<String>>,
    ) -> Reading {
        let file = readable(request, &messenger, &file_id.0, expires.0, signature.0).await?;
        match &file.facts.thumbnail {
            Some(content_type) => {
                let opened = messenger.open_thumbnail(&file).await?;
                Ok(dressed(Bytes::Whole(body(opened.bytes)), content_type, "inline", opened.size))
            }
            None if class(&file.content_type) == "image" => send(&messenger, file, None).await,
            None => Err(Error::NotFound("thumbnail").into()),
        }
    }

    /// What is known of a file
    #[oai(path = "/api/v1/files/:file_id/info", method = "get", operation_id = "fileInfo")]
    async fn info(
        &self,
        messenger: Data<&Messenger>,
        base: Base,
        caller: SignedIn,
        file_id: Path<String>,
    ) -> Answer<File> {
        let id = self::file_id(&file_id.0)?;
        let (file, _) = messenger.as_user(caller.0).attachment(id, LINK_LIFE).await?;
        answer(base.file(&messenger, &file))
    }

    /// Delete a file
    ///
    /// One's own. One that stands in a message goes with the message.
    #[oai(path = "/api/v1/files/:file_id", method = "delete", operation_id = "deleteFile")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        file_id: Path<String>,
    ) -> Answer<Deleted> {
        let id = self::file_id(&file_id.0)?;
        messenger.as_user(caller.0).delete_file(id).await?;
        answer(Deleted { file_id: id.to_string() })
    }
}

/// A file that may be read, by a link or with a token.
async fn readable(
    request: &Request,
    messenger: &Messenger,
    id: &str,
    expires: Option<i64>,
    signature: Option<String>,
) -> Result<ReadableFile, Error> {
    let id = file_id(id)?;
    if let (Some(until), Some(signature)) = (expires, signature) {
        return messenger.linked(id, &Link { until: Time(until), signature }).await;
    }
    let access = signed_in(request).await?;
    Ok(messenger.as_user(access).attachment(id, LINK_LIFE).await?.0)
}

/// A file through the server, wherever it is kept: the client takes nothing but 200 for an answer.
async fn send(messenger: &Messenger, file: ReadableFile, range: Option<&str>) -> Reading {
    let size = u64::try_from(file.size).unwrap_or_default();
    let wanted = range.and_then(parse_range).map(|range| within(&range, size));
    if wanted == Some(None) {
        return Ok(Response::new(Bytes::NoSuchPart).header("Content-Range", format!("bytes */{size}")));
    }
    let place = if is_shown_inline(&file.content_type) { "inline" } else { "attachment" };
    let disposition = format!("{place}; {}", named(&file.filename));
    let wanted = wanted.flatten();
    let is_part = wanted.is_some();
    let Opened { range, size, bytes } = messenger.open(&file, wanted.map(GetRange::Bounded)).await?;
    let answer = if is_part { Bytes::Part(body(bytes)) } else { Bytes::Whole(body(bytes)) };
    let length = range.end - range.start;
    let answer = dressed(answer, &file.content_type, &disposition, length).header("Accept-Ranges", "bytes");
    Ok(match is_part {
        true => {
            let part = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
            answer.header("Content-Range", part)
        }
        false => answer,
    })
}

fn body(bytes: futures_util::stream::BoxStream<'static, std::io::Result<bytes::Bytes>>) -> Binary<Body> {
    Binary(Body::from_bytes_stream(bytes))
}

fn dressed(answer: Bytes, content_type: &str, disposition: &str, length: u64) -> Response<Bytes> {
    Response::new(answer)
        .header("Content-Type", content_type)
        .header("Content-Length", length)
        .header("Content-Disposition", disposition)
        .header("Cache-Control", PRIVATE)
        .header("Content-Security-Policy", SANDBOX)
}
