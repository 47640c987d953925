-- Indices that a row is kept out of where nobody looks for it there: most rooms have no topic, none has a link before
-- its meeting, and SQLite makes a table of every list of more than two words, for each row that is written. The previous
-- release finds the same rows; of what only sweeps and look-ups of topics and links read, more of them.

DROP INDEX rooms_topic;
CREATE INDEX rooms_topic ON rooms (tenant, topic) WHERE topic <> '' AND state IN ('opening', 'open', 'live', 'empty');

DROP INDEX rooms_join;
CREATE INDEX rooms_join ON rooms (tenant, join_hash) WHERE join_hash <> '';

DROP INDEX inbox_finished;
CREATE INDEX inbox_finished ON inbox (received_at) WHERE state <> 'new' AND state <> 'waiting';
