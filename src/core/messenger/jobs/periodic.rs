//! What happens by itself: each job does a little of what is due, and nothing when nothing is.

use crate::messenger::Messenger;
use crate::messenger::foundation::Result;

impl Messenger {
    /// Does what is due. The server calls it several times a second.
    pub async fn tend(&self) {
        // Whoever calls it finds everything done that was due, also what another call had begun.
        let _turn = self.tending.lock().await;
        log("keeping a place among the nodes", self.keep_place().await);
        log("looking for what nobody told", self.look_for_untold().await);
        log("writing down which sessions were used", self.write_use().await);
        log("looking for links", self.catch_up_with_links().await);
        log("telling who is there", self.tell_presence().await);
        self.tell_nodes();
        self.hub.close_ended(self.clock.now());
        self.hub.ask_again();
        log("ending sessions that were ended elsewhere", self.heed_revoked().await);
        if !self.does_jobs() {
            return;
        }
        log("finishing the deletion of accounts", self.finish_deletions().await);
        log("sending what was scheduled", self.send_due_messages().await);
        log("taking away answers that nobody finishes", self.take_away_half_answers().await);
        log("taking away messages whose time is over", self.expire().await);
    }
}

/// A job that failed is tried again the next time; the others go on.
fn log(job: &str, done: Result<()>) {
    if let Err(error) = done {
        tracing::error!(%error, "{job}");
    }
}
