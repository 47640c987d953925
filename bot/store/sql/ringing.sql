-- name: call_expect(nonce, tenant, room_id, now)!
INSERT INTO calls (nonce, tenant, room_id, asked_at)
VALUES (CAST(:nonce AS TEXT), CAST(:tenant AS TEXT), CAST(:room_id AS TEXT), CAST(:now AS BIGINT))
ON CONFLICT (nonce) DO NOTHING;

-- name: call_find(nonce)
SELECT tenant, room_id FROM calls WHERE nonce = CAST(:nonce AS TEXT);

-- name: calls_sweep(before)!
DELETE FROM calls WHERE asked_at < CAST(:before AS BIGINT);
