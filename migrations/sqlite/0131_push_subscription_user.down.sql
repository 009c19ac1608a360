DROP INDEX push_subscription_user;
