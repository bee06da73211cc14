-- write

-- Its links stay; they are not seen without it.
WITH c AS MATERIALIZED (
    SELECT k.id, CASE
        WHEN k.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Catálogo no encontrado con id: ' || :id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id FROM catalogos WHERE id = :id AND vigente FOR NO KEY UPDATE) k ON true
), u AS (
    UPDATE catalogos k SET vigente = false, fecha_modificacion = clock_timestamp()
    FROM c WHERE k.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
