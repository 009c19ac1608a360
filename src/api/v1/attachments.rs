//! `/attachments`: announcing files and reading them.

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
use super::types::{Attachment, Links, Quota, UploadForm};
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::download::{named, parse_range, within};
use crate::site::Asked;
use besedka_core::files::{Served, is_shown_inline};
use besedka_core::messenger::{Access, Announcement, Caller, Error, Limit, Link, Messenger, ReadableFile};
use besedka_core::model::{AttachmentId, Scopes, Time};

/// How long a link to a file is good.
const LINK_LIFE: Duration = Duration::from_secs(5 * 60);
/// Of files: whoever may read one today may not tomorrow.
const PRIVATE: &str = "private, no-store";
/// Of files: none can do anything in our origin.
pub(super) const SANDBOX: &str = "sandbox; default-src 'none'";

pub struct Attachments;

/// A file that is going to be uploaded.
#[derive(Object)]
#[oai(example)]
struct NewAttachment {
    /// 1 to 255 bytes.
    filename: String,
    /// A media type. What the bytes are found to be must not contradict it.
    content_type: String,
    /// How many bytes it has; more are not taken. The server's limit without it.
    size: Option<u64>,
}

impl Example for NewAttachment {
    fn example() -> Self {
        Self { filename: "audio.opus".to_owned(), content_type: "audio/opus".to_owned(), size: Some(20_480) }
    }
}

#[derive(ApiResponse)]
enum Download {
    /// The whole file.
    #[oai(status = 200)]
    Whole(Binary<Body>),
    /// The part that `Range` asks for.
    #[oai(status = 206)]
    Part(Binary<Body>),
    /// It is in a bucket; `Location` is good for 5 minutes. `Range` goes with it.
    #[oai(status = 307)]
    Elsewhere,
    /// There is no such part.
    #[oai(status = 416)]
    NoSuchPart,
}

#[derive(ApiResponse)]
enum Thumbnail {
    #[oai(status = 200)]
    Here(Binary<Body>),
    /// It is in a bucket; `Location` is good for 5 minutes.
    #[oai(status = 307)]
    Elsewhere,
}

#[OpenApi(tag = "Area::Attachments")]
impl Attachments {
    /// Announce a file
    ///
    /// Answers a form: POST it to its `url` as `multipart/form-data`, all of its fields first and `file`
    /// last. The answer to that is 204, and then the file can be posted in a message, within a day.
    ///
    /// Where files are kept in a bucket of S3, `url` is the bucket's and there are more fields. The bucket holds to
    /// key, type, size and time; whether the file is what it says is found out when it is posted or asked for, and
    /// refused there as an upload to this server is.
    #[oai(path = "/attachments", method = "post", operation_id = "announceAttachment")]
    async fn announce(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewAttachment>,
    ) -> Answer<Json<UploadForm>> {
        let NewAttachment { filename, content_type, size } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let form = caller.announce_file(Announcement { filename, content_type, size }).await?;
        Ok(Json(UploadForm::new(form, upload_url(&visit.base))))
    }

    /// What is known of a file
    ///
    /// Whoever uploaded it may ask, and the members of chats where it was posted. `url` is a link
    /// that needs no token, good for 5 minutes.
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
        let Link { until, signature } = link;
        let link = |what: &str| {
            let id = id.0;
            format!("{}/api/v1/attachments/{id}{what}?expires={}&signature={signature}", visit.base, until.0)
        };
        let links = Links { file: link(""), thumbnail: link("/thumbnail") };
        Ok(Json(Attachment::new(attachment.into_attachment(), Some(links))))
    }

    /// Read a file
    ///
    /// With an access token, or by the link that `…/info` answers. Pictures, sound and video may be
    /// shown in place; anything else is saved. Where files are kept in a bucket, it redirects there: follow it
    /// without the token.
    #[oai(path = "/attachments/:id", method = "get", operation_id = "attachment")]
    async fn read(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        id: Path<Uuid>,
        /// Of a link: until when it is good.
        expires: Query<Option<i64>>,
        /// Of a link.
        signature: Query<Option<String>>,
        /// As in `bytes=0-1023`.
        #[oai(name = "Range")]
        range: Header<Option<String>>,
    ) -> Answer<Response<Download>> {
        let attachment = readable(request, &messenger, AttachmentId(id.0), expires.0, signature.0).await?;
        send(&messenger, &method_of(request), attachment, range.0.as_deref()).await
    }

    /// Read a file's thumbnail
    ///
    /// A JPEG, or a WebP when something can be seen through; at most 512 pixels on a side. For whom
    /// the file is, and by the same link. Pictures that could not be read have none.
    #[oai(path = "/attachments/:id/thumbnail", method = "get", operation_id = "attachmentThumbnail")]
    async fn thumbnail(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        id: Path<Uuid>,
        /// Of a link: until when it is good.
        expires: Query<Option<i64>>,
        /// Of a link.
        signature: Query<Option<String>>,
    ) -> Answer<Response<Thumbnail>> {
        let attachment = readable(request, &messenger, AttachmentId(id.0), expires.0, signature.0).await?;
        let content_type = attachment.facts.thumbnail.clone().unwrap_or_default();
        let served = Served { content_type: &content_type, disposition: "inline", caching: PRIVATE };
        if let Some(url) = messenger.thumbnail_elsewhere(&attachment, method_of(request), &served).await? {
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

    /// How much room one's files take
    ///
    /// An upload for which there is no room is refused with 413 and code `quota_exceeded`. There is
    /// room again when messages with files are deleted, some hours later.
    #[oai(path = "/users/me/quota", method = "get", operation_id = "quota")]
    async fn quota(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<Json<Quota>> {
        Ok(Json(messenger.as_user(caller.0).quota().await?.into()))
    }
}

fn method_of(request: &Request) -> Method {
    request.data::<Asked>().map_or(Method::GET, |Asked(method)| method.clone())
}

/// A file that may be read, by a link or with a token.
async fn readable(
    request: &Request,
    messenger: &Messenger,
    id: AttachmentId,
    expires: Option<i64>,
    signature: Option<String>,
) -> Answer<ReadableFile> {
    if let (Some(until), Some(signature)) = (expires, signature) {
        return Ok(messenger.linked(id, &Link { until: Time(until), signature }).await?);
    }
    let bearer = Bearer::from_request(request).map_err(|_| Error::Unauthorized)?;
    let access: Access = messenger.access(&bearer.token, Scopes::READ).await?;
    messenger.limit(Limit::Read(access.user))?;
    Ok(messenger.as_user(access).attachment(id, LINK_LIFE).await?.0)
}

/// The form of an attachment that was announced before.
pub async fn form_again(caller: &Caller, id: AttachmentId, base: &str) -> Option<UploadForm> {
    Some(UploadForm::new(caller.form_again(id).await.ok()?, upload_url(base)))
}

fn upload_url(base: &str) -> String {
    format!("{base}/api/v1/uploads")
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
        return Ok(
            Response::new(Download::NoSuchPart).header(header::CONTENT_RANGE, format!("bytes */{size}"))
        );
    }
    let place = if is_shown_inline(&attachment.content_type) { "inline" } else { "attachment" };
    let disposition = format!("{place}; {}", named(&attachment.filename));
    let served =
        Served { content_type: &attachment.content_type, disposition: &disposition, caching: PRIVATE };
    if let Some(url) = messenger.elsewhere(&attachment, method.clone(), &served).await? {
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
