-- write
WITH c AS MATERIALIZED (
    SELECT a.id, CASE
        WHEN a.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Notificación no encontrada con id: ' || :id]
        WHEN :acceso(a) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre la notificación ' || :id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM notificaciones WHERE id = :id AND vigente FOR NO KEY UPDATE) a ON true
), u AS (
    UPDATE notificaciones a SET vigente = false, fecha_modificacion = clock_timestamp() FROM c WHERE a.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
