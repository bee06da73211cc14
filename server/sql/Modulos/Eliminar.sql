-- write
-- lock SELECT bloquear('modulos')

-- What stands below it, and the roles that have it, stay as they are.
WITH c AS MATERIALIZED (
    SELECT m.id, CASE
        WHEN m.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Módulo no encontrado con id: ' || :id]
    END AS v
    FROM (SELECT) uno LEFT JOIN (SELECT id FROM modulos WHERE id = :id AND vigente FOR NO KEY UPDATE) m ON true
), x AS (
    UPDATE modulos m SET vigente = false, fecha_modificacion = clock_timestamp() FROM c WHERE m.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
