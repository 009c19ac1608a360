DROP INDEX hidden_message_place;
