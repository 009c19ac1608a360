//! A language model, by the API that OpenAI began and many others speak: `/chat/completions`, answered as a stream of
//! server-sent events.

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

/// How much of a refusal the log shows, in characters.
const SHOWN: usize = 300;

/// Who says something to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    System,
    User,
}

/// Something that is said to a model.
#[derive(Debug, Clone, Serialize)]
pub struct Said {
    #[serde(rename = "role")]
    pub by: Speaker,
    #[serde(rename = "content")]
    pub text: String,
}

/// Why a model gave no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum Mute {
    #[error("the model's server refused: {0}")]
    Refused(String),
    #[error("the model's server stopped in the middle")]
    Cut,
    #[error("the model's server answered something else than words: {0}")]
    Garbled(String),
    #[error(transparent)]
    Failed(reqwest::Error),
}

impl From<OpenAIError> for Mute {
    fn from(error: OpenAIError) -> Self {
        match error {
            // Without the address, which may hold a key.
            OpenAIError::Reqwest(error) => Self::Failed(error.without_url()),
            OpenAIError::ApiError(refusal) => Self::Refused(shown(&refusal.to_string())),
            OpenAIError::StreamError(_) => Self::Cut,
            other => Self::Garbled(shown(&other.to_string())),
        }
    }
}

/// The beginning of what somebody else's server says, for the log.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

/// A model on a server.
pub struct Model {
    client: Client<OpenAIConfig>,
    host: String,
    name: String,
}

impl Model {
    /// `base` ends in `/v1`.
    pub fn new(base: &str, key: Option<String>, name: String) -> Result<Self, String> {
        let base = base.trim_end_matches('/');
        let address = Url::parse(base).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        let host = address.as_ref().and_then(Url::host_str).map(str::to_owned);
        let host = host.ok_or("it must be a web address as in https://api.openai.com/v1")?;
        let key = key.unwrap_or_default();
        if HeaderValue::from_str(&key).is_err() {
            return Err("its key holds what no header can".to_owned());
        }
        // What the environment says of OpenAI is for other programs.
        let config = OpenAIConfig::new().with_api_base(base).with_api_key(key);
        let config = config.with_org_id("").with_project_id("");
        let http = http::client().map_err(|error| error.to_string())?.build();
        let http = http.map_err(|error| error.to_string())?;
        // Each question is asked once: what fails is told to whoever asked, who knows whether to ask again.
        let once = ReqwestService::new(http.clone());
        Ok(Self { client: Client::build(http, config).with_http_service(once), host, name })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// To which host everything is sent.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Says something, and begins to hear the answer.
    pub async fn ask(&self, said: &[Said]) -> Result<Words, Mute> {
        let body = json!({"model": self.name, "messages": said, "stream": true});
        let chunks = self.client.chat().create_stream_byot(body).await?;
        Ok(Words { chunks, has_finished: false })
    }
}

type Chunks = Pin<Box<dyn Stream<Item = Result<Chunk, OpenAIError>> + Send>>;

/// An answer as it comes.
pub struct Words {
    chunks: Chunks,
    /// The model said that it said everything.
    has_finished: bool,
}

/// A part of an answer. Servers leave out what OpenAI's own does not, so only what is needed is read.
#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Part>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Part {
    content: Option<String>,
}

impl Words {
    /// The next words; nothing when that was all. An answer that only stops is none.
    pub async fn next(&mut self) -> Result<Option<String>, Mute> {
        while let Some(chunk) = poll_fn(|context| self.chunks.as_mut().poll_next(context)).await {
            let Chunk { choices, error } = chunk?;
            if let Some(error) = error {
                return Err(Mute::Refused(shown(&error.to_string())));
            }
            let Some(choice) = choices.into_iter().next() else { continue };
            self.has_finished |= choice.finish_reason.is_some();
            let words = choice.delta.and_then(|part| part.content).filter(|words| !words.is_empty());
            if words.is_some() {
                return Ok(words);
            }
        }
        if self.has_finished { Ok(None) } else { Err(Mute::Cut) }
    }
}
