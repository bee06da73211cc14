-- write

-- The order is locked for sharing: it must stay, and nothing of it changes.
WITH c AS MATERIALIZED (
    SELECT o.id AS pendiente_id, coalesce(:empleado_id, :quien.empleado_id) AS empleado_id, CASE
        WHEN :empleado_id <> coalesce(:quien.empleado_id, 0) AND :quien.permisos & 16383 <> 16383 THEN
            ARRAY['PERMISSION_DENIED', 'empleado_id', 'Solo con todos los permisos se actúa por otro (empleadoId)']
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', 'pendiente_id', 'Pendiente no encontrado con id: ' || :pendiente_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
        WHEN :empleado_id <> coalesce(:quien.empleado_id, 0) AND e.id IS NULL THEN
            ARRAY['NOT_FOUND', 'empleado_id', 'Empleado no encontrado con id: ' || :empleado_id]
        WHEN coalesce(:empleado_id, :quien.empleado_id) IS NULL THEN
            ARRAY['FAILED_PRECONDITION', NULL, 'El usuario no tiene un empleado']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, asignado_a, registrado_por FROM pendientes WHERE id = :pendiente_id AND vigente FOR SHARE) o ON true
    LEFT JOIN LATERAL (SELECT id FROM empleados
                       WHERE id = :empleado_id AND :empleado_id <> coalesce(:quien.empleado_id, 0) AND o.id IS NOT NULL AND vigente
                       FOR SHARE) e ON true
), n AS (
    INSERT INTO pendientes_notas (pendiente_id, empleado_id, nota, estado_pendiente)
    SELECT c.pendiente_id, c.empleado_id, :nota, :estado_pendiente FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.pendiente_id, n.empleado_id,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.empleado_id) AS empleado_nombre,
       n.nota, n.estado_pendiente, n.fecha_creacion, NULL::json AS imagenes
FROM c LEFT JOIN n ON true
