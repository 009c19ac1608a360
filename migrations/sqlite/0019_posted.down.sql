DROP TABLE posted;
