DROP TABLE deletion;
