DROP TABLE sync_cursor;
