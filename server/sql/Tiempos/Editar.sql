-- write
-- lock SELECT id FROM pendientes WHERE id = (SELECT pendiente_id FROM pendientes_tiempos WHERE id = :id) AND vigente FOR NO KEY UPDATE

WITH c AS MATERIALIZED (
    SELECT t.*, CASE
        WHEN t.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Registro de tiempo no encontrado con id: ' || :id]
        WHEN :acceso(t) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el registro de tiempo ' || :id]
        WHEN :empleado_id <> t.empleado_id AND :quien.permisos & 16383 <> 16383 THEN
            ARRAY['PERMISSION_DENIED', 'empleado_id', 'Solo con todos los permisos se registra por otro (empleadoId)']
        WHEN :empleado_id <> t.empleado_id AND e.id IS NULL THEN
            ARRAY['NOT_FOUND', 'empleado_id', 'Empleado no encontrado con id: ' || :empleado_id]
        WHEN :pendiente_id <> t.pendiente_id THEN ARRAY['FAILED_PRECONDITION', 'pendiente_id',
            'El registro de tiempo ' || t.id || ' es del pendiente ' || t.pendiente_id || ': su pendienteId no cambia']
        WHEN CASE WHEN :hora_fin? THEN :hora_fin ELSE t.hora_fin END < coalesce(:hora_inicio, t.hora_inicio) THEN
            ARRAY['INVALID_ARGUMENT', 'hora_fin', 'horaFin no puede ser anterior a horaInicio']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT x.* FROM pendientes_tiempos x JOIN pendientes o ON o.id = x.pendiente_id AND o.vigente
               WHERE x.id = :id AND x.vigente) t ON true
    LEFT JOIN LATERAL (SELECT id FROM empleados WHERE id = :empleado_id AND id <> t.empleado_id AND vigente FOR SHARE) e ON true
), n AS MATERIALIZED (
    SELECT c.id, c.pendiente_id, coalesce(:empleado_id, c.empleado_id) AS empleado_id,
           coalesce(:hora_inicio, c.hora_inicio) AS hora_inicio,
           CASE WHEN :hora_fin? THEN :hora_fin ELSE c.hora_fin END AS hora_fin,
           CASE WHEN :descripcion? THEN :descripcion ELSE c.descripcion END AS descripcion
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pendientes_tiempos t
    SET empleado_id = n.empleado_id, hora_inicio = n.hora_inicio, hora_fin = n.hora_fin, descripcion = n.descripcion,
        fecha_modificacion = clock_timestamp()
    FROM n
    WHERE t.id = n.id
        AND (t.empleado_id, t.hora_inicio, t.hora_fin, t.descripcion)
            IS DISTINCT FROM (n.empleado_id, n.hora_inicio, n.hora_fin, n.descripcion)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.pendiente_id, n.empleado_id,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.empleado_id) AS empleado_nombre,
       n.hora_inicio, n.hora_fin, n.descripcion
FROM c LEFT JOIN n ON true
