//! `/attachments`: external files of a message.

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::auth::Caller;
use super::types::{Attachment, Created, FileType};
use super::{Answer, Area, ids};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger};
use besedka_core::model::{ExternalFile, MessageId};

pub struct Attachments;

/// An external file to attach to a message.
#[derive(Object)]
#[oai(example)]
struct NewAttachment {
    /// A message sent by the caller.
    message_id: String,
    /// An http or https URL.
    file_url: String,
    file_type: FileType,
    /// In bytes.
    file_size: i64,
}

impl Example for NewAttachment {
    fn example() -> Self {
        Self {
            message_id: ids::of_message(MessageId(253_402_300_991)),
            file_url: "https://files.example.com/plan.pdf".to_owned(),
            file_type: FileType::File,
            file_size: 48_234,
        }
    }
}

#[OpenApi(tag = "Area::Attachments", prefix_path = "/api/unet-chat")]
impl Attachments {
    /// Attach a file to a message
    ///
    /// Only for the message's author. The other participants receive `message:updated`.
    #[oai(path = "/attachments", method = "post", operation_id = "attach")]
    async fn attach(
        &self,
        messenger: Data<&Messenger>,
        caller: Caller,
        body: JsonBody<NewAttachment>,
    ) -> Answer<Created<Attachment>> {
        let NewAttachment { message_id, file_url, file_type, file_size } = body.0;
        if file_size < 0 {
            return Err(Error::invalid("file_size", "must not be negative").into());
        }
        let file = ExternalFile::new(&file_url, None, Some(file_size)).map_err(Error::from)?;
        let file = ExternalFile { class: Some(file_type.into()), ..file };
        let message =
            messenger.as_user(caller.0).message(ids::message(&message_id)?).await?.link_file(&file).await?;
        let new = Attachment::linked(&message).pop().ok_or(Error::NotFound("attachment"))?;
        Ok(Created::Created(Json(new)))
    }
}
