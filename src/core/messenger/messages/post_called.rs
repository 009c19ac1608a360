//! Posting in chats as clients name them. A new name makes a group in the same unit of work as its first message, so that
//! a refused message leaves no empty chat behind.

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::chats::client_names::NamedChat;
use crate::messenger::foundation::{Error, Limit, Result, Retries};
use crate::messenger::messages::post::{insert_posts, write_batch};
use crate::messenger::messages::posting_rights::RightsSource;
use crate::messenger::messages::request::{BatchMode, NewMessage, PostRequest};
use crate::messenger::messages::retry_detection::{self, UnacknowledgedPost};
use crate::model::{ChatId, Message};

/// How a post that is sent again is recognised.
#[derive(Debug, Clone)]
pub(crate) enum RetryMark {
    /// By its `client_id`.
    ClientId,
    /// By the sender's identifier of several posts, one in each chat.
    Name(String),
    /// By its content, if its answer was lost.
    Content,
}

impl RetryMark {
    fn put_on(&self, request: &mut PostRequest) {
        match self {
            Self::ClientId => {}
            Self::Name(name) => {
                request.new.client_id = Some(NewMessage::id_of(&format!("{name}\n{}", request.chat)));
            }
            Self::Content => request.fingerprint = Some(retry_detection::fingerprint(request)),
        }
    }
}

/// A group to be created, and the index of the post in it.
struct NewChat {
    post: usize,
    name: String,
    chat: ChatId,
}

impl Caller {
    /// Posts a message in the chat with this id or this name of the caller's; a new name makes a group without other
    /// members. Retries of a message without a `client_id` are detected as by
    /// [`post_detecting_retries`](Self::post_detecting_retries).
    #[boxed]
    pub async fn post_called(
        self,
        chat: &str,
        new: NewMessage,
    ) -> Result<(Message, Option<UnacknowledgedPost>)> {
        let has_id = new.client_id.is_some();
        match self.chat_named(chat).await? {
            NamedChat::Known(chat) if has_id => Ok((self.post(chat, new).await?, None)),
            NamedChat::Known(chat) => {
                let (message, unacknowledged) = self.post_detecting_retries(chat, new).await?;
                Ok((message, Some(unacknowledged)))
            }
            named @ NamedChat::New { .. } => {
                let author = self.access.user;
                self.messenger.limit(Limit::Send(author))?;
                self.messenger.confirm_uploads(author, &new.content.attachments()).await?;
                let mark = if has_id { RetryMark::ClientId } else { RetryMark::Content };
                let request = PostRequest::new(named.id(), author, new, self.attempt.clone());
                let mut posted = write_called(&self, vec![(named, request)], mark).await?;
                posted.pop().ok_or(Error::Busy)
            }
        }
    }
}

/// Writes posts, all or none, and with them the groups that new names make.
pub(crate) async fn write_called(
    caller: &Caller,
    posts: Vec<(NamedChat, PostRequest)>,
    mark: RetryMark,
) -> Result<Vec<(Message, Option<UnacknowledgedPost>)>> {
    let (mut new, mut requests) = (Vec::new(), Vec::with_capacity(posts.len()));
    for (post, (named, mut request)) in posts.into_iter().enumerate() {
        if let NamedChat::New { name, id } = named {
            caller.messenger.limit(Limit::NewChat(caller.access.user))?;
            new.push(NewChat { post, name, chat: id });
        }
        mark.put_on(&mut request);
        requests.push(request);
    }
    let caller = caller.messenger.as_user(caller.access);
    // In a task of its own: if the client is gone before it is done, that must still be recorded.
    let written = tokio::spawn(async move {
        let messenger = &caller.messenger;
        let posted = match new.is_empty() {
            true => write_batch(messenger, &requests, BatchMode::AllOrNothing).await?,
            false => write_with_chats(&caller, &new, &mut requests, &mark).await?,
        };
        let posted: Vec<Message> = posted.into_iter().collect::<Result<_>>()?;
        let unacknowledged = |(request, message): (&PostRequest, Message)| {
            let lost = request.fingerprint.map(|it| UnacknowledgedPost::new(messenger, it, message.id));
            (message, lost)
        };
        Ok(requests.iter().zip(posted).map(unacknowledged).collect())
    });
    written.await.map_err(|error| Error::Internal(error.into()))?
}

async fn write_with_chats(
    caller: &Caller,
    new: &[NewChat],
    requests: &mut [PostRequest],
    mark: &RetryMark,
) -> Result<Vec<Result<Message>>> {
    let mut retries = Retries::default();
    loop {
        match try_write_with_chats(caller, new, requests, mark).await {
            Err(Error::Again) if retries.wait().await => {}
            done => return done,
        }
    }
}

async fn try_write_with_chats(
    caller: &Caller,
    new: &[NewChat],
    requests: &mut [PostRequest],
    mark: &RetryMark,
) -> Result<Vec<Result<Message>>> {
    let mut work = caller.messenger.begin().await?;
    for NewChat { post, name, chat } in new {
        let chat = caller.insert_group_called(&mut work, name, *chat).await?;
        let request = &mut requests[*post];
        request.chat = chat;
        mark.put_on(request);
    }
    let how = (BatchMode::AllOrNothing, RightsSource::Database);
    let results = insert_posts(&caller.messenger, &mut work, requests, how).await?;
    // Also if nothing was written: what was found may be of a transaction that is committed together with this one.
    work.commit().await?;
    Ok(results)
}
