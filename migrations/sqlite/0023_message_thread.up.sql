-- Replies of a thread, in order.
CREATE INDEX message_thread ON message (thread_id, seq) WHERE thread_id IS NOT NULL;
