-- name: alive()
-- A store that answers this is ready.
SELECT 1 AS alive;

-- name: decision_begin()!
SAVEPOINT decision;

-- name: decision_undo()!
ROLLBACK TO SAVEPOINT decision;

-- name: decision_end()!
RELEASE SAVEPOINT decision;

-- name: next_due(now)
-- The earliest time ahead at which something becomes due or a lease ends.
SELECT MIN(ahead.due_at) AS due_at FROM (
  SELECT MIN(due_at) AS due_at FROM inbox WHERE state = 'new' AND due_at > CAST(:now AS BIGINT)
  UNION ALL SELECT MIN(lease_until) FROM inbox WHERE lease_until > 0 AND lease_until > CAST(:now AS BIGINT)
  UNION ALL SELECT MIN(due_at) FROM messages WHERE due_at > CAST(:now AS BIGINT)
  UNION ALL SELECT MIN(lease_until) FROM messages WHERE lease_until > 0 AND lease_until > CAST(:now AS BIGINT)
  UNION ALL SELECT MIN(due_at) FROM timers WHERE due_at > CAST(:now AS BIGINT)
  UNION ALL SELECT MIN(lease_until) FROM timers WHERE lease_until > 0 AND lease_until > CAST(:now AS BIGINT)
) AS ahead;

-- name: orphan_turns(owner)!
-- SQLite is one process (ENGINE R24): whoever holds the file's lock knows that no other lease holder lives.
UPDATE inbox SET lease_until = 0 WHERE state = 'new' AND lease_owner <> CAST(:owner AS TEXT) AND lease_until > 0;

-- name: orphan_timers(owner)!
UPDATE timers SET lease_until = 0 WHERE lease_owner <> CAST(:owner AS TEXT) AND lease_until > 0;

-- name: orphan_messages(owner)!
UPDATE messages SET lease_until = 0 WHERE lease_owner <> CAST(:owner AS TEXT) AND lease_until > 0;

-- name: replica_seen(owner, now)!
INSERT INTO replicas (owner, seen_at) VALUES (CAST(:owner AS TEXT), CAST(:now AS BIGINT))
ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at;

-- name: replicas_alive(since)
SELECT COUNT(*) AS alive FROM replicas WHERE seen_at > CAST(:since AS BIGINT);

-- name: replica_gone(owner)!
DELETE FROM replicas WHERE owner = CAST(:owner AS TEXT);

-- name: replicas_sweep(before)!
DELETE FROM replicas WHERE seen_at < CAST(:before AS BIGINT);
