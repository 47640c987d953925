-- name: step_insert(tenant, reference, at, kind, attempt, outcome, exchanges)!
INSERT INTO steps (tenant, reference, at, kind, attempt, outcome, exchanges)
VALUES (
  CAST(:tenant AS TEXT), CAST(:reference AS TEXT), CAST(:at AS BIGINT), CAST(:kind AS TEXT), CAST(:attempt AS BIGINT),
  CAST(:outcome AS TEXT), CAST(:exchanges AS TEXT)
)
ON CONFLICT (reference, tenant, at, kind) DO NOTHING;

-- name: steps_sweep(before, most)!
DELETE FROM steps WHERE (reference, tenant, at, kind) IN (
  SELECT reference, tenant, at, kind FROM steps WHERE at < CAST(:before AS BIGINT) ORDER BY at LIMIT CAST(:most AS BIGINT)
);

-- name: story_tenants(reference)
-- Whose requests have a reference: more than one tenant's only by chance.
SELECT tenant FROM inbox WHERE reference = CAST(:reference AS TEXT)
UNION SELECT tenant FROM rooms WHERE reference = CAST(:reference AS TEXT)
UNION SELECT tenant FROM steps WHERE reference = CAST(:reference AS TEXT)
ORDER BY tenant;

-- name: story_turns(tenant, reference)
SELECT t.turn_key, t.thread_id, t.from_oid, t.kind, t.state, t.attempts, t.outcome, t.received_at, c.kind AS chat
FROM inbox AS t LEFT JOIN chats AS c ON c.tenant = t.tenant AND c.thread_id = t.thread_id
WHERE t.tenant = CAST(:tenant AS TEXT) AND t.reference = CAST(:reference AS TEXT)
ORDER BY t.received_at, t.turn_key;

-- name: story_rooms(tenant, reference)
SELECT r.room_id, r.home_thread, r.starter_oid, r.host_oid, r.created_at, r.state, r.way, r.graph_call, r.attempt,
  r.binding, r.opened_at, r.live_at, r.ended_at, r.ended_by, r.fail_code, c.kind AS chat
FROM rooms AS r LEFT JOIN chats AS c ON c.tenant = r.tenant AND c.thread_id = r.home_thread
WHERE r.tenant = CAST(:tenant AS TEXT) AND r.reference = CAST(:reference AS TEXT)
ORDER BY r.created_at, r.room_id;

-- name: story_steps(tenant, reference)
SELECT at, kind, attempt, outcome, exchanges FROM steps
WHERE tenant = CAST(:tenant AS TEXT) AND reference = CAST(:reference AS TEXT)
ORDER BY at, kind;

-- name: story_room_messages(tenant, room_id)
SELECT purpose, to_oid, content, state, planned_at, sent_at, shown_version, attempts, outcome FROM messages
WHERE tenant = CAST(:tenant AS TEXT) AND room_id = CAST(:room_id AS TEXT)
ORDER BY planned_at, message_id;

-- name: story_turn_messages(tenant, turn_key, since, until)
-- What was whispered in answer to a turn; planned soon after it, or never.
SELECT purpose, to_oid, content, state, planned_at, sent_at, shown_version, attempts, outcome FROM messages
WHERE room_id = '' AND tenant = CAST(:tenant AS TEXT)
  AND planned_at BETWEEN CAST(:since AS BIGINT) AND CAST(:until AS BIGINT)
  AND intent_key LIKE 'whisper|' || CAST(:turn_key AS TEXT) || '|%'
ORDER BY planned_at, message_id;

-- name: story_audit(tenant, room_id, since, until)
SELECT at, actor_oid, action, detail FROM audit
WHERE tenant = CAST(:tenant AS TEXT) AND at BETWEEN CAST(:since AS BIGINT) AND CAST(:until AS BIGINT)
  AND room_id = CAST(:room_id AS TEXT) AND action NOT IN ('meet', 'failed')
ORDER BY at, audit_id;
