DROP INDEX bookmark_order;
