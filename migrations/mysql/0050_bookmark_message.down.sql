DROP INDEX bookmark_message ON bookmark;
