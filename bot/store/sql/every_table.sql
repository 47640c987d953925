-- Said once for every table of bot/store/tables.py that has a tenant's rows; its words stand in braces.

-- name: {table}_count(tenant)
SELECT COUNT(*) AS found FROM {table} WHERE {condition};

-- name: {table}_leave(tenant, most)
DELETE FROM {table} WHERE ({keys}) IN (
  SELECT {keys} FROM {table} WHERE {condition} LIMIT CAST(:most AS BIGINT)
)
RETURNING 1 AS gone;

-- name: {table}_naming(tenant, needle, most, skip)
-- The rows in which a text stands anywhere.
SELECT * FROM {table} WHERE {condition} AND ({says})
ORDER BY {keys} LIMIT CAST(:most AS BIGINT) OFFSET CAST(:skip AS BIGINT);

-- name: {table}_drop_row({keys})!
DELETE FROM {table} WHERE {mine};

-- name: {table}_rewrite({wanted})!
UPDATE {table} SET {changed} WHERE {mine};
