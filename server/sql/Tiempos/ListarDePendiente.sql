-- read

SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, t.id AS "tiempos.id", t.pendiente_id AS "tiempos.pendiente_id",
       t.empleado_id AS "tiempos.empleado_id",
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = t.empleado_id) AS "tiempos.empleado_nombre",
       t.hora_inicio AS "tiempos.hora_inicio", t.hora_fin AS "tiempos.hora_fin", t.descripcion AS "tiempos.descripcion"
FROM (SELECT o.id, CASE
          WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :pendiente_id]
          WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
      END AS v
      FROM (SELECT) uno LEFT JOIN pendientes o ON o.id = :pendiente_id AND o.vigente) c
LEFT JOIN pendientes_tiempos t ON t.pendiente_id = c.id AND t.vigente AND c.v IS NULL
ORDER BY t.hora_inicio, t.id
