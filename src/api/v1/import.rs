//! `/users/me/import`: imports a zip archive from `/users/me/export`.

mod form;

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::caller::Importer;
use super::idempotency::Key;
use super::types::Imported;
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{self, Error, Import, Messenger};
use besedka_core::model::AttachmentId;
use form::{About, Layout, Lines, Names};

pub struct Imports;

/// A request to import an archive.
#[derive(Object)]
#[oai(example)]
struct NewImport {
    /// The zip archive, uploaded like any file. It does not need to be posted in a message.
    attachment_id: Uuid,
}

impl Example for NewImport {
    fn example() -> Self {
        Self { attachment_id: Uuid::from_u128(0x550e_8400_e29b_41d4_a716_4466_5544_0000) }
    }
}

#[OpenApi(tag = "Area::Users")]
impl Imports {
    /// Import data
    ///
    /// Imports a zip archive from `GET /users/me/export` of this or another server. Upload the archive like any
    /// file first, then pass its attachment ID here. Requires an access token with the scopes `account` and
    /// `write`.
    ///
    /// Each chat becomes a new group with the caller as its only member; saved messages are added to the
    /// caller's saved messages. Each message becomes a silent message by the caller whose `forwarded_from`
    /// names the original author and time, as stated in the archive. IDs in `forwarded_from` are null, because
    /// they refer to another server, except for `author_id` of the caller's own messages. Replies and threads
    /// are preserved.
    ///
    /// Files in the archive (those that the exporting user uploaded) are uploaded again and subject to the same
    /// checks as any upload. A message whose files are missing becomes a text message, as does a poll. Edits,
    /// reactions and pins are not imported, nor are deleted, system and disappearing messages.
    ///
    /// The response is sent when the import is complete; the import continues if the client disconnects.
    /// Repeating an import adds nothing twice and completes an unfinished one; groups that other people have
    /// joined in the meantime are skipped. Each user can run one import at a time and three per hour. An
    /// archive can hold at most 2,000 chats, 500,000 messages and 1,000,000 lines.
    #[oai(path = "/users/me/import", method = "post", operation_id = "importData")]
    async fn import(
        &self,
        messenger: Data<&Messenger>,
        caller: Importer,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewImport>,
    ) -> Answer<Json<Imported>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let import = caller.import(AttachmentId(body.0.attachment_id)).await?;
        let carried_out = tokio::spawn(async move {
            let done = Box::pin(import.run(carry_out)).await;
            // The key stays reserved until the import is complete, even if the client disconnects.
            drop(key);
            done.inspect_err(|error| tracing::warn!(%error, "an import failed"))
        });
        let done = carried_out.await.map_err(|error| Error::Internal(error.into()))?;
        Ok(Json(done?.into()))
    }
}

async fn carry_out(mut import: Import) -> messenger::Result<messenger::ImportSummary> {
    let zip = import.zip().clone();
    let about = About::of(&zip).await?;
    let layout = Layout::of(&zip);
    import.of(about.user_id, layout.chats.len())?;
    let mut names = Names::default();
    names.learn_own(&zip).await?;
    for (id, entries) in &layout.chats {
        let mut target = import.chat(form::chat(&zip, *id).await?).await?;
        names.learn_members(&zip, *id).await?;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for entry in entries {
            let mut lines = Lines::of(zip.read(entry).await?);
            while let Some(line) = lines.next(import.lines()).await? {
                bytes += line.as_ref().map_or(0, Vec::len);
                match line.and_then(|line| form::message(&line, &about, &names, &layout)) {
                    Some(message) => batch.push(message),
                    None => import.skip()?,
                }
                if batch.len() == Import::BATCH || bytes >= Import::BATCH_BYTES {
                    bytes = 0;
                    import.import_messages(&mut target, std::mem::take(&mut batch)).await?;
                }
            }
        }
        import.import_messages(&mut target, batch).await?;
    }
    import.finish().await
}
