-- Whoever stands in for Teams may give two messages of a thread one id; the second was then posted again and again,
-- because its row could not be written. The previous release finds the same rows.

DROP INDEX messages_activity;
CREATE INDEX messages_activity ON messages (tenant, thread_id, activity_id) WHERE activity_id <> '';
