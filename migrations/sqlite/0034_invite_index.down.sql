DROP INDEX invite_of_chat;
