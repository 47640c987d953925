-- The claims of ENGINE 3.1. One writer at a time needs no locks; PostgreSQL's have them (claim_postgres.sql).

-- name: lanes_due(now, most)
-- The chats whose next turn can run: the head of the lane is due and no other turn of the lane is running.
SELECT h.tenant, h.thread_id FROM inbox AS h
WHERE h.state = 'new' AND h.due_at <= CAST(:now AS BIGINT) AND h.lease_until <= CAST(:now AS BIGINT)
  AND NOT EXISTS (
    SELECT 1 FROM inbox AS e
    WHERE e.state = 'new' AND e.tenant = h.tenant AND e.thread_id = h.thread_id AND e.turn_key <> h.turn_key
      AND ((e.received_at, e.turn_key) < (h.received_at, h.turn_key) OR e.lease_until > CAST(:now AS BIGINT))
  )
ORDER BY h.due_at LIMIT CAST(:most AS BIGINT);

-- name: turns_claim(now, lanes, owner, until)
-- The heads of these lanes, `lanes` being JSON: [[tenant, thread_id], ...].
WITH head AS MATERIALIZED (
  SELECT h.turn_key
  FROM json_each(CAST(:lanes AS TEXT)) AS lane
  JOIN inbox AS h ON h.tenant = json_extract(lane.value, '$[0]') AND h.thread_id = json_extract(lane.value, '$[1]')
  WHERE h.state = 'new' AND h.due_at <= CAST(:now AS BIGINT) AND h.lease_until <= CAST(:now AS BIGINT)
    AND NOT EXISTS (
      SELECT 1 FROM inbox AS e
      WHERE e.state = 'new' AND e.tenant = h.tenant AND e.thread_id = h.thread_id AND e.turn_key <> h.turn_key
        AND ((e.received_at, e.turn_key) < (h.received_at, h.turn_key) OR e.lease_until > CAST(:now AS BIGINT))
    )
)
UPDATE inbox SET lease_owner = CAST(:owner AS TEXT), lease_until = CAST(:until AS BIGINT),
  fence = fence + 1, attempts = attempts + 1
WHERE turn_key IN (SELECT turn_key FROM head)
RETURNING *;

-- name: timers_claim(now, most, owner, until, kinds)
WITH head AS MATERIALIZED (
  SELECT timer_key FROM timers
  WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
    AND kind IN (SELECT value FROM json_each(CAST(:kinds AS TEXT)) AS kinds)
  ORDER BY due_at LIMIT CAST(:most AS BIGINT)
)
UPDATE timers SET lease_owner = CAST(:owner AS TEXT), lease_until = CAST(:until AS BIGINT),
  fence = fence + 1, attempts = attempts + 1
WHERE timer_key IN (SELECT timer_key FROM head)
RETURNING *;
