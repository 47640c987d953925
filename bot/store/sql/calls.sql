-- name: roster_of(room_id)
SELECT * FROM roster WHERE room_id = CAST(:room_id AS TEXT) ORDER BY session, participant_id;

-- name: stay_save(room_id, session, participant_id, sequence, at, person, name, phone, joined_at, left_at)!
INSERT INTO roster (room_id, session, participant_id, sequence, at, person, name, phone, joined_at, left_at)
VALUES (
  CAST(:room_id AS TEXT), CAST(:session AS BIGINT), CAST(:participant_id AS TEXT), CAST(:sequence AS BIGINT),
  CAST(:at AS BIGINT), CAST(:person AS TEXT), CAST(:name AS TEXT), CAST(:phone AS BIGINT),
  CAST(:joined_at AS BIGINT), CAST(:left_at AS BIGINT)
)
ON CONFLICT (room_id, session, participant_id) DO UPDATE SET
  sequence = excluded.sequence, at = excluded.at, person = excluded.person, name = excluded.name,
  joined_at = excluded.joined_at, left_at = excluded.left_at;

-- name: roster_sweep(before, most)!
DELETE FROM roster WHERE room_id IN (
  SELECT room_id FROM roster WHERE at < CAST(:before AS BIGINT) ORDER BY at LIMIT CAST(:most AS BIGINT)
) AND at < CAST(:before AS BIGINT);

-- name: attendance_save(room_id, attendance)!
UPDATE rooms SET attendance = CAST(:attendance AS TEXT) WHERE room_id = CAST(:room_id AS TEXT);

-- name: room_by_link(tenant, join_hash)
SELECT room_id FROM rooms WHERE tenant = CAST(:tenant AS TEXT) AND join_hash = CAST(:join_hash AS TEXT) AND join_hash <> ''
LIMIT 1;

-- name: watch_of(room_id)
SELECT * FROM subscriptions WHERE room_id = CAST(:room_id AS TEXT);

-- name: watch_find(subscription_id, mark)
-- One whose answer has not come yet is known by the hash of its clientState alone. In one statement: between two the answer
-- comes to another replica, and neither finds it.
SELECT * FROM subscriptions
WHERE (subscription_id = CAST(:subscription_id AS TEXT) AND subscription_id <> '')
  OR (mark = CAST(:mark AS TEXT) AND state = 'creating')
ORDER BY subscription_id DESC LIMIT 1;

-- name: watch_save(room_id, tenant, mark, key_id, version, state, subscription_id, expires_at)!
INSERT INTO subscriptions (room_id, tenant, mark, key_id, version, state, subscription_id, expires_at)
VALUES (
  CAST(:room_id AS TEXT), CAST(:tenant AS TEXT), CAST(:mark AS TEXT), CAST(:key_id AS TEXT), CAST(:version AS TEXT),
  CAST(:state AS TEXT), CAST(:subscription_id AS TEXT), CAST(:expires_at AS BIGINT)
)
ON CONFLICT (room_id) DO UPDATE SET
  mark = excluded.mark, key_id = excluded.key_id, version = excluded.version, state = excluded.state,
  subscription_id = excluded.subscription_id, expires_at = excluded.expires_at;

-- name: watch_drop(room_id)!
DELETE FROM subscriptions WHERE room_id = CAST(:room_id AS TEXT);

-- name: watches_sweep(before)!
DELETE FROM subscriptions WHERE expires_at < CAST(:before AS BIGINT);

-- name: key_serving(now)
SELECT * FROM keys WHERE serves_until > CAST(:now AS BIGINT) ORDER BY serves_until DESC LIMIT 1;

-- name: key_find(key_id)
SELECT * FROM keys WHERE key_id = CAST(:key_id AS TEXT);

-- name: key_save(key_id, certificate, sealed, serves_until)!
INSERT INTO keys (key_id, certificate, sealed, serves_until)
VALUES (
  CAST(:key_id AS TEXT), CAST(:certificate AS TEXT), CAST(:sealed AS TEXT), CAST(:serves_until AS BIGINT)
)
ON CONFLICT (key_id) DO NOTHING;

-- name: keys_sweep(before)!
-- A key is kept until its last subscription has expired, and a while longer for what is still on its way.
DELETE FROM keys WHERE serves_until < CAST(:before AS BIGINT)
  AND NOT EXISTS (SELECT 1 FROM subscriptions AS s WHERE s.key_id = keys.key_id);
