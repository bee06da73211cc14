-- write
WITH c AS MATERIALIZED (
    SELECT o.*, d.pendiente_id, d.lugar_destino, d.direccion_destino, d.tipo_servicio, d.vlan, d.ppoe, d.ppoe_password, CASE
        WHEN d.pendiente_id IS NULL THEN
            ARRAY['NOT_FOUND', NULL, 'Traslado no encontrado con pendienteId: ' || :pendiente_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
        WHEN o.estado = 'FINALIZADO' THEN ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' está FINALIZADO']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, tipo, estado, asignado_a, registrado_por FROM pendientes
               WHERE id = :pendiente_id AND vigente FOR NO KEY UPDATE) o ON true
    LEFT JOIN LATERAL (SELECT * FROM pendientes_traslados
                       WHERE pendiente_id = o.id AND vigente FOR NO KEY UPDATE) d ON true
), n AS MATERIALIZED (
    SELECT c.pendiente_id,
           CASE WHEN :lugar_destino? THEN :lugar_destino ELSE c.lugar_destino END AS lugar_destino,
           CASE WHEN :direccion_destino? THEN :direccion_destino ELSE c.direccion_destino END AS direccion_destino,
           CASE WHEN :tipo_servicio? THEN :tipo_servicio ELSE c.tipo_servicio END AS tipo_servicio,
           c.vlan, c.ppoe, c.ppoe_password
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pendientes_traslados d
    SET lugar_destino = n.lugar_destino, direccion_destino = n.direccion_destino, tipo_servicio = n.tipo_servicio,
        fecha_modificacion = clock_timestamp()
    FROM n
    WHERE d.pendiente_id = n.pendiente_id
        AND (d.lugar_destino, d.direccion_destino, d.tipo_servicio)
            IS DISTINCT FROM (n.lugar_destino, n.direccion_destino, n.tipo_servicio)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.pendiente_id AS id, n.pendiente_id, n.lugar_destino,
       n.direccion_destino, n.tipo_servicio, n.vlan::text AS vlan, n.ppoe, n.ppoe_password, c.asignado_a AS _asignado_a,
       c.registrado_por AS _registrado_por
FROM c LEFT JOIN n ON true
