-- write
WITH c AS MATERIALIZED (
    SELECT o.*, d.pendiente_id, d.lugar_destino, d.direccion_destino, d.tipo_servicio, d.vlan, CASE
        WHEN d.pendiente_id IS NULL THEN
            ARRAY['NOT_FOUND', NULL, 'Traslado no encontrado con pendienteId: ' || :pendiente_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
        WHEN o.estado = 'FINALIZADO' THEN ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' está FINALIZADO']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, tipo, estado, estado_tecnico, asignado_a, registrado_por FROM pendientes
               WHERE id = :pendiente_id AND vigente FOR NO KEY UPDATE) o ON true
    LEFT JOIN LATERAL (SELECT * FROM pendientes_traslados
                       WHERE pendiente_id = o.id AND vigente FOR NO KEY UPDATE) d ON true
), n AS MATERIALIZED (
    SELECT c.pendiente_id, c.lugar_destino, c.direccion_destino, c.tipo_servicio, c.vlan, :ppoe_user AS ppoe,
           :ppoe_password AS ppoe_password
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pendientes_traslados d
    SET ppoe = n.ppoe, ppoe_password = n.ppoe_password, fecha_modificacion = clock_timestamp()
    FROM n WHERE d.pendiente_id = n.pendiente_id AND (d.ppoe, d.ppoe_password) IS DISTINCT FROM (n.ppoe, n.ppoe_password)
    RETURNING d.pendiente_id
), p AS (
    UPDATE pendientes p
    SET estado_tecnico = CASE c.estado_tecnico WHEN 'PENDIENTE_PPPoE' THEN 'OK' ELSE 'PENDIENTE_VLAN' END,
        fecha_modificacion = clock_timestamp()
    FROM c WHERE p.id = c.id AND c.v IS NULL AND c.estado_tecnico IN ('PENDIENTE_PPPoE', 'PENDIENTE_PPPoE_Y_VLAN')
), a AS (
    INSERT INTO notificaciones (usuario_id, tipo, titulo, mensaje)
    SELECT s.id, 'INFO', 'PPPoE asignado', 'El pendiente ' || c.id || ' ya tiene su PPPoE'
    FROM u CROSS JOIN c JOIN usuarios s ON s.empleado_id = c.asignado_a AND s.vigente AND s.activo
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.pendiente_id AS id, n.pendiente_id, n.lugar_destino,
       n.direccion_destino, n.tipo_servicio, n.vlan::text AS vlan, n.ppoe, n.ppoe_password, c.asignado_a AS _asignado_a,
       c.registrado_por AS _registrado_por
FROM c LEFT JOIN n ON true
