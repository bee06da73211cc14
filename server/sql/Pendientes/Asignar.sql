-- write
-- lock SELECT id FROM pendientes WHERE id = :id AND vigente FOR NO KEY UPDATE

-- The lock comes first because the verdict asks for the details: whoever makes them locks the order too.
WITH c AS MATERIALIZED (
    SELECT o.*, e.nombre AS tecnico, CASE
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :id]
        WHEN e.id IS NULL THEN ARRAY['NOT_FOUND', 'id_asignado', 'Empleado no encontrado con id: ' || :id_asignado]
        WHEN o.estado = 'ASIGNADO' AND o.asignado_a = e.id THEN NULL
        WHEN o.estado = 'ASIGNADO' THEN ARRAY['FAILED_PRECONDITION', 'id_asignado',
            'El pendiente ' || o.id || ' ya está ASIGNADO a otro empleado (idAsignado): antes debe volver a REGISTRADO']
        WHEN t.desde IS NULL THEN
            ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' no se puede asignar: está ' || o.estado]
        WHEN t.pide_detalle
            AND NOT EXISTS (SELECT FROM pendientes_detalles d WHERE d.pendiente_id = o.id AND d.tipo = o.tipo) THEN
            ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' aún no tiene los datos de su tipo, ' || o.tipo]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM pendientes WHERE id = :id AND vigente) o ON true
    LEFT JOIN (SELECT id, nombre || ' ' || apellido_paterno AS nombre FROM empleados
               WHERE id = :id_asignado AND vigente FOR SHARE) e ON true
    LEFT JOIN transiciones t ON t.hacia = 'ASIGNADO' AND t.via = 'ASIGNAR' AND t.desde = o.estado
), n AS MATERIALIZED (
    SELECT c.id, c.fecha_creacion, c.fecha_pendiente, c.registrado_por, c.estado_tecnico, c.empresa, c.lugar, c.prioridad, c.tipo,
           c.direccion, c.cliente_id, 'ASIGNADO' AS estado, c.estado <> 'ASIGNADO' AS cambia, :id_asignado AS asignado_a, c.tecnico,
           coalesce(c.historial_hash, decode(repeat('00', 32), 'hex')) AS previo, c.historial_n + 1 AS numero,
           'Asignado a ' || c.tecnico AS detalles, clock_timestamp() AS ahora
    FROM c WHERE c.v IS NULL
), k AS MATERIALIZED (
    SELECT n.*, historial_hash(n.previo, n.id, n.numero, :quien.usuario_id, :quien.empleado_id, n.estado, n.detalles,
                               n.ahora) AS hash
    FROM n WHERE n.cambia
), u AS (
    UPDATE pendientes p
    SET estado = k.estado, asignado_a = k.asignado_a, fecha_modificacion = k.ahora, historial_n = k.numero, historial_hash = k.hash
    FROM k WHERE p.id = k.id
), h AS (
    INSERT INTO historiales (pendiente_id, numero, usuario_id, empleado_id, estado, detalles, fecha_creacion, hash)
    SELECT k.id, k.numero, :quien.usuario_id, :quien.empleado_id, k.estado, k.detalles, k.ahora, k.hash FROM k
), a AS (
    INSERT INTO notificaciones (usuario_id, fecha_creacion, tipo, titulo, mensaje)
    SELECT s.id, k.ahora, 'INFO', 'Pendiente asignado', 'Se le asignó el pendiente ' || k.id
    FROM k JOIN usuarios s ON s.empleado_id = k.asignado_a AND s.vigente AND s.activo
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje,
       n.id, n.fecha_creacion, n.fecha_pendiente, n.registrado_por AS id_empleado_registro,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.registrado_por) AS registrado_por,
       n.asignado_a AS id_empleado_asignado, n.tecnico AS asignado_a,
       n.estado, n.estado_tecnico, n.empresa, n.lugar, n.prioridad, n.tipo, n.direccion,
       l.id AS id_cliente, l.nombre AS cliente, l.codigo_cliente AS cod_cliente, l.telefono AS celular_cliente
FROM c LEFT JOIN n ON true LEFT JOIN clientes l ON l.id = n.cliente_id
