DROP TABLE assistant_use;
