DROP INDEX message_expiry;
