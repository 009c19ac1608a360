//! Tracks whether a response was written to its connection.

use std::sync::{Arc, Mutex, PoisonError};

/// The delivery of one response. The server attaches one to every request and calls it once the response was
/// written; if the connection closes first, it is dropped without being called.
#[derive(Clone, Default)]
pub struct Delivery(Arc<Mutex<Vec<Act>>>);

type Act = Box<dyn FnOnce() + Send>;

impl Delivery {
    /// Registers a callback for when the response was written; it is dropped if that never happens.
    pub fn then(&self, act: impl FnOnce() + Send + 'static) {
        self.acts().push(Box::new(act));
    }

    /// Whether any callback is registered.
    pub fn matters(&self) -> bool {
        !self.acts().is_empty()
    }

    /// To be called when the response was written.
    pub fn written(&self) {
        let acts = std::mem::take(&mut *self.acts());
        for act in acts {
            act();
        }
    }

    fn acts(&self) -> std::sync::MutexGuard<'_, Vec<Act>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
