-- How often a monitoring system has told of a meeting (EXPERIENCE 1.25). The previous release's inserts leave it out.

ALTER TABLE rooms ADD COLUMN alerted TEXT NOT NULL DEFAULT '{}';
