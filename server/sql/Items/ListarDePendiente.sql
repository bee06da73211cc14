-- read

SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, i.id AS "items.id", i.pendiente_id AS "items.pendiente_id",
       i.producto_id AS "items.producto_id",
       (SELECT p.nombre FROM productos p WHERE p.id = i.producto_id) AS "items.producto_nombre",
       i.descripcion AS "items.descripcion", i.cantidad AS "items.cantidad", i.costo_unitario AS "items.costo_unitario",
       i.costo_total AS "items.costo_total"
FROM (SELECT o.id, CASE
          WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :pendiente_id]
          WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
      END AS v
      FROM (SELECT) uno LEFT JOIN pendientes o ON o.id = :pendiente_id AND o.vigente) c
LEFT JOIN pendientes_items i ON i.pendiente_id = c.id AND i.vigente AND c.v IS NULL
ORDER BY i.id
