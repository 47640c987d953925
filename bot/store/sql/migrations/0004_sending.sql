-- What was sent lately, for all replicas (ENGINE R17), and where people are told what cannot be whispered (R18).

CREATE TABLE sends (
  message_id TEXT NOT NULL,
  fence BIGINT NOT NULL,
  tenant TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  edit BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (message_id, fence)
);
CREATE INDEX sends_thread ON sends (tenant, thread_id, at, edit);
CREATE INDEX sends_tenant ON sends (tenant, at);
CREATE INDEX sends_at ON sends (at);

CREATE TABLE personal_chats (
  tenant TEXT NOT NULL,
  person_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (tenant, person_id)
);
CREATE INDEX personal_chats_until ON personal_chats (until);

CREATE INDEX messages_lane ON messages (tenant, thread_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX rooms_started ON rooms (tenant, starter_oid, created_at);
