DROP TABLE hidden_message;
