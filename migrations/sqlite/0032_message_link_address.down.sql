DROP INDEX link_by_address;
