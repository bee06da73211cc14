-- write
-- lock SELECT id FROM productos WHERE id = :id AND vigente FOR UPDATE

-- The lock comes first because the verdict asks for items: whoever makes one locks the product too.
WITH c AS MATERIALIZED (
    SELECT p.id, CASE
        WHEN p.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Producto no encontrado con id: ' || :id]
        WHEN EXISTS (SELECT FROM pendientes_items i JOIN pendientes o ON o.id = i.pendiente_id
                     WHERE i.producto_id = p.id AND i.vigente AND o.vigente AND o.estado NOT IN ('FINALIZADO', 'CANCELADO')) THEN
            ARRAY['ABORTED', NULL, 'El producto ' || p.id || ' está en uso: hay pendientes abiertos que lo tienen']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id FROM productos WHERE id = :id AND vigente) p ON true
), u AS (
    UPDATE productos p SET vigente = false, fecha_modificacion = clock_timestamp()
    FROM c WHERE p.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
