DROP INDEX scheduled_message_author ON scheduled_message;
