DROP TABLE message_link;
