-- write

-- The link is seen while its catalogue is.
WITH c AS MATERIALIZED (
    SELECT l.id, CASE
        WHEN k.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Producto de catálogo no encontrado con id: ' || :id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, catalogo_id FROM catalogo_productos WHERE id = :id AND vigente FOR NO KEY UPDATE) l ON true
    LEFT JOIN LATERAL (SELECT id FROM catalogos WHERE id = l.catalogo_id AND vigente FOR SHARE) k ON true
), u AS (
    UPDATE catalogo_productos l SET vigente = false, fecha_modificacion = clock_timestamp()
    FROM c WHERE l.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
