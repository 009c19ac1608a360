CREATE INDEX message_expiry ON message (expires_at) WHERE expires_at IS NOT NULL;
