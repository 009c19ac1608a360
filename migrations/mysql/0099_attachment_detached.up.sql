-- Whether it was in a message that was deleted: signed links to it end then, unless it is in another message.
ALTER TABLE attachment ADD COLUMN detached BIGINT NOT NULL DEFAULT 0;
