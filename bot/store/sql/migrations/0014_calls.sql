-- Who is in a room's calls, and the subscriptions by which we hear of them (ENGINE R20, R21). The previous release reads
-- and writes none of it.

ALTER TABLE rooms ADD COLUMN attendance TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN apart BIGINT NOT NULL DEFAULT 0;

CREATE TABLE roster (
  room_id TEXT NOT NULL,
  session BIGINT NOT NULL,
  participant_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  at BIGINT NOT NULL,
  person TEXT NOT NULL,
  name TEXT NOT NULL,
  phone BIGINT NOT NULL,
  joined_at BIGINT,
  left_at BIGINT,
  PRIMARY KEY (room_id, session, participant_id)
);
CREATE INDEX roster_at ON roster (at);

CREATE TABLE subscriptions (
  room_id TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  mark TEXT NOT NULL,
  key_id TEXT NOT NULL,
  version TEXT NOT NULL,
  state TEXT NOT NULL,
  subscription_id TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX subscriptions_id ON subscriptions (subscription_id) WHERE subscription_id <> '';
CREATE INDEX subscriptions_mark ON subscriptions (mark);
CREATE INDEX subscriptions_expire ON subscriptions (expires_at);

CREATE TABLE keys (
  key_id TEXT NOT NULL PRIMARY KEY,
  certificate TEXT NOT NULL,
  sealed TEXT NOT NULL,
  serves_until BIGINT NOT NULL
);
CREATE INDEX keys_serve ON keys (serves_until);
