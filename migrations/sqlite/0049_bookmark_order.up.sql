CREATE UNIQUE INDEX bookmark_order ON bookmark (user_id, id);
