-- read

SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, h.id AS "historiales.id",
       h.pendiente_id AS "historiales.pendiente_id", h.empleado_id AS "historiales.empleado_id",
       (SELECT e.nombre FROM empleados e WHERE e.id = h.empleado_id) AS "historiales.empleado_nombre",
       h.estado AS "historiales.estado", h.detalles AS "historiales.detalles", h.fecha_creacion AS "historiales.fecha_creacion"
FROM (SELECT o.id, CASE
          WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :pendiente_id]
          WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
      END AS v
      FROM (SELECT) uno LEFT JOIN pendientes o ON o.id = :pendiente_id AND o.vigente) c
LEFT JOIN historiales h ON h.pendiente_id = c.id AND c.v IS NULL
ORDER BY h.numero DESC
