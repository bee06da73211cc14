-- write
WITH c AS MATERIALIZED (
    SELECT o.*, CASE
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', 'pendiente_id', 'Pendiente no encontrado con id: ' || :pendiente_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
        WHEN o.tipo <> 'INSTALACION_INTERNET' THEN ARRAY['FAILED_PRECONDITION', 'pendiente_id',
            'El pendiente ' || o.id || ' es de tipo ' || o.tipo || ', no INSTALACION_INTERNET (pendienteId)']
        WHEN o.estado IN ('CANCELADO', 'FINALIZADO') THEN ARRAY['FAILED_PRECONDITION', 'pendiente_id',
            'El pendiente ' || o.id || ' está ' || o.estado || ' (pendienteId)']
        -- Seen here, it is there; not seen, the primary key decides.
        WHEN EXISTS (SELECT FROM pendientes_instalaciones_internet d WHERE d.pendiente_id = o.id) THEN
            ARRAY['ALREADY_EXISTS', 'pendiente_id', 'El pendiente ya tiene su instalación de internet (pendienteId)']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, tipo, estado, asignado_a, registrado_por FROM pendientes
               WHERE id = :pendiente_id AND vigente FOR NO KEY UPDATE) o ON true
), d AS (
    INSERT INTO pendientes_instalaciones_internet (pendiente_id, velocidad_solicitada, costo_fijo, tipo_instalacion)
    SELECT c.id, :velocidad_solicitada, :costo_fijo, :tipo_instalacion FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, d.pendiente_id AS id, d.pendiente_id, d.velocidad_solicitada,
       d.costo_fijo, d.tipo_instalacion, d.vlan::text AS vlan, d.ppoe, d.ppoe_password, c.asignado_a AS _asignado_a,
       c.registrado_por AS _registrado_por
FROM c LEFT JOIN d ON true
