-- Who is alive among the processes that share the database: each writes its row with its heartbeat.

CREATE TABLE replicas (
  owner TEXT NOT NULL PRIMARY KEY,
  seen_at BIGINT NOT NULL
);
