DROP TABLE unfinished_answer;
