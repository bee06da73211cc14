-- write

WITH c AS MATERIALIZED (
    SELECT g.id, CASE
        WHEN g.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pago no encontrado con id: ' || :id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pago ' || :id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, asignado_a, registrado_por FROM pendientes
               WHERE id = (SELECT pendiente_id FROM pagos WHERE id = :id) AND vigente FOR SHARE) o ON true
    LEFT JOIN LATERAL (SELECT id FROM pagos WHERE id = :id AND pendiente_id = o.id AND vigente FOR NO KEY UPDATE) g ON true
), u AS (
    UPDATE pagos g SET vigente = false, fecha_modificacion = clock_timestamp()
    FROM c WHERE g.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
