-- Idempotency keys that no longer count.
DELETE FROM claves_idempotencia WHERE clave_hash IN (
    SELECT clave_hash FROM claves_idempotencia WHERE creada <= statement_timestamp() - interval '24 hours'
    ORDER BY creada LIMIT 5000 FOR UPDATE SKIP LOCKED)
