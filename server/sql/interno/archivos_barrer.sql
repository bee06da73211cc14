-- Files that were begun and never became anything, with their pieces. An hour is longer than any upload takes; a few at a time, because
-- each may have 50 MB.
DELETE FROM archivos WHERE id IN (
    SELECT id FROM archivos WHERE NOT terminado AND fecha_creacion <= clock_timestamp() - interval '1 hour'
    ORDER BY fecha_creacion LIMIT 10 FOR UPDATE SKIP LOCKED)
