-- name: signin_begin(tenant, user_oid, exchange_id, until, expires_at, now)
-- Whoever gets a row back exchanges; nothing comes back while another one does, or when it is known how it ended.
INSERT INTO signins (tenant, user_oid, exchange_id, state, lease_until, expires_at)
VALUES (
  CAST(:tenant AS TEXT), CAST(:user_oid AS TEXT), CAST(:exchange_id AS TEXT), 'exchanging', CAST(:until AS BIGINT),
  CAST(:expires_at AS BIGINT)
)
ON CONFLICT (tenant, user_oid, exchange_id) DO UPDATE SET
  state = excluded.state, lease_until = excluded.lease_until, expires_at = excluded.expires_at
  WHERE (signins.state = 'exchanging' AND signins.lease_until <= CAST(:now AS BIGINT))
    OR signins.expires_at <= CAST(:now AS BIGINT)
RETURNING state;

-- name: signin_find(tenant, user_oid, exchange_id)
SELECT state FROM signins
WHERE tenant = CAST(:tenant AS TEXT) AND user_oid = CAST(:user_oid AS TEXT)
  AND exchange_id = CAST(:exchange_id AS TEXT);

-- name: signin_end(tenant, user_oid, exchange_id, state, expires_at)!
-- What is done stays done: one that lost its lease may end with a refusal afterwards.
UPDATE signins SET state = CAST(:state AS TEXT), lease_until = 0, expires_at = CAST(:expires_at AS BIGINT)
WHERE tenant = CAST(:tenant AS TEXT) AND user_oid = CAST(:user_oid AS TEXT)
  AND exchange_id = CAST(:exchange_id AS TEXT)
  AND state <> 'done';

-- name: turns_waiting(tenant, user_oid, now)
SELECT * FROM inbox
WHERE state = 'waiting' AND tenant = CAST(:tenant AS TEXT) AND from_oid = CAST(:user_oid AS TEXT)
  AND expires_at > CAST(:now AS BIGINT);

-- name: turns_go_on(tenant, user_oid, now, until)!
-- What waited for this person runs, for as long as a new request may.
UPDATE inbox SET state = 'new', due_at = CAST(:now AS BIGINT), expires_at = CAST(:until AS BIGINT)
WHERE state = 'waiting' AND tenant = CAST(:tenant AS TEXT) AND from_oid = CAST(:user_oid AS TEXT)
  AND expires_at > CAST(:now AS BIGINT);

-- name: turns_waited_out(now)!
UPDATE inbox SET state = 'expired', body = NULL
WHERE state = 'waiting' AND expires_at <= CAST(:now AS BIGINT);

-- name: signins_sweep(now)!
DELETE FROM signins WHERE expires_at <= CAST(:now AS BIGINT);
