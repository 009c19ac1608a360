DROP INDEX link_of_chat ON message_link;
