-- write

WITH c AS MATERIALIZED (
    SELECT i.id, CASE
        WHEN i.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Ítem no encontrado con id: ' || :id]
        WHEN :acceso(i) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el ítem ' || :id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id FROM pendientes
               WHERE id = (SELECT pendiente_id FROM pendientes_items WHERE id = :id) AND vigente FOR SHARE) o ON true
    LEFT JOIN LATERAL (SELECT id, empleado_id FROM pendientes_items
                       WHERE id = :id AND pendiente_id = o.id AND vigente FOR NO KEY UPDATE) i ON true
), u AS (
    UPDATE pendientes_items i SET vigente = false, fecha_modificacion = clock_timestamp()
    FROM c WHERE i.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
