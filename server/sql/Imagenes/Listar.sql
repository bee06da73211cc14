-- read
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, i.id AS "imagenes.id", i.nota_id AS "imagenes.nota_id",
       i.url AS "imagenes.url"
FROM (SELECT o.nota_id, CASE
          WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Nota no encontrada con id: ' || :nota_id]
          WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || o.id]
      END AS v
      FROM (SELECT) uno
      LEFT JOIN (SELECT n.id AS nota_id, p.id, p.asignado_a, p.registrado_por
                 FROM pendientes_notas n JOIN pendientes p ON p.id = n.pendiente_id AND p.vigente
                 WHERE n.id = :nota_id AND n.vigente) o ON true) c
LEFT JOIN pendientes_notas_imagenes i ON i.nota_id = c.nota_id AND i.vigente AND c.v IS NULL
ORDER BY i.id
