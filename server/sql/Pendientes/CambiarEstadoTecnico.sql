-- write

-- Who may do what stands in `transiciones_tecnicas`: `bits` all of them, for whom the order is visible, and `bits_asignado` any of
-- them, for the assigned technician. The refusals come in the order of CambiarEstado's. It is no change of state: the history is
-- silent.
WITH c AS MATERIALIZED (
    SELECT o.*, CASE
        WHEN t.rol IS NOT TRUE THEN
            ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso para poner el estado técnico ' || :nuevo_estado]
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :id]
        WHEN :acceso(o) IS NOT TRUE OR t.alguno IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL,
            'No tiene permiso para poner el estado técnico ' || :nuevo_estado || ' al pendiente ' || o.id]
        WHEN o.estado_tecnico = :nuevo_estado THEN NULL
        WHEN o.estado = 'FINALIZADO' THEN ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' está FINALIZADO']
        WHEN t.este IS NULL THEN ARRAY['FAILED_PRECONDITION', 'nuevo_estado', 'El estado técnico del pendiente ' || o.id
            || ' no puede pasar de ' || o.estado_tecnico || ' a ' || :nuevo_estado || ' (nuevoEstado)']
        WHEN NOT t.este THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso para pasar el estado técnico del pendiente ' || o.id
            || ' de ' || o.estado_tecnico || ' a ' || :nuevo_estado]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM pendientes WHERE id = :id AND vigente FOR NO KEY UPDATE) o ON true
    CROSS JOIN LATERAL (
        SELECT bool_or(s.rol) AS rol, bool_or(s.admite) AS alguno, bool_or(s.admite) FILTER (WHERE s.desde = o.estado_tecnico) AS este
        FROM (SELECT x.desde, :quien.permisos & x.bits = x.bits OR :quien.permisos & x.bits_asignado <> 0 AS rol,
                     :quien.permisos & x.bits = x.bits
                         OR :quien.permisos & x.bits_asignado <> 0 AND (o.asignado_a = :quien.empleado_id) IS TRUE AS admite
              FROM transiciones_tecnicas x WHERE x.hacia = :nuevo_estado) s) t
), n AS MATERIALIZED (
    SELECT c.id, c.fecha_creacion, c.fecha_pendiente, c.registrado_por, c.asignado_a, c.estado, :nuevo_estado AS estado_tecnico,
           c.empresa, c.lugar, c.prioridad, c.tipo, c.direccion, c.cliente_id
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pendientes p SET estado_tecnico = n.estado_tecnico, fecha_modificacion = clock_timestamp()
    FROM n WHERE p.id = n.id AND p.estado_tecnico <> n.estado_tecnico
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje,
       n.id, n.fecha_creacion, n.fecha_pendiente, n.registrado_por AS id_empleado_registro,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.registrado_por) AS registrado_por,
       n.asignado_a AS id_empleado_asignado,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.asignado_a) AS asignado_a,
       n.estado, n.estado_tecnico, n.empresa, n.lugar, n.prioridad, n.tipo, n.direccion,
       l.id AS id_cliente, l.nombre AS cliente, l.codigo_cliente AS cod_cliente, l.telefono AS celular_cliente
FROM c LEFT JOIN n ON true LEFT JOIN clientes l ON l.id = n.cliente_id
