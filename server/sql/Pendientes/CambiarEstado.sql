-- write
-- lock SELECT id FROM pendientes WHERE id = :id AND vigente FOR NO KEY UPDATE

-- The lock comes first because the verdict asks for the details: whoever makes them locks the order too.
-- Who may do what stands in `transiciones`. The refusals, in their order: the role reaches that state by no step at all; the
-- order; the caller reaches it by no step of this order; the step; this step is not the caller's; what the step asks for.
WITH c AS MATERIALIZED (
    SELECT o.*, CASE
        WHEN t.rol IS NOT TRUE THEN
            ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso para pasar un pendiente a ' || :nuevo_estado]
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :id]
        WHEN :acceso(o) IS NOT TRUE OR t.alguno IS NOT TRUE THEN
            ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso para pasar el pendiente ' || o.id || ' a ' || :nuevo_estado]
        WHEN o.estado = :nuevo_estado THEN NULL
        WHEN t.este IS NULL THEN ARRAY['FAILED_PRECONDITION', 'nuevo_estado',
            'El pendiente ' || o.id || ' no puede pasar de ' || o.estado || ' a ' || :nuevo_estado || ' (nuevoEstado)']
        WHEN NOT t.este THEN ARRAY['PERMISSION_DENIED', NULL,
            'No tiene permiso para pasar el pendiente ' || o.id || ' de ' || o.estado || ' a ' || :nuevo_estado]
        WHEN t.pide_detalle
            AND NOT EXISTS (SELECT FROM pendientes_detalles d WHERE d.pendiente_id = o.id AND d.tipo = o.tipo) THEN
            ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' aún no tiene los datos de su tipo, ' || o.tipo]
        WHEN t.pide_tecnico AND e.id IS NULL THEN
            ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' no tiene asignado un técnico vigente']
        WHEN :nuevo_estado = 'FINALIZADO' AND o.estado_tecnico <> 'OK' THEN
            ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' no se puede finalizar: ' || o.estado_tecnico]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM pendientes WHERE id = :id AND vigente) o ON true
    CROSS JOIN LATERAL (
        SELECT bool_or(s.rol) AS rol, bool_or(s.admite) AS alguno, bool_or(s.admite) FILTER (WHERE s.desde = o.estado) AS este,
               bool_or(s.pide_detalle) FILTER (WHERE s.desde = o.estado) AS pide_detalle,
               bool_or(s.pide_tecnico) FILTER (WHERE s.desde = o.estado) AS pide_tecnico
        FROM (SELECT x.*, :quien.permisos & (x.bits | x.bits_asignado) <> 0 AS rol,
                     :quien.permisos & x.bits <> 0 OR :quien.permisos & x.bits_asignado <> 0
                         AND ((o.asignado_a = :quien.empleado_id) IS TRUE OR :quien.permisos & 16 <> 0) AS admite
              FROM transiciones x WHERE x.hacia = :nuevo_estado AND x.via = 'ESTADO') s) t
    -- Who was assigned before the order was cancelled may have been deleted since.
    LEFT JOIN LATERAL (SELECT id FROM empleados WHERE id = o.asignado_a AND t.pide_tecnico AND vigente FOR SHARE) e ON true
), n AS MATERIALIZED (
    SELECT c.id, c.fecha_creacion, c.fecha_pendiente, c.registrado_por, c.estado_tecnico, c.empresa, c.lugar, c.prioridad, c.tipo,
           c.direccion, c.cliente_id, :nuevo_estado AS estado, c.estado <> :nuevo_estado AS cambia,
           CASE WHEN :nuevo_estado <> 'REGISTRADO' THEN c.asignado_a END AS asignado_a,
           coalesce(c.historial_hash, decode(repeat('00', 32), 'hex')) AS previo, c.historial_n + 1 AS numero,
           'Estado cambiado de ' || c.estado || ' a ' || :nuevo_estado AS detalles, clock_timestamp() AS ahora
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
    SELECT s.id, k.ahora, aviso.tipo, aviso.titulo, aviso.texto || k.id
    FROM k
    JOIN (VALUES ('ASIGNADO', 'INFO', 'Pendiente asignado', 'Se le asignó el pendiente '),
                 ('POSTERGADO', 'WARNING', 'Pendiente postergado', 'Se postergó el pendiente ')) AS aviso (estado, tipo, titulo, texto)
        ON aviso.estado = k.estado
    JOIN usuarios s ON s.empleado_id = k.asignado_a AND s.vigente AND s.activo
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje,
       n.id, n.fecha_creacion, n.fecha_pendiente, n.registrado_por AS id_empleado_registro,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.registrado_por) AS registrado_por,
       n.asignado_a AS id_empleado_asignado,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.asignado_a) AS asignado_a,
       n.estado, n.estado_tecnico, n.empresa, n.lugar, n.prioridad, n.tipo, n.direccion,
       l.id AS id_cliente, l.nombre AS cliente, l.codigo_cliente AS cod_cliente, l.telefono AS celular_cliente
FROM c LEFT JOIN n ON true LEFT JOIN clientes l ON l.id = n.cliente_id
