-- write
-- lock SELECT id FROM clientes WHERE id = :id AND vigente FOR UPDATE

-- The lock comes first because the verdict asks for orders: whoever makes one locks the client too.
WITH c AS MATERIALIZED (
    SELECT k.id, CASE
        WHEN k.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Cliente no encontrado con id: ' || :id]
        WHEN EXISTS (SELECT FROM pendientes o
                     WHERE o.cliente_id = k.id AND o.vigente AND o.estado NOT IN ('FINALIZADO', 'CANCELADO')) THEN
            ARRAY['ABORTED', NULL, 'El cliente ' || k.id || ' está en uso: tiene pendientes abiertos']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id FROM clientes WHERE id = :id AND vigente) k ON true
), u AS (
    UPDATE clientes k SET vigente = false, fecha_modificacion = clock_timestamp()
    FROM c WHERE k.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
