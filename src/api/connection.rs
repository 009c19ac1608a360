//! What requests tell about their connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use poem::Request;

/// Whether a request with a valid token came over a connection. Others are limited for each address.
#[derive(Debug, Clone, Default)]
pub struct SignedInMark(Arc<AtomicBool>);

impl SignedInMark {
    /// Marks the connection of a request whose token is valid. Does nothing in an embedded server.
    pub fn set(request: &Request) {
        if let Some(Self(mark)) = request.data() {
            mark.store(true, Ordering::Relaxed);
        }
    }

    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
