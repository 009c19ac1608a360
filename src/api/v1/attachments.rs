//! `/attachments`: uploading and downloading files.

use std::time::Duration;

use object_store::GetRange;
use poem::http::{Method, StatusCode, header};
use poem::web::Data;
use poem::{Body, Request};
use poem_openapi::auth::{Bearer, BearerAuthorization};
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::{Binary, Json, Response};
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::caller::{SignedIn, Visit};
use super::idempotency::Key;
use super::types::{Attachment, Links, Problem, Quota, UploadForm};
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::download::{named, no_such_part, parse_range, within};
use crate::links::{self, LinkParameters};
use crate::site::OriginalMethod;
use besedka_core::files::{ResponseHeaders, is_shown_inline};
use besedka_core::messenger::{Access, Error, Limit, Messenger, NewUpload, ReadableFile};
use besedka_core::model::{AttachmentId, Scopes};

/// How long a link to a file is valid.
const LINK_LIFE: Duration = Duration::from_secs(5 * 60);
/// For files: whoever may read one today may not be allowed to tomorrow.
const PRIVATE: &str = "private, no-store";
/// For files: none of them may run anything in our origin.
pub(super) const SANDBOX: &str = "sandbox; default-src 'none'";

pub struct Attachments;

/// A file to upload.
#[derive(Object)]
#[oai(example)]
struct NewAttachment {
    /// The file's name, 1 to 255 characters.
    filename: String,
    /// The media type. Where the content contradicts it, the detected type is stored instead.
    content_type: String,
    /// The size in bytes; larger uploads are refused. Defaults to the server's limit.
    size: Option<u64>,
    /// Whether to store the file exactly as it is sent, with the metadata of pictures and videos. Defaults to
    /// `false`.
    #[oai(default)]
    keep_original: bool,
}

impl Example for NewAttachment {
    fn example() -> Self {
        Self {
            filename: "audio.opus".to_owned(),
            content_type: "audio/opus".to_owned(),
            size: Some(20_480),
            keep_original: false,
        }
    }
}

#[derive(ApiResponse)]
enum Download {
    /// The whole file.
    #[oai(status = 200)]
    Whole(Binary<Body>),
    /// The part requested with `Range`.
    #[oai(status = 206)]
    Part(Binary<Body>),
    /// The file is stored in a bucket: follow `Location`, which is valid for 5 minutes, and repeat the `Range`
    /// header.
    #[oai(status = 307)]
    Elsewhere,
    /// The requested range does not exist.
    #[oai(status = 416)]
    NoSuchPart(Json<Problem>),
}

#[derive(ApiResponse)]
enum Thumbnail {
    #[oai(status = 200)]
    Here(Binary<Body>),
    /// The thumbnail is stored in a bucket: follow `Location`, which is valid for 5 minutes.
    #[oai(status = 307)]
    Elsewhere,
}

#[OpenApi(tag = "Area::Attachments")]
impl Attachments {
    /// Create an upload
    ///
    /// Returns a form for uploading one file. Send it to `url` as a `multipart/form-data` POST, with all of the
    /// `fields` first and `file` last. That upload answers 204; the file can then be posted in a message within
    /// a day.
    ///
    /// Every file is accepted, of whatever type. It is stored as it is sent, with one exception: metadata that
    /// tells where, when, with which device and by whom a picture or video was taken is removed, as are previews
    /// and data appended to a picture (JPEG, PNG, WebP, GIF, TIFF, HEIC, AVIF, JPEG XL, MP4, QuickTime, Matroska,
    /// WebM). Pixels, sound, orientation, colour profiles and drawings in PNGs stay. `"keep_original": true`
    /// stores the file unchanged. If the metadata can't be removed without damage, the file is stored unchanged.
    ///
    /// If the server stores files in an S3 bucket, `url` points to the bucket and there are more fields. The
    /// bucket enforces key, type, size and expiry; a file is processed when it is posted or requested, with the
    /// same errors as for an upload to this server. An upload that was refused is answered with the same error
    /// until another one succeeds.
    #[oai(path = "/attachments", method = "post", operation_id = "announceAttachment")]
    async fn announce(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewAttachment>,
    ) -> Answer<Json<UploadForm>> {
        let NewAttachment { filename, content_type, size, keep_original } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let form = caller.request_upload(NewUpload { filename, content_type, size, keep_original }).await?;
        Ok(Json(UploadForm::new(form, &visit.base)))
    }

    /// Get a file's metadata
    ///
    /// Available to the user who uploaded the file and to members of chats where it was posted. `url` is a link
    /// that needs no token and is valid for 5 minutes.
    #[oai(path = "/attachments/:id/info", method = "get", operation_id = "attachmentInfo")]
    async fn info(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: SignedIn,
        id: Path<Uuid>,
    ) -> Answer<Json<Attachment>> {
        let (attachment, link) =
            messenger.as_user(caller.0).attachment(AttachmentId(id.0), LINK_LIFE).await?;
        let query = links::query(&link);
        let link = |what: &str| format!("{}/api/v1/attachments/{}{what}?{query}", visit.base, id.0);
        let links = Links { file: link(""), thumbnail: link("/thumbnail") };
        Ok(Json(Attachment::new(attachment.into_attachment(), Some(links))))
    }

    /// Download a file
    ///
    /// Requires an access token, or a link returned by `GET /attachments/{id}/info`. Images, audio and video
    /// are served inline; everything else as a download. If files are stored in a bucket, the response
    /// redirects there: follow it without the token.
    #[expect(clippy::too_many_arguments, reason = "they are the parameters of the route")]
    #[oai(path = "/attachments/:id", method = "get", operation_id = "attachment")]
    async fn read(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        id: Path<Uuid>,
        /// From a link: when the link expires.
        expires: Query<Option<i64>>,
        /// From a link: its signature.
        signature: Query<Option<String>>,
        /// From a link: for whom it was made.
        reader: Query<Option<i64>>,
        /// The part to return, such as `bytes=0-1023`.
        #[oai(name = "Range")]
        range: Header<Option<String>>,
    ) -> Answer<Response<Download>> {
        let attachment = readable(
            request,
            &messenger,
            AttachmentId(id.0),
            LinkParameters(expires.0, reader.0, signature.0),
        )
        .await?;
        send(&messenger, &method_of(request), attachment, range.0.as_deref()).await
    }

    /// Download a file's thumbnail
    ///
    /// A JPEG, or a WebP if the image has transparency; at most 512 pixels on each side. Access is the same as
    /// for the file, with the same link parameters. Images that could not be decoded have no thumbnail.
    #[oai(path = "/attachments/:id/thumbnail", method = "get", operation_id = "attachmentThumbnail")]
    async fn thumbnail(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        id: Path<Uuid>,
        /// From a link: when the link expires.
        expires: Query<Option<i64>>,
        /// From a link: its signature.
        signature: Query<Option<String>>,
        /// From a link: for whom it was made.
        reader: Query<Option<i64>>,
    ) -> Answer<Response<Thumbnail>> {
        let attachment = readable(
            request,
            &messenger,
            AttachmentId(id.0),
            LinkParameters(expires.0, reader.0, signature.0),
        )
        .await?;
        let content_type = attachment.metadata.thumbnail.clone().unwrap_or_default();
        let served =
            ResponseHeaders { content_type: &content_type, disposition: "inline", cache_control: PRIVATE };
        if let Some(url) = messenger.thumbnail_redirect_url(&attachment, method_of(request), &served).await? {
            return Ok(Response::new(Thumbnail::Elsewhere).header(header::LOCATION, url));
        }
        let opened = messenger.open_thumbnail(&attachment).await?;
        Ok(Response::new(Thumbnail::Here(Binary(Body::from_bytes_stream(opened.bytes))))
            .header(header::CONTENT_TYPE, content_type)
            .header(header::CONTENT_LENGTH, opened.size)
            .header(header::CONTENT_DISPOSITION, "inline")
            .header(header::CACHE_CONTROL, PRIVATE)
            .header(header::CONTENT_SECURITY_POLICY, SANDBOX))
    }

    /// Get storage usage
    ///
    /// Uploads that would exceed the limit are refused with 413 and code `quota_exceeded`. Deleting messages
    /// with files frees storage after a few hours.
    #[oai(path = "/users/me/quota", method = "get", operation_id = "quota")]
    async fn quota(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<Json<Quota>> {
        Ok(Json(messenger.as_user(caller.0).quota().await?.into()))
    }
}

fn method_of(request: &Request) -> Method {
    request.data::<OriginalMethod>().map_or(Method::GET, |OriginalMethod(method)| method.clone())
}

/// A file that may be read, through a signed link or with a token.
async fn readable(
    request: &Request,
    messenger: &Messenger,
    id: AttachmentId,
    link: LinkParameters,
) -> Answer<ReadableFile> {
    if let Some(link) = link.signed() {
        return Ok(messenger.attachment_by_link(id, &link).await?);
    }
    let bearer = Bearer::from_request(request).map_err(|_| Error::Unauthorized)?;
    let access: Access = messenger.access(&bearer.token, Scopes::READ).await?;
    messenger.limit(Limit::Read(access.user))?;
    Ok(messenger.as_user(access).attachment(id, LINK_LIFE).await?.0)
}

async fn send(
    messenger: &Messenger,
    method: &Method,
    attachment: ReadableFile,
    range: Option<&str>,
) -> Answer<Response<Download>> {
    let size = u64::try_from(attachment.size).unwrap_or_default();
    let wanted = range.and_then(parse_range).map(|range| within(&range, size));
    if wanted == Some(None) {
        let refused = Response::new(Download::NoSuchPart(Json(no_such_part())));
        return Ok(refused.header(header::CONTENT_RANGE, format!("bytes */{size}")));
    }
    let kind = if is_shown_inline(&attachment.content_type) { "inline" } else { "attachment" };
    let disposition = format!("{kind}; {}", named(&attachment.filename));
    let served = ResponseHeaders {
        content_type: &attachment.content_type,
        disposition: &disposition,
        cache_control: PRIVATE,
    };
    if let Some(url) = messenger.redirect_url(&attachment, method.clone(), &served).await? {
        return Ok(Response::new(Download::Elsewhere).header(header::LOCATION, url));
    }
    let wanted = wanted.flatten();
    let is_part = wanted.is_some();
    let opened = messenger.open(&attachment, wanted.map(GetRange::Bounded)).await?;
    let (range, size) = (opened.range, opened.size);
    let body = Binary(Body::from_bytes_stream(opened.bytes));
    let answer = if is_part {
        let part = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
        Response::new(Download::Part(body)).header(header::CONTENT_RANGE, part)
    } else {
        Response::new(Download::Whole(body))
    };
    Ok(answer
        .header(header::CONTENT_TYPE, &attachment.content_type)
        .header(header::CONTENT_LENGTH, range.end - range.start)
        .header(header::CONTENT_DISPOSITION, disposition)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, PRIVATE)
        .header(header::CONTENT_SECURITY_POLICY, SANDBOX))
}
