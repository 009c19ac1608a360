//! Bookmarks of messages.

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::foundation::{Error, Result, Subject};
use crate::messenger::messages::message::MessageInChat;
use crate::model::{Bookmark, BookmarkId, Change, MessageId, is_blank};
use crate::store::bookmarks;

/// The longest note, in characters.
const MAX_NOTE: usize = 1_000;
const MAX_BOOKMARKS: i64 = 5_000;
/// The most of one page, and how many without saying.
const LARGEST_PAGE: u64 = 200;
const PAGE: u64 = 50;

impl MessageInChat {
    /// Bookmarks the message; an existing bookmark gets the new note and keeps its position.
    #[boxed]
    pub async fn bookmark(mut self, note: Option<&str>) -> Result<Bookmark> {
        let note = check_note(note)?;
        let mut work = self.begin().await?;
        let (message, caller, now) = (self.message(), self.caller(), work.now);
        let (id, chat, user) = (message.id, message.chat, caller.access.user);
        if message.content.is_none() {
            return Err(Error::NotFound("message"));
        }
        let there = bookmarks::find(&mut work.tx, id, user).await?;
        let is_new = there.is_none();
        if let Some(there) = there
            && there.note.as_deref() == note
        {
            self.commit(work, Subject::Bookmark(id)).await?;
            return Ok(there);
        }
        if is_new && bookmarks::count(&mut work.tx, user).await? >= MAX_BOOKMARKS {
            return Err(Error::Conflict("You have 5,000 bookmarks already; remove some"));
        }
        let new_id = BookmarkId(caller.messenger.id());
        bookmarks::save(&mut work.tx, user, (chat, id), new_id, note, now).await?;
        let saved = bookmarks::find(&mut work.tx, id, user).await?.ok_or(Error::NotFound("message"))?;
        work.announce(user, Change::BookmarkSaved(Box::new(saved.clone())));
        self.commit(work, Subject::Bookmark(id)).await?;
        Ok(saved)
    }

    /// Deletes the caller's bookmark of the message.
    #[boxed]
    pub async fn remove_bookmark(mut self) -> Result<()> {
        let mut work = self.begin().await?;
        let (id, chat, user) = (self.message().id, self.message().chat, self.caller().access.user);
        bookmarks::find(&mut work.tx, id, user).await?.ok_or(Error::NotFound("bookmark"))?;
        bookmarks::delete(&mut work.tx, id, user).await?;
        work.announce(user, Change::BookmarkRemoved { message: id, chat });
        self.commit(work, Subject::Nothing).await
    }
}

impl Caller {
    /// The caller's bookmarks, the newest first.
    #[boxed]
    pub async fn bookmarks(&self, before: Option<BookmarkId>, limit: Option<u64>) -> Result<Vec<Bookmark>> {
        let mut read = self.messenger.db.read().await?;
        let limit = limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
        Ok(bookmarks::page(&mut read, self.access.user, before, limit).await?)
    }

    /// The caller's bookmark of a message.
    #[boxed]
    pub async fn bookmark_at(&self, id: MessageId) -> Result<Bookmark> {
        let mut read = self.messenger.db.read().await?;
        bookmarks::find(&mut read, id, self.access.user).await?.ok_or(Error::NotFound("bookmark"))
    }
}

fn check_note(note: Option<&str>) -> Result<Option<&str>> {
    let note = note.map(str::trim).filter(|note| !is_blank(note));
    if note.is_some_and(|note| note.chars().count() > MAX_NOTE || note.contains('\0')) {
        return Err(Error::invalid("note", format!("must have at most {MAX_NOTE} characters")));
    }
    Ok(note)
}
