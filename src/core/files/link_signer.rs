//! Signatures of upload forms and of download links that work without an Authorization header.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::{Attachment, AttachmentId, SessionId, Time, UserId};

/// The base64url of an HMAC-SHA256.
pub type Signature = String;

/// Signs and verifies forms and links with the server's key.
pub struct LinkSigner {
    key: hmac::Key,
}

impl LinkSigner {
    pub fn new(secret: &[u8]) -> Self {
        Self { key: hmac::Key::new(HMAC_SHA256, secret) }
    }

    /// Signs the upload form of an attachment: its key, type, size and expiry.
    pub fn sign_form(&self, attachment: &Attachment) -> Signature {
        self.sign(&form_text(attachment))
    }

    pub fn is_form_valid(&self, attachment: &Attachment, signature: &str) -> bool {
        self.verify(&form_text(attachment), signature)
    }

    /// Signs a link for downloading an attachment, tied to the user it is made for.
    pub fn sign_read(&self, id: AttachmentId, reader: UserId, expires_at: Time) -> Signature {
        self.sign(&read_text(id, reader, expires_at))
    }

    pub fn is_read_valid(&self, id: AttachmentId, reader: UserId, expires_at: Time, signature: &str) -> bool {
        self.verify(&read_text(id, reader, expires_at), signature)
    }

    /// Signs a link for downloading a user's export, tied to their session.
    pub fn sign_export(&self, user: UserId, session: SessionId, expires_at: Time) -> Signature {
        self.sign(&export_text(user, session, expires_at))
    }

    pub fn is_export_valid(
        &self,
        user: UserId,
        session: SessionId,
        expires_at: Time,
        signature: &str,
    ) -> bool {
        self.verify(&export_text(user, session, expires_at), signature)
    }

    fn sign(&self, text: &str) -> Signature {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, text.as_bytes()))
    }

    fn verify(&self, text: &str, signature: &str) -> bool {
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

fn export_text(user: UserId, session: SessionId, expires_at: Time) -> String {
    format!("export\n{user}\n{session}\n{}", expires_at.0)
}

fn read_text(id: AttachmentId, reader: UserId, expires_at: Time) -> String {
    format!("read\n{id}\n{reader}\n{}", expires_at.0)
}
