DROP INDEX scheduled_message_due;
