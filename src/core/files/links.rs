//! Signatures of upload forms and of links that need no header.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::{Attachment, AttachmentId, SessionId, Time, UserId};

/// A signature as it stands in a form or a link: base64url of an HMAC-SHA256.
pub type Signature = String;

/// Signs forms and links with the server's own key.
pub struct Links {
    key: hmac::Key,
}

impl Links {
    pub fn new(secret: &[u8]) -> Self {
        Self { key: hmac::Key::new(HMAC_SHA256, secret) }
    }

    /// For the upload form of an attachment: good for its key, type, size and time, and nothing else.
    pub fn form(&self, attachment: &Attachment) -> Signature {
        self.sign(&form_text(attachment))
    }

    pub fn is_form(&self, attachment: &Attachment, signature: &str) -> bool {
        self.is(&form_text(attachment), signature)
    }

    /// For reading an attachment until a moment.
    pub fn read(&self, id: AttachmentId, until: Time) -> Signature {
        self.sign(&read_text(id, until))
    }

    pub fn is_read(&self, id: AttachmentId, until: Time, signature: &str) -> bool {
        self.is(&read_text(id, until), signature)
    }

    /// For saving what somebody takes along, until a moment and as long as their session lasts.
    pub fn export(&self, user: UserId, session: SessionId, until: Time) -> Signature {
        self.sign(&export_text(user, session, until))
    }

    pub fn is_export(&self, user: UserId, session: SessionId, until: Time, signature: &str) -> bool {
        self.is(&export_text(user, session, until), signature)
    }

    fn sign(&self, text: &str) -> Signature {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, text.as_bytes()))
    }

    fn is(&self, text: &str, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        hmac::verify(&self.key, text.as_bytes(), &signature).is_ok()
    }
}

fn form_text(attachment: &Attachment) -> String {
    let Attachment { content_type, size, expires_at, .. } = attachment;
    format!("form\n{}\n{content_type}\n{size}\n{}", attachment.key(), expires_at.0)
}

fn export_text(user: UserId, session: SessionId, until: Time) -> String {
    format!("export\n{user}\n{session}\n{}", until.0)
}

fn read_text(id: AttachmentId, until: Time) -> String {
    format!("read\n{id}\n{}", until.0)
}
