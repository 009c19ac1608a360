//! Writing what was said elsewhere, some messages at a time, as posts are written.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::{Import, Known, OldChat, OldMessage, Target};
use crate::messenger::chats::chat::{CreationNotice, NewGroup};
use crate::messenger::chats::lookup::find;
use crate::messenger::chats::validate::{check_description, check_title};
use crate::messenger::foundation::{Error, Result, Tries, Work};
use crate::messenger::messages::post::insert_posts;
use crate::messenger::messages::request::{BatchMode, NewMessage, PostRequest, Prechecked};
use crate::messenger::messages::validate::own_files;
use crate::model::{
    Attachment, AttachmentId, ChatId, Content, Imported, Kind, Message, MessageId, Origin, Time, text,
};
use crate::store::{attachments, messages, users};

/// The pause between two batches, for others who write.
const PAUSE: Duration = Duration::from_millis(5);
/// In characters.
const LONGEST_NAME: usize = 100;
const LONGEST_TEXT: usize = 16_000;
const LONGEST_DESCRIPTION: usize = 900;
/// Of whom an export tells no name.
const NOBODY: &str = "Somebody";

/// A message that will be written.
struct Ready {
    old: OldMessage,
    content: Content,
    files: Vec<Attachment>,
}

impl Import {
    /// The most messages of one batch.
    pub const BATCH: usize = 128;

    /// Says in a chat what was said, in its order. What is there already stays as it is.
    pub async fn say(&mut self, target: &mut Target, old: Vec<OldMessage>) -> Result<()> {
        self.see(old.len())?;
        let (before, mut tries) = (self.done, Tries::default());
        loop {
            match self.say_once(target, old.clone()).await {
                // Perhaps the same import on another node. What that wrote is found now.
                Err(Error::Again) if tries.another().await => {
                    self.done = before;
                    for message in &old {
                        target.known.remove(&message.id);
                    }
                }
                done => return done,
            }
        }
    }

    async fn say_once(&mut self, target: &mut Target, old: Vec<OldMessage>) -> Result<()> {
        let new = self.find_out(target, old).await?;
        let ready = self.prepare(new).await?;
        if !ready.is_empty() {
            self.write(target, ready).await?;
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Which of these are not here yet; where the others are, there the rest goes.
    async fn find_out(&mut self, target: &mut Target, old: Vec<OldMessage>) -> Result<Vec<OldMessage>> {
        let me = self.user();
        let name = |message: &OldMessage| (me, self.name_of(target.old.id, message.id));
        let names: Vec<_> = old.iter().map(name).collect();
        let there = match names.is_empty() {
            true => HashMap::new(),
            false => messages::by_client_ids(&mut self.caller.messenger.db.read().await?, &names).await?,
        };
        if target.chat.is_none() {
            // Whoever posts by hand may choose a client_id, but not where it is said to be from. Of what was deleted
            // that is not known any more; where others are, nothing is written anyway.
            let imported =
                |found: &&Message| found.origin.as_ref().is_some_and(|origin| origin.chat.is_none());
            let deleted = |found: &&Message| found.content.is_none();
            let found = there.values().find(imported).or_else(|| there.values().find(deleted));
            target.chat = found.map(|found| found.chat);
        }
        let (mut new, mut seen, mut skipped) = (Vec::new(), HashSet::new(), 0);
        for (message, name) in old.into_iter().zip(names) {
            match there.get(&name) {
                Some(found) if target.chat == Some(found.chat) => {
                    target.known.insert(message.id, Known::from(found));
                }
                // Its name is taken.
                Some(_) => skipped += 1,
                None if target.known.contains_key(&message.id) || !seen.insert(message.id) => skipped += 1,
                None => new.push(message),
            }
        }
        self.done.skipped += skipped;
        Ok(new)
    }

    /// What can be said of these, with their files.
    async fn prepare(&mut self, new: Vec<OldMessage>) -> Result<Vec<Ready>> {
        for file in new.iter().flat_map(|message| &message.files) {
            self.bring(file).await?;
        }
        let ids: Vec<AttachmentId> =
            new.iter().flat_map(|message| self.brought(&message.files)).map(|(_, id)| id).collect();
        let found = match ids.is_empty() {
            true => Vec::new(),
            false => attachments::by_ids(&mut self.caller.messenger.db.read().await?, &ids).await?,
        };
        let found: HashMap<_, _> = found.into_iter().map(|file| (file.id, file)).collect();
        let mut ready = Vec::with_capacity(new.len());
        for old in new {
            match self.content(&old, &found) {
                Some((content, files)) => ready.push(Ready { old, content, files }),
                None => self.done.skipped += 1,
            }
        }
        Ok(ready)
    }

    /// What a message says here; nothing when it can't be said.
    fn content(
        &self,
        old: &OldMessage,
        found: &HashMap<AttachmentId, Attachment>,
    ) -> Option<(Content, Vec<Attachment>)> {
        let same = || Content::new(old.kind, old.text.clone(), old.payload.clone()).ok();
        match old.kind {
            Kind::System => None,
            Kind::Text => same().map(|content| (content, Vec::new())),
            Kind::Location => same().or_else(|| in_words(old)).map(|content| (content, Vec::new())),
            // Its votes are not here, and nobody here would be the assistant.
            Kind::Poll | Kind::Ai => in_words(old).map(|content| (content, Vec::new())),
            Kind::Voice | Kind::Image | Kind::Video | Kind::File => {
                self.with_files(old, found).or_else(|| Some((in_words(old)?, Vec::new())))
            }
        }
    }

    fn with_files(
        &self,
        old: &OldMessage,
        found: &HashMap<AttachmentId, Attachment>,
    ) -> Option<(Content, Vec<Attachment>)> {
        let ids: Vec<String> = self.brought(&old.files).iter().map(|(_, id)| id.to_string()).collect();
        let mut payload = old.payload.clone().unwrap_or_default();
        payload.remove("attachment_id");
        payload.remove("attachment_ids");
        match <[String; 1]>::try_from(ids) {
            Ok([id]) => payload.insert("attachment_id".to_owned(), id.into()),
            Err(ids) => payload.insert("attachment_ids".to_owned(), ids.into()),
        };
        let content = Content::new(old.kind, old.text.clone(), Some(payload)).ok()?;
        let messenger = &self.caller.messenger;
        let largest_voice = messenger.settings.voice_limit;
        let files = own_files(self.user(), &content, found, largest_voice, messenger.clock.now()).ok()?;
        Some((content, files))
    }

    /// Writes messages in one change, and the group for them when there is none yet.
    async fn write(&mut self, target: &mut Target, ready: Vec<Ready>) -> Result<()> {
        let mut work = self.caller.messenger.begin_of([self.user()]).await?;
        self.refuse_the_gone(&mut work).await?;
        let name = |message: &Ready| (self.user(), self.name_of(target.old.id, message.old.id));
        let names: Vec<_> = ready.iter().map(name).collect();
        if !messages::by_client_ids(&mut work.tx, &names).await?.is_empty() {
            return Err(Error::Again);
        }
        let mut done = self.done;
        let chat = match target.chat {
            Some(chat) => chat,
            None => {
                done.chats += 1;
                self.found(&mut work, &target.old).await?
            }
        };
        // What others hear is limited as everybody's posts are; what is imported by the thousands is not for them.
        let is_alone = match find(&mut work.tx, chat, self.user()).await {
            Ok((chat, _)) => chat.member_count == 1,
            Err(Error::Forbidden(_) | Error::NotFound(_)) => false,
            Err(error) => return Err(error),
        };
        if !is_alone {
            self.done.skipped += ready.len() as u64;
            return Ok(());
        }
        let mut some: Vec<(i64, PostRequest)> = Vec::new();
        for message in ready {
            let waits = |id: Option<i64>| id.is_some_and(|id| some.iter().any(|(old, _)| *old == id));
            if waits(message.old.reply_to) || waits(message.old.thread) {
                self.say_some(&mut work, target, std::mem::take(&mut some), &mut done).await?;
            }
            some.push((message.old.id, self.request(target, chat, message)));
        }
        self.say_some(&mut work, target, some, &mut done).await?;
        work.commit().await?;
        target.chat = Some(chat);
        self.done = done;
        Ok(())
    }

    /// Says messages that answer none of each other.
    async fn say_some(
        &self,
        work: &mut Work,
        target: &mut Target,
        some: Vec<(i64, PostRequest)>,
        done: &mut Imported,
    ) -> Result<()> {
        let (ids, requests): (Vec<i64>, Vec<PostRequest>) = some.into_iter().unzip();
        if requests.is_empty() {
            return Ok(());
        }
        let said = insert_posts(&self.caller.messenger, work, &requests, BatchMode::TrustIndex).await?;
        for (id, result) in ids.into_iter().zip(said) {
            match result {
                Ok(message) => {
                    done.messages += 1;
                    target.known.insert(id, Known::from(&message));
                }
                Err(refusal) => {
                    tracing::debug!(%refusal, "a message of an import is left out");
                    done.skipped += 1;
                }
            }
        }
        Ok(())
    }

    fn request(&self, target: &Target, chat: ChatId, ready: Ready) -> PostRequest {
        let Ready { old, content, files } = ready;
        let me = self.user();
        let known = |id: Option<i64>| target.known.get(&id?);
        let thread = known(old.thread).map(|known| known.thread);
        let reply = known(old.reply_to)
            .filter(|reply| !reply.is_deleted && thread.is_none_or(|thread| reply.thread == thread));
        let new = NewMessage {
            client_id: Some(self.name_of(target.old.id, old.id)),
            reply_to: reply.map(|reply| reply.id),
            thread,
            is_silent: true,
            ..NewMessage::new(content)
        };
        let origin = Origin {
            chat: None,
            message: None,
            author: old.is_own.then_some(me),
            author_name: text::line(&old.author_name)
                .map_or_else(|| NOBODY.to_owned(), |name| cut(&name, LONGEST_NAME)),
            sent_at: old.sent_at.clamp(Time(0), self.now()),
        };
        let prechecked = Some(Prechecked { origin: Some(origin), files, is_old: true });
        PostRequest { chat, author: me, new, prechecked, attempt: None, fingerprint: None }
    }

    /// Makes the group for a chat.
    async fn found(&self, work: &mut Work, old: &OldChat) -> Result<ChatId> {
        let title = text::line(&old.title).and_then(|title| check_title(&cut(&title, LONGEST_NAME)).ok());
        let day = self.now().iso();
        let imported = format!("Imported on {}.", day.split('T').next().unwrap_or_default());
        let about = old.description.as_deref().and_then(text::lines).filter(|about| !about.is_empty());
        let about = about.map(|about| format!("{imported}\n\n{}", cut(&about, LONGEST_DESCRIPTION)));
        let description = check_description(&about.unwrap_or(imported)).ok().flatten();
        let group = NewGroup {
            title: title.unwrap_or_else(|| "Import".to_owned()),
            description,
            is_public: false,
            is_read_only: false,
            members: Vec::new(),
        };
        self.caller.insert_group(work, group, CreationNotice::Posted).await
    }

    /// Refuses to go on for somebody who was signed out or is gone meanwhile.
    async fn refuse_the_gone(&self, work: &mut Work) -> Result<()> {
        let access = self.caller.access;
        if self.caller.messenger.tokens.is_revoked(access.session) {
            return Err(Error::SessionEnded);
        }
        match users::by_id(&mut work.tx, access.user).await? {
            Some(user) if !user.person.is_deactivated => Ok(()),
            _ => Err(Error::Deactivated),
        }
    }
}

impl From<&Message> for Known {
    fn from(message: &Message) -> Self {
        let thread: MessageId = message.thread.unwrap_or(message.id);
        Self { id: message.id, thread, is_deleted: message.content.is_none() }
    }
}

/// A message in words, for what can't be here as it was.
fn in_words(old: &OldMessage) -> Option<Content> {
    let words = old.plain.as_ref().or(old.text.as_ref())?;
    Content::new(Kind::Text, Some(cut(words, LONGEST_TEXT)), None).ok()
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
