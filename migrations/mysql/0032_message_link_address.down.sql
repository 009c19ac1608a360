DROP INDEX link_by_address ON message_link;
