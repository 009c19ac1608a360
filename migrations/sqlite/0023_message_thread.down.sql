DROP INDEX message_thread;
