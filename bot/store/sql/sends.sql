-- name: threads_due(now, most, besides)
-- The threads that have something to send and are not sending, in tenants that :besides does not name: those with new
-- posts before those with edits (ENGINE R17), and of them the one that waits longest.
WITH due AS MATERIALIZED (
  SELECT tenant, thread_id, planned_at, due_at, CASE WHEN state = 'posted' THEN 1 ELSE 0 END AS edit FROM messages
  WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
    AND CAST(:besides AS TEXT) NOT LIKE '%' || tenant || ' %'
    AND (state IN ('planned', 'unclear') OR (state = 'posted' AND want_version > shown_version))
)
SELECT due.tenant, due.thread_id FROM due
WHERE NOT EXISTS (
  SELECT 1 FROM messages AS b
  WHERE b.tenant = due.tenant AND b.thread_id = due.thread_id AND b.due_at IS NOT NULL
    AND b.lease_until > CAST(:now AS BIGINT)
)
GROUP BY due.tenant, due.thread_id ORDER BY MIN(due.edit), MIN(due.planned_at), MIN(due.due_at)
LIMIT CAST(:most AS BIGINT);

-- name: tenant_sent(tenant, since, most)
-- What was sent in a tenant lately, newest first.
SELECT at FROM sends
WHERE tenant = CAST(:tenant AS TEXT) AND at > CAST(:since AS BIGINT)
ORDER BY at DESC LIMIT CAST(:most AS BIGINT);

-- name: thread_heads(tenant, thread_id, now, most)
-- What the thread sends next: first posts, then answers to people, then other words, then edits (ENGINE R17).
SELECT m.message_id, m.state, m.attempts, m.generation FROM messages AS m
WHERE m.tenant = CAST(:tenant AS TEXT) AND m.thread_id = CAST(:thread_id AS TEXT)
  AND m.due_at <= CAST(:now AS BIGINT) AND m.lease_until <= CAST(:now AS BIGINT)
  AND (m.state IN ('planned', 'unclear') OR (m.state = 'posted' AND m.want_version > m.shown_version))
  AND NOT EXISTS (
    SELECT 1 FROM messages AS b
    WHERE b.tenant = CAST(:tenant AS TEXT) AND b.thread_id = CAST(:thread_id AS TEXT) AND b.due_at IS NOT NULL
      AND b.lease_until > CAST(:now AS BIGINT)
  )
ORDER BY CASE
    WHEN m.state = 'posted' THEN 3
    WHEN m.purpose = 'card' THEN 0
    WHEN m.purpose IN ('whisper', 'notice') AND m.room_id = '' THEN 1
    ELSE 2
  END, m.planned_at, m.message_id
LIMIT CAST(:most AS BIGINT);

-- name: thread_seen(tenant, thread_id, now, in_thread, in_tenant, since, second_ago, paused)
-- Everything that the limiter asks about, in one look.
SELECT 'thread' AS scope, t.at, t.edit FROM (
  SELECT at, edit FROM sends
  WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT) AND at > CAST(:since AS BIGINT)
  ORDER BY at DESC LIMIT CAST(:in_thread AS BIGINT)
) AS t
UNION ALL
SELECT 'tenant' AS scope, a.at, 0 AS edit FROM (
  SELECT at FROM sends
  WHERE tenant = CAST(:tenant AS TEXT) AND at > CAST(:second_ago AS BIGINT)
  ORDER BY at DESC LIMIT CAST(:in_tenant AS BIGINT)
) AS a
UNION ALL
SELECT 'paused' AS scope, n.until AS at, 0 AS edit FROM notes AS n
WHERE n.tenant = CAST(:tenant AS TEXT) AND n.note_key = CAST(:paused AS TEXT) AND n.until > CAST(:now AS BIGINT);

-- name: thread_later(tenant, thread_id, now, at, edits)!
-- Not allowed yet: what is due waits until it is; with :edits = 1 only the edits do.
UPDATE messages SET due_at = CAST(:at AS BIGINT)
WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT)
  AND due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
  AND (CAST(:edits AS BIGINT) = 0 OR state = 'posted');

-- name: message_claim(message_id, now, owner, until)
-- A thread sends one message at a time.
UPDATE messages SET lease_owner = CAST(:owner AS TEXT), lease_until = CAST(:until AS BIGINT),
  fence = fence + 1, attempts = attempts + 1,
  generation = CASE WHEN state = 'unclear' THEN generation + 1 ELSE generation END,
  state = CASE WHEN state IN ('planned', 'unclear') THEN 'sending' ELSE state END
WHERE message_id = CAST(:message_id AS TEXT)
  AND due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
  AND (state IN ('planned', 'unclear') OR (state = 'posted' AND want_version > shown_version))
  AND NOT EXISTS (
    SELECT 1 FROM messages AS b
    WHERE b.tenant = messages.tenant AND b.thread_id = messages.thread_id AND b.due_at IS NOT NULL
      AND b.lease_until > CAST(:now AS BIGINT)
  )
  AND NOT EXISTS (
    SELECT 1 FROM chats AS c
    WHERE c.tenant = messages.tenant AND c.thread_id = messages.thread_id AND c.gone_at IS NOT NULL
  )
RETURNING *;

-- name: message_unclaim(message_id, state, attempts, generation)!
-- Claimed in this transaction, and not for us: as it was, but for its fence.
UPDATE messages SET lease_owner = '', lease_until = 0, state = CAST(:state AS TEXT),
  attempts = CAST(:attempts AS BIGINT), generation = CAST(:generation AS BIGINT)
WHERE message_id = CAST(:message_id AS TEXT);

-- name: send_insert(message_id, fence, tenant, thread_id, edit, at)!
INSERT INTO sends (message_id, fence, tenant, thread_id, edit, at)
VALUES (
  CAST(:message_id AS TEXT), CAST(:fence AS BIGINT), CAST(:tenant AS TEXT), CAST(:thread_id AS TEXT),
  CAST(:edit AS BIGINT), CAST(:at AS BIGINT)
)
ON CONFLICT (message_id, fence) DO NOTHING;

-- name: send_ended(message_id, fence, at)!
-- Counted from when it was surely there: the windows are Teams', not ours.
UPDATE sends SET at = CAST(:at AS BIGINT)
WHERE message_id = CAST(:message_id AS TEXT) AND fence = CAST(:fence AS BIGINT);

-- name: sends_sweep(before)!
DELETE FROM sends WHERE at < CAST(:before AS BIGINT);

-- name: message_adopt(message_id, activity_id, now)
-- A press with our nonce proves the post (ENGINE 3.3), also one whose id was never told. What it shows is not known, so a
-- card is shown anew.
UPDATE messages SET activity_id = CAST(:activity_id AS TEXT), state = 'posted', outcome = 'adopted',
  shown_version = CASE WHEN purpose = 'card' THEN 0 ELSE want_version END,
  due_at = CASE WHEN purpose = 'card' OR lease_until > CAST(:now AS BIGINT) THEN CAST(:now AS BIGINT) ELSE NULL END,
  attempts = 0
WHERE message_id = CAST(:message_id AS TEXT) AND activity_id = '' AND state IN ('planned', 'sending', 'unclear', 'posted')
RETURNING *;

-- name: message_find(message_id)
SELECT * FROM messages WHERE message_id = CAST(:message_id AS TEXT);

-- name: message_moved(message_id, thread_id)!
-- A whisper that went to the person's own chat is answered there.
UPDATE messages SET thread_id = CAST(:thread_id AS TEXT), conversation_id = CAST(:thread_id AS TEXT)
WHERE message_id = CAST(:message_id AS TEXT);

-- name: whisper_routes(tenant, person_id, oid, untargeted, now)
-- How the person can be told something alone, and what they set for themselves.
SELECT 'personal' AS way, p.conversation_id AS value FROM personal_chats AS p
WHERE p.tenant = CAST(:tenant AS TEXT) AND p.person_id = CAST(:person_id AS TEXT) AND p.until > CAST(:now AS BIGINT)
UNION ALL
SELECT 'untargeted' AS way, n.value FROM notes AS n
WHERE n.tenant = CAST(:tenant AS TEXT) AND n.note_key = CAST(:untargeted AS TEXT) AND n.until > CAST(:now AS BIGINT)
UNION ALL
SELECT 'settings' AS way, o.settings AS value FROM people AS o
WHERE o.tenant = CAST(:tenant AS TEXT) AND o.oid = CAST(:oid AS TEXT) AND CAST(:oid AS TEXT) <> '';

-- name: personal_save(tenant, person_id, conversation_id, until)!
INSERT INTO personal_chats (tenant, person_id, conversation_id, until)
VALUES (
  CAST(:tenant AS TEXT), CAST(:person_id AS TEXT), CAST(:conversation_id AS TEXT), CAST(:until AS BIGINT)
)
ON CONFLICT (tenant, person_id) DO UPDATE SET conversation_id = excluded.conversation_id, until = excluded.until;

-- name: personal_sweep(now)!
DELETE FROM personal_chats WHERE until <= CAST(:now AS BIGINT);

-- name: chat_gone(tenant, thread_id, now, since)
-- Teams refused us there, and nothing was received from there since: nothing comes back when something was.
UPDATE chats SET gone_at = CAST(:now AS BIGINT)
WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT) AND seen_at <= CAST(:since AS BIGINT)
RETURNING thread_id;

-- name: turns_gone(tenant, thread_id, now, since)!
UPDATE inbox SET state = 'dropped', outcome = 'chat gone', body = NULL, lease_owner = '', lease_until = 0
WHERE state = 'new' AND tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT)
  AND received_at <= CAST(:since AS BIGINT) AND lease_until <= CAST(:now AS BIGINT);

-- name: thread_gone(tenant, thread_id, now)
UPDATE messages SET state = 'gone', due_at = NULL, lease_owner = '', lease_until = 0, outcome = 'chat gone'
WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT) AND due_at IS NOT NULL
  AND lease_until <= CAST(:now AS BIGINT)
RETURNING message_id, content;

-- name: messages_late(now, before)
-- Late is worse than never (ENGINE R6): words that could not be said in time are not said.
UPDATE messages SET state = 'gone', due_at = NULL, lease_owner = '', lease_until = 0, outcome = 'too late'
WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT)
  AND state IN ('planned', 'unclear') AND purpose IN ('whisper', 'notice', 'reminder') AND planned_at < CAST(:before AS BIGINT)
RETURNING message_id, content;

-- name: note_until(tenant, note_key, now)
SELECT until FROM notes
WHERE tenant = CAST(:tenant AS TEXT) AND note_key = CAST(:note_key AS TEXT) AND until > CAST(:now AS BIGINT);

-- name: rooms_started(tenant, starter_oid, thread_id, since)
-- When meetings were opened by a person, and in a chat.
SELECT 'mine' AS scope, created_at FROM rooms
WHERE tenant = CAST(:tenant AS TEXT) AND starter_oid = CAST(:starter_oid AS TEXT) AND starter_oid <> ''
  AND created_at > CAST(:since AS BIGINT)
UNION ALL
SELECT 'here' AS scope, created_at FROM rooms
WHERE tenant = CAST(:tenant AS TEXT) AND home_thread = CAST(:thread_id AS TEXT) AND created_at > CAST(:since AS BIGINT);
