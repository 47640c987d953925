-- name: audit_page(tenant, since, until, after, most)
-- The audit of one tenant, oldest first; its ids begin with the time.
SELECT audit_id, tenant, at, actor_oid, action, room_id, thread_id, detail, reference FROM audit
WHERE tenant = CAST(:tenant AS TEXT) AND at >= CAST(:since AS BIGINT) AND at < CAST(:until AS BIGINT)
  AND audit_id > CAST(:after AS TEXT)
ORDER BY audit_id LIMIT CAST(:most AS BIGINT);

-- name: audit_page_of_all(since, until, after, most)
-- The same of every tenant, for who has the whole store.
SELECT audit_id, tenant, at, actor_oid, action, room_id, thread_id, detail, reference FROM audit
WHERE at >= CAST(:since AS BIGINT) AND at < CAST(:until AS BIGINT) AND audit_id > CAST(:after AS TEXT)
ORDER BY audit_id LIMIT CAST(:most AS BIGINT);

-- name: audit_sweep(before, most)!
DELETE FROM audit WHERE audit_id IN (
  SELECT audit_id FROM audit WHERE audit_id < CAST(:before AS TEXT) ORDER BY audit_id LIMIT CAST(:most AS BIGINT)
);
