DROP INDEX message_thread ON message;
