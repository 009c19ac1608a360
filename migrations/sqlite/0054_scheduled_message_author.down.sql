DROP INDEX scheduled_message_author;
