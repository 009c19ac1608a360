DROP INDEX message_pinned ON message;
