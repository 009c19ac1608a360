DROP INDEX message_once;
