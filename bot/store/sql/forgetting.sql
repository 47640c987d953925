-- name: own_chats(tenant, oid)
-- Where somebody and the bot are alone, by what they said or opened there.
SELECT t.thread_id FROM inbox AS t
JOIN chats AS c ON c.tenant = t.tenant AND c.thread_id = t.thread_id AND c.kind = 'personal'
WHERE t.tenant = CAST(:tenant AS TEXT) AND t.from_oid = CAST(:oid AS TEXT)
UNION
SELECT r.home_thread FROM rooms AS r
JOIN chats AS c ON c.tenant = r.tenant AND c.thread_id = r.home_thread AND c.kind = 'personal'
WHERE r.tenant = CAST(:tenant AS TEXT) AND r.starter_oid = CAST(:oid AS TEXT);
