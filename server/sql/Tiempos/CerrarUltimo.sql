-- write
-- lock SELECT id FROM pendientes WHERE id = :pendiente_id AND vigente FOR NO KEY UPDATE

-- The lock comes first because the verdict asks for the open sessions: whoever opens or closes one locks the order too. A session
-- that begins later than now (a client's clock may be ahead) ends when it begins.
WITH c AS MATERIALIZED (
    SELECT t.*, CASE
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :pendiente_id]
        WHEN t.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'No existe un tiempo abierto para el pendienteId: ' || :pendiente_id]
        WHEN :acceso(t) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el registro de tiempo ' || t.id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id FROM pendientes WHERE id = :pendiente_id AND vigente) o ON true
    LEFT JOIN LATERAL (SELECT * FROM pendientes_tiempos
                       WHERE pendiente_id = o.id AND vigente AND hora_fin IS NULL
                       ORDER BY hora_inicio DESC, id DESC LIMIT 1) t ON true
), n AS MATERIALIZED (
    SELECT c.id, c.pendiente_id, c.empleado_id, c.hora_inicio, greatest(clock_timestamp(), c.hora_inicio) AS hora_fin, c.descripcion
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pendientes_tiempos t SET hora_fin = n.hora_fin, fecha_modificacion = clock_timestamp() FROM n WHERE t.id = n.id
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.pendiente_id, n.empleado_id,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.empleado_id) AS empleado_nombre,
       n.hora_inicio, n.hora_fin, n.descripcion
FROM c LEFT JOIN n ON true
