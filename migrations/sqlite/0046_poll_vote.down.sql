DROP TABLE poll_vote;
