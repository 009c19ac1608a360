DROP INDEX message_once ON message;
