-- read

SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id AS "notas.id", n.pendiente_id AS "notas.pendiente_id",
       n.empleado_id AS "notas.empleado_id",
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = n.empleado_id) AS "notas.empleado_nombre",
       n.nota AS "notas.nota", n.estado_pendiente AS "notas.estado_pendiente", n.fecha_creacion AS "notas.fecha_creacion",
       (SELECT json_agg(json_build_object('id', i.id, 'notaId', i.nota_id, 'url', i.url) ORDER BY i.id)
        FROM pendientes_notas_imagenes i WHERE i.nota_id = n.id AND i.vigente) AS "notas.imagenes"
FROM (SELECT o.id, CASE
          WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :pendiente_id]
          WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
      END AS v
      FROM (SELECT) uno LEFT JOIN pendientes o ON o.id = :pendiente_id AND o.vigente) c
LEFT JOIN pendientes_notas n ON n.pendiente_id = c.id AND n.vigente AND c.v IS NULL
ORDER BY CASE WHEN :orden = 'desc' THEN n.fecha_creacion END DESC, CASE WHEN :orden = 'desc' THEN n.id END DESC,
         n.fecha_creacion, n.id
