CREATE INDEX attachment_of_owner ON attachment (owner_id, created_at);
