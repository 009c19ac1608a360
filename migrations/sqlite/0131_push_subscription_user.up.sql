CREATE INDEX push_subscription_user ON push_subscription (user_id);
