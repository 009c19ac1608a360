//! What happens by itself: each job does a little of what is due, and nothing when nothing is.

use crate::messenger::Messenger;
use crate::messenger::foundation::Result;

impl Messenger {
    /// Does what is due. The server calls it several times a second.
    pub async fn run_due_jobs(&self) {
        // Whoever calls it finds everything done that was due, also what another call had begun.
        let _turn = self.jobs_lock.lock().await;
        log("keeping a place among the nodes", self.renew_node_lease().await);
        log("looking for what nobody told", self.poll_positions().await);
        log("writing down which sessions were used", self.save_session_use().await);
        log("looking for links", self.fetch_missing_previews().await);
        log("telling who is there", self.announce_presence().await);
        self.send_heartbeat();
        self.hub.close_expired(self.clock.now());
        self.hub.retry_gaps();
        log("ending sessions that were ended elsewhere", self.apply_revocations().await);
        if !self.is_job_leader() {
            return;
        }
        log("finishing the deletion of accounts", self.finish_deletions().await);
        log("sending what was scheduled", self.send_due_messages().await);
        log("taking away answers that nobody finishes", self.delete_abandoned_answers().await);
        log("taking away messages whose time is over", self.delete_expired_messages().await);
    }
}

/// A job that failed is tried again the next time; the others go on.
fn log(job: &str, done: Result<()>) {
    if let Err(error) = done {
        tracing::error!(%error, "{job}");
    }
}
