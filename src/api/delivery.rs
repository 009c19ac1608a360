//! Whether an answer reached its connection.

use std::sync::{Arc, Mutex, PoisonError};

/// The answer to a request, on its way. The server puts one into every request, and tells it when the answer was
/// written; when the connection was closed before that, nobody tells it anything any more and it is dropped.
#[derive(Clone, Default)]
pub struct Delivery(Arc<Mutex<Vec<Act>>>);

type Act = Box<dyn FnOnce() + Send>;

impl Delivery {
    /// What to do once the answer was written. Of an answer that never is, it is dropped undone.
    pub fn then(&self, act: impl FnOnce() + Send + 'static) {
        self.acts().push(Box::new(act));
    }

    /// Whether somebody waits for it.
    pub fn matters(&self) -> bool {
        !self.acts().is_empty()
    }

    /// The answer was written.
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
