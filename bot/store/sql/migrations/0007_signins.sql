-- Requests that wait for their person's sign-in, and the exchanges by which people sign in (ENGINE R13). No token is here.

CREATE TABLE signins (
  tenant TEXT NOT NULL,
  user_oid TEXT NOT NULL,
  exchange_id TEXT NOT NULL,
  state TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, user_oid, exchange_id)
);
CREATE INDEX signins_expire ON signins (expires_at);
CREATE INDEX inbox_waiting ON inbox (tenant, from_oid, expires_at) WHERE state = 'waiting';
