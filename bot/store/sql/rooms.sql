-- name: room_find(room_id)
SELECT * FROM rooms WHERE room_id = CAST(:room_id AS TEXT);

-- name: rooms_unfinished(tenant, scope_key, team_scope, thread_id, topics)
-- The rooms of the chat's scope and those that have a card in it; with :topics = 1 all of its team and its tenant, with
-- 2 those whose topic the chat has met about before.
SELECT rooms.*, CASE WHEN EXISTS (
  SELECT 1 FROM messages AS m
  WHERE m.intent_key = 'card|' || rooms.room_id || '|' || CAST(:thread_id AS TEXT)
) THEN 1 ELSE 0 END AS shown_here
FROM rooms
WHERE tenant = CAST(:tenant AS TEXT)
  AND scope_key IN (CAST(:scope_key AS TEXT), CAST(:team_scope AS TEXT), 'tenant')
  AND state IN ('opening', 'open', 'live', 'empty')
  AND (CAST(:topics AS BIGINT) = 1 OR scope_key = CAST(:scope_key AS TEXT) OR EXISTS (
    SELECT 1 FROM messages AS m
    WHERE m.intent_key = 'card|' || rooms.room_id || '|' || CAST(:thread_id AS TEXT)
  ) OR (CAST(:topics AS BIGINT) = 2 AND EXISTS (
    SELECT 1 FROM rooms AS own
    WHERE own.tenant = rooms.tenant AND own.home_thread = CAST(:thread_id AS TEXT)
      AND own.scope_key = rooms.scope_key AND own.topic = rooms.topic
  )))
ORDER BY created_at DESC, room_id DESC;

-- name: rooms_elsewhere(tenant, topic, scope_key, team_scope, most)
-- What has the same topic in other scopes.
SELECT * FROM rooms
WHERE tenant = CAST(:tenant AS TEXT) AND topic = CAST(:topic AS TEXT) AND topic <> ''
  AND scope_key NOT IN (CAST(:scope_key AS TEXT), CAST(:team_scope AS TEXT), 'tenant')
  AND state IN ('opening', 'open', 'live', 'empty')
ORDER BY created_at DESC, room_id DESC LIMIT CAST(:most AS BIGINT);

-- name: rooms_last(tenant, thread_id, most)
SELECT * FROM rooms
WHERE tenant = CAST(:tenant AS TEXT) AND home_thread = CAST(:thread_id AS TEXT)
ORDER BY created_at DESC, room_id DESC LIMIT CAST(:most AS BIGINT);

-- name: room_asked(tenant, thread_id, reference)
-- What a message opened, itself or by an edit of it, and what waits for its person's sign-in.
SELECT * FROM rooms
WHERE tenant = CAST(:tenant AS TEXT) AND home_thread = CAST(:thread_id AS TEXT)
  AND reference = CAST(:reference AS TEXT) AND (state <> 'failed' OR fail_code = 'sign_in')
ORDER BY created_at DESC, room_id DESC LIMIT 1;

-- name: room_over(tenant, thread_id, reference, outcome, since)
-- The room that a turn asked for, if it failed or has ended; whoever was led to a running one asked for that.
SELECT room_id FROM rooms
WHERE tenant = CAST(:tenant AS TEXT) AND home_thread = CAST(:thread_id AS TEXT) AND state IN ('failed', 'ended')
  AND (reference = CAST(:reference AS TEXT)
    OR (CAST(:outcome AS TEXT) = 'running' AND ended_at >= CAST(:since AS BIGINT)))
LIMIT 1;

-- name: room_insert(room_id, tenant, scope_key, topic, state, version, subject, starter_oid, starter, host_oid, host, home_thread, home_conversation, request, external_id, created_at, give_up_at, starts_at, ends_at, reference, zone, language, graph_call, attempt, bind_thread, binding, meeting_id, join_hash, meeting, trying, opened_at, live_at, empty_at, ended_at, ended_by, fail_code, people, backup_bridge, way, options, lobby_before, ringing, alerted)
-- Nothing comes back when the place is taken.
INSERT INTO rooms (
  room_id, tenant, scope_key, topic, state, version, subject, starter_oid, starter, host_oid, host, home_thread,
  home_conversation, request, external_id, created_at, give_up_at, starts_at, ends_at, reference, zone, language,
  graph_call, attempt, bind_thread, binding, meeting_id, join_hash, meeting, trying, opened_at, live_at, empty_at,
  ended_at, ended_by, fail_code, people, backup_bridge, way, options, lobby_before, ringing, alerted
) VALUES (
  CAST(:room_id AS TEXT), CAST(:tenant AS TEXT), CAST(:scope_key AS TEXT), CAST(:topic AS TEXT), CAST(:state AS TEXT),
  CAST(:version AS BIGINT), CAST(:subject AS TEXT), CAST(:starter_oid AS TEXT), CAST(:starter AS TEXT),
  CAST(:host_oid AS TEXT), CAST(:host AS TEXT), CAST(:home_thread AS TEXT), CAST(:home_conversation AS TEXT),
  CAST(:request AS TEXT), CAST(:external_id AS TEXT), CAST(:created_at AS BIGINT), CAST(:give_up_at AS BIGINT),
  CAST(:starts_at AS BIGINT), CAST(:ends_at AS BIGINT), CAST(:reference AS TEXT), CAST(:zone AS TEXT),
  CAST(:language AS TEXT), CAST(:graph_call AS TEXT), CAST(:attempt AS BIGINT), CAST(:bind_thread AS TEXT),
  CAST(:binding AS TEXT), CAST(:meeting_id AS TEXT), CAST(:join_hash AS TEXT), CAST(:meeting AS TEXT),
  CAST(:trying AS TEXT), CAST(:opened_at AS BIGINT), CAST(:live_at AS BIGINT), CAST(:empty_at AS BIGINT),
  CAST(:ended_at AS BIGINT), CAST(:ended_by AS TEXT), CAST(:fail_code AS TEXT),
  CAST(:people AS TEXT), CAST(:backup_bridge AS TEXT),
  CAST(:way AS TEXT), CAST(:options AS TEXT), CAST(:lobby_before AS TEXT),
  CAST(:ringing AS TEXT), CAST(:alerted AS TEXT)
)
ON CONFLICT (tenant, scope_key, topic) WHERE state IN ('opening', 'open', 'live', 'empty') DO NOTHING
RETURNING 1 AS written;

-- name: room_save(room_id, tenant, scope_key, topic, state, version, subject, host_oid, host, request, external_id, give_up_at, starts_at, ends_at, zone, language, graph_call, attempt, bind_thread, binding, meeting_id, join_hash, meeting, trying, opened_at, live_at, empty_at, ended_at, ended_by, fail_code, people, backup_bridge, way, options, lobby_before, ringing, alerted)
-- Nothing comes back when the room has another version by now, or when another room holds the place it wants. What a
-- room was made with stays: its place, its chat, who asked for it and when; and with it most of its indices.
UPDATE rooms SET
  state = CAST(:state AS TEXT), version = version + 1, subject = CAST(:subject AS TEXT),
  host_oid = CAST(:host_oid AS TEXT),
  host = CAST(:host AS TEXT), request = CAST(:request AS TEXT),
  external_id = CAST(:external_id AS TEXT),
  give_up_at = CAST(:give_up_at AS BIGINT), starts_at = CAST(:starts_at AS BIGINT),
  ends_at = CAST(:ends_at AS BIGINT), zone = CAST(:zone AS TEXT),
  language = CAST(:language AS TEXT), graph_call = CAST(:graph_call AS TEXT), attempt = CAST(:attempt AS BIGINT),
  bind_thread = CAST(:bind_thread AS TEXT), binding = CAST(:binding AS TEXT), meeting_id = CAST(:meeting_id AS TEXT),
  join_hash = CAST(:join_hash AS TEXT), meeting = CAST(:meeting AS TEXT), trying = CAST(:trying AS TEXT),
  opened_at = CAST(:opened_at AS BIGINT), live_at = CAST(:live_at AS BIGINT), empty_at = CAST(:empty_at AS BIGINT),
  ended_at = CAST(:ended_at AS BIGINT), ended_by = CAST(:ended_by AS TEXT), fail_code = CAST(:fail_code AS TEXT),
  people = CAST(:people AS TEXT), backup_bridge = CAST(:backup_bridge AS TEXT),
  way = CAST(:way AS TEXT), options = CAST(:options AS TEXT), lobby_before = CAST(:lobby_before AS TEXT),
  ringing = CAST(:ringing AS TEXT), alerted = CAST(:alerted AS TEXT)
WHERE room_id = CAST(:room_id AS TEXT) AND version = CAST(:version AS BIGINT)
  AND (CAST(:state AS TEXT) NOT IN ('opening', 'open', 'live', 'empty') OR NOT EXISTS (
    SELECT 1 FROM rooms AS o
    WHERE o.tenant = CAST(:tenant AS TEXT) AND o.scope_key = CAST(:scope_key AS TEXT)
      AND o.topic = CAST(:topic AS TEXT) AND o.room_id <> CAST(:room_id AS TEXT)
      AND o.state IN ('opening', 'open', 'live', 'empty')
  ))
RETURNING 1 AS written;

-- name: rooms_sweep_messages(before, most)!
DELETE FROM messages WHERE room_id IN (
  SELECT room_id FROM rooms
  WHERE state IN ('ended', 'failed') AND ended_at < CAST(:before AS BIGINT)
  ORDER BY ended_at, room_id LIMIT CAST(:most AS BIGINT)
);

-- name: rooms_sweep(before, most)!
DELETE FROM rooms WHERE room_id IN (
  SELECT room_id FROM rooms
  WHERE state IN ('ended', 'failed') AND ended_at < CAST(:before AS BIGINT)
  ORDER BY ended_at, room_id LIMIT CAST(:most AS BIGINT)
);
