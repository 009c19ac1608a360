DROP INDEX push_delivery_due;
