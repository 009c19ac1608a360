//! Signatures of deliveries, as Standard Webhooks define them (<https://www.standardwebhooks.com>).
//!
//! A secret is derived from the server's: a copy of the database gives away none. The crate `standardwebhooks` had one
//! release, in 2024, and does what is below.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::messenger::foundation::Secrets;
use crate::model::OutgoingWebhookId;

/// Derives the secrets of webhooks.
pub(crate) struct SigningSecrets(Key);

impl SigningSecrets {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self(Key::new(HMAC_SHA256, &secrets.key("outgoing webhook")))
    }

    fn secret(&self, webhook: OutgoingWebhookId, number: i64) -> Vec<u8> {
        sign(&self.0, &[webhook.0.to_be_bytes(), number.to_be_bytes()].concat()).as_ref().to_vec()
    }

    /// A secret as its owner gets it.
    pub(super) fn shown(&self, webhook: OutgoingWebhookId, number: i64) -> String {
        format!("whsec_{}", STANDARD.encode(self.secret(webhook, number)))
    }

    /// The signatures of a body by one or two secrets, for the header `webhook-signature`.
    pub(super) fn sign(
        &self,
        webhook: OutgoingWebhookId,
        numbers: &[i64],
        (id, timestamp, body): (&str, i64, &str),
    ) -> String {
        let content = format!("{id}.{timestamp}.{body}");
        let signature = |number: &i64| {
            let key = Key::new(HMAC_SHA256, &self.secret(webhook, *number));
            format!("v1,{}", STANDARD.encode(sign(&key, content.as_bytes())))
        };
        numbers.iter().map(signature).collect::<Vec<_>>().join(" ")
    }
}
