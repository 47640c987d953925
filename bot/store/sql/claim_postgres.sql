-- The claims of ENGINE 3.1. A lane (a chat's turns) is locked by the row of its chat, and whoever gives a lease on a turn
-- holds that lock: `receive` by its upsert of the chat, the end of a turn by `lane_lock`, the claimer by `lanes_due`.
-- Under READ COMMITTED each statement sees what was committed before it began; so the lock is one statement and what
-- is decided under it the next.

-- name: lanes_due(now, most)
-- The chats whose next turn can run: the head of the lane is due and no other turn of the lane is running.
SELECT c.tenant, c.thread_id
FROM inbox AS h JOIN chats AS c ON c.tenant = h.tenant AND c.thread_id = h.thread_id
WHERE h.state = 'new' AND h.due_at <= CAST(:now AS BIGINT) AND h.lease_until <= CAST(:now AS BIGINT)
  AND NOT EXISTS (
    SELECT 1 FROM inbox AS e
    WHERE e.state = 'new' AND e.tenant = h.tenant AND e.thread_id = h.thread_id AND e.turn_key <> h.turn_key
      AND ((e.received_at, e.turn_key) < (h.received_at, h.turn_key) OR e.lease_until > CAST(:now AS BIGINT))
  )
ORDER BY h.due_at LIMIT CAST(:most AS BIGINT)
FOR UPDATE OF c SKIP LOCKED;

-- name: turns_claim(now, lanes, owner, until)
-- The heads of these lanes, `lanes` being JSON: [[tenant, thread_id], ...].
WITH head AS MATERIALIZED (
  SELECT h.turn_key
  FROM json_array_elements(CAST(CAST(:lanes AS TEXT) AS JSON)) AS lane (value)
  JOIN inbox AS h ON h.tenant = lane.value ->> 0 AND h.thread_id = lane.value ->> 1
  WHERE h.state = 'new' AND h.due_at <= CAST(:now AS BIGINT) AND h.lease_until <= CAST(:now AS BIGINT)
    AND NOT EXISTS (
      SELECT 1 FROM inbox AS e
      WHERE e.state = 'new' AND e.tenant = h.tenant AND e.thread_id = h.thread_id AND e.turn_key <> h.turn_key
        AND ((e.received_at, e.turn_key) < (h.received_at, h.turn_key) OR e.lease_until > CAST(:now AS BIGINT))
    )
  FOR UPDATE OF h SKIP LOCKED
)
UPDATE inbox SET lease_owner = CAST(:owner AS TEXT), lease_until = CAST(:until AS BIGINT),
  fence = fence + 1, attempts = attempts + 1
WHERE turn_key IN (SELECT turn_key FROM head)
RETURNING *;

-- name: lane_lock(tenant, thread_id)
-- Waits until no other replica gives a lease in this lane.
SELECT 1 AS locked FROM chats
WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT)
FOR UPDATE;

-- name: timers_claim(now, most, owner, until, kinds)
WITH head AS MATERIALIZED (
  SELECT timer_key FROM timers
  WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
    AND kind IN (SELECT json_array_elements_text(CAST(CAST(:kinds AS TEXT) AS JSON)))
  ORDER BY due_at LIMIT CAST(:most AS BIGINT)
  FOR UPDATE SKIP LOCKED
)
UPDATE timers SET lease_owner = CAST(:owner AS TEXT), lease_until = CAST(:until AS BIGINT),
  fence = fence + 1, attempts = attempts + 1
WHERE timer_key IN (SELECT timer_key FROM head)
RETURNING *;

-- name: thread_lock(tenant, thread_id)
-- One replica at a time gives leases on a thread's messages; the others look again later instead of waiting.
SELECT pg_try_advisory_xact_lock(hashtextextended(CAST(:tenant AS TEXT) || ' ' || CAST(:thread_id AS TEXT), 0)) AS taken;

-- name: room_lock(room_id)
-- What is told of a room's calls is applied by one replica after the other.
SELECT 1 AS locked FROM rooms WHERE room_id = CAST(:room_id AS TEXT) FOR UPDATE;
