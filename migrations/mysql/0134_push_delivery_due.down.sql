DROP INDEX push_delivery_due ON push_delivery;
