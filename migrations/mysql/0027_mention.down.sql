DROP TABLE mention;
