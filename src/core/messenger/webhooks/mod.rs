//! Webhooks: by which programs post in chats (`incoming`), and are told what happens there (`outgoing`).
//!
//! An outgoing webhook has a cursor in the event log of each of its chats. A job turns the events after it into
//! deliveries and moves the cursor in the same transaction (`collection`), so that each event becomes one delivery,
//! also across crashes. Deliveries are sent until they succeed or are given up (`delivery`); a receiver recognises one
//! that is sent again by its `webhook-id`.

mod collection;
mod delivery;
mod incoming;
mod outgoing;
mod signature;

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::integrations::WebhookClient;
use crate::messenger::foundation::settings::WebhookSettings;
use crate::messenger::foundation::{Error, Result, Secrets};
use crate::model::{Change, OutgoingWebhookId, text};

pub use incoming::{IncomingSecret, WebhookSender};
pub use outgoing::{ManagedWebhook, NewOutgoingWebhook, OutgoingSecret, OutgoingWebhookChange};

/// The longest name of a webhook, in characters.
const MAX_NAME: usize = 64;

/// What outgoing webhooks have in common.
pub(crate) struct Webhooks {
    secrets: signature::SigningSecrets,
    /// `None` on the command line, where nothing is sent.
    sender: Option<Sender>,
    /// The webhooks whose deliveries are being sent by this node.
    in_flight: Mutex<HashSet<OutgoingWebhookId>>,
}

struct Sender {
    client: WebhookClient,
    event_data: fn(&Change) -> Option<serde_json::Value>,
}

impl Webhooks {
    pub(crate) fn new(settings: Option<&WebhookSettings>, secrets: &Secrets) -> Result<Self> {
        let sender = settings.map(|WebhookSettings { allowed, event_data }| {
            let client = WebhookClient::new(allowed.clone()).map_err(Error::Internal)?;
            Ok::<_, Error>(Sender { client, event_data: *event_data })
        });
        Ok(Self {
            secrets: signature::SigningSecrets::new(secrets),
            sender: sender.transpose()?,
            in_flight: Mutex::default(),
        })
    }

    fn in_flight(&self) -> MutexGuard<'_, HashSet<OutgoingWebhookId>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A webhook's name as it is stored.
fn check_name(name: &str) -> Result<String> {
    text::line(name)
        .filter(|name| name.chars().count() <= MAX_NAME)
        .ok_or_else(|| Error::invalid("name", format!("must have 1 to {MAX_NAME} visible characters")))
}
