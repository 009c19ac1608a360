DROP TABLE incoming_webhook;
