-- write
-- lock SELECT id FROM pendientes WHERE id = (SELECT pendiente_id FROM pendientes_tiempos WHERE id = :id) AND vigente FOR NO KEY UPDATE

WITH c AS MATERIALIZED (
    SELECT t.id, CASE
        WHEN t.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Registro de tiempo no encontrado con id: ' || :id]
        WHEN :acceso(t) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el registro de tiempo ' || :id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT x.* FROM pendientes_tiempos x JOIN pendientes o ON o.id = x.pendiente_id AND o.vigente
               WHERE x.id = :id AND x.vigente) t ON true
), u AS (
    UPDATE pendientes_tiempos t SET vigente = false, fecha_modificacion = clock_timestamp() FROM c WHERE t.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
