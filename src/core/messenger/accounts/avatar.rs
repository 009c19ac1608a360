//! Avatars of accounts.

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::accounts::profile::announce_profile;
use crate::messenger::files::avatar_image::replace_avatar;
use crate::messenger::foundation::{Error, Limit, Result, Subject};
use crate::model::{AttachmentId, User};
use crate::store::users;

impl Caller {
    /// Sets the avatar to an uploaded picture and announces it to all chats of the caller.
    #[boxed]
    pub async fn set_avatar(self, picture: AttachmentId) -> Result<User> {
        let (messenger, user) = (&self.messenger, self.access.user);
        messenger.limit(Limit::Profile(user))?;
        let made = messenger.make_avatar(user, picture).await?;
        let mut work = messenger.begin_for([user]).await?;
        let before = users::by_id(&mut work.tx, user).await?.ok_or(Error::Unauthorized)?;
        let mut after = before.clone();
        (after.person.avatar, after.person.avatar_url) = (Some(made.id()), None);
        users::update(&mut work.tx, &after).await?;
        made.keep(&mut work, messenger).await?;
        replace_avatar(&mut work, user, before.person.avatar, after.person.avatar).await?;
        announce_profile(&mut work, &after, &before).await?;
        work.once(self.attempt, Subject::User(user));
        work.commit().await?;
        Ok(after)
    }
}
