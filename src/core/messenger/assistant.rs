//! The assistant: a language model on another server that answers questions in chats.
//!
//! With a question it gets the latest messages of the chat that the asker can see, without disappearing ones, and
//! nothing else. Each answer records where the messages were sent, how many, and who asked. A chat can disable the
//! assistant, and each user has a daily limit of questions.

mod answer;
mod prompt;
mod suggestion;
mod summary;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::boxed;
use crate::integrations::{AnswerStream, LanguageModel, ModelError, PromptMessage};
use crate::messenger::Messenger;
use crate::messenger::accounts::block;
use crate::messenger::accounts::profile::Profile;
use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::settings::AssistantSettings;
use crate::messenger::foundation::{Error, Limit, Result, UnitOfWork};
use crate::model::{BotKind, Message, Right, Time, UserId};
use crate::store;

pub use summary::UnreadSummary;

/// The longest question, in characters.
const MAX_QUESTION: usize = 4_000;
/// How many questions are answered at once.
const AT_ONCE: usize = 16;
const DAY: i64 = 24 * 3_600;

/// The configured assistant.
pub(crate) struct Assistant {
    model: LanguageModel,
    name: String,
    daily: u32,
    timeout: Duration,
    permits: Arc<Semaphore>,
    account: OnceLock<UserId>,
    suggestions: suggestion::SuggestionCache,
}

impl Assistant {
    pub(crate) fn new(settings: &AssistantSettings) -> Result<Self> {
        let AssistantSettings { url, key, model, name, daily, timeout } = settings.clone();
        Ok(Self {
            model: LanguageModel::new(&url, key, model).map_err(|why| Error::invalid("--ai-url", why))?,
            name,
            daily,
            timeout,
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            account: OnceLock::new(),
            suggestions: suggestion::SuggestionCache::default(),
        })
    }

    fn acquire(&self) -> Result<OwnedSemaphorePermit> {
        self.permits.clone().try_acquire_owned().map_err(|_| Error::Busy)
    }

    /// Waits for a complete answer.
    async fn complete(&self, prompt: &[PromptMessage]) -> Result<String> {
        let deadline = Instant::now() + self.timeout;
        let mut answer = in_time(deadline, self.model.ask(prompt)).await?;
        let mut text = String::new();
        while let Some(more) = next(&mut answer, deadline).await? {
            text.push_str(&more);
            if text.chars().count() > prompt::MAX_ANSWER {
                break;
            }
        }
        Ok(prompt::normalise(&text))
    }
}

async fn next(answer: &mut AnswerStream, deadline: Instant) -> Result<Option<String>> {
    in_time(deadline, answer.next()).await
}

/// Runs a request to the model with a deadline and maps its errors.
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
    /// Asks the assistant. The answer is posted in the chat and updated while it is generated; this returns when it is
    /// complete. An incomplete answer is deleted.
    #[boxed]
    pub async fn ask(mut self, question: &str) -> Result<Message> {
        let question = question.trim();
        if question.is_empty() || question.chars().count() > MAX_QUESTION {
            return Err(Error::invalid("question", format!("must have 1 to {MAX_QUESTION} characters")));
        }
        let messenger = self.messenger.clone();
        let assistant = messenger.assistant_for(&self)?;
        self.may(Right::posting(self.chat.is_read_only))?;
        block::check_not_blocked(&mut messenger.db.read().await?, self.chat.id, self.member.user).await?;
        messenger.check_first(self.attempt.as_ref()).await?;
        let permit = assistant.acquire()?;
        let account = messenger.assistant_account(assistant).await?;
        let context = self.context(prompt::MAX_MESSAGES).await?;
        let user = self.member.user;
        let day = messenger.count_question(user).await?;
        let attempt = self.attempt.take();
        let writer = answer::AnswerWriter::new(&self, account, question, &context, attempt);
        let prompt = context.with_question(&assistant.name, question);
        // Spawned, so that the answer is completed or deleted even when the asker disconnects.
        let written = tokio::spawn(async move {
            let written = writer.write(&prompt).await;
            if written.is_err() {
                messenger.refund_question(user, day).await;
            }
            drop(permit);
            written
        });
        written.await.map_err(|error| Error::Internal(error.into()))?
    }
}

impl Messenger {
    /// The assistant, if it may be used in this chat.
    fn assistant_for(&self, membership: &Membership) -> Result<&Assistant> {
        let assistant = self.assistant.as_ref();
        let assistant = assistant.ok_or(Error::NotConfigured("This server has no assistant"))?;
        if membership.chat.assistant_off {
            return Err(Error::Forbidden("The assistant is switched off in this chat"));
        }
        self.limit(Limit::Ask(membership.member.user))?;
        Ok(assistant)
    }

    /// The assistant's account, if there is an assistant.
    #[boxed]
    pub async fn assistant_id(&self) -> Result<Option<UserId>> {
        match &self.assistant {
            Some(assistant) => self.assistant_account(assistant).await.map(Some),
            None => Ok(None),
        }
    }

    /// The account that the assistant posts as, created on first use.
    async fn assistant_account(&self, assistant: &Assistant) -> Result<UserId> {
        if let Some(account) = assistant.account.get() {
            return Ok(*account);
        }
        let mut work = self.begin().await?;
        // Locked, so that two simultaneous requests don't create two accounts.
        store::storage::lock(&mut work.tx).await?;
        let account = match store::assistant::bot(&mut work.tx).await? {
            Some((account, name)) if name == assistant.name => account,
            Some((account, _)) => self.rename(&mut work, account, &assistant.name).await?,
            None => {
                let profile = Profile { display_name: Some(assistant.name.clone()), ..Profile::default() };
                self.add_bot(&mut work, BotKind::Assistant, profile).await?.id()
            }
        };
        work.commit().await?;
        let _ = assistant.account.set(account);
        Ok(account)
    }

    async fn rename(&self, work: &mut UnitOfWork, account: UserId, name: &str) -> Result<UserId> {
        if let Some(mut user) = store::users::by_id(&mut work.tx, account).await? {
            user.person.display_name = name.to_owned();
            store::users::update(&mut work.tx, &user).await?;
        }
        Ok(account)
    }

    /// Counts a question and returns the day (days since 1970, UTC).
    async fn count_question(&self, user: UserId) -> Result<i64> {
        let daily = self.assistant.as_ref().map_or(0, |assistant| i64::from(assistant.daily));
        let mut work = self.begin().await?;
        let now = work.now;
        let day = now.seconds().div_euclid(DAY);
        let asked = store::assistant::locked_use_count(&mut work.tx, user, day).await?;
        if daily > 0 && asked >= daily {
            let tomorrow = Time((day + 1) * DAY * 1_000);
            return Err(Error::DailyLimit(Duration::from_millis((tomorrow.0 - now.0).unsigned_abs())));
        }
        store::assistant::add_uses(&mut work.tx, user, day, 1).await?;
        work.commit().await?;
        Ok(day)
    }

    /// Undoes `count_question` for a question that was not answered.
    async fn refund_question(&self, user: UserId, day: i64) {
        let given = async {
            let mut work = self.begin().await?;
            if store::assistant::locked_use_count(&mut work.tx, user, day).await? > 0 {
                store::assistant::add_uses(&mut work.tx, user, day, -1).await?;
            }
            work.commit().await
        };
        if let Err(error) = given.await {
            tracing::error!(%error, "could not refund a question to the assistant");
        }
    }

    /// Deletes counts from before yesterday.
    pub(crate) async fn delete_assistant_use(&self, work: &mut UnitOfWork) -> Result<()> {
        let yesterday = work.now.seconds().div_euclid(DAY) - 1;
        Ok(store::assistant::delete_before(&mut work.tx, yesterday).await?)
    }
}
