//! `/bots`: accounts of programs, their tokens and their slash commands.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::{Owner, SignedIn};
use super::idempotency::Key;
use super::tokens::{Token, TokenRequest, TokenWithSecret};
use super::types::{Bot, BotCommand, Created, Done};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Messenger, OwnedBot, Profile};
use besedka_core::model::{self, ChatId, SessionId, UserId};

pub struct Bots;

/// A new bot.
#[derive(Object)]
#[oai(example)]
struct NewBot {
    /// 1 to 64 characters.
    display_name: String,
    /// 2 to 32 letters, digits, `_`, `-` or `.`; unique.
    username: Option<String>,
    /// Up to 500 characters.
    about: Option<String>,
    /// An http or https URL.
    avatar_url: Option<String>,
}

impl Example for NewBot {
    fn example() -> Self {
        Self {
            display_name: "Build bot".to_owned(),
            username: Some("builds".to_owned()),
            about: None,
            avatar_url: None,
        }
    }
}

impl From<NewBot> for Profile {
    fn from(new: NewBot) -> Self {
        Self {
            display_name: Some(new.display_name),
            username: new.username,
            about: new.about.map(Some),
            avatar_url: new.avatar_url.map(Some),
            ..Self::default()
        }
    }
}

/// Changes of a bot's profile; what is missing stays.
#[derive(Object)]
#[oai(example)]
struct BotChange {
    display_name: Option<String>,
    username: Option<String>,
    /// An empty text removes it.
    about: Option<String>,
    /// An empty text removes it.
    avatar_url: Option<String>,
}

impl Example for BotChange {
    fn example() -> Self {
        Self { display_name: Some("Builds".to_owned()), username: None, about: None, avatar_url: None }
    }
}

/// A bot's slash commands.
#[derive(Object)]
#[oai(example)]
struct Commands {
    /// Up to 50; an empty list removes all.
    commands: Vec<BotCommand>,
}

impl Example for Commands {
    fn example() -> Self {
        Self { commands: vec![BotCommand::example()] }
    }
}

/// A slash command that can be used in a chat.
#[derive(Object)]
#[oai(example)]
struct ChatCommand {
    /// Without the slash.
    name: String,
    description: String,
    /// The bot that the command goes to.
    bot_id: i64,
}

impl Example for ChatCommand {
    fn example() -> Self {
        let BotCommand { name, description } = BotCommand::example();
        Self { name, description, bot_id: 253_402_301_247 }
    }
}

#[OpenApi(tag = "Area::Bots")]
impl Bots {
    /// List own bots
    ///
    /// Sorted by creation, oldest first.
    #[oai(path = "/bots", method = "get", operation_id = "bots")]
    async fn bots(&self, messenger: Data<&Messenger>, caller: Owner) -> Answer<Json<Vec<Bot>>> {
        Ok(Json(messenger.as_user(caller.0).bots().await?.into_iter().map(Bot::from).collect()))
    }

    /// Create a bot
    ///
    /// Creates the account of a program, which the caller owns. Nobody can sign in to it; programs use its tokens
    /// from `POST /bots/{bot_id}/tokens`. It is added to chats as people are, by those who may add members. A user
    /// can own 20 bots.
    #[oai(path = "/bots", method = "post", operation_id = "createBot")]
    async fn create(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewBot>,
    ) -> Answer<Created<Bot>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        Ok(Created::Created(Json(caller.create_bot(body.0.into()).await?.into())))
    }

    /// Get a bot
    ///
    /// Only for its owner and server administrators, like everything else about a bot.
    #[oai(path = "/bots/:bot_id", method = "get", operation_id = "bot")]
    async fn bot(&self, messenger: Data<&Messenger>, caller: Owner, bot_id: Path<i64>) -> Answer<Json<Bot>> {
        Ok(Json(messenger.as_user(caller.0).bot(UserId(bot_id.0)).await?.view().into()))
    }

    /// Change a bot's profile
    #[oai(path = "/bots/:bot_id", method = "patch", operation_id = "updateBot")]
    async fn update(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        bot_id: Path<i64>,
        body: JsonBody<BotChange>,
    ) -> Answer<Json<Bot>> {
        let BotChange { display_name, username, about, avatar_url } = body.0;
        let profile = Profile {
            display_name,
            username,
            about: about.map(Some),
            avatar_url: avatar_url.map(Some),
            ..Profile::default()
        };
        Ok(Json(bot(&messenger, caller, &key, StatusCode::OK, bot_id.0).await?.update(profile).await?.into()))
    }

    /// Delete a bot
    ///
    /// Its tokens, commands and webhooks end at once, and it leaves its chats. Its messages are kept.
    #[oai(path = "/bots/:bot_id", method = "delete", operation_id = "deleteBot")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        bot_id: Path<i64>,
    ) -> Answer<Done> {
        bot(&messenger, caller, &key, StatusCode::NO_CONTENT, bot_id.0).await?.delete().await?;
        Ok(Done::Done)
    }

    /// List a bot's tokens
    ///
    /// Sorted newest first; the secrets are not included.
    #[oai(path = "/bots/:bot_id/tokens", method = "get", operation_id = "botTokens")]
    async fn tokens(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        bot_id: Path<i64>,
    ) -> Answer<Json<Vec<Token>>> {
        let tokens = messenger.as_user(caller.0).bot(UserId(bot_id.0)).await?.tokens().await?;
        Ok(Json(tokens.into_iter().map(Token::from).collect()))
    }

    /// Create a token for a bot
    ///
    /// With the token, a program acts as the bot in all of this API. Its scopes can be `read` and `write`. The
    /// secret is only returned in this response.
    #[oai(path = "/bots/:bot_id/tokens", method = "post", operation_id = "createBotToken")]
    async fn create_token(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        bot_id: Path<i64>,
        body: JsonBody<TokenRequest>,
    ) -> Answer<Created<TokenWithSecret>> {
        let new = body.0.into_token();
        let bot = bot(&messenger, caller, &key, StatusCode::CREATED, bot_id.0).await?;
        Ok(Created::Created(Json(bot.create_token(new).await?.into())))
    }

    /// Revoke a bot's token
    #[oai(path = "/bots/:bot_id/tokens/:id", method = "delete", operation_id = "revokeBotToken")]
    async fn revoke_token(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        bot_id: Path<i64>,
        id: Path<i64>,
    ) -> Answer<Done> {
        let bot = bot(&messenger, caller, &key, StatusCode::NO_CONTENT, bot_id.0).await?;
        bot.revoke_token(SessionId(id.0)).await?;
        Ok(Done::Done)
    }

    /// Set a bot's slash commands
    ///
    /// Replaces all of them. In the bot's chats, a message that begins with `/name` of a command is not posted but
    /// sent to the bot's outgoing webhooks as the event `command.invoked`.
    #[oai(path = "/bots/:bot_id/commands", method = "put", operation_id = "setBotCommands")]
    async fn set_commands(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        bot_id: Path<i64>,
        body: JsonBody<Commands>,
    ) -> Answer<Json<Bot>> {
        let commands = body.0.commands.into_iter().map(model::BotCommand::from).collect();
        let bot = bot(&messenger, caller, &key, StatusCode::OK, bot_id.0).await?;
        Ok(Json(bot.set_commands(commands).await?.into()))
    }

    /// List a chat's slash commands
    ///
    /// Those of the bots in the chat. Of two bots with the same command, the one that joined first gets it;
    /// `/name@username` addresses the other.
    #[oai(path = "/chats/:chat_id/commands", method = "get", operation_id = "chatCommands")]
    async fn chat_commands(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Path<i64>,
    ) -> Answer<Json<Vec<ChatCommand>>> {
        let commands = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?.commands().await?;
        let shown = |(bot, command): (UserId, model::BotCommand)| ChatCommand {
            name: command.name,
            description: command.description,
            bot_id: bot.0,
        };
        Ok(Json(commands.into_iter().map(shown).collect()))
    }
}

async fn bot(
    messenger: &Messenger,
    caller: Owner,
    key: &Key,
    status: StatusCode,
    id: i64,
) -> Answer<OwnedBot> {
    Ok(messenger.as_user(caller.0).once(key.answering(status)).bot(UserId(id)).await?)
}
