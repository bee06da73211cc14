-- write
WITH c AS MATERIALIZED (
    SELECT o.*, d.pendiente_id, d.dispositivo, d.motivo, CASE
        WHEN d.pendiente_id IS NULL THEN
            ARRAY['NOT_FOUND', NULL, 'Recojo de dispositivo no encontrado con pendienteId: ' || :pendiente_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
        WHEN o.estado = 'FINALIZADO' THEN ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' está FINALIZADO']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, tipo, estado, asignado_a, registrado_por FROM pendientes
               WHERE id = :pendiente_id AND vigente FOR NO KEY UPDATE) o ON true
    LEFT JOIN LATERAL (SELECT * FROM pendientes_recojo_dispositivos
                       WHERE pendiente_id = o.id AND vigente FOR NO KEY UPDATE) d ON true
), n AS MATERIALIZED (
    SELECT c.pendiente_id,
           CASE WHEN :dispositivo? THEN :dispositivo ELSE c.dispositivo END AS dispositivo,
           CASE WHEN :motivo? THEN :motivo ELSE c.motivo END AS motivo
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pendientes_recojo_dispositivos d
    SET dispositivo = n.dispositivo, motivo = n.motivo, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE d.pendiente_id = n.pendiente_id
        AND (d.dispositivo, d.motivo)
            IS DISTINCT FROM (n.dispositivo, n.motivo)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.pendiente_id AS id, n.pendiente_id, n.dispositivo, n.motivo,
       c.asignado_a AS _asignado_a, c.registrado_por AS _registrado_por
FROM c LEFT JOIN n ON true
