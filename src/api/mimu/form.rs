//! A file in a form, read as a stream: it is not buffered in memory or in a temporary file.

use multer::{Field, Multipart};
use poem::http::{StatusCode, header};
use poem::{Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};

use super::Refusal;
use crate::form;
use besedka_core::messenger::{Error, ExpectedType};

const MIB: u64 = 1024 * 1024;
/// The largest form field before the file.
const LARGEST_FIELD: usize = 4 * 1024;
/// How much of a refused form is still read: a client that cannot send all of it takes the error for a broken
/// connection, and retries twice.
const LEFTOVER: u64 = 128 * MIB;

/// A form with a file.
pub struct Form(Multipart<'static>);

impl Payload for Form {
    const CONTENT_TYPE: &'static str = "multipart/form-data";

    fn check_content_type(_: &str) -> bool {
        // Refused below, with an error about forms.
        true
    }

    fn schema_ref() -> MetaSchemaRef {
        let mut kind = MetaSchema::new("string");
        kind.description = Some("The purpose of the file; `file` by default. It must precede the file.");
        kind.enum_items = ["image", "video", "voice", "file"].map(Into::into).to_vec();
        let mut file = MetaSchema::new_with_format("string", "binary");
        file.description = Some("Up to 10 MiB for an image, 5 MiB for a voice message, 100 MiB otherwise.");
        let mut form = MetaSchema::new("object");
        form.required = vec!["file"];
        let inline = |schema| MetaSchemaRef::Inline(Box::new(schema));
        form.properties = vec![("type", inline(kind)), ("file", inline(file))];
        inline(form)
    }
}

impl ParsePayload for Form {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let content_type = request.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
        let form = form::read(content_type, body.take()?);
        let unsupported =
            || Refusal::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, form::WANTED, "unsupported_media_type");
        Ok(Self(form.ok_or_else(unsupported)?))
    }
}

poem_openapi::impl_apirequest_for_payload!(Form,);

/// The purpose of a file.
#[derive(Clone, Copy)]
pub struct Purpose {
    pub expected: ExpectedType,
    /// The maximum size in bytes.
    pub most: u64,
}

impl Purpose {
    fn named(name: &str) -> Option<Self> {
        let (expected, mib) = match name {
            "image" => (ExpectedType::Picture, 10),
            "voice" => (ExpectedType::Sound, 5),
            "video" => (ExpectedType::Video, 100),
            "file" => (ExpectedType::Anything, 100),
            _ => return None,
        };
        Some(Self { expected, most: mib * MIB })
    }
}

impl Form {
    /// Reads the form up to the file.
    pub async fn file(&mut self) -> std::result::Result<(Purpose, Field<'static>), Error> {
        let mut purpose = Purpose { expected: ExpectedType::Anything, most: 100 * MIB };
        while let Some(mut field) = self.0.next_field().await.map_err(broken)? {
            match field.name() {
                Some("file") => return Ok((purpose, field)),
                Some("type") => {
                    let mut name = Vec::new();
                    while let Some(chunk) = field.chunk().await.map_err(broken)? {
                        name.extend_from_slice(&chunk);
                        if name.len() > LARGEST_FIELD {
                            break;
                        }
                    }
                    let named = std::str::from_utf8(&name).ok().and_then(|name| Purpose::named(name.trim()));
                    purpose =
                        named.ok_or_else(|| Error::invalid("type", "must be image, video, voice or file"))?;
                }
                _ => {}
            }
        }
        Err(Error::invalid("file", "is missing"))
    }

    /// Reads the rest of a refused form.
    pub async fn drain(self) {
        form::drain(self.0, LEFTOVER).await;
    }
}

fn broken(error: multer::Error) -> Error {
    Error::invalid("file", format!("the upload was interrupted: {error}"))
}
