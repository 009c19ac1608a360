CREATE UNIQUE INDEX message_once ON message (author_id, client_id) WHERE client_id IS NOT NULL;
