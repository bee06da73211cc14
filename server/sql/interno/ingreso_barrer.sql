-- Attempts to log in that no longer count.
DELETE FROM intentos_ingreso WHERE id IN (
    SELECT id FROM intentos_ingreso WHERE creado <= statement_timestamp() - interval '5 minutes'
    ORDER BY creado LIMIT 5000 FOR UPDATE SKIP LOCKED)
