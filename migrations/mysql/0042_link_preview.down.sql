DROP TABLE link_preview;
