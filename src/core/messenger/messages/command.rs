//! Slash commands: `/name …` goes to the bot of the chat that has the command, and is not posted.
//!
//! A text that begins with a command that no bot of the chat has is a message like any other.

use serde_json::json;

use crate::boxed;
use crate::messenger::foundation::{Attempt, Error, Limit, Result, Subject};
use crate::messenger::messages::draft::remove_draft_at;
use crate::messenger::messages::request::{ChatLimit, NewMessage, PostRequest};
use crate::messenger::messages::{retry_detection, validate};
use crate::messenger::{Caller, Messenger};
use crate::model::{
    ChatId, CommandCall, Delivery, DeliveryId, Kind, Message, MessageId, UserId, WebhookEvent, WebhookScope,
};
use crate::store::idempotency::Digest;
use crate::store::{bots, chats, outgoing_webhooks, streams, users, webhook_deliveries};

/// The HTTP status of a command that was handed to a bot.
const ACCEPTED: u16 = 202;

/// What became of something that a user sent.
#[derive(Debug)]
pub enum Sent {
    Message(Message),
    /// It was a command, and was handed to a bot.
    Command(InvokedCommand),
}

/// A command that was handed to a bot.
#[derive(Debug)]
pub struct InvokedCommand {
    pub bot: UserId,
    pub call: CommandCall,
    /// The message as it would have been posted, already expired. It is not stored.
    message: Message,
}

impl Caller {
    /// Hands a command to its bot, or posts a message.
    #[boxed]
    pub async fn send(self, chat: ChatId, new: NewMessage) -> Result<Sent> {
        match self.messenger.command_in(chat, self.access.user, &new).await? {
            Some((bot, call)) => {
                let Self { messenger, access, attempt } = self;
                let invoked = messenger.invoke((chat, bot, call), access.user, new, attempt, None).await?;
                Ok(Sent::Command(invoked))
            }
            None => self.post_message(chat, new).await.map(Sent::Message),
        }
    }
}

impl Sent {
    /// For clients that know only messages: that of a command is not stored, and has expired.
    pub(crate) fn into_message(self) -> Message {
        match self {
            Self::Message(message) => message,
            Self::Command(invoked) => invoked.message,
        }
    }
}

impl Messenger {
    /// The command that a message is, and the bot of the chat that has it.
    pub(crate) async fn command_in(
        &self,
        chat: ChatId,
        author: UserId,
        new: &NewMessage,
    ) -> Result<Option<(UserId, CommandCall)>> {
        let text = new.content.text().filter(|_| new.content.kind() == Kind::Text);
        let Some(call) = text.and_then(CommandCall::of) else { return Ok(None) };
        let mut read = self.db.read().await?;
        let bot = bots::with_command(&mut read, chat, &call.name, call.bot.as_deref()).await?;
        Ok(bot.filter(|bot| *bot != author).map(|bot| (bot, call)))
    }

    /// Hands a command to a bot, if the author could post in the chat. One that is sent again, with its `client_id` or
    /// because its answer was lost (`fingerprint`), is not handed over again.
    pub(crate) async fn invoke(
        &self,
        (chat, bot, call): (ChatId, UserId, CommandCall),
        author: UserId,
        new: NewMessage,
        attempt: Option<Attempt>,
        fingerprint: Option<Digest>,
    ) -> Result<InvokedCommand> {
        self.limit(Limit::Send(author))?;
        let mut work = self.begin().await?;
        let mut request = PostRequest::new(chat, author, new, None);
        request.chat_limit = ChatLimit::Exempt;
        validate::check(&mut work, &request, self.settings.voice_limit).await?;
        let NewMessage { content, client_id, reply_to, thread, clears_draft, .. } = request.new;
        let seq = streams::seqs(&mut work.tx, &[chat.into()]).await?.into_values().next();
        let (id, now) = (MessageId(self.id()), work.now);
        let mut message = Message::new(id, (chat, seq.unwrap_or_default()), author, content, now);
        let resend =
            client_id.as_ref().map(|id| self.request(Some(author), "command", &format!("{chat} {id}"), &[]));
        (message.client_id, message.expires_at) = (client_id, Some(now));
        let mut is_resent = match fingerprint {
            Some(fingerprint) => retry_detection::is_retry(&mut work, fingerprint).await?,
            None => false,
        };
        if let Some(resend) = &resend {
            is_resent |= !self.keys.find_many(&mut work.tx, &[resend.fingerprint()]).await?.is_empty();
        }
        if is_resent {
            work.once(attempt.map(|attempt| attempt.answering(ACCEPTED)), Subject::Nothing);
            work.commit().await?;
            return Ok(InvokedCommand { bot, call, message });
        }
        let about = chats::by_id(&mut work.tx, chat).await?.ok_or(Error::NotFound("chat"))?;
        let user = users::by_id(&mut work.tx, author).await?.ok_or(Error::Unauthorized)?;
        let body = json!({
            "type": WebhookEvent::CommandInvoked.name(),
            "timestamp": format!("{}Z", now.iso()),
            "chat": {"id": chat.0, "title": about.title},
            "author": {
                "id": author.0,
                "username": user.person.username,
                "display_name": user.person.display_name,
            },
            "data": {
                "chat_id": chat.0,
                "user_id": author.0,
                "bot_id": bot.0,
                "command": call.name,
                "arguments": call.arguments,
                "reply_to": reply_to.map(|id| id.0),
                "thread_id": thread.map(|id| id.0),
            },
        })
        .to_string();
        let webhooks = outgoing_webhooks::of_scope(&mut work.tx, WebhookScope::Bot(bot)).await?;
        let deliveries: Vec<Delivery> = webhooks
            .into_iter()
            .filter(|webhook| webhook.disabled.is_none())
            .filter(|webhook| webhook.events.contains(&WebhookEvent::CommandInvoked))
            .map(|webhook| {
                let id = DeliveryId(self.id());
                Delivery::new(id, webhook.id, WebhookEvent::CommandInvoked, body.clone(), now)
            })
            .collect();
        if deliveries.is_empty() {
            return Err(Error::Conflict("The bot of this command can't be reached; nothing was sent"));
        }
        webhook_deliveries::insert_many(&mut work.tx, &deliveries).await?;
        if clears_draft {
            remove_draft_at(&mut work, author, chat, thread).await?;
        }
        let has_key = attempt.is_some();
        // The native API answers a command differently from a message.
        work.once(attempt.map(|attempt| attempt.answering(ACCEPTED)), Subject::Nothing);
        work.once(resend, Subject::Nothing);
        work.mark_changed();
        match work.commit().await {
            // It was sent twice at the same time.
            Err(Error::Repeated(_)) if !has_key => {}
            committed => committed?,
        }
        Ok(InvokedCommand { bot, call, message })
    }
}
