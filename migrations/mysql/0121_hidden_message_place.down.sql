DROP INDEX hidden_message_place ON hidden_message;
