-- write
-- lock SELECT n.id FROM pendientes o JOIN pendientes_notas n ON n.pendiente_id = o.id
-- lock WHERE n.id = :nota_id AND n.vigente AND o.vigente FOR SHARE OF o FOR NO KEY UPDATE OF n

WITH c AS MATERIALIZED (
    SELECT n.id, CASE
        WHEN n.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Nota no encontrada con id: ' || :nota_id]
        WHEN :acceso(n) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre la nota ' || n.id]
        WHEN EXISTS (SELECT FROM unnest(:imagenes.url::text[]) AS u (url)
                     WHERE NOT EXISTS (SELECT FROM pendientes_notas_imagenes i WHERE i.nota_id = n.id AND i.vigente AND i.url = u.url)) THEN
            ARRAY['INVALID_ARGUMENT', 'imagenes', 'imagenes: cada url debe ser de una imagen de la nota ' || n.id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT n.id, n.empleado_id
               FROM pendientes_notas n JOIN pendientes p ON p.id = n.pendiente_id AND p.vigente
               WHERE n.id = :nota_id AND n.vigente) n ON true
), i AS (
    SELECT i.id, i.nota_id, i.url, i.url = ANY (coalesce(:imagenes.url, '{}')) AS queda
    FROM c JOIN pendientes_notas_imagenes i ON i.nota_id = c.id AND i.vigente
    WHERE c.v IS NULL
), u AS (
    UPDATE pendientes_notas_imagenes d SET vigente = false, fecha_modificacion = clock_timestamp()
    FROM i WHERE d.id = i.id AND NOT i.queda
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, i.id AS "imagenes.id", i.nota_id AS "imagenes.nota_id",
       i.url AS "imagenes.url"
FROM c LEFT JOIN i ON i.queda
ORDER BY i.id
