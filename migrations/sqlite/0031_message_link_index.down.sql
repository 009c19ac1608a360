DROP INDEX link_of_chat;
