-- write

-- The order first, then the note; which order a note is of never changes.
WITH c AS MATERIALIZED (
    SELECT n.*, CASE
        WHEN n.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Nota no encontrada con id: ' || :id]
        WHEN :acceso(n) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre la nota ' || :id]
        WHEN :empleado_id <> n.empleado_id AND :quien.permisos & 16383 <> 16383 THEN
            ARRAY['PERMISSION_DENIED', 'empleado_id', 'Solo con todos los permisos se actúa por otro (empleadoId)']
        WHEN :empleado_id <> n.empleado_id AND e.id IS NULL THEN
            ARRAY['NOT_FOUND', 'empleado_id', 'Empleado no encontrado con id: ' || :empleado_id]
        WHEN :pendiente_id <> n.pendiente_id THEN
            ARRAY['FAILED_PRECONDITION', 'pendiente_id', 'La nota ' || n.id || ' es del pendiente ' || n.pendiente_id || ' (pendienteId)']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id FROM pendientes
               WHERE id = (SELECT pendiente_id FROM pendientes_notas WHERE id = :id) AND vigente FOR SHARE) o ON true
    LEFT JOIN LATERAL (SELECT * FROM pendientes_notas
                       WHERE id = :id AND pendiente_id = o.id AND vigente FOR NO KEY UPDATE) n ON true
    LEFT JOIN LATERAL (SELECT id FROM empleados
                       WHERE id = :empleado_id AND id <> n.empleado_id AND vigente FOR SHARE) e ON true
), n AS MATERIALIZED (
    SELECT c.id, c.pendiente_id, c.fecha_creacion, coalesce(:empleado_id, c.empleado_id) AS empleado_id,
           coalesce(:nota, c.nota) AS nota, coalesce(:estado_pendiente, c.estado_pendiente) AS estado_pendiente
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pendientes_notas p
    SET empleado_id = n.empleado_id, nota = n.nota, estado_pendiente = n.estado_pendiente, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE p.id = n.id AND (p.empleado_id, p.nota, p.estado_pendiente) IS DISTINCT FROM (n.empleado_id, n.nota, n.estado_pendiente)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.pendiente_id, n.empleado_id,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.empleado_id) AS empleado_nombre,
       n.nota, n.estado_pendiente, n.fecha_creacion,
       (SELECT json_agg(json_build_object('id', i.id, 'notaId', i.nota_id, 'url', i.url) ORDER BY i.id)
        FROM pendientes_notas_imagenes i WHERE i.nota_id = n.id AND i.vigente) AS imagenes
FROM c LEFT JOIN n ON true
