-- write
-- lock SELECT id FROM pendientes WHERE id = :id AND vigente FOR NO KEY UPDATE

-- Which states may be postponed stands in `transiciones`. Every call that is accepted is an entry of the history, POSTERGADO
-- again too. The technician stays, and hears of it.
WITH c AS MATERIALIZED (
    SELECT o.*, t0.ahora, CASE
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :id]
        WHEN t.desde IS NULL THEN
            ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' no se puede postergar: está ' || o.estado]
        WHEN :nueva_fecha <= t0.ahora THEN
            ARRAY['FAILED_PRECONDITION', 'nueva_fecha', 'nuevaFecha debe ser posterior a la hora actual']
        WHEN :nueva_fecha <= o.fecha_pendiente THEN
            ARRAY['FAILED_PRECONDITION', 'nueva_fecha', 'nuevaFecha debe ser posterior a la fechaPendiente del pendiente ' || o.id]
    END AS v
    FROM (SELECT clock_timestamp() AS ahora) t0
    LEFT JOIN (SELECT * FROM pendientes WHERE id = :id AND vigente) o ON true
    LEFT JOIN transiciones t ON t.hacia = 'POSTERGADO' AND t.via = 'POSTERGAR' AND t.desde = o.estado
), n AS MATERIALIZED (
    SELECT c.id, c.fecha_creacion, c.registrado_por, c.asignado_a, c.estado_tecnico, c.empresa, c.lugar, c.prioridad, c.tipo,
           c.direccion, c.cliente_id, 'POSTERGADO' AS estado, coalesce(:nueva_fecha, c.fecha_pendiente) AS fecha_pendiente,
           coalesce(c.historial_hash, decode(repeat('00', 32), 'hex')) AS previo, c.historial_n + 1 AS numero, c.ahora,
           'Postergado' || coalesce(' para el ' || to_char(:nueva_fecha, 'YYYY-MM-DD HH24:MI'), '')
               || CASE WHEN :motivo ~ '\S' THEN ': ' || :motivo ELSE '' END AS detalles
    FROM c WHERE c.v IS NULL
), k AS MATERIALIZED (
    SELECT n.*, historial_hash(n.previo, n.id, n.numero, :quien.usuario_id, :quien.empleado_id, n.estado, n.detalles,
                               n.ahora) AS hash
    FROM n
), u AS (
    UPDATE pendientes p
    SET estado = k.estado, fecha_pendiente = k.fecha_pendiente, fecha_modificacion = k.ahora, historial_n = k.numero,
        historial_hash = k.hash
    FROM k WHERE p.id = k.id
), h AS (
    INSERT INTO historiales (pendiente_id, numero, usuario_id, empleado_id, estado, detalles, fecha_creacion, hash)
    SELECT k.id, k.numero, :quien.usuario_id, :quien.empleado_id, k.estado, k.detalles, k.ahora, k.hash FROM k
), a AS (
    INSERT INTO notificaciones (usuario_id, fecha_creacion, tipo, titulo, mensaje)
    SELECT s.id, k.ahora, 'WARNING', 'Pendiente postergado', 'Pendiente ' || k.id || ': ' || k.detalles
    FROM k JOIN usuarios s ON s.empleado_id = k.asignado_a AND s.vigente AND s.activo
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje,
       n.id, n.fecha_creacion, n.fecha_pendiente, n.registrado_por AS id_empleado_registro,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.registrado_por) AS registrado_por,
       n.asignado_a AS id_empleado_asignado,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.asignado_a) AS asignado_a,
       n.estado, n.estado_tecnico, n.empresa, n.lugar, n.prioridad, n.tipo, n.direccion,
       l.id AS id_cliente, l.nombre AS cliente, l.codigo_cliente AS cod_cliente, l.telefono AS celular_cliente
FROM c LEFT JOIN n ON true LEFT JOIN clientes l ON l.id = n.cliente_id
