-- name: chat_find(tenant, thread_id)
SELECT * FROM chats WHERE tenant = CAST(:tenant AS TEXT) AND thread_id = CAST(:thread_id AS TEXT);

-- name: chat_seen(tenant, thread_id, kind, channel_kind, team_id, group_id, name, service_url, bot_id, settings, now, turn_key)
-- Something was received from the chat: it is not gone; what is empty overwrites nothing. Nothing comes back, and nothing
-- is written, when the turn is there already.
INSERT INTO chats (
  tenant, thread_id, kind, channel_kind, team_id, group_id, name, service_url, bot_id, settings, settings_version,
  gone_at, seen_at
)
SELECT
  CAST(:tenant AS TEXT), CAST(:thread_id AS TEXT), CAST(:kind AS TEXT), CAST(:channel_kind AS TEXT),
  CAST(:team_id AS TEXT), CAST(:group_id AS TEXT), CAST(:name AS TEXT), CAST(:service_url AS TEXT),
  CAST(:bot_id AS TEXT), CAST(:settings AS TEXT), 0, NULL, CAST(:now AS BIGINT)
WHERE NOT EXISTS (SELECT 1 FROM inbox AS t WHERE t.turn_key = CAST(:turn_key AS TEXT))
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
  seen_at = CASE WHEN excluded.seen_at > chats.seen_at THEN excluded.seen_at ELSE chats.seen_at END
RETURNING 1 AS written;

-- name: chat_save(tenant, thread_id, kind, channel_kind, team_id, group_id, name, service_url, bot_id, settings, gone_at, since, now)
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
  gone_at = CASE WHEN chats.seen_at <= CAST(:since AS BIGINT) THEN excluded.gone_at ELSE chats.gone_at END
RETURNING *;

-- name: notes_find(tenant, about, who, now)
-- What a decision may ask about: the tenant's own notes and those about a thread and a person; a thread's pause is the
-- limiter's alone.
SELECT note_key, value, until FROM notes
WHERE tenant = CAST(:tenant AS TEXT) AND about IN ('', CAST(:about AS TEXT), CAST(:who AS TEXT)) AND until > CAST(:now AS BIGINT)
  AND note_key NOT LIKE 'paused|thread|%';

-- name: notes_about(tenant, about, now)
SELECT note_key, value FROM notes
WHERE tenant = CAST(:tenant AS TEXT) AND about = CAST(:about AS TEXT) AND until > CAST(:now AS BIGINT);

-- name: note_save(tenant, note_key, about, value, until)!
INSERT INTO notes (tenant, note_key, about, value, until)
VALUES (
  CAST(:tenant AS TEXT), CAST(:note_key AS TEXT), CAST(:about AS TEXT), CAST(:value AS TEXT), CAST(:until AS BIGINT)
)
ON CONFLICT (tenant, note_key) DO UPDATE SET
  about = excluded.about, value = excluded.value, until = excluded.until;

-- name: note_take(tenant, note_key, value, now)
-- Nothing comes back when somebody else has taken it.
DELETE FROM notes
WHERE tenant = CAST(:tenant AS TEXT) AND note_key = CAST(:note_key AS TEXT) AND value = CAST(:value AS TEXT)
  AND until > CAST(:now AS BIGINT)
RETURNING note_key;

-- name: people_failed(tenant, since)
-- How many people's meetings failed since then because no access policy names their host.
SELECT COUNT(DISTINCT actor_oid) AS people FROM audit
WHERE tenant = CAST(:tenant AS TEXT) AND at >= CAST(:since AS BIGINT) AND action = 'failed'
  AND detail IN ('policy', 'sign_in');

-- name: notes_sweep(now)!
DELETE FROM notes WHERE until <= CAST(:now AS BIGINT);

-- name: chats_sweep(before, most)!
-- Chats that Muster was taken out of; whoever adds it again begins anew.
DELETE FROM chats WHERE (tenant, thread_id) IN (
  SELECT tenant, thread_id FROM chats WHERE gone_at < CAST(:before AS BIGINT)
  ORDER BY gone_at LIMIT CAST(:most AS BIGINT)
);

-- name: installers_sweep(before, most)!
-- Who added Muster to a chat that is forgotten now, or to a team of which no chat is left.
DELETE FROM installers WHERE (tenant, place) IN (
  SELECT g.tenant, CASE WHEN g.team_id <> '' THEN g.team_id ELSE g.thread_id END FROM chats AS g
  WHERE g.gone_at < CAST(:before AS BIGINT) AND (g.team_id = '' OR NOT EXISTS (
    SELECT 1 FROM chats AS o WHERE o.tenant = g.tenant AND o.team_id = g.team_id AND o.gone_at IS NULL
  ))
  ORDER BY g.gone_at LIMIT CAST(:most AS BIGINT)
);

-- name: audit_insert(audit_id, tenant, now, actor_oid, action, room_id, thread_id, detail, reference)!
INSERT INTO audit (audit_id, tenant, at, actor_oid, action, room_id, thread_id, detail, reference)
VALUES (
  CAST(:audit_id AS TEXT), CAST(:tenant AS TEXT), CAST(:now AS BIGINT), CAST(:actor_oid AS TEXT),
  CAST(:action AS TEXT), CAST(:room_id AS TEXT), CAST(:thread_id AS TEXT), CAST(:detail AS TEXT),
  CAST(:reference AS TEXT)
);
