-- name: people_find(tenant, oid, place)
-- What a decision may know of who asks: what they set for themselves, and who added Muster here.
SELECT 'person' AS what, p.settings AS value, p.settings_version AS version FROM people AS p
WHERE p.tenant = CAST(:tenant AS TEXT) AND p.oid = CAST(:oid AS TEXT)
UNION ALL
SELECT 'installer' AS what, i.person AS value, 0 AS version FROM installers AS i
WHERE i.tenant = CAST(:tenant AS TEXT) AND i.place = CAST(:place AS TEXT);

-- name: person_save(tenant, oid, settings, version)
-- Nothing comes back when somebody was faster with the same person's settings.
INSERT INTO people (tenant, oid, settings, settings_version)
VALUES (CAST(:tenant AS TEXT), CAST(:oid AS TEXT), CAST(:settings AS TEXT), 1)
ON CONFLICT (tenant, oid) DO UPDATE SET
  settings = excluded.settings, settings_version = people.settings_version + 1
  WHERE people.settings_version = CAST(:version AS BIGINT)
RETURNING settings_version;

-- name: installer_save(tenant, place, person, now)!
-- Whoever was first stays: upgrades and re-adding change nothing.
INSERT INTO installers (tenant, place, person, installed_at)
VALUES (CAST(:tenant AS TEXT), CAST(:place AS TEXT), CAST(:person AS TEXT), CAST(:now AS BIGINT))
ON CONFLICT (tenant, place) DO NOTHING;

-- name: turn_answer(turn_key, answer)!
-- The answer of an invoke that waited for a look-up; the first one stays.
UPDATE inbox SET answer = CAST(:answer AS TEXT)
WHERE turn_key = CAST(:turn_key AS TEXT) AND answer IS NULL;
