CREATE INDEX message_expiry ON message (expires_at);
