-- write
-- lock SELECT id FROM pendientes WHERE id = :id AND vigente FOR NO KEY UPDATE

-- The lock comes first because the verdict asks for payments: whoever makes one locks the order too.
WITH c AS MATERIALIZED (
    SELECT o.*, CASE
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :id]
        WHEN :cliente_id <> o.cliente_id AND k.id IS NULL THEN
            ARRAY['NOT_FOUND', 'cliente_id', 'Cliente no encontrado con id: ' || :cliente_id]
        WHEN o.estado = 'FINALIZADO' THEN ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' está FINALIZADO']
        WHEN :cliente_id <> o.cliente_id
            AND EXISTS (SELECT FROM pagos g WHERE g.pendiente_id = o.id AND g.vigente) THEN
            ARRAY['FAILED_PRECONDITION', 'cliente_id', 'El pendiente ' || o.id || ' ya tiene pagos: su clienteId no cambia']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM pendientes WHERE id = :id AND vigente) o ON true
    LEFT JOIN LATERAL (SELECT id FROM clientes WHERE id = :cliente_id AND id <> o.cliente_id AND vigente FOR SHARE) k ON true
), n AS MATERIALIZED (
    SELECT c.id, c.fecha_creacion, c.registrado_por, c.asignado_a, c.estado, c.estado_tecnico, c.tipo,
           CASE WHEN :fecha_pendiente? THEN :fecha_pendiente ELSE c.fecha_pendiente END AS fecha_pendiente,
           CASE WHEN :lugar? THEN :lugar ELSE c.lugar END AS lugar,
           CASE WHEN :empresa? THEN :empresa ELSE c.empresa END AS empresa,
           CASE WHEN :prioridad? THEN :prioridad ELSE c.prioridad END AS prioridad,
           CASE WHEN :direccion? THEN :direccion ELSE c.direccion END AS direccion,
           coalesce(:cliente_id, c.cliente_id) AS cliente_id
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pendientes p
    SET fecha_pendiente = n.fecha_pendiente, lugar = n.lugar, empresa = n.empresa, prioridad = n.prioridad,
        direccion = n.direccion, cliente_id = n.cliente_id, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE p.id = n.id
        AND (p.fecha_pendiente, p.lugar, p.empresa, p.prioridad, p.direccion, p.cliente_id)
            IS DISTINCT FROM (n.fecha_pendiente, n.lugar, n.empresa, n.prioridad, n.direccion, n.cliente_id)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje,
       n.id, n.fecha_creacion, n.fecha_pendiente, n.registrado_por AS id_empleado_registro,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.registrado_por) AS registrado_por,
       n.asignado_a AS id_empleado_asignado,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.asignado_a) AS asignado_a,
       n.estado, n.estado_tecnico, n.empresa, n.lugar, n.prioridad, n.tipo, n.direccion,
       k.id AS id_cliente, k.nombre AS cliente, k.codigo_cliente AS cod_cliente, k.telefono AS celular_cliente
FROM c LEFT JOIN n ON true LEFT JOIN clientes k ON k.id = n.cliente_id
