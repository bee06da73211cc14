-- read
-- sort id,asc
-- plan kept

SELECT q.id AS "content.id", q.empleado_id AS "content.empleado_id", q.cliente_id AS "content.cliente_id",
       (SELECT e.nombre FROM empleados e WHERE e.id = q.empleado_id) AS "content.empleado_nombre",
       (SELECT k.nombre FROM clientes k WHERE k.id = q.cliente_id) AS "content.cliente_nombre",
       q.pendiente_id AS "content.pendiente_id", q.monto AS "content.monto", q.fecha_pago AS "content.fecha_pago",
       q.metodo_pago AS "content.metodo_pago", q.referencia AS "content.referencia"
FROM :pagina(SELECT * FROM pagos WHERE vigente) q
