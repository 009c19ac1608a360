DROP TABLE scheduled_message;
