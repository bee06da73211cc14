-- write batch

-- Locks what must stay, and only for sharing: creates in other transactions are never waited for. The caller's own employee
-- cannot have been deleted, for an active user refers to it.
WITH c AS MATERIALIZED (
    SELECT k.*, coalesce(:registrado_por_id, :quien.empleado_id) AS registrado_por, CASE
        WHEN :registrado_por_id <> coalesce(:quien.empleado_id, 0) AND :quien.permisos & 16383 <> 16383 THEN
            ARRAY['PERMISSION_DENIED', 'registrado_por_id', 'Solo con todos los permisos se registra por otro (registradoPorId)']
        WHEN k.cliente_id IS NULL THEN
            ARRAY['NOT_FOUND', 'cliente_id', 'Cliente no encontrado con id: ' || :cliente_id]
        WHEN :registrado_por_id <> coalesce(:quien.empleado_id, 0) AND e.id IS NULL THEN
            ARRAY['NOT_FOUND', 'registrado_por_id', 'Empleado no encontrado con id: ' || :registrado_por_id]
        WHEN coalesce(:registrado_por_id, :quien.empleado_id) IS NULL THEN
            ARRAY['FAILED_PRECONDITION', NULL, 'El usuario no tiene un empleado']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id AS cliente_id, nombre AS cliente, codigo_cliente, telefono FROM clientes
               WHERE id = :cliente_id AND vigente FOR SHARE) k ON true
    LEFT JOIN (SELECT id FROM empleados
               WHERE id = :registrado_por_id AND :registrado_por_id <> coalesce(:quien.empleado_id, 0) AND vigente
               FOR SHARE) e ON true
), n AS MATERIALIZED (
    SELECT nextval('pendientes_id_seq') AS id, clock_timestamp() AS ahora, c.cliente_id, c.registrado_por FROM c WHERE c.v IS NULL
), p AS (
    INSERT INTO pendientes (id, fecha_creacion, fecha_pendiente, registrado_por, cliente_id, estado_tecnico, tipo, lugar, prioridad,
        empresa, direccion, historial_n, historial_hash)
    SELECT n.id, n.ahora, :fecha_pendiente, n.registrado_por, n.cliente_id, coalesce(:estado_tecnico, 'OK'), :tipo, :lugar,
        :prioridad, :empresa, :direccion, 1,
        historial_hash(decode(repeat('00', 32), 'hex'), n.id, 1, :quien.usuario_id, :quien.empleado_id, 'REGISTRADO',
                       'Pendiente registrado', n.ahora)
    FROM n
    RETURNING *
), h AS (
    INSERT INTO historiales (pendiente_id, numero, usuario_id, empleado_id, estado, detalles, fecha_creacion, hash)
    SELECT p.id, 1, :quien.usuario_id, :quien.empleado_id, p.estado, 'Pendiente registrado', p.fecha_creacion, p.historial_hash
    FROM p
), a AS (
    INSERT INTO notificaciones (usuario_id, fecha_creacion, tipo, titulo, mensaje)
    SELECT s.id, p.fecha_creacion, 'INFO', 'Pendiente nuevo', 'Pendiente ' || p.id || ' por asignar: ' || p.tipo || ', ' || p.lugar
    FROM p CROSS JOIN usuarios s JOIN roles r ON r.id = s.rol_id AND r.vigente AND r.permisos & 16 <> 0
    WHERE s.vigente AND s.activo AND s.password <> '!' -- a service's user has none, and reads no notices
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje,
       p.id, p.fecha_creacion, p.fecha_pendiente, p.registrado_por AS id_empleado_registro,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = p.registrado_por) AS registrado_por,
       p.asignado_a AS id_empleado_asignado, NULL::text AS asignado_a,
       p.estado, p.estado_tecnico, p.empresa, p.lugar, p.prioridad, p.tipo, p.direccion,
       p.cliente_id AS id_cliente, c.cliente, c.codigo_cliente AS cod_cliente, c.telefono AS celular_cliente
FROM c LEFT JOIN p ON true
