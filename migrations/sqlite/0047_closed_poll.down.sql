DROP TABLE closed_poll;
