DROP INDEX scheduled_message_due ON scheduled_message;
