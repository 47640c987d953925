-- name: turn_find(turn_key)
-- A turn that is there already, with the answer of the turn it repeats.
SELECT t.original_key, o.answer
FROM inbox AS t LEFT JOIN inbox AS o ON o.turn_key = t.original_key
WHERE t.turn_key = CAST(:turn_key AS TEXT);

-- name: turn_before(tenant, thread_id, from_id)
-- The same person's newest turn in the chat; echoes do not count, or the third copy would be new, nor does what went
-- on after a sign-in: nobody said it.
SELECT turn_key, echo_key, kind, reference, received_at, state, outcome, answer
FROM inbox
WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT) AND from_id = CAST(:from_id AS TEXT)
  AND state <> 'dropped' AND kind <> 'signed_in'
ORDER BY received_at DESC
LIMIT 1;

-- name: turn_shown(tenant, thread_id, from_id, reference)
-- What the person's message said last: itself, or its newest edit, which has its reference.
SELECT turn_key, echo_key, answer
FROM inbox
WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT) AND from_id = CAST(:from_id AS TEXT)
  AND reference = CAST(:reference AS TEXT) AND kind IN ('said', 'edited') AND state <> 'dropped'
ORDER BY received_at DESC
LIMIT 1;

-- name: lane_waits(tenant, thread_id, most)
SELECT turn_key FROM inbox
WHERE state = 'new' AND tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT)
LIMIT CAST(:most AS BIGINT);

-- name: turn_insert(turn_key, original_key, echo_key, tenant, thread_id, from_id, from_oid, kind, reference, body, received_at, due_at, expires_at, state, attempts, lease_owner, lease_until, fence, outcome)
INSERT INTO inbox (
  turn_key, original_key, echo_key, tenant, thread_id, from_id, from_oid, kind, reference, body,
  received_at, due_at, expires_at, state, attempts, lease_owner, lease_until, fence, outcome
) VALUES (
  CAST(:turn_key AS TEXT), CAST(:original_key AS TEXT), CAST(:echo_key AS TEXT), CAST(:tenant AS TEXT),
  CAST(:thread_id AS TEXT), CAST(:from_id AS TEXT), CAST(:from_oid AS TEXT), CAST(:kind AS TEXT),
  CAST(:reference AS TEXT), CAST(:body AS TEXT), CAST(:received_at AS BIGINT), CAST(:due_at AS BIGINT),
  CAST(:expires_at AS BIGINT), CAST(:state AS TEXT), CAST(:attempts AS BIGINT), CAST(:lease_owner AS TEXT),
  CAST(:lease_until AS BIGINT), CAST(:fence AS BIGINT), CAST(:outcome AS TEXT)
)
ON CONFLICT (turn_key) DO NOTHING
RETURNING 1 AS written;

-- name: turns_expire(now)
-- What comes back still has its body, so that the person can be told; turn_empty takes it away.
UPDATE inbox SET state = 'expired', lease_owner = '', lease_until = 0
WHERE state = 'new' AND due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
  AND expires_at <= CAST(:now AS BIGINT)
RETURNING *;

-- name: turn_empty(turn_key)!
UPDATE inbox SET body = NULL WHERE turn_key = CAST(:turn_key AS TEXT);

-- name: turns_poison(now, most_attempts)
-- A poisoned turn keeps its body, so that it can be run again.
UPDATE inbox SET state = 'poison', lease_owner = '', lease_until = 0
WHERE state = 'new' AND due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
  AND attempts >= CAST(:most_attempts AS BIGINT)
RETURNING *;

-- name: turns_stuck(most)
SELECT turn_key, kind, reference, thread_id, received_at, attempts FROM inbox
WHERE state = 'poison' ORDER BY received_at, turn_key LIMIT CAST(:most AS BIGINT);

-- name: turn_replay(turn_key, now, expires_at)
UPDATE inbox SET state = 'new', attempts = 0, due_at = CAST(:now AS BIGINT), expires_at = CAST(:expires_at AS BIGINT)
WHERE turn_key = CAST(:turn_key AS TEXT) AND state = 'poison' AND body IS NOT NULL
RETURNING turn_key;

-- name: turn_drop(turn_key)
UPDATE inbox SET state = 'dropped', outcome = 'dropped by hand', body = NULL
WHERE turn_key = CAST(:turn_key AS TEXT) AND state = 'poison'
RETURNING turn_key;

-- name: lane_claim(tenant, thread_id, now, owner, until, most_attempts)
-- The lane's next turn, if it can run now.
UPDATE inbox SET lease_owner = CAST(:owner AS TEXT), lease_until = CAST(:until AS BIGINT),
  fence = fence + 1, attempts = attempts + 1
WHERE turn_key = (
    SELECT h.turn_key FROM inbox AS h
    WHERE h.state = 'new' AND h.tenant = CAST(:tenant AS TEXT) AND h.thread_id = CAST(:thread_id AS TEXT)
    ORDER BY h.received_at, h.turn_key LIMIT 1
  )
  AND state = 'new' AND due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
  AND expires_at > CAST(:now AS BIGINT) AND attempts < CAST(:most_attempts AS BIGINT)
  AND NOT EXISTS (
    SELECT 1 FROM inbox AS l
    WHERE l.state = 'new' AND l.tenant = CAST(:tenant AS TEXT) AND l.thread_id = CAST(:thread_id AS TEXT)
      AND l.lease_until > CAST(:now AS BIGINT)
  )
RETURNING *;

-- name: turn_unclaim(turn_key)!
-- Claimed in this transaction, and not for us: as it was, but for its fence.
UPDATE inbox SET lease_owner = '', lease_until = 0, attempts = attempts - 1
WHERE turn_key = CAST(:turn_key AS TEXT);

-- name: turn_unheard(turn_key)!
-- The response has gone without the answer; a turn that is done already has one to read.
UPDATE inbox SET outcome = 'unheard' WHERE turn_key = CAST(:turn_key AS TEXT) AND state = 'new';

-- name: turn_finish(turn_key, owner, fence)
-- The guard of T2: nothing comes back when somebody else owns the turn.
UPDATE inbox SET state = 'done', body = NULL, lease_owner = '', lease_until = 0
WHERE turn_key = CAST(:turn_key AS TEXT) AND state = 'new'
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
RETURNING outcome;

-- name: turn_outcome(turn_key, answer, outcome)!
UPDATE inbox SET answer = CAST(:answer AS TEXT), outcome = CAST(:outcome AS TEXT)
WHERE turn_key = CAST(:turn_key AS TEXT);

-- name: turn_fail(turn_key, owner, fence, retry_at, most_attempts)
UPDATE inbox SET
  state = CASE WHEN attempts >= CAST(:most_attempts AS BIGINT) THEN 'poison' ELSE 'new' END,
  due_at = CAST(:retry_at AS BIGINT), lease_owner = '', lease_until = 0
WHERE turn_key = CAST(:turn_key AS TEXT) AND state = 'new'
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
RETURNING *;

-- name: turn_lease(turn_key, owner, fence, until)
-- Nothing comes back when the lease is lost.
UPDATE inbox SET lease_until = CAST(:until AS BIGINT)
WHERE turn_key = CAST(:turn_key AS TEXT) AND state = 'new'
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
RETURNING turn_key;

-- name: turns_sweep(before, most)!
DELETE FROM inbox WHERE turn_key IN (
  SELECT turn_key FROM inbox
  WHERE state <> 'new' AND state <> 'waiting' AND received_at < CAST(:before AS BIGINT)
  ORDER BY received_at LIMIT CAST(:most AS BIGINT)
);
