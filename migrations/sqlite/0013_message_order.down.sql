DROP INDEX message_order;
