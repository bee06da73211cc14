-- write
WITH c AS MATERIALIZED (
    SELECT o.*, d.pendiente_id, d.cantidad_camaras, d.tipo_grabador, d.ubicacion, d.observaciones, CASE
        WHEN d.pendiente_id IS NULL THEN
            ARRAY['NOT_FOUND', NULL, 'Instalación de cámaras no encontrada con pendienteId: ' || :pendiente_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
        WHEN o.estado = 'FINALIZADO' THEN ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' está FINALIZADO']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, tipo, estado, asignado_a, registrado_por FROM pendientes
               WHERE id = :pendiente_id AND vigente FOR NO KEY UPDATE) o ON true
    LEFT JOIN LATERAL (SELECT * FROM pendientes_instalaciones_camaras
                       WHERE pendiente_id = o.id AND vigente FOR NO KEY UPDATE) d ON true
), n AS MATERIALIZED (
    SELECT c.pendiente_id,
           CASE WHEN :cantidad_camaras? THEN :cantidad_camaras ELSE c.cantidad_camaras END AS cantidad_camaras,
           CASE WHEN :tipo_grabador? THEN :tipo_grabador ELSE c.tipo_grabador END AS tipo_grabador,
           CASE WHEN :ubicacion? THEN :ubicacion ELSE c.ubicacion END AS ubicacion,
           CASE WHEN :observaciones? THEN :observaciones ELSE c.observaciones END AS observaciones
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pendientes_instalaciones_camaras d
    SET cantidad_camaras = n.cantidad_camaras, tipo_grabador = n.tipo_grabador, ubicacion = n.ubicacion,
        observaciones = n.observaciones, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE d.pendiente_id = n.pendiente_id
        AND (d.cantidad_camaras, d.tipo_grabador, d.ubicacion, d.observaciones)
            IS DISTINCT FROM (n.cantidad_camaras, n.tipo_grabador, n.ubicacion, n.observaciones)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.pendiente_id AS id, n.pendiente_id, n.cantidad_camaras,
       n.tipo_grabador, n.ubicacion, n.observaciones, c.asignado_a AS _asignado_a, c.registrado_por AS _registrado_por
FROM c LEFT JOIN n ON true
