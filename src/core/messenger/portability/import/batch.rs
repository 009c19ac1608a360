//! Imports messages in batches, through the same code as posts.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::{Import, ImportedMessage, SourceChat, SourceMessage, TargetChat};
use crate::boxed;
use crate::messenger::chats::chat::{CreationNotice, NewGroup};
use crate::messenger::chats::lookup::find;
use crate::messenger::chats::validate::{check_description, check_title};
use crate::messenger::foundation::{Error, Result, Retries, UnitOfWork};
use crate::messenger::messages::post::insert_posts;
use crate::messenger::messages::posting_rights::RightsSource;
use crate::messenger::messages::request::{BatchMode, ChatLimit, NewMessage, PostRequest, Prechecked};
use crate::messenger::messages::validate::own_files;
use crate::model::{
    Attachment, AttachmentId, ChatId, Content, ImportSummary, Kind, Message, MessageId, Origin, Time, text,
};
use crate::store::{Error as StoreError, attachments, messages};

/// The least pause between two slices, for other writers.
const PAUSE: Duration = Duration::from_millis(5);
/// Maximum lengths in characters.
const MAX_NAME: usize = 100;
const MAX_TEXT: usize = 16_000;
const MAX_DESCRIPTION: usize = 900;
/// The author's name where an export has none.
const UNKNOWN_AUTHOR: &str = "Somebody";

/// A validated message with its files.
struct Ready {
    source: SourceMessage,
    content: Content,
    files: Vec<Attachment>,
}

impl Import {
    /// The most messages of one slice, which others wait for, and the most bytes of their lines.
    pub const BATCH: usize = 256;
    pub const BATCH_BYTES: usize = 4 * 1024 * 1024;

    /// Imports messages into a chat, in order. Those imported before are not changed.
    #[boxed]
    pub async fn import_messages(
        &mut self,
        target: &mut TargetChat,
        source: Vec<SourceMessage>,
    ) -> Result<()> {
        self.count(source.len())?;
        let mut source = source.into_iter();
        loop {
            let size = usize::try_from(self.slice.get()).unwrap_or(usize::MAX);
            let slice: Vec<SourceMessage> = source.by_ref().take(size).collect();
            if slice.is_empty() {
                return Ok(());
            }
            self.import_slice(target, slice).await?;
        }
    }

    /// Imports as many messages as others can wait for.
    async fn import_slice(&mut self, target: &mut TargetChat, source: Vec<SourceMessage>) -> Result<()> {
        let (before, mut retries) = (self.done, Retries::default());
        loop {
            match self.try_import_messages(target, source.clone()).await {
                // Perhaps the same import runs on another node: the messages it wrote are found in the next attempt.
                Err(Error::Again) if retries.wait().await => {
                    self.done = before;
                    for message in &source {
                        target.known.remove(&message.id);
                    }
                }
                done => return done,
            }
        }
    }

    async fn try_import_messages(
        &mut self,
        target: &mut TargetChat,
        source: Vec<SourceMessage>,
    ) -> Result<()> {
        let new = self.select_new(target, source).await?;
        let ready = self.prepare(new).await?;
        if !ready.is_empty() {
            sleep_until(self.next_slice.into()).await;
            let written_in = self.write(target, ready).await?;
            self.next_slice = Instant::now() + PAUSE.max(written_in);
        }
        Ok(())
    }

    /// Selects the messages that were not imported yet. The chat of those that were becomes the target.
    async fn select_new(
        &mut self,
        target: &mut TargetChat,
        source: Vec<SourceMessage>,
    ) -> Result<Vec<SourceMessage>> {
        let me = self.user();
        let name = |message: &SourceMessage| (me, self.client_id_of(target.source.id, message.id));
        let names: Vec<_> = source.iter().map(name).collect();
        let there = match names.is_empty() {
            true => HashMap::new(),
            false => messages::by_client_ids(&mut self.caller.messenger.db.read().await?, &names).await?,
        };
        if target.chat.is_none() {
            // Clients can choose a `client_id`, but not the origin of a message. A deleted message has no origin any
            // more; using its chat is safe, because nothing is imported into a chat with other members.
            let imported =
                |found: &&Message| found.origin.as_ref().is_some_and(|origin| origin.chat.is_none());
            let deleted = |found: &&Message| found.content.is_none();
            let found = there.values().find(imported).or_else(|| there.values().find(deleted));
            target.chat = found.map(|found| found.chat);
        }
        let (mut new, mut seen, mut skipped) = (Vec::new(), HashSet::new(), 0);
        for (message, name) in source.into_iter().zip(names) {
            match there.get(&name) {
                Some(found) if target.chat == Some(found.chat) => {
                    target.known.insert(message.id, ImportedMessage::from(found));
                }
                // The `client_id` is used in another chat.
                Some(_) => skipped += 1,
                None if target.known.contains_key(&message.id) || !seen.insert(message.id) => skipped += 1,
                None => new.push(message),
            }
        }
        self.done.skipped += skipped;
        Ok(new)
    }

    /// Validates messages and uploads their files.
    async fn prepare(&mut self, new: Vec<SourceMessage>) -> Result<Vec<Ready>> {
        for file in new.iter().flat_map(|message| &message.files) {
            self.upload_once(file).await?;
        }
        let ids: Vec<AttachmentId> =
            new.iter().flat_map(|message| self.uploaded(&message.files)).map(|(_, id)| id).collect();
        let found = match ids.is_empty() {
            true => Vec::new(),
            false => attachments::by_ids(&mut self.caller.messenger.db.read().await?, &ids).await?,
        };
        let found: HashMap<_, _> = found.into_iter().map(|file| (file.id, file)).collect();
        let mut ready = Vec::with_capacity(new.len());
        for source in new {
            match self.content(&source, &found) {
                Some((content, files)) => ready.push(Ready { source, content, files }),
                None => self.done.skipped += 1,
            }
        }
        Ok(ready)
    }

    /// The content and files of a message; `None` when it can't be imported.
    fn content(
        &self,
        source: &SourceMessage,
        found: &HashMap<AttachmentId, Attachment>,
    ) -> Option<(Content, Vec<Attachment>)> {
        let same = || Content::new(source.kind, source.text.clone(), source.payload.clone()).ok();
        match source.kind {
            Kind::System => None,
            Kind::Text => same().map(|content| (content, Vec::new())),
            Kind::Location => same().or_else(|| in_words(source)).map(|content| (content, Vec::new())),
            // Votes are not imported, and assistants' answers need the assistant as author.
            Kind::Poll | Kind::Ai => in_words(source).map(|content| (content, Vec::new())),
            Kind::Voice | Kind::Image | Kind::Video | Kind::File => {
                self.with_files(source, found).or_else(|| Some((in_words(source)?, Vec::new())))
            }
        }
    }

    fn with_files(
        &self,
        source: &SourceMessage,
        found: &HashMap<AttachmentId, Attachment>,
    ) -> Option<(Content, Vec<Attachment>)> {
        let ids: Vec<String> = self.uploaded(&source.files).iter().map(|(_, id)| id.to_string()).collect();
        let mut payload = source.payload.clone().unwrap_or_default();
        payload.remove("attachment_id");
        payload.remove("attachment_ids");
        match <[String; 1]>::try_from(ids) {
            Ok([id]) => payload.insert("attachment_id".to_owned(), id.into()),
            Err(ids) => payload.insert("attachment_ids".to_owned(), ids.into()),
        };
        let content = Content::new(source.kind, source.text.clone(), Some(payload)).ok()?;
        let messenger = &self.caller.messenger;
        let largest_voice = messenger.settings.voice_limit;
        let files = own_files(self.user(), &content, found, largest_voice, messenger.clock.now()).ok()?;
        Some((content, files))
    }

    /// Writes messages in one unit of work, and creates the group if there is none yet. Returns how long others could not
    /// write meanwhile.
    async fn write(&mut self, target: &mut TargetChat, ready: Vec<Ready>) -> Result<Duration> {
        self.write_new(target, ready).await.map_err(again_if_taken)
    }

    async fn write_new(&mut self, target: &mut TargetChat, ready: Vec<Ready>) -> Result<Duration> {
        let mut work = self.caller.messenger.begin_background_for(self.user()).await?;
        let began = Instant::now();
        self.caller.access.check_alive(&mut work.tx).await?;
        let mut done = self.done;
        let chat = match target.chat {
            Some(chat) => chat,
            None => {
                done.chats += 1;
                self.found(&mut work, &target.source).await?
            }
        };
        // Posts that others receive are rate-limited; imports are not, so they are not allowed where there are other
        // members.
        let is_only_member = match find(&mut work.tx, chat, self.user()).await {
            Ok((chat, _)) => chat.member_count == 1,
            Err(Error::Forbidden(_) | Error::NotFound(_)) => false,
            Err(error) => return Err(error),
        };
        if !is_only_member {
            self.done.skipped += ready.len() as u64;
            return Ok(began.elapsed());
        }
        let mut some: Vec<(i64, PostRequest)> = Vec::new();
        for message in ready {
            let waits = |id: Option<i64>| id.is_some_and(|id| some.iter().any(|(source, _)| *source == id));
            if waits(message.source.reply_to) || waits(message.source.thread) {
                self.post_messages(&mut work, target, std::mem::take(&mut some), &mut done).await?;
            }
            some.push((message.source.id, self.request(target, chat, message)));
        }
        // Two small questions were asked and two trips to the database follow; without them, a busy machine would have
        // slices made smaller that take no less time for that.
        let trips = began.elapsed();
        let writing = Instant::now();
        self.post_messages(&mut work, target, some, &mut done).await?;
        work.commit().await?;
        self.slice.adapt(writing.elapsed().saturating_sub(trips));
        target.chat = Some(chat);
        self.done = done;
        Ok(began.elapsed())
    }

    /// Posts messages that do not reply to each other.
    async fn post_messages(
        &self,
        work: &mut UnitOfWork,
        target: &mut TargetChat,
        some: Vec<(i64, PostRequest)>,
        done: &mut ImportSummary,
    ) -> Result<()> {
        let (ids, requests): (Vec<i64>, Vec<PostRequest>) = some.into_iter().unzip();
        if requests.is_empty() {
            return Ok(());
        }
        let said = insert_posts(
            &self.caller.messenger,
            work,
            &requests,
            (BatchMode::KnownNew, RightsSource::Database),
        )
        .await?;
        for (id, result) in ids.into_iter().zip(said) {
            match result {
                Ok(message) => {
                    done.messages += 1;
                    target.known.insert(id, ImportedMessage::from(&message));
                }
                Err(refusal) => {
                    tracing::debug!(%refusal, "a message of an import was skipped");
                    done.skipped += 1;
                }
            }
        }
        Ok(())
    }

    fn request(&self, target: &TargetChat, chat: ChatId, ready: Ready) -> PostRequest {
        let Ready { source, content, files } = ready;
        let me = self.user();
        let known = |id: Option<i64>| target.known.get(&id?);
        let thread = known(source.thread).map(|known| known.thread);
        let reply = known(source.reply_to)
            .filter(|reply| !reply.is_deleted && thread.is_none_or(|thread| reply.thread == thread));
        let new = NewMessage {
            client_id: Some(self.client_id_of(target.source.id, source.id)),
            reply_to: reply.map(|reply| reply.id),
            thread,
            is_silent: true,
            ..NewMessage::new(content)
        };
        let origin = Origin {
            chat: None,
            message: None,
            author: source.is_own.then_some(me),
            author_name: text::line(&source.author_name)
                .map_or_else(|| UNKNOWN_AUTHOR.to_owned(), |name| cut(&name, MAX_NAME)),
            sent_at: source.sent_at.clamp(Time(0), self.now()),
        };
        let prechecked = Some(Prechecked { origin: Some(origin), files, is_old: true });
        PostRequest {
            chat,
            author: me,
            new,
            prechecked,
            attempt: None,
            chat_limit: ChatLimit::Exempt,
            fingerprint: None,
        }
    }

    /// Creates the group for a chat.
    async fn found(&self, work: &mut UnitOfWork, source: &SourceChat) -> Result<ChatId> {
        let title = text::line(&source.title).and_then(|title| check_title(&cut(&title, MAX_NAME)).ok());
        let day = self.now().iso();
        let imported = format!("Imported on {}.", day.split('T').next().unwrap_or_default());
        let about = source.description.as_deref().and_then(text::lines).filter(|about| !about.is_empty());
        let about = about.map(|about| format!("{imported}\n\n{}", cut(&about, MAX_DESCRIPTION)));
        let description = check_description(&about.unwrap_or(imported)).ok().flatten();
        let title = title.unwrap_or_else(|| "Import".to_owned());
        let group = NewGroup { description, ..NewGroup::private(title, Vec::new()) };
        self.caller.insert_group(work, group, CreationNotice::Posted).await
    }
}

/// What has been written meanwhile is found in the next try. The index refuses it with the statement that follows.
fn again_if_taken(error: Error) -> Error {
    match &error {
        Error::Internal(cause) if matches!(cause.downcast_ref::<StoreError>(), Some(StoreError::Taken)) => {
            Error::Again
        }
        _ => error,
    }
}

impl From<&Message> for ImportedMessage {
    fn from(message: &Message) -> Self {
        let thread: MessageId = message.thread.unwrap_or(message.id);
        Self { id: message.id, thread, is_deleted: message.content.is_none() }
    }
}

/// A message as text, for kinds that can't be imported as they are.
fn in_words(source: &SourceMessage) -> Option<Content> {
    let words = source.plain.as_ref().or(source.text.as_ref())?;
    Content::new(Kind::Text, Some(cut(words, MAX_TEXT)), None).ok()
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
