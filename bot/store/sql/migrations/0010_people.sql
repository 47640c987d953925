-- What people set for themselves, and who added Muster where: a team, or a chat that is in none.

CREATE TABLE people (
  tenant TEXT NOT NULL,
  oid TEXT NOT NULL,
  settings TEXT NOT NULL,
  settings_version BIGINT NOT NULL,
  PRIMARY KEY (tenant, oid)
);

CREATE TABLE installers (
  tenant TEXT NOT NULL,
  place TEXT NOT NULL,
  person TEXT NOT NULL,
  installed_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, place)
);
