DROP INDEX message_expiry ON message;
