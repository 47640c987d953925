-- Every statement of the first version of the store, as it was: a process of that version goes on while a newer one
-- has migrated already (ENGINE R25).

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

-- name: chat_find(tenant, thread_id)
SELECT * FROM chats WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT);

-- name: chat_seen(tenant, thread_id, kind, channel_kind, team_id, group_id, name, service_url, bot_id, settings, now)!
-- Something was received from the chat: it is not gone; what is empty overwrites nothing.
INSERT INTO chats (
  tenant, thread_id, kind, channel_kind, team_id, group_id, name, service_url, bot_id, settings, settings_version,
  gone_at, seen_at
) VALUES (
  CAST(:tenant AS TEXT), CAST(:thread_id AS TEXT), CAST(:kind AS TEXT), CAST(:channel_kind AS TEXT),
  CAST(:team_id AS TEXT), CAST(:group_id AS TEXT), CAST(:name AS TEXT), CAST(:service_url AS TEXT),
  CAST(:bot_id AS TEXT), CAST(:settings AS TEXT), 0, NULL, CAST(:now AS BIGINT)
)
ON CONFLICT (tenant, thread_id) DO UPDATE SET
  kind = excluded.kind,
  channel_kind = CASE WHEN excluded.channel_kind <> '' THEN excluded.channel_kind ELSE chats.channel_kind END,
  team_id = CASE WHEN excluded.team_id <> '' THEN excluded.team_id ELSE chats.team_id END,
  group_id = CASE WHEN excluded.group_id <> '' THEN excluded.group_id ELSE chats.group_id END,
  name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE chats.name END,
  service_url = CASE WHEN excluded.service_url <> '' AND excluded.seen_at >= chats.seen_at
    THEN excluded.service_url ELSE chats.service_url END,
  bot_id = CASE WHEN excluded.bot_id <> '' AND excluded.seen_at >= chats.seen_at
    THEN excluded.bot_id ELSE chats.bot_id END,
  gone_at = NULL,
  seen_at = CASE WHEN excluded.seen_at > chats.seen_at THEN excluded.seen_at ELSE chats.seen_at END;

-- name: chat_save(tenant, thread_id, kind, channel_kind, team_id, group_id, name, service_url, bot_id, settings, gone_at, since, now)!
-- A decision about the chat, made for something that happened at :since; what was received later knows better
-- where the chat is and whether it is gone.
INSERT INTO chats (
  tenant, thread_id, kind, channel_kind, team_id, group_id, name, service_url, bot_id, settings, settings_version,
  gone_at, seen_at
) VALUES (
  CAST(:tenant AS TEXT), CAST(:thread_id AS TEXT), CAST(:kind AS TEXT), CAST(:channel_kind AS TEXT),
  CAST(:team_id AS TEXT), CAST(:group_id AS TEXT), CAST(:name AS TEXT), CAST(:service_url AS TEXT),
  CAST(:bot_id AS TEXT), CAST(:settings AS TEXT), 0, CAST(:gone_at AS BIGINT), CAST(:now AS BIGINT)
)
ON CONFLICT (tenant, thread_id) DO UPDATE SET
  kind = excluded.kind,
  channel_kind = CASE WHEN excluded.channel_kind <> '' THEN excluded.channel_kind ELSE chats.channel_kind END,
  team_id = CASE WHEN excluded.team_id <> '' THEN excluded.team_id ELSE chats.team_id END,
  group_id = CASE WHEN excluded.group_id <> '' THEN excluded.group_id ELSE chats.group_id END,
  name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE chats.name END,
  service_url = CASE WHEN excluded.service_url <> '' AND chats.seen_at <= CAST(:since AS BIGINT)
    THEN excluded.service_url ELSE chats.service_url END,
  bot_id = CASE WHEN excluded.bot_id <> '' AND chats.seen_at <= CAST(:since AS BIGINT)
    THEN excluded.bot_id ELSE chats.bot_id END,
  settings = excluded.settings,
  settings_version = chats.settings_version + CASE WHEN excluded.settings <> chats.settings THEN 1 ELSE 0 END,
  gone_at = CASE WHEN chats.seen_at <= CAST(:since AS BIGINT) THEN excluded.gone_at ELSE chats.gone_at END;

-- name: notes_find(tenant, now)
SELECT note_key, value FROM notes WHERE tenant = CAST(:tenant AS TEXT) AND until > CAST(:now AS BIGINT);

-- name: note_save(tenant, note_key, value, until)!
INSERT INTO notes (tenant, note_key, value, until)
VALUES (CAST(:tenant AS TEXT), CAST(:note_key AS TEXT), CAST(:value AS TEXT), CAST(:until AS BIGINT))
ON CONFLICT (tenant, note_key) DO UPDATE SET value = excluded.value, until = excluded.until;

-- name: notes_sweep(now)!
DELETE FROM notes WHERE until <= CAST(:now AS BIGINT);

-- name: audit_insert(audit_id, tenant, now, actor_oid, action, room_id, thread_id, detail, reference)!
INSERT INTO audit (audit_id, tenant, at, actor_oid, action, room_id, thread_id, detail, reference)
VALUES (
  CAST(:audit_id AS TEXT), CAST(:tenant AS TEXT), CAST(:now AS BIGINT), CAST(:actor_oid AS TEXT),
  CAST(:action AS TEXT), CAST(:room_id AS TEXT), CAST(:thread_id AS TEXT), CAST(:detail AS TEXT),
  CAST(:reference AS TEXT)
);

-- name: turn_find(turn_key)
-- A turn that is there already, with the answer of the turn it repeats.
SELECT t.original_key, o.answer
FROM inbox AS t LEFT JOIN inbox AS o ON o.turn_key = t.original_key
WHERE t.turn_key = CAST(:turn_key AS TEXT);

-- name: turn_before(tenant, thread_id, from_id)
-- The same person's newest turn in the chat; echoes do not count, or the third copy would be new.
SELECT turn_key, echo_key, kind, received_at, state, outcome, answer
FROM inbox
WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT) AND from_id = CAST(:from_id AS TEXT)
  AND state <> 'dropped'
ORDER BY received_at DESC
LIMIT 1;

-- name: lane_waits(tenant, thread_id)
SELECT turn_key FROM inbox
WHERE state = 'new' AND tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT)
LIMIT 1;

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
RETURNING turn_key;

-- name: turns_expire(now)!
UPDATE inbox SET state = 'expired', body = NULL, lease_owner = '', lease_until = 0
WHERE state = 'new' AND due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
  AND expires_at <= CAST(:now AS BIGINT);

-- name: turns_poison(now, most_attempts)!
UPDATE inbox SET state = 'poison', body = NULL, lease_owner = '', lease_until = 0
WHERE state = 'new' AND due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
  AND attempts >= CAST(:most_attempts AS BIGINT);

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

-- name: turn_finish(turn_key, owner, fence)
-- The guard of T2: nothing comes back when somebody else owns the turn.
UPDATE inbox SET state = 'done', body = NULL, lease_owner = '', lease_until = 0
WHERE turn_key = CAST(:turn_key AS TEXT) AND state = 'new'
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
RETURNING turn_key;

-- name: turn_outcome(turn_key, answer, outcome)!
UPDATE inbox SET answer = CAST(:answer AS TEXT), outcome = CAST(:outcome AS TEXT)
WHERE turn_key = CAST(:turn_key AS TEXT);

-- name: turn_fail(turn_key, owner, fence, retry_at, most_attempts)
UPDATE inbox SET
  state = CASE WHEN attempts >= CAST(:most_attempts AS BIGINT) THEN 'poison' ELSE 'new' END,
  body = CASE WHEN attempts >= CAST(:most_attempts AS BIGINT) THEN NULL ELSE body END,
  due_at = CAST(:retry_at AS BIGINT), lease_owner = '', lease_until = 0
WHERE turn_key = CAST(:turn_key AS TEXT) AND state = 'new'
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
RETURNING state;

-- name: turn_lease(turn_key, owner, fence, until)!
UPDATE inbox SET lease_until = CAST(:until AS BIGINT)
WHERE turn_key = CAST(:turn_key AS TEXT) AND state = 'new'
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT);

-- name: turns_sweep(before, most)!
DELETE FROM inbox WHERE turn_key IN (
  SELECT turn_key FROM inbox
  WHERE state IN ('done', 'dropped', 'expired', 'poison') AND received_at < CAST(:before AS BIGINT)
  ORDER BY received_at LIMIT CAST(:most AS BIGINT)
);

-- name: room_find(room_id)
SELECT * FROM rooms WHERE room_id = CAST(:room_id AS TEXT);

-- name: rooms_unfinished(tenant, scope_key)
SELECT * FROM rooms
WHERE tenant = CAST(:tenant AS TEXT) AND scope_key = CAST(:scope_key AS TEXT)
  AND state IN ('opening', 'open', 'live', 'empty')
ORDER BY created_at DESC, room_id DESC;

-- name: room_last(tenant, thread_id)
SELECT * FROM rooms
WHERE tenant = CAST(:tenant AS TEXT) AND home_thread = CAST(:thread_id AS TEXT)
ORDER BY created_at DESC, room_id DESC LIMIT 1;

-- name: room_insert(room_id, tenant, scope_key, topic, state, version, subject, starter_oid, starter, host_oid, host, home_thread, home_conversation, request, external_id, created_at, give_up_at, starts_at, ends_at, reference, zone, language, graph_call, attempt, bind_thread, binding, meeting_id, join_hash, meeting, trying, opened_at, live_at, empty_at, ended_at, ended_by, fail_code)
-- Nothing comes back when the place is taken.
INSERT INTO rooms (
  room_id, tenant, scope_key, topic, state, version, subject, starter_oid, starter, host_oid, host, home_thread,
  home_conversation, request, external_id, created_at, give_up_at, starts_at, ends_at, reference, zone, language,
  graph_call, attempt, bind_thread, binding, meeting_id, join_hash, meeting, trying, opened_at, live_at, empty_at,
  ended_at, ended_by, fail_code
) VALUES (
  CAST(:room_id AS TEXT), CAST(:tenant AS TEXT), CAST(:scope_key AS TEXT), CAST(:topic AS TEXT), CAST(:state AS TEXT),
  CAST(:version AS BIGINT), CAST(:subject AS TEXT), CAST(:starter_oid AS TEXT), CAST(:starter AS TEXT),
  CAST(:host_oid AS TEXT), CAST(:host AS TEXT), CAST(:home_thread AS TEXT), CAST(:home_conversation AS TEXT),
  CAST(:request AS TEXT), CAST(:external_id AS TEXT), CAST(:created_at AS BIGINT), CAST(:give_up_at AS BIGINT),
  CAST(:starts_at AS BIGINT), CAST(:ends_at AS BIGINT), CAST(:reference AS TEXT), CAST(:zone AS TEXT),
  CAST(:language AS TEXT), CAST(:graph_call AS TEXT), CAST(:attempt AS BIGINT), CAST(:bind_thread AS TEXT),
  CAST(:binding AS TEXT), CAST(:meeting_id AS TEXT), CAST(:join_hash AS TEXT), CAST(:meeting AS TEXT),
  CAST(:trying AS TEXT), CAST(:opened_at AS BIGINT), CAST(:live_at AS BIGINT), CAST(:empty_at AS BIGINT),
  CAST(:ended_at AS BIGINT), CAST(:ended_by AS TEXT), CAST(:fail_code AS TEXT)
)
ON CONFLICT (tenant, scope_key, topic) WHERE state IN ('opening', 'open', 'live', 'empty') DO NOTHING
RETURNING room_id;

-- name: room_save(room_id, tenant, scope_key, topic, state, version, subject, starter_oid, starter, host_oid, host, home_thread, home_conversation, request, external_id, created_at, give_up_at, starts_at, ends_at, reference, zone, language, graph_call, attempt, bind_thread, binding, meeting_id, join_hash, meeting, trying, opened_at, live_at, empty_at, ended_at, ended_by, fail_code)
-- Nothing comes back when the room has another version by now, or when another room holds the place it wants.
UPDATE rooms SET
  tenant = CAST(:tenant AS TEXT), scope_key = CAST(:scope_key AS TEXT), topic = CAST(:topic AS TEXT),
  state = CAST(:state AS TEXT), version = version + 1, subject = CAST(:subject AS TEXT),
  starter_oid = CAST(:starter_oid AS TEXT), starter = CAST(:starter AS TEXT), host_oid = CAST(:host_oid AS TEXT),
  host = CAST(:host AS TEXT), home_thread = CAST(:home_thread AS TEXT),
  home_conversation = CAST(:home_conversation AS TEXT), request = CAST(:request AS TEXT),
  external_id = CAST(:external_id AS TEXT), created_at = CAST(:created_at AS BIGINT),
  give_up_at = CAST(:give_up_at AS BIGINT), starts_at = CAST(:starts_at AS BIGINT),
  ends_at = CAST(:ends_at AS BIGINT), reference = CAST(:reference AS TEXT), zone = CAST(:zone AS TEXT),
  language = CAST(:language AS TEXT), graph_call = CAST(:graph_call AS TEXT), attempt = CAST(:attempt AS BIGINT),
  bind_thread = CAST(:bind_thread AS TEXT), binding = CAST(:binding AS TEXT), meeting_id = CAST(:meeting_id AS TEXT),
  join_hash = CAST(:join_hash AS TEXT), meeting = CAST(:meeting AS TEXT), trying = CAST(:trying AS TEXT),
  opened_at = CAST(:opened_at AS BIGINT), live_at = CAST(:live_at AS BIGINT), empty_at = CAST(:empty_at AS BIGINT),
  ended_at = CAST(:ended_at AS BIGINT), ended_by = CAST(:ended_by AS TEXT), fail_code = CAST(:fail_code AS TEXT)
WHERE room_id = CAST(:room_id AS TEXT) AND version = CAST(:version AS BIGINT)
  AND (CAST(:state AS TEXT) NOT IN ('opening', 'open', 'live', 'empty') OR NOT EXISTS (
    SELECT 1 FROM rooms AS o
    WHERE o.tenant = CAST(:tenant AS TEXT) AND o.scope_key = CAST(:scope_key AS TEXT)
      AND o.topic = CAST(:topic AS TEXT) AND o.room_id <> CAST(:room_id AS TEXT)
      AND o.state IN ('opening', 'open', 'live', 'empty')
  ))
RETURNING version;

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

-- name: message_by_activity(tenant, thread_id, activity_id)
SELECT * FROM messages
WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT)
  AND activity_id = CAST(:activity_id AS TEXT) AND activity_id <> '';

-- name: message_insert(message_id, intent_key, tenant, thread_id, conversation_id, room_id, purpose, to_oid, to_person, content, state, generation, activity_id, want_version, shown_version, now, due_at, attempts, sent_at, outcome)
-- Nothing comes back when the intent has its message already.
INSERT INTO messages (
  message_id, intent_key, tenant, thread_id, conversation_id, room_id, purpose, to_oid, to_person, content, state,
  generation, activity_id, want_version, shown_version, planned_at, due_at, attempts, sent_at,
  lease_owner, lease_until, fence, outcome
) VALUES (
  CAST(:message_id AS TEXT), CAST(:intent_key AS TEXT), CAST(:tenant AS TEXT), CAST(:thread_id AS TEXT),
  CAST(:conversation_id AS TEXT), CAST(:room_id AS TEXT), CAST(:purpose AS TEXT), CAST(:to_oid AS TEXT),
  CAST(:to_person AS TEXT), CAST(:content AS TEXT), CAST(:state AS TEXT), CAST(:generation AS BIGINT),
  CAST(:activity_id AS TEXT), CAST(:want_version AS BIGINT), CAST(:shown_version AS BIGINT), CAST(:now AS BIGINT),
  CAST(:due_at AS BIGINT), CAST(:attempts AS BIGINT), CAST(:sent_at AS BIGINT), '', 0, 0, CAST(:outcome AS TEXT)
)
ON CONFLICT (intent_key) DO NOTHING
RETURNING message_id;

-- name: messages_gone(now)!
-- What is due in a chat that is gone is not sent (ENGINE R19).
UPDATE messages SET state = 'gone', due_at = NULL, lease_owner = '', lease_until = 0, outcome = 'chat gone'
WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT) AND EXISTS (
  SELECT 1 FROM chats AS c
  WHERE c.tenant = messages.tenant AND c.thread_id = messages.thread_id AND c.gone_at IS NOT NULL
);

-- name: messages_unclear(now, due_at)!
-- The lease ended in the middle of a send. Owner and fence stay: if the sender wakes before anybody posts again,
-- what it knows is better than a second card.
UPDATE messages SET state = 'unclear', due_at = CAST(:due_at AS BIGINT), lease_until = 0, outcome = 'lease ended'
WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT) AND state = 'sending';

-- name: messages_not_again(now)!
-- What may have been posted and must not be posted twice (ENGINE 3.3).
UPDATE messages SET state = 'gone', due_at = NULL, lease_owner = '', lease_until = 0, outcome = 'unclear'
WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT) AND state = 'unclear'
  AND purpose NOT IN ('card', 'whisper', 'notice', 'welcome');

-- name: message_claim(message_id, now, owner, until)
UPDATE messages SET lease_owner = CAST(:owner AS TEXT), lease_until = CAST(:until AS BIGINT),
  fence = fence + 1, attempts = attempts + 1,
  state = CASE WHEN state = 'planned' THEN 'sending' ELSE state END
WHERE message_id = CAST(:message_id AS TEXT)
  AND due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
  AND (state = 'planned' OR (state = 'posted' AND want_version > shown_version))
  AND NOT EXISTS (
    SELECT 1 FROM chats AS c
    WHERE c.tenant = messages.tenant AND c.thread_id = messages.thread_id AND c.gone_at IS NOT NULL
  )
RETURNING *;

-- name: message_free(message_id, owner, fence)
-- The guard of T4: nothing comes back when somebody else owns the message.
UPDATE messages SET lease_owner = '', lease_until = 0
WHERE message_id = CAST(:message_id AS TEXT)
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
RETURNING *;

-- name: message_sent(message_id, state, activity_id, shown_version, sent_at, attempts, due_at, outcome)!
UPDATE messages SET state = CAST(:state AS TEXT), activity_id = CAST(:activity_id AS TEXT),
  shown_version = CAST(:shown_version AS BIGINT), sent_at = CAST(:sent_at AS BIGINT),
  attempts = CAST(:attempts AS BIGINT), due_at = CAST(:due_at AS BIGINT), outcome = CAST(:outcome AS TEXT)
WHERE message_id = CAST(:message_id AS TEXT);

-- name: cards_want(room_id)
UPDATE messages SET want_version = want_version + 1
WHERE room_id = CAST(:room_id AS TEXT) AND purpose = 'card' AND state IN ('planned', 'sending', 'unclear', 'posted')
RETURNING *;

-- name: thread_last_sent(tenant, thread_id)
SELECT MAX(sent_at) AS sent_at FROM messages
WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT) AND sent_at IS NOT NULL;

-- name: message_due(message_id, due_at)!
UPDATE messages SET due_at = CAST(:due_at AS BIGINT) WHERE message_id = CAST(:message_id AS TEXT);

-- name: message_lease(message_id, owner, fence, until)!
UPDATE messages SET lease_until = CAST(:until AS BIGINT)
WHERE message_id = CAST(:message_id AS TEXT)
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT);

-- name: message_release(message_id, owner, fence)!
-- Bytes of a message in `sending` may be on their way: its lease ends by itself.
UPDATE messages SET lease_owner = '', lease_until = 0
WHERE message_id = CAST(:message_id AS TEXT) AND state <> 'sending'
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT);

-- name: messages_sweep(before, most)!
-- Finished messages that belong to no room; a welcome stays, so that nobody is welcomed twice.
DELETE FROM messages WHERE message_id IN (
  SELECT message_id FROM messages
  WHERE room_id = '' AND planned_at < CAST(:before AS BIGINT) AND due_at IS NULL AND purpose <> 'welcome'
  ORDER BY planned_at LIMIT CAST(:most AS BIGINT)
);

-- name: card_point(message_id, room_id)
-- A card goes on as the card of another room: the same post, edited.
UPDATE messages SET room_id = CAST(:room_id AS TEXT),
  intent_key = 'card|' || CAST(:room_id AS TEXT) || '|' || thread_id,
  want_version = want_version + 1, attempts = 0
WHERE message_id = CAST(:message_id AS TEXT) AND purpose = 'card' AND state IN ('planned', 'sending', 'unclear', 'posted')
RETURNING *;

-- name: timer_set(timer_key, kind, tenant, subject, payload, due_at, attempts, now)!
-- A re-armed timer has a new fence and no lease: an old holder cannot delete it. A first fence is the time, so that
-- no earlier life of the same key had it.
INSERT INTO timers (timer_key, kind, tenant, subject, payload, due_at, attempts, lease_owner, lease_until, fence)
VALUES (
  CAST(:timer_key AS TEXT), CAST(:kind AS TEXT), CAST(:tenant AS TEXT), CAST(:subject AS TEXT),
  CAST(:payload AS TEXT), CAST(:due_at AS BIGINT), CAST(:attempts AS BIGINT), '', 0, CAST(:now AS BIGINT)
)
ON CONFLICT (timer_key) DO UPDATE SET
  kind = excluded.kind, tenant = excluded.tenant, subject = excluded.subject, payload = excluded.payload,
  due_at = excluded.due_at, attempts = excluded.attempts, lease_owner = '', lease_until = 0, fence = timers.fence + 1;

-- name: timer_drop(timer_key)!
DELETE FROM timers WHERE timer_key = CAST(:timer_key AS TEXT);

-- name: timer_claim(timer_key, now, owner, until)
UPDATE timers SET lease_owner = CAST(:owner AS TEXT), lease_until = CAST(:until AS BIGINT),
  fence = fence + 1, attempts = attempts + 1
WHERE timer_key = CAST(:timer_key AS TEXT)
  AND due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
RETURNING *;

-- name: timer_finish(timer_key, owner, fence)
-- The guard: nothing comes back when somebody else owns the timer or it was armed again.
UPDATE timers SET fence = fence + 1, lease_owner = '', lease_until = 0
WHERE timer_key = CAST(:timer_key AS TEXT)
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
RETURNING fence;

-- name: timer_end(timer_key, fence)!
DELETE FROM timers WHERE timer_key = CAST(:timer_key AS TEXT) AND fence = CAST(:fence AS BIGINT);

-- name: timer_lease(timer_key, owner, fence, until)!
UPDATE timers SET lease_until = CAST(:until AS BIGINT)
WHERE timer_key = CAST(:timer_key AS TEXT)
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT);

-- The claims of ENGINE 3.1. One writer at a time needs no row locks; PostgreSQL's have FOR UPDATE SKIP LOCKED.

-- name: turns_claim(now, most, owner, until)
-- The head of each chat's lane, when no other turn of the lane is running.
WITH head AS MATERIALIZED (
  SELECT h.turn_key FROM inbox AS h
  WHERE h.state = 'new' AND h.due_at <= CAST(:now AS BIGINT) AND h.lease_until <= CAST(:now AS BIGINT)
    AND NOT EXISTS (
      SELECT 1 FROM inbox AS e
      WHERE e.state = 'new' AND e.tenant = h.tenant AND e.thread_id = h.thread_id AND e.turn_key <> h.turn_key
        AND ((e.received_at, e.turn_key) < (h.received_at, h.turn_key) OR e.lease_until > CAST(:now AS BIGINT))
    )
  ORDER BY h.due_at LIMIT CAST(:most AS BIGINT)
)
UPDATE inbox SET lease_owner = CAST(:owner AS TEXT), lease_until = CAST(:until AS BIGINT),
  fence = fence + 1, attempts = attempts + 1
WHERE turn_key IN (SELECT turn_key FROM head)
RETURNING *;

-- name: timers_claim(now, most, owner, until)
WITH head AS MATERIALIZED (
  SELECT timer_key FROM timers
  WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
  ORDER BY due_at LIMIT CAST(:most AS BIGINT)
)
UPDATE timers SET lease_owner = CAST(:owner AS TEXT), lease_until = CAST(:until AS BIGINT),
  fence = fence + 1, attempts = attempts + 1
WHERE timer_key IN (SELECT timer_key FROM head)
RETURNING *;

-- name: messages_claim(now, most, owner, until)
WITH head AS MATERIALIZED (
  SELECT message_id FROM messages
  WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
    AND (state IN ('planned', 'unclear') OR (state = 'posted' AND want_version > shown_version))
  ORDER BY due_at LIMIT CAST(:most AS BIGINT)
)
UPDATE messages SET lease_owner = CAST(:owner AS TEXT), lease_until = CAST(:until AS BIGINT),
  fence = fence + 1, attempts = attempts + 1,
  generation = CASE WHEN state = 'unclear' THEN generation + 1 ELSE generation END,
  state = CASE WHEN state IN ('planned', 'unclear') THEN 'sending' ELSE state END
WHERE message_id IN (SELECT message_id FROM head)
RETURNING *;
