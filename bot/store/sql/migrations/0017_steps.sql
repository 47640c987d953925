-- What Graph answered to one request, in ids and codes, for its story (EXPERIENCE 1.19); and by its reference the rest of
-- it is found. The previous release reads and writes none of it.

CREATE TABLE steps (
  tenant TEXT NOT NULL,
  reference TEXT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  exchanges TEXT NOT NULL,
  PRIMARY KEY (reference, tenant, at, kind)
);
CREATE INDEX steps_at ON steps (at);
CREATE INDEX inbox_reference ON inbox (reference);
CREATE INDEX rooms_reference ON rooms (reference);
CREATE INDEX chats_gone ON chats (gone_at) WHERE gone_at IS NOT NULL;
