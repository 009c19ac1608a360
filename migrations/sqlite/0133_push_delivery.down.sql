DROP TABLE push_delivery;
