-- write
WITH c AS MATERIALIZED (
    SELECT o.*, d.pendiente_id, d.velocidad_solicitada, d.costo_fijo, d.tipo_instalacion, d.vlan, d.ppoe, d.ppoe_password,
           CASE
        WHEN d.pendiente_id IS NULL THEN
            ARRAY['NOT_FOUND', NULL, 'Instalación de internet no encontrada con pendienteId: ' || :pendiente_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
        WHEN o.estado = 'FINALIZADO' THEN ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' está FINALIZADO']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, tipo, estado, asignado_a, registrado_por FROM pendientes
               WHERE id = :pendiente_id AND vigente FOR NO KEY UPDATE) o ON true
    LEFT JOIN LATERAL (SELECT * FROM pendientes_instalaciones_internet
                       WHERE pendiente_id = o.id AND vigente FOR NO KEY UPDATE) d ON true
), n AS MATERIALIZED (
    SELECT c.pendiente_id,
           CASE WHEN :velocidad_solicitada? THEN :velocidad_solicitada ELSE c.velocidad_solicitada END AS velocidad_solicitada,
           CASE WHEN :costo_fijo? THEN :costo_fijo::numeric(12,2) ELSE c.costo_fijo END AS costo_fijo,
           CASE WHEN :tipo_instalacion? THEN :tipo_instalacion ELSE c.tipo_instalacion END AS tipo_instalacion,
           c.vlan, c.ppoe, c.ppoe_password
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pendientes_instalaciones_internet d
    SET velocidad_solicitada = n.velocidad_solicitada, costo_fijo = n.costo_fijo, tipo_instalacion = n.tipo_instalacion,
        fecha_modificacion = clock_timestamp()
    FROM n
    WHERE d.pendiente_id = n.pendiente_id
        AND (d.velocidad_solicitada, d.costo_fijo, d.tipo_instalacion)
            IS DISTINCT FROM (n.velocidad_solicitada, n.costo_fijo, n.tipo_instalacion)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.pendiente_id AS id, n.pendiente_id, n.velocidad_solicitada,
       n.costo_fijo, n.tipo_instalacion, n.vlan::text AS vlan, n.ppoe, n.ppoe_password, c.asignado_a AS _asignado_a,
       c.registrado_por AS _registrado_por
FROM c LEFT JOIN n ON true
