-- Calls by which people are rung into a meeting: whose callbacks come with which nonce, written before Graph is asked; and
-- in each room who is rung (ENGINE R22). The previous release's inserts leave it out.

CREATE TABLE calls (
  nonce TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  room_id TEXT NOT NULL,
  asked_at BIGINT NOT NULL
);
CREATE INDEX calls_asked ON calls (asked_at);

ALTER TABLE rooms ADD COLUMN ringing TEXT NOT NULL DEFAULT '{}';
