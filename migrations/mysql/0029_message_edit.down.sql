DROP TABLE message_edit;
