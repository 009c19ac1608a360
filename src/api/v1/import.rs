//! `/users/me/import`: what one had elsewhere, from a zip of `/users/me/export`.

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

/// What to import.
#[derive(Object)]
#[oai(example)]
struct NewImport {
    /// The zip, uploaded as any file; it need not be posted.
    attachment_id: Uuid,
}

impl Example for NewImport {
    fn example() -> Self {
        Self { attachment_id: Uuid::from_u128(0x550e_8400_e29b_41d4_a716_4466_5544_0000) }
    }
}

#[OpenApi(tag = "Area::Users")]
impl Imports {
    /// Bring one's own along
    ///
    /// Takes a zip of `GET /users/me/export`, of this server or another one: upload it as any file, then name it here.
    ///
    /// Each chat becomes a group of one's own with nobody else in it; saved messages go to one's saved messages. Each
    /// message becomes a silent one of one's own with a `forwarded_from` that tells who wrote it and when; ids there are null, because
    /// they meant something elsewhere, but for the `author_id` of what one wrote oneself. What these names and times say is what
    /// the zip says. Replies and threads stay. Files that are in the zip, those that one uploaded oneself, are
    /// uploaded anew, and whatever is refused to an upload is refused to them. A message without its files becomes a text,
    /// and so does a poll. Edits, reactions and pins are left out, and so are messages that
    /// were deleted, said by the server, or to disappear after a while.
    ///
    /// It answers when it is done, and goes on when nobody waits for that. Repeated, it adds nothing twice and finishes what
    /// it began; where others have come into a group meanwhile, nothing is added any more.
    /// With an access token that has the scopes `account` and `write`. Everybody has one at a time, and three an
    /// hour; one holds at most 2,000 chats and 500,000 messages.
    #[oai(path = "/users/me/import", method = "post", operation_id = "import")]
    async fn import(
        &self,
        messenger: Data<&Messenger>,
        caller: Importer,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewImport>,
    ) -> Answer<Json<Imported>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let import = caller.import(AttachmentId(body.0.attachment_id)).await?;
        let carried_out = tokio::spawn(async move {
            let done = Box::pin(carry_out(import)).await;
            // The key is held as long, also when nobody waits any more.
            drop(key);
            done.inspect_err(|error| tracing::warn!(%error, "an import broke off"))
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
        let mut batch = Vec::new();
        for entry in entries {
            let mut lines = Lines::of(zip.read(entry).await?);
            while let Some(line) = lines.next().await? {
                match line.and_then(|line| form::message(&line, &about, &names, &layout)) {
                    Some(message) => batch.push(message),
                    None => import.skip()?,
                }
                if batch.len() == Import::BATCH {
                    import.import_messages(&mut target, std::mem::take(&mut batch)).await?;
                }
            }
        }
        import.import_messages(&mut target, batch).await?;
    }
    import.finish().await
}
