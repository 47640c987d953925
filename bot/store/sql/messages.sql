-- name: message_by_activity(tenant, thread_id, activity_id)
-- Of two with one id the newer is what people see.
SELECT * FROM messages
WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT)
  AND activity_id = CAST(:activity_id AS TEXT) AND activity_id <> ''
ORDER BY planned_at DESC, message_id DESC LIMIT 1;

-- name: message_insert(message_id, intent_key, tenant, thread_id, conversation_id, room_id, purpose, to_oid, to_person, content, state, generation, activity_id, want_version, shown_version, now, due_at, attempts, sent_at, outcome)!
-- Nothing is written when the intent has its message already.
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
ON CONFLICT (intent_key) DO NOTHING;

-- name: messages_gone(now)
-- What is due in a chat that is gone is not sent (ENGINE R19).
UPDATE messages SET state = 'gone', due_at = NULL, lease_owner = '', lease_until = 0, outcome = 'chat gone'
WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT) AND EXISTS (
  SELECT 1 FROM chats AS c
  WHERE c.tenant = messages.tenant AND c.thread_id = messages.thread_id AND c.gone_at IS NOT NULL
)
RETURNING message_id, content;

-- name: messages_unclear(now, due_at)!
-- The lease ended in the middle of a send. Owner and fence stay: if the sender wakes before anybody posts again,
-- what it knows is better than a second card.
UPDATE messages SET state = 'unclear', due_at = CAST(:due_at AS BIGINT), lease_until = 0, outcome = 'lease ended'
WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT) AND state = 'sending';

-- name: messages_not_again(now)
-- What may have been posted and must not be posted twice (ENGINE 3.3).
UPDATE messages SET state = 'gone', due_at = NULL, lease_owner = '', lease_until = 0, outcome = 'unclear'
WHERE due_at <= CAST(:now AS BIGINT) AND lease_until <= CAST(:now AS BIGINT) AND state = 'unclear'
  AND purpose NOT IN ('card', 'whisper', 'notice', 'welcome')
RETURNING message_id, content;

-- name: message_free(message_id, owner, fence)
-- The guard of T4: nothing comes back when somebody else owns the message.
UPDATE messages SET lease_owner = '', lease_until = 0
WHERE message_id = CAST(:message_id AS TEXT)
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
RETURNING *;

-- name: message_settled(message_id, owner, fence, had_activity, wanted, state, activity_id, shown_version, sent_at, attempts, due_at, outcome)
-- The guard and the end of T4 in one, for a card that is as it was when it was claimed; nothing comes back when
-- somebody else owns it, a press has adopted it or its room has changed.
UPDATE messages SET state = CAST(:state AS TEXT), activity_id = CAST(:activity_id AS TEXT),
  shown_version = CAST(:shown_version AS BIGINT), sent_at = CAST(:sent_at AS BIGINT),
  attempts = CAST(:attempts AS BIGINT), due_at = CAST(:due_at AS BIGINT), outcome = CAST(:outcome AS TEXT),
  lease_owner = '', lease_until = 0
WHERE message_id = CAST(:message_id AS TEXT)
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
  AND activity_id = CAST(:had_activity AS TEXT) AND want_version = CAST(:wanted AS BIGINT)
RETURNING 1 AS written;

-- name: message_sent(message_id, state, activity_id, shown_version, sent_at, attempts, due_at, outcome, content)!
UPDATE messages SET state = CAST(:state AS TEXT), activity_id = CAST(:activity_id AS TEXT),
  shown_version = CAST(:shown_version AS BIGINT), sent_at = CAST(:sent_at AS BIGINT),
  attempts = CAST(:attempts AS BIGINT), due_at = CAST(:due_at AS BIGINT), outcome = CAST(:outcome AS TEXT),
  content = CAST(:content AS TEXT)
WHERE message_id = CAST(:message_id AS TEXT);

-- name: message_emptied(message_id, content)!
UPDATE messages SET content = CAST(:content AS TEXT) WHERE message_id = CAST(:message_id AS TEXT);

-- name: cards_want(room_id, thread_id, apart, planned_at)
-- A card that was never tried is due at :planned_at at the latest, if that is given. With :thread_id only the card
-- there; what waits already keeps the sooner of two times.
UPDATE messages SET want_version = want_version + 1,
  due_at = CASE
    WHEN state = 'planned' AND CAST(:planned_at AS BIGINT) IS NOT NULL
      AND (due_at IS NULL OR (attempts = 0 AND due_at > CAST(:planned_at AS BIGINT))) THEN CAST(:planned_at AS BIGINT)
    ELSE due_at
  END,
  apart = CASE
    WHEN want_version > shown_version AND apart < CAST(:apart AS BIGINT) THEN apart ELSE CAST(:apart AS BIGINT)
  END
WHERE room_id = CAST(:room_id AS TEXT) AND purpose = 'card' AND state IN ('planned', 'sending', 'unclear', 'posted')
  AND CAST(:thread_id AS TEXT) IN ('', thread_id)
RETURNING *;

-- name: card_want(message_id)
UPDATE messages SET want_version = want_version + 1
WHERE message_id = CAST(:message_id AS TEXT) AND state = 'posted'
RETURNING *;

-- name: thread_last_sent(tenant, thread_id)
SELECT MAX(sent_at) AS sent_at FROM messages
WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT) AND sent_at IS NOT NULL;

-- name: message_due(message_id, due_at)!
UPDATE messages SET due_at = CAST(:due_at AS BIGINT) WHERE message_id = CAST(:message_id AS TEXT);

-- name: message_lease(message_id, owner, fence, until)
-- Nothing comes back when the lease is lost.
UPDATE messages SET lease_until = CAST(:until AS BIGINT)
WHERE message_id = CAST(:message_id AS TEXT)
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT)
RETURNING message_id;

-- name: message_release(message_id, owner, fence)!
-- Not a byte of it has left: as if it had not been claimed.
UPDATE messages SET lease_owner = '', lease_until = 0, attempts = attempts - 1,
  state = CASE WHEN state = 'sending' THEN 'planned' ELSE state END
WHERE message_id = CAST(:message_id AS TEXT)
  AND lease_owner = CAST(:owner AS TEXT) AND fence = CAST(:fence AS BIGINT);

-- name: messages_sweep(before, most)!
-- Finished messages that belong to no room; a welcome stays, so that nobody is welcomed twice.
DELETE FROM messages WHERE message_id IN (
  SELECT message_id FROM messages
  WHERE room_id = '' AND planned_at < CAST(:before AS BIGINT) AND due_at IS NULL AND purpose <> 'welcome'
  ORDER BY planned_at LIMIT CAST(:most AS BIGINT)
);

-- name: card_of(room_id, thread_id)
SELECT * FROM messages
WHERE room_id = CAST(:room_id AS TEXT) AND thread_id = CAST(:thread_id AS TEXT) AND purpose = 'card'
LIMIT 1;

-- name: card_point(message_id, room_id)
-- A card goes on as the card of another room: the same post, edited.
UPDATE messages SET room_id = CAST(:room_id AS TEXT),
  intent_key = 'card|' || CAST(:room_id AS TEXT) || '|' || thread_id,
  want_version = want_version + 1, attempts = 0
WHERE message_id = CAST(:message_id AS TEXT) AND purpose = 'card' AND state IN ('planned', 'sending', 'unclear', 'posted')
RETURNING *;
