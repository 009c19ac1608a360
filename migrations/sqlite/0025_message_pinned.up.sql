CREATE INDEX message_pinned ON message (chat_id, pinned_at) WHERE pinned_at IS NOT NULL;
