//! The avatar of a group or channel.

use crate::boxed;
use crate::messenger::chats::moderation::Moderator;
use crate::messenger::files::avatar_image::{NewAvatar, replace_avatar};
use crate::messenger::foundation::{Limit, Result};
use crate::model::{AttachmentId, Change, Chat, Right};
use crate::store::chats;

impl Moderator {
    /// Sets the avatar of a group or channel to a picture that the caller has uploaded; without one, removes it.
    #[boxed]
    pub async fn set_avatar(mut self, picture: Option<AttachmentId>) -> Result<Chat> {
        // Before a picture is decoded for nothing; it is checked again within the transaction.
        self.may(Right::Edit)?;
        let user = self.member.user;
        let made = match picture {
            Some(picture) => {
                self.messenger.limit(Limit::Upload(user))?;
                Some(self.messenger.make_avatar(user, picture).await?)
            }
            None => None,
        };
        let mut work = self.begin_with_right(Right::Edit).await?;
        let mut about = self.chat.about();
        let (chat, before) = (about.id, about.avatar);
        about.avatar = made.as_ref().map(NewAvatar::id);
        if let Some(made) = made {
            made.keep(&mut work, &self.messenger).await?;
        }
        if about.avatar != before {
            replace_avatar(&mut work, chat, before, about.avatar).await?;
            chats::update(&mut work.tx, &about).await?;
            work.announce(chat, Change::ChatUpdated(about));
        }
        self.finish(work).await
    }
}
