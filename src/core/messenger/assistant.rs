//! The assistant: a language model on another server that answers questions in chats.
//!
//! It sees what it is told and nothing else: with a question, the latest messages of that chat that the asker sees,
//! without those that are to disappear. Each answer says where they were sent, how many, and who asked. A chat can
//! switch it off, and each person has so many questions a day.

mod answer;
mod prompt;
mod suggestion;
mod summary;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::integrations::{AnswerStream, LanguageModel, ModelError, PromptMessage};
use crate::messenger::Messenger;
use crate::messenger::accounts::block;
use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::settings::AssistantSettings;
use crate::messenger::foundation::{Error, Limit, Result, Work};
use crate::model::{Message, Right, Time, UserId};
use crate::store;

pub use summary::CatchUp;

/// The longest question, in characters.
const LONGEST_QUESTION: usize = 4_000;
/// How many may be asked at once.
const AT_ONCE: usize = 16;
const DAY: i64 = 24 * 3_600;

/// The assistant of a server that has one.
pub(crate) struct Assistant {
    model: LanguageModel,
    name: String,
    daily: u32,
    patience: Duration,
    turns: Arc<Semaphore>,
    account: OnceLock<UserId>,
    suggested: suggestion::Suggested,
}

impl Assistant {
    pub(crate) fn new(settings: &AssistantSettings) -> Result<Self> {
        let AssistantSettings { url, key, model, name, daily, patience } = settings.clone();
        Ok(Self {
            model: LanguageModel::new(&url, key, model).map_err(|why| Error::invalid("--ai-url", why))?,
            name,
            daily,
            patience,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            account: OnceLock::new(),
            suggested: suggestion::Suggested::default(),
        })
    }

    fn turn(&self) -> Result<OwnedSemaphorePermit> {
        self.turns.clone().try_acquire_owned().map_err(|_| Error::Busy)
    }

    /// A whole answer, which nobody sees before it is.
    async fn hear(&self, said: &[PromptMessage]) -> Result<String> {
        let deadline = Instant::now() + self.patience;
        let mut words = in_time(deadline, self.model.ask(said)).await?;
        let mut text = String::new();
        while let Some(more) = next(&mut words, deadline).await? {
            text.push_str(&more);
            if text.chars().count() > prompt::LONGEST_ANSWER {
                break;
            }
        }
        Ok(prompt::tidy(&text))
    }
}

async fn next(words: &mut AnswerStream, deadline: Instant) -> Result<Option<String>> {
    in_time(deadline, words.next()).await
}

/// What a model does, if it does it in time.
async fn in_time<T>(
    deadline: Instant,
    act: impl Future<Output = std::result::Result<T, ModelError>>,
) -> Result<T> {
    match timeout_at(deadline, act).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the assistant could not answer");
            Err(Error::UpstreamFailed("The assistant could not answer; try again later"))
        }
        Err(_) => {
            tracing::warn!("the assistant did not answer in time");
            Err(Error::UpstreamFailed("The assistant did not answer in time; try again later"))
        }
    }
}

impl Membership {
    /// Asks the assistant. Its answer is written into the chat as it comes; this answers when it is whole. One that
    /// does not become whole is taken away again.
    pub async fn ask(mut self, question: &str) -> Result<Message> {
        let question = question.trim();
        if question.is_empty() || question.chars().count() > LONGEST_QUESTION {
            return Err(Error::invalid("question", format!("must have 1 to {LONGEST_QUESTION} characters")));
        }
        let messenger = self.messenger.clone();
        let assistant = messenger.assistant_for(&self)?;
        self.may(Right::posting(self.chat.is_read_only))?;
        block::refuse(&mut messenger.db.read().await?, self.chat.id, self.place.user).await?;
        messenger.is_first(self.attempt.as_ref()).await?;
        let turn = assistant.turn()?;
        let account = messenger.assistant_account(assistant).await?;
        let material = self.material(prompt::MOST_MESSAGES).await?;
        let user = self.place.user;
        let day = messenger.spend(user).await?;
        let attempt = self.attempt.take();
        let writing = answer::Writing::new(&self, account, question, &material, attempt);
        let said = material.with_question(&assistant.name, question);
        // Whoever asked may go away; the answer, or nothing of it, is there in the end all the same.
        let written = tokio::spawn(async move {
            let written = writing.write(&said).await;
            if written.is_err() {
                messenger.give_back(user, day).await;
            }
            drop(turn);
            written
        });
        written.await.map_err(|error| Error::Internal(error.into()))?
    }
}

impl Messenger {
    /// The assistant, where it may be asked.
    fn assistant_for(&self, membership: &Membership) -> Result<&Assistant> {
        let assistant = self.assistant.as_ref();
        let assistant = assistant.ok_or(Error::NotConfigured("This server has no assistant"))?;
        if membership.chat.assistant_off {
            return Err(Error::Forbidden("The assistant is switched off in this chat"));
        }
        self.limit(Limit::Ask(membership.place.user))?;
        Ok(assistant)
    }

    /// The assistant's account, where there is one.
    pub async fn assistant_id(&self) -> Result<Option<UserId>> {
        match &self.assistant {
            Some(assistant) => self.assistant_account(assistant).await.map(Some),
            None => Ok(None),
        }
    }

    /// The account in whose name it speaks, which is made when it is needed first.
    async fn assistant_account(&self, assistant: &Assistant) -> Result<UserId> {
        if let Some(account) = assistant.account.get() {
            return Ok(*account);
        }
        let mut work = self.begin().await?;
        // Two who need it at once don't make two.
        store::storage::hold(&mut work.tx).await?;
        let account = match store::assistant::bot(&mut work.tx).await? {
            Some((account, name)) if name == assistant.name => account,
            Some((account, _)) => self.rename(&mut work, account, &assistant.name).await?,
            None => self.add_bot(&mut work, &assistant.name).await?,
        };
        work.commit().await?;
        let _ = assistant.account.set(account);
        Ok(account)
    }

    async fn rename(&self, work: &mut Work, account: UserId, name: &str) -> Result<UserId> {
        if let Some(mut user) = store::users::by_id(&mut work.tx, account).await? {
            user.person.display_name = name.to_owned();
            store::users::update(&mut work.tx, &user).await?;
        }
        Ok(account)
    }

    /// Counts a question of somebody. Answers on which day it was.
    async fn spend(&self, user: UserId) -> Result<i64> {
        let daily = self.assistant.as_ref().map_or(0, |assistant| i64::from(assistant.daily));
        let mut work = self.begin().await?;
        let now = work.now;
        let day = now.seconds().div_euclid(DAY);
        let asked = store::assistant::asked(&mut work.tx, user, day).await?;
        if daily > 0 && asked >= daily {
            let tomorrow = Time((day + 1) * DAY * 1_000);
            return Err(Error::Spent(Duration::from_millis((tomorrow.0 - now.0).unsigned_abs())));
        }
        store::assistant::add_asked(&mut work.tx, user, day, 1).await?;
        work.commit().await?;
        Ok(day)
    }

    /// What was not answered was not asked.
    async fn give_back(&self, user: UserId, day: i64) {
        let given = async {
            let mut work = self.begin().await?;
            if store::assistant::asked(&mut work.tx, user, day).await? > 0 {
                store::assistant::add_asked(&mut work.tx, user, day, -1).await?;
            }
            work.commit().await
        };
        if let Err(error) = given.await {
            tracing::error!(%error, "giving a question to the assistant back");
        }
    }

    /// Forgets how often was asked before yesterday.
    pub(crate) async fn sweep_asked(&self, work: &mut Work) -> Result<()> {
        let yesterday = work.now.seconds().div_euclid(DAY) - 1;
        Ok(store::assistant::sweep(&mut work.tx, yesterday).await?)
    }
}
