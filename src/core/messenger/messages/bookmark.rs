//! Messages that one wants to find again.

use crate::messenger::Caller;
use crate::messenger::foundation::{Error, Result, Subject};
use crate::model::{Bookmark, BookmarkId, Change, MessageId, is_blank};
use crate::store::{bookmarks, hidden};

/// The longest note, in characters.
const LONGEST_NOTE: usize = 1_000;
const MOST_BOOKMARKS: i64 = 5_000;
/// The most of one page, and how many without saying.
const LARGEST_PAGE: u64 = 200;
const PAGE: u64 = 50;

impl Caller {
    /// Puts a bookmark at a message; one that is there gets another note and keeps its place.
    pub async fn bookmark(self, id: MessageId, note: Option<&str>) -> Result<Bookmark> {
        let note = check_note(note)?;
        let (mut work, message, _) = self.change(id).await?;
        let (user, now) = (self.access.user, work.now);
        if message.content.is_none() || hidden::is_hidden(&mut work.tx, &message, user).await? {
            return Err(Error::NotFound("message"));
        }
        let there = bookmarks::at(&mut work.tx, id, user).await?;
        let is_new = there.is_none();
        if let Some(there) = there
            && there.note.as_deref() == note
        {
            work.once(self.attempt, Subject::Bookmark(id));
            work.commit().await?;
            return Ok(there);
        }
        if is_new && bookmarks::count(&mut work.tx, user).await? >= MOST_BOOKMARKS {
            return Err(Error::Conflict("You have 5,000 bookmarks already; remove some"));
        }
        let place = BookmarkId(self.messenger.id());
        bookmarks::save(&mut work.tx, user, (message.chat, id), place, note, now).await?;
        let saved = bookmarks::at(&mut work.tx, id, user).await?.ok_or(Error::NotFound("message"))?;
        work.announce(user, Change::BookmarkSaved(Box::new(saved.clone())));
        work.once(self.attempt, Subject::Bookmark(id));
        work.commit().await?;
        Ok(saved)
    }

    pub async fn remove_bookmark(self, id: MessageId) -> Result<()> {
        let (mut work, message, _) = self.change(id).await?;
        let user = self.access.user;
        bookmarks::at(&mut work.tx, id, user).await?.ok_or(Error::NotFound("bookmark"))?;
        bookmarks::delete(&mut work.tx, id, user).await?;
        work.announce(user, Change::BookmarkRemoved { message: id, chat: message.chat });
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// One's bookmarks, the newest first.
    pub async fn bookmarks(&self, before: Option<BookmarkId>, limit: Option<u64>) -> Result<Vec<Bookmark>> {
        let mut read = self.messenger.db.read().await?;
        let limit = limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
        Ok(bookmarks::page(&mut read, self.access.user, before, limit).await?)
    }

    /// One's bookmark at a message.
    pub async fn bookmark_at(&self, id: MessageId) -> Result<Bookmark> {
        let mut read = self.messenger.db.read().await?;
        bookmarks::at(&mut read, id, self.access.user).await?.ok_or(Error::NotFound("bookmark"))
    }
}

fn check_note(note: Option<&str>) -> Result<Option<&str>> {
    let note = note.map(str::trim).filter(|note| !is_blank(note));
    if note.is_some_and(|note| note.chars().count() > LONGEST_NOTE || note.contains('\0')) {
        return Err(Error::invalid("note", format!("must have at most {LONGEST_NOTE} characters")));
    }
    Ok(note)
}
