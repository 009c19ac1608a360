DROP TABLE bot_command;
