-- write

-- Employees keep it, and it goes on showing its name.
WITH c AS MATERIALIZED (
    SELECT g.id, CASE
        WHEN g.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Cargo no encontrado con id: ' || :id]
    END AS v
    FROM (SELECT) uno LEFT JOIN (SELECT id FROM cargos WHERE id = :id AND vigente FOR NO KEY UPDATE) g ON true
), x AS (
    UPDATE cargos g SET vigente = false, fecha_modificacion = clock_timestamp() FROM c WHERE g.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
