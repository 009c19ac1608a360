//! A client of language models with an OpenAI-compatible API: `/chat/completions`, answered as a stream of server-sent
//! events.

use std::future::poll_fn;
use std::pin::Pin;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::ReqwestService;
use futures_util::Stream;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::http;
use crate::boxed;
use crate::traces;

/// How many characters of an error response are logged.
const MAX_LOGGED: usize = 300;

/// The author of a message of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptRole {
    System,
    User,
}

/// A message of a prompt.
#[derive(Debug, Clone, Serialize)]
pub struct PromptMessage {
    pub role: PromptRole,
    #[serde(rename = "content")]
    pub text: String,
}

/// Why a model gave no complete answer.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("the model's server refused: {0}")]
    Refused(String),
    #[error("the model's server stopped in the middle")]
    Cut,
    #[error("the model's server sent an invalid answer: {0}")]
    Invalid(String),
    #[error(transparent)]
    Failed(reqwest::Error),
}

impl From<OpenAIError> for ModelError {
    fn from(error: OpenAIError) -> Self {
        match error {
            // Without the URL, which may contain a key.
            OpenAIError::Reqwest(error) => Self::Failed(error.without_url()),
            OpenAIError::ApiError(refusal) => Self::Refused(excerpt(&refusal.to_string())),
            OpenAIError::StreamError(_) => Self::Cut,
            other => Self::Invalid(excerpt(&other.to_string())),
        }
    }
}

/// The beginning of an error response, for the log.
fn excerpt(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_LOGGED).collect()
}

/// A model at a server.
pub struct LanguageModel {
    client: Client<OpenAIConfig>,
    host: String,
    name: String,
}

impl LanguageModel {
    /// `base` ends in `/v1`.
    pub fn new(base: &str, key: Option<String>, name: String) -> Result<Self, String> {
        let base = base.trim_end_matches('/');
        let address = Url::parse(base).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        let host = address.as_ref().and_then(Url::host_str).map(str::to_owned);
        let host = host.ok_or("it must be a web address as in https://api.openai.com/v1")?;
        let key = key.unwrap_or_default();
        if HeaderValue::from_str(&key).is_err() {
            return Err("its key contains what no header can".to_owned());
        }
        // Don't use the OPENAI_* environment variables.
        let config = OpenAIConfig::new().with_api_base(base).with_api_key(key);
        let config = config.with_org_id("").with_project_id("");
        let http = http::client().map_err(|error| error.to_string())?.build();
        let http = http.map_err(|error| error.to_string())?;
        // No retries: a failure is reported to the user, who decides whether to ask again.
        let without_retries = ReqwestService::new(http.clone());
        Ok(Self { client: Client::build(http, config).with_http_service(without_retries), host, name })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The host that prompts are sent to.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Sends a prompt and returns the answer as a stream.
    #[boxed]
    pub async fn ask(&self, prompt: &[PromptMessage]) -> Result<AnswerStream, ModelError> {
        let body = json!({"model": self.name, "messages": prompt, "stream": true});
        let chat = self.client.chat();
        let chunks = traces::call("language model", chat.create_stream_byot(body), |_| None).await?;
        Ok(AnswerStream { chunks, has_finished: false })
    }
}

type Chunks = Pin<Box<dyn Stream<Item = Result<Chunk, OpenAIError>> + Send>>;

/// A streamed answer.
pub struct AnswerStream {
    chunks: Chunks,
    /// The model sent a finish reason.
    has_finished: bool,
}

/// A chunk of an answer. Compatible servers omit fields that OpenAI's own sends, so only those needed are read.
#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

impl AnswerStream {
    /// The next piece of text; `None` at the end. A stream that ends without a finish reason is an error.
    #[boxed]
    pub async fn next(&mut self) -> Result<Option<String>, ModelError> {
        while let Some(chunk) = poll_fn(|context| self.chunks.as_mut().poll_next(context)).await {
            let Chunk { choices, error } = chunk?;
            if let Some(error) = error {
                return Err(ModelError::Refused(excerpt(&error.to_string())));
            }
            let Some(choice) = choices.into_iter().next() else { continue };
            self.has_finished |= choice.finish_reason.is_some();
            let text = choice.delta.and_then(|delta| delta.content).filter(|text| !text.is_empty());
            if text.is_some() {
                return Ok(text);
            }
        }
        if self.has_finished { Ok(None) } else { Err(ModelError::Cut) }
    }
}
