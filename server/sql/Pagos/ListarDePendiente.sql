-- read

SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, g.id AS "pagos.id", g.empleado_id AS "pagos.empleado_id",
       g.cliente_id AS "pagos.cliente_id",
       (SELECT e.nombre FROM empleados e WHERE e.id = g.empleado_id) AS "pagos.empleado_nombre",
       (SELECT k.nombre FROM clientes k WHERE k.id = g.cliente_id) AS "pagos.cliente_nombre",
       g.pendiente_id AS "pagos.pendiente_id", g.monto AS "pagos.monto", g.fecha_pago AS "pagos.fecha_pago",
       g.metodo_pago AS "pagos.metodo_pago", g.referencia AS "pagos.referencia"
FROM (SELECT o.id, CASE
          WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :pendiente_id]
          WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
      END AS v
      FROM (SELECT) uno LEFT JOIN pendientes o ON o.id = :pendiente_id AND o.vigente) c
LEFT JOIN pagos g ON g.pendiente_id = c.id AND g.vigente AND c.v IS NULL
ORDER BY g.id
