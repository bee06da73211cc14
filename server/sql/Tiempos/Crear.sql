-- write
WITH c AS MATERIALIZED (
    SELECT o.id, t.ahora, coalesce(:empleado_id, :quien.empleado_id) AS empleado_id, coalesce(:hora_inicio, t.ahora) AS hora_inicio, CASE
        WHEN :empleado_id <> coalesce(:quien.empleado_id, 0) AND :quien.permisos & 16383 <> 16383 THEN
            ARRAY['PERMISSION_DENIED', 'empleado_id', 'Solo con todos los permisos se registra por otro (empleadoId)']
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', 'pendiente_id', 'Pendiente no encontrado con id: ' || :pendiente_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
        WHEN :empleado_id <> coalesce(:quien.empleado_id, 0) AND e.id IS NULL THEN
            ARRAY['NOT_FOUND', 'empleado_id', 'Empleado no encontrado con id: ' || :empleado_id]
        WHEN coalesce(:empleado_id, :quien.empleado_id) IS NULL THEN
            ARRAY['FAILED_PRECONDITION', NULL, 'El usuario no tiene un empleado']
        WHEN :hora_fin < coalesce(:hora_inicio, t.ahora) THEN
            ARRAY['INVALID_ARGUMENT', 'hora_fin', 'horaFin no puede ser anterior a horaInicio']
    END AS v
    FROM (SELECT clock_timestamp() AS ahora) t
    LEFT JOIN (SELECT id, asignado_a, registrado_por FROM pendientes
               WHERE id = :pendiente_id AND vigente FOR NO KEY UPDATE) o ON true
    LEFT JOIN (SELECT id FROM empleados
               WHERE id = :empleado_id AND :empleado_id <> coalesce(:quien.empleado_id, 0) AND vigente FOR SHARE) e ON true
), t AS (
    INSERT INTO pendientes_tiempos (pendiente_id, empleado_id, fecha_creacion, hora_inicio, hora_fin, descripcion)
    SELECT c.id, c.empleado_id, c.ahora, c.hora_inicio, :hora_fin, :descripcion FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, t.id, t.pendiente_id, t.empleado_id,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = t.empleado_id) AS empleado_nombre,
       t.hora_inicio, t.hora_fin, t.descripcion
FROM c LEFT JOIN t ON true
