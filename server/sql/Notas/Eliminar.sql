-- write
-- lock SELECT n.id FROM pendientes o JOIN pendientes_notas n ON n.pendiente_id = o.id
-- lock WHERE n.id = :id AND n.vigente AND o.vigente FOR SHARE OF o FOR NO KEY UPDATE OF n

-- The lock comes first so that the images of an upload that it waited for go too.
WITH c AS MATERIALIZED (
    SELECT n.id, CASE
        WHEN n.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Nota no encontrada con id: ' || :id]
        WHEN :acceso(n) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre la nota ' || :id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT n.id, n.empleado_id FROM pendientes_notas n JOIN pendientes o ON o.id = n.pendiente_id
               WHERE n.id = :id AND n.vigente AND o.vigente) n ON true
), u AS (
    UPDATE pendientes_notas p SET vigente = false, fecha_modificacion = clock_timestamp()
    FROM c WHERE p.id = c.id AND c.v IS NULL
), i AS (
    UPDATE pendientes_notas_imagenes p SET vigente = false, fecha_modificacion = clock_timestamp()
    FROM c WHERE p.nota_id = c.id AND p.vigente AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
