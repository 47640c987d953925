-- name: meetings_made(tenant, since)
-- By host, for the limit that Graph has for a month.
SELECT host_oid, COUNT(*) AS made FROM rooms
WHERE tenant = CAST(:tenant AS TEXT) AND meeting_id <> '' AND created_at >= CAST(:since AS BIGINT)
GROUP BY host_oid;
