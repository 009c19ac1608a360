DROP TABLE push_subscription;
