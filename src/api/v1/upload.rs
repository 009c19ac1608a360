//! `/uploads`: receives the upload form of an attachment, `multipart/form-data` in the format of S3's POST
//! Object.

use multer::{Field, Multipart};
use poem::http::{StatusCode, header};
use poem::web::Data;
use poem::{Body, IntoResponse, Response, handler};
use serde_json::{Map, Value, json};

use super::{Answer, Refusal};
use crate::form;
use besedka_core::messenger::{Error, Messenger};

/// The largest form field before the file.
const LARGEST_FIELD: usize = 4 * 1024;
/// How much of a refused upload is still read, so that the client receives the response.
const LEFTOVER: u64 = 4 * 1024 * 1024;

/// The operation as the document describes it: poem-openapi reads no forms as streams.
pub fn described() -> Value {
    let errors = [
        ("400", "Invalid"),
        ("403", "Forbidden"),
        ("404", "NotFound"),
        ("413", "TooLarge"),
        ("415", "UnsupportedMediaType"),
        ("429", "TooManyRequests"),
        ("500", "Internal"),
        ("503", "Busy"),
        ("507", "StorageFull"),
    ];
    let refusal = |(status, name): (&str, &str)| {
        (status.to_owned(), json!({"$ref": format!("#/components/responses/{name}")}))
    };
    let mut responses: Map<String, Value> = errors.map(refusal).into_iter().collect();
    responses.insert("204".to_owned(), json!({"description": "The file was stored."}));
    responses.insert(
        "201".to_owned(),
        json!({
            "description": "The file was stored; `success_action_status` asked for this status.",
            "content": {"application/xml": {"schema": {"type": "string"}}},
        }),
    );
    responses.sort_keys();
    json!({
        "tags": ["Attachments"],
        "operationId": "uploadFile",
        "summary": "Upload a file",
        "description": "Where the form of `POST /attachments` is sent, unless it goes to a bucket: always send it to the \
            form's `url`. The form's signature takes the place of a token. All of the form's fields come first, and \
            `file` last.",
        "requestBody": {
            "required": true,
            "content": {"multipart/form-data": {"schema": {
                "type": "object",
                "required": ["key", "Content-Type", "X-Amz-Signature", "file"],
                "properties": {
                    "key": {"type": "string"},
                    "Content-Type": {"type": "string"},
                    "X-Amz-Signature": {"type": "string"},
                    "success_action_status": {
                        "type": "string",
                        "description": "`201` for an answer in XML, as S3 gives it.",
                    },
                    "file": {"type": "string", "format": "binary"},
                },
            }}},
        },
        "responses": responses,
    })
}

/// Expects the fields `key`, `Content-Type`, `X-Amz-Signature` and then `file`. Answers 204, or 201 with XML if
/// the field `success_action_status` asks for it.
#[handler]
pub async fn upload(
    messenger: Data<&Messenger>,
    request: &poem::Request,
    body: Body,
) -> poem::Result<Response> {
    let content_type = request.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let Some(mut form) = form::read(content_type, body) else {
        return Err(
            Refusal::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, form::WANTED, "unsupported_media_type").into()
        );
    };
    let answer = fill_in(&messenger, &mut form).await;
    if answer.is_err() {
        form::drain(form, LEFTOVER).await;
    }
    Ok(answer?)
}

#[derive(Default)]
struct Fields {
    key: String,
    content_type: String,
    signature: String,
    status: String,
}

async fn fill_in(messenger: &Messenger, form: &mut Multipart<'_>) -> Answer<Response> {
    let broken =
        |error: multer::Error| Error::invalid("file", format!("the upload was interrupted: {error}"));
    let mut fields = Fields::default();
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_ascii_lowercase();
        let value = match name.as_str() {
            "file" => {
                let Fields { key, content_type, signature, status } = fields;
                let attachment = messenger.verify_upload_form(&key, &content_type, &signature).await?;
                messenger.receive(attachment, field).await?;
                return Ok(done(&key, &status));
            }
            "key" => &mut fields.key,
            "content-type" => &mut fields.content_type,
            "x-amz-signature" => &mut fields.signature,
            "success_action_status" => &mut fields.status,
            // Other fields of S3's forms, and those that a form library adds, have no effect.
            _ => continue,
        };
        *value = short(field).await?;
    }
    Err(Error::invalid("file", "is missing; it must be the last field").into())
}

async fn short(mut field: Field<'_>) -> Answer<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| Error::invalid("file", error.to_string()))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST_FIELD {
            return Err(Error::TooLarge("A form field is larger than 4 KiB".to_owned()).into());
        }
    }
    String::from_utf8(bytes).map_err(|_| Error::invalid("key", "the form's fields must be UTF-8").into())
}

/// The response in S3's format.
fn done(key: &str, status: &str) -> Response {
    if status != "201" {
        return StatusCode::NO_CONTENT.into_response();
    }
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>/{key}</Location>\
         <Bucket>besedka</Bucket><Key>{key}</Key></PostResponse>"
    );
    Response::builder().status(StatusCode::CREATED).content_type("application/xml").body(xml)
}
