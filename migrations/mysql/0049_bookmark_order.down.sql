DROP INDEX bookmark_order ON bookmark;
