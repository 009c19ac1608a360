DROP TABLE invite;
