//! `/api/v1/upload`, `files`, `thumbnails`, `stream`: uploading and downloading files.

use object_store::GetRange;
use poem::web::Data;
use poem::{Body, Request};
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::{Binary, Json, Response};
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::caller::{SignedIn, signed_in};
use super::create_message::file_id;
use super::form::Form;
use super::types::{File, Problem};
use super::view::{Base, LINK_LIFE};
use super::{Answer, Area, Refusal, answer};
use crate::download::{named, no_such_part, parse_range, within};
use crate::links::LinkParameters;
use besedka_core::files::{FileStream, class, is_shown_inline};
use besedka_core::messenger::{Error, Messenger, ReadableFile, Upload};

pub struct Files;

/// For files: whoever may read one today may not be allowed to tomorrow, and none of them may run anything in
/// our origin.
const PRIVATE: &str = "private, no-store";
const SANDBOX: &str = "sandbox; default-src 'none'";

/// An uploaded file.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Uploaded {
    /// The ID to use in a message, within a day.
    file_id: String,
    /// A link that needs no token, valid for an hour.
    url: String,
    /// In bytes. Images from which location data was removed are smaller than the upload.
    size: i64,
    /// The media type, detected from the content.
    mime_type: String,
    file_name: String,
}

/// A deleted file.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Deleted {
    file_id: String,
}

#[derive(ApiResponse)]
enum Bytes {
    /// The whole file.
    #[oai(status = 200)]
    Whole(Binary<Body>),
    /// The part requested with `Range`.
    #[oai(status = 206)]
    Part(Binary<Body>),
    /// The requested range does not exist.
    #[oai(status = 416)]
    NoSuchPart(Json<Problem>),
}

type Reading = Result<Response<Bytes>, Refusal>;

#[OpenApi(tag = "Area::Files")]
impl Files {
    /// Upload a file
    ///
    /// The media type is detected from the content, whatever the form says. A file sent as an image, video or
    /// voice message must be one.
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
        let file = base.file(&messenger, caller.0.user, &taken?);
        let File { file_id, url, size, mime_type, file_name, .. } = file;
        answer(Uploaded { file_id, url, size, mime_type, file_name })
    }

    /// Download a file
    ///
    /// With a link or a token. Available to the user who uploaded it and to members of chats where it was
    /// posted.
    #[expect(clippy::too_many_arguments, reason = "they are the parameters of the route")]
    #[oai(path = "/api/v1/files/:file_id", method = "get", operation_id = "file")]
    async fn file(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        file_id: Path<String>,
        /// From a link: when the link expires.
        expires: Query<Option<i64>>,
        /// From a link: its signature.
        signature: Query<Option<String>>,
        /// From a link: for whom it was made.
        reader: Query<Option<i64>>,
        /// The part to return, such as `bytes=0-1023`.
        #[oai(name = "Range")]
        range: Header<Option<String>>,
    ) -> Reading {
        let file =
            readable(request, &messenger, &file_id.0, LinkParameters(expires.0, reader.0, signature.0))
                .await?;
        send(&messenger, file, range.0.as_deref()).await
    }

    /// Stream audio or video
    ///
    /// The same as downloading the file.
    #[expect(clippy::too_many_arguments, reason = "they are the parameters of the route")]
    #[oai(path = "/api/v1/stream/:file_id", method = "get", operation_id = "stream")]
    async fn stream(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        file_id: Path<String>,
        /// From a link: when the link expires.
        expires: Query<Option<i64>>,
        /// From a link: its signature.
        signature: Query<Option<String>>,
        /// From a link: for whom it was made.
        reader: Query<Option<i64>>,
        /// The part to return, such as `bytes=0-1023`.
        #[oai(name = "Range")]
        range: Header<Option<String>>,
    ) -> Reading {
        let file =
            readable(request, &messenger, &file_id.0, LinkParameters(expires.0, reader.0, signature.0))
                .await?;
        send(&messenger, file, range.0.as_deref()).await
    }

    /// Download a file's thumbnail
    ///
    /// A JPEG, or a WebP if the image has transparency; at most 512 pixels on each side. An image without a
    /// smaller version is returned itself.
    #[oai(path = "/api/v1/thumbnails/:file_id", method = "get", operation_id = "thumbnail")]
    async fn thumbnail(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        file_id: Path<String>,
        /// From a link: when the link expires.
        expires: Query<Option<i64>>,
        /// From a link: its signature.
        signature: Query<Option<String>>,
        /// From a link: for whom it was made.
        reader: Query<Option<i64>>,
    ) -> Reading {
        let file =
            readable(request, &messenger, &file_id.0, LinkParameters(expires.0, reader.0, signature.0))
                .await?;
        match &file.metadata.thumbnail {
            Some(content_type) => {
                let opened = messenger.open_thumbnail(&file).await?;
                Ok(dressed(Bytes::Whole(body(opened.bytes)), content_type, "inline", opened.size))
            }
            None if class(&file.content_type) == "image" => send(&messenger, file, None).await,
            None => Err(Error::NotFound("thumbnail").into()),
        }
    }

    /// Get a file's metadata
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
        answer(base.file(&messenger, caller.0.user, &file))
    }

    /// Delete a file
    ///
    /// Only for the user who uploaded it. A file that was posted cannot be deleted on
    /// its own (409): delete its message.
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

/// A file that may be read, through a signed link or with a token.
async fn readable(
    request: &Request,
    messenger: &Messenger,
    id: &str,
    link: LinkParameters,
) -> Result<ReadableFile, Error> {
    let id = file_id(id)?;
    if let Some(link) = link.signed() {
        return messenger.attachment_by_link(id, &link).await;
    }
    let access = signed_in(request).await?;
    Ok(messenger.as_user(access).attachment(id, LINK_LIFE).await?.0)
}

/// Serves a file through this server, wherever it is stored: the client accepts no status except 200.
async fn send(messenger: &Messenger, file: ReadableFile, range: Option<&str>) -> Reading {
    let size = u64::try_from(file.size).unwrap_or_default();
    let wanted = range.and_then(parse_range).map(|range| within(&range, size));
    if wanted == Some(None) {
        return Ok(Response::new(Bytes::NoSuchPart(Json(no_such_part())))
            .header("Content-Range", format!("bytes */{size}")));
    }
    let kind = if is_shown_inline(&file.content_type) { "inline" } else { "attachment" };
    let disposition = format!("{kind}; {}", named(&file.filename));
    let wanted = wanted.flatten();
    let is_part = wanted.is_some();
    let FileStream { range, size, bytes } = messenger.open(&file, wanted.map(GetRange::Bounded)).await?;
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
