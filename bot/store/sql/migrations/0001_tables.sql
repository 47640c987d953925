-- The tables of ENGINE 3.1. Times are ms UTC, JSON is text, an absent text is '', a lease is held while now < lease_until.

CREATE TABLE chats (
  tenant TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  channel_kind TEXT NOT NULL,
  team_id TEXT NOT NULL,
  group_id TEXT NOT NULL,
  name TEXT NOT NULL,
  service_url TEXT NOT NULL,
  bot_id TEXT NOT NULL,
  settings TEXT NOT NULL,
  settings_version BIGINT NOT NULL,
  gone_at BIGINT,
  seen_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, thread_id)
);

CREATE TABLE inbox (
  turn_key TEXT NOT NULL PRIMARY KEY,
  original_key TEXT NOT NULL,
  echo_key TEXT NOT NULL,
  tenant TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  from_id TEXT NOT NULL,
  from_oid TEXT NOT NULL,
  kind TEXT NOT NULL,
  reference TEXT NOT NULL,
  body TEXT,
  received_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  lease_owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  answer TEXT,
  outcome TEXT NOT NULL
);
CREATE INDEX inbox_due ON inbox (due_at) WHERE state = 'new';
CREATE INDEX inbox_lane ON inbox (tenant, thread_id, received_at, turn_key) WHERE state = 'new';
CREATE INDEX inbox_leased ON inbox (lease_until) WHERE lease_until > 0;
CREATE INDEX inbox_echo ON inbox (tenant, thread_id, from_id, received_at);
CREATE INDEX inbox_finished ON inbox (received_at) WHERE state IN ('done', 'dropped', 'expired', 'poison');

CREATE TABLE rooms (
  room_id TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  scope_key TEXT NOT NULL,
  topic TEXT NOT NULL,
  state TEXT NOT NULL,
  version BIGINT NOT NULL,
  subject TEXT NOT NULL,
  starter_oid TEXT NOT NULL,
  starter TEXT NOT NULL,
  host_oid TEXT NOT NULL,
  host TEXT NOT NULL,
  home_thread TEXT NOT NULL,
  home_conversation TEXT NOT NULL,
  request TEXT NOT NULL,
  external_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  give_up_at BIGINT NOT NULL,
  starts_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  reference TEXT NOT NULL,
  zone TEXT NOT NULL,
  language TEXT NOT NULL,
  graph_call TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  bind_thread TEXT NOT NULL,
  binding TEXT NOT NULL,
  meeting_id TEXT NOT NULL,
  join_hash TEXT NOT NULL,
  meeting TEXT,
  trying TEXT NOT NULL,
  opened_at BIGINT,
  live_at BIGINT,
  empty_at BIGINT,
  ended_at BIGINT,
  ended_by TEXT NOT NULL,
  fail_code TEXT NOT NULL
);
CREATE UNIQUE INDEX rooms_place ON rooms (tenant, scope_key, topic) WHERE state IN ('opening', 'open', 'live', 'empty');
CREATE UNIQUE INDEX rooms_external ON rooms (tenant, host_oid, external_id);
CREATE INDEX rooms_join ON rooms (tenant, join_hash);
CREATE INDEX rooms_home ON rooms (tenant, home_thread, created_at);
CREATE INDEX rooms_finished ON rooms (ended_at) WHERE state IN ('ended', 'failed');

CREATE TABLE messages (
  message_id TEXT NOT NULL PRIMARY KEY,
  intent_key TEXT NOT NULL,
  tenant TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  to_oid TEXT NOT NULL,
  to_person TEXT,
  content TEXT,
  state TEXT NOT NULL,
  generation BIGINT NOT NULL,
  activity_id TEXT NOT NULL,
  want_version BIGINT NOT NULL,
  shown_version BIGINT NOT NULL,
  planned_at BIGINT NOT NULL,
  due_at BIGINT,
  attempts BIGINT NOT NULL,
  sent_at BIGINT,
  lease_owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  outcome TEXT NOT NULL
);
CREATE UNIQUE INDEX messages_intent ON messages (intent_key);
CREATE UNIQUE INDEX messages_activity ON messages (tenant, thread_id, activity_id) WHERE activity_id <> '';
CREATE INDEX messages_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_leased ON messages (lease_until) WHERE lease_until > 0;
CREATE INDEX messages_room ON messages (room_id);
CREATE INDEX messages_sent ON messages (tenant, thread_id, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX messages_roomless ON messages (planned_at) WHERE room_id = '';

CREATE TABLE timers (
  timer_key TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  payload TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  lease_owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  fence BIGINT NOT NULL
);
CREATE INDEX timers_due ON timers (due_at);
CREATE INDEX timers_leased ON timers (lease_until) WHERE lease_until > 0;

CREATE TABLE audit (
  audit_id TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor_oid TEXT NOT NULL,
  action TEXT NOT NULL,
  room_id TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  detail TEXT NOT NULL,
  reference TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (tenant, at);

CREATE TABLE notes (
  tenant TEXT NOT NULL,
  note_key TEXT NOT NULL,
  value TEXT NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (tenant, note_key)
);
CREATE INDEX notes_until ON notes (until);
