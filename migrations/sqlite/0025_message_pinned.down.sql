DROP INDEX message_pinned;
