-- name: timer_set(timer_key, kind, tenant, subject, payload, due_at, attempts, now)!
-- A re-armed timer has a new fence and another lease or none: an old holder cannot delete it. A first fence is the time,
-- so that no earlier life of the same key had it.
INSERT INTO timers (timer_key, kind, tenant, subject, payload, due_at, attempts, lease_owner, lease_until, fence)
VALUES (
  CAST(:timer_key AS TEXT), CAST(:kind AS TEXT), CAST(:tenant AS TEXT), CAST(:subject AS TEXT),
  CAST(:payload AS TEXT), CAST(:due_at AS BIGINT), CAST(:attempts AS BIGINT), '', 0, CAST(:now AS BIGINT)
)
ON CONFLICT (timer_key) DO UPDATE SET
  kind = excluded.kind, tenant = excluded.tenant, subject = excluded.subject, payload = excluded.payload,
  due_at = excluded.due_at, attempts = excluded.attempts, lease_owner = '', lease_until = 0, fence = timers.fence + 1;

-- name: timer_take(timer_key, kind, tenant, subject, payload, due_at, attempts, now, owner, until)
-- The same of one that is due, and is somebody's from the start.
INSERT INTO timers (timer_key, kind, tenant, subject, payload, due_at, attempts, lease_owner, lease_until, fence)
VALUES (
  CAST(:timer_key AS TEXT), CAST(:kind AS TEXT), CAST(:tenant AS TEXT), CAST(:subject AS TEXT),
  CAST(:payload AS TEXT), CAST(:due_at AS BIGINT), CAST(:attempts AS BIGINT), CAST(:owner AS TEXT),
  CAST(:until AS BIGINT), CAST(:now AS BIGINT)
)
ON CONFLICT (timer_key) DO UPDATE SET
  kind = excluded.kind, tenant = excluded.tenant, subject = excluded.subject, payload = excluded.payload,
  due_at = excluded.due_at, attempts = excluded.attempts, lease_owner = excluded.lease_owner,
  lease_until = excluded.lease_until, fence = timers.fence + 1
RETURNING *;

-- name: timer_drop(timer_key)!
DELETE FROM timers WHERE timer_key = CAST(:timer_key AS TEXT);

-- name: timer_unclaim(timer_key)!
-- Claimed in this transaction, and not for us: as it was, but for its fence.
UPDATE timers SET lease_owner = '', lease_until = 0, attempts = attempts - 1
WHERE timer_key = CAST(:timer_key AS TEXT);

-- name: timer_finish(timer_key, owner, fence)
-- The guard: nothing comes back when somebody else owns the timer or it was armed again.
UPDATE timers SET fence = fence + 1, lease_owner = '', lease_until = 0
WHERE timer_key = CAST(:timer_key AS TEXT)
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
RETURNING 1 AS written;

-- name: timer_end(timer_key, fence)!
DELETE FROM timers WHERE timer_key = CAST(:timer_key AS TEXT) AND fence = CAST(:fence AS BIGINT);

-- name: timer_lease(timer_key, owner, fence, until)
-- Nothing comes back when the lease is lost.
UPDATE timers SET lease_until = CAST(:until AS BIGINT)
WHERE timer_key = CAST(:timer_key AS TEXT)
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
RETURNING timer_key;
