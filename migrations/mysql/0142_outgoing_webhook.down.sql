DROP TABLE outgoing_webhook;
