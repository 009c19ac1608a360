CREATE INDEX bookmark_message ON bookmark (message_id);
