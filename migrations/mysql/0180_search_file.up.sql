-- In MySQL the full-text index stays where it is; SQLite's moves to a file of its own.
DO 0;
