//! `/attachments`: files elsewhere that a message shows.

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::auth::Caller;
use super::types::{Attachment, Created, FileType};
use super::{Answer, Area, ids};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger};
use besedka_core::model::{Elsewhere, MessageId};

pub struct Attachments;

/// A file for a message.
#[derive(Object)]
#[oai(example)]
struct NewAttachment {
    /// One's own message.
    message_id: String,
    /// An http or https address.
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
    /// Only to one's own. Others hear the message as `message:updated`.
    #[oai(path = "/attachments", method = "post", operation_id = "attach")]
    async fn attach(
        &self,
        messenger: Data<&Messenger>,
        caller: Caller,
        body: JsonBody<NewAttachment>,
    ) -> Answer<Created<Attachment>> {
        let NewAttachment { message_id, file_url, file_type, file_size } = body.0;
        if file_size < 0 {
            return Err(Error::invalid("file_size", "must not be less than nothing").into());
        }
        let file = Elsewhere::new(&file_url, None, Some(file_size)).map_err(Error::from)?;
        let file = Elsewhere { class: Some(file_type.into()), ..file };
        let message =
            messenger.as_user(caller.0).message(ids::message(&message_id)?).await?.link_file(&file).await?;
        let new = Attachment::linked(&message).pop().ok_or(Error::NotFound("attachment"))?;
        Ok(Created::Created(Json(new)))
    }
}
