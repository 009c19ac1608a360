//! Periodic jobs. Each does a small part of what is due, so that one run is short.

use std::sync::atomic::Ordering;

use crate::messenger::Messenger;
use crate::messenger::foundation::Result;

impl Messenger {
    /// Runs the jobs that are due. The server calls it several times a second.
    pub async fn run_due_jobs(&self) {
        // One run at a time: when a call returns, everything is done that was due when it was made.
        let _lock = self.jobs_lock.lock().await;
        self.run_each_job().await;
        self.counters.jobs_ran.store(self.clock.now().0, Ordering::Relaxed);
    }

    async fn run_each_job(&self) {
        log("renewing the node's leases", self.renew_node_lease().await);
        log("reading stream positions", self.poll_positions().await);
        log("saving when sessions were used", self.save_session_use().await);
        log("fetching missing link previews", self.fetch_missing_previews().await);
        log("announcing presence", self.announce_presence().await);
        log("recording failed attempts to sign in", self.record_failed_sign_ins().await);
        log("looking for an announcement", self.tell_announcement().await);
        self.send_heartbeat();
        self.hub.close_expired(self.clock.now());
        self.hub.retry_gaps();
        self.expire_caches();
        log("closing sessions that were revoked by other processes", self.apply_revocations().await);
        log("looking for devices to push to", self.check_push_use().await);
        if !self.is_job_leader() {
            return;
        }
        log("finishing the deletion of accounts", self.finish_deletions().await);
        log("trying e-mail again", self.retry_mail().await);
        log("sending scheduled messages", self.send_due_messages().await);
        log("choosing whom new messages are pushed to", self.choose_push_recipients().await);
        log("sending pushes", self.send_due_pushes().await);
        log("deleting unfinished answers of the assistant", self.delete_abandoned_answers().await);
        log("deleting expired messages", self.delete_expired_messages().await);
        log("deleting messages that are too old", self.delete_old_messages().await);
        log("collecting events for webhooks", self.collect_webhook_events().await);
        log("sending webhooks", self.start_due_deliveries().await);
    }
}

/// Logs a failed job, which is tried again in the next run; the other jobs go on.
fn log(job: &str, result: Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "failed: {job}");
    }
}
