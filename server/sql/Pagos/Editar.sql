-- write

-- The order first, then the payment, then whom it changes to; which order a payment is of never changes.
WITH c AS MATERIALIZED (
    SELECT g.*, CASE
        WHEN g.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pago no encontrado con id: ' || :id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pago ' || :id]
        WHEN :empleado_id <> g.empleado_id AND :empleado_id <> coalesce(:quien.empleado_id, 0)
            AND :quien.permisos & 16383 <> 16383 THEN
            ARRAY['PERMISSION_DENIED', 'empleado_id', 'Solo con todos los permisos se actúa por otro (empleadoId)']
        WHEN :cliente_id <> g.cliente_id AND k.id IS NULL THEN
            ARRAY['NOT_FOUND', 'cliente_id', 'Cliente no encontrado con id: ' || :cliente_id]
        WHEN :empleado_id <> g.empleado_id AND e.id IS NULL THEN
            ARRAY['NOT_FOUND', 'empleado_id', 'Empleado no encontrado con id: ' || :empleado_id]
        WHEN :pendiente_id <> g.pendiente_id THEN
            ARRAY['FAILED_PRECONDITION', 'pendiente_id', 'El pago ' || g.id || ' es del pendiente ' || g.pendiente_id || ' (pendienteId)']
        WHEN :cliente_id <> g.cliente_id AND k.id <> o.cliente_id THEN
            ARRAY['FAILED_PRECONDITION', 'cliente_id', 'El pendiente ' || o.id || ' no es del cliente ' || k.id || ' (clienteId)']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, cliente_id, asignado_a, registrado_por FROM pendientes
               WHERE id = (SELECT pendiente_id FROM pagos WHERE id = :id) AND vigente FOR SHARE) o ON true
    LEFT JOIN LATERAL (SELECT * FROM pagos WHERE id = :id AND pendiente_id = o.id AND vigente FOR NO KEY UPDATE) g ON true
    LEFT JOIN LATERAL (SELECT id FROM clientes
                       WHERE id = :cliente_id AND id <> g.cliente_id AND vigente FOR SHARE) k ON true
    LEFT JOIN LATERAL (SELECT id FROM empleados
                       WHERE id = :empleado_id AND id <> g.empleado_id AND vigente FOR SHARE) e ON true
), n AS MATERIALIZED (
    SELECT c.id, c.pendiente_id, coalesce(:empleado_id, c.empleado_id) AS empleado_id,
           coalesce(:cliente_id, c.cliente_id) AS cliente_id, coalesce(:monto, c.monto) AS monto,
           coalesce(:fecha_pago, c.fecha_pago) AS fecha_pago, coalesce(:metodo_pago, c.metodo_pago) AS metodo_pago,
           CASE WHEN :referencia? THEN :referencia ELSE c.referencia END AS referencia
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pagos g
    SET empleado_id = n.empleado_id, cliente_id = n.cliente_id, monto = n.monto, fecha_pago = n.fecha_pago,
        metodo_pago = n.metodo_pago, referencia = n.referencia, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE g.id = n.id
        AND (g.empleado_id, g.cliente_id, g.monto, g.fecha_pago, g.metodo_pago, g.referencia)
            IS DISTINCT FROM (n.empleado_id, n.cliente_id, n.monto, n.fecha_pago, n.metodo_pago, n.referencia)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.empleado_id, n.cliente_id,
       (SELECT e.nombre FROM empleados e WHERE e.id = n.empleado_id) AS empleado_nombre,
       (SELECT k.nombre FROM clientes k WHERE k.id = n.cliente_id) AS cliente_nombre,
       n.pendiente_id, n.monto, n.fecha_pago, n.metodo_pago, n.referencia
FROM c LEFT JOIN n ON true
