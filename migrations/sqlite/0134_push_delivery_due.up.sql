CREATE INDEX push_delivery_due ON push_delivery (due_at);
