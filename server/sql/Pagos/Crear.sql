-- write

-- The order, then its client, then the employee: each must stay, and is locked for sharing. Whoever gives the order another
-- client locks it too.
WITH c AS MATERIALIZED (
    SELECT o.id AS pendiente_id, k.id AS cliente_id, k.nombre AS cliente_nombre,
           coalesce(:empleado_id, :quien.empleado_id) AS empleado_id, CASE
        WHEN :empleado_id <> coalesce(:quien.empleado_id, 0) AND :quien.permisos & 16383 <> 16383 THEN
            ARRAY['PERMISSION_DENIED', 'empleado_id', 'Solo con todos los permisos se actúa por otro (empleadoId)']
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', 'pendiente_id', 'Pendiente no encontrado con id: ' || :pendiente_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
        WHEN k.id IS NULL THEN ARRAY['NOT_FOUND', 'cliente_id', 'Cliente no encontrado con id: ' || :cliente_id]
        WHEN :empleado_id <> coalesce(:quien.empleado_id, 0) AND e.id IS NULL THEN
            ARRAY['NOT_FOUND', 'empleado_id', 'Empleado no encontrado con id: ' || :empleado_id]
        WHEN coalesce(:empleado_id, :quien.empleado_id) IS NULL THEN
            ARRAY['FAILED_PRECONDITION', NULL, 'El usuario no tiene un empleado']
        WHEN k.id <> o.cliente_id THEN
            ARRAY['FAILED_PRECONDITION', 'cliente_id', 'El pendiente ' || o.id || ' no es del cliente ' || k.id || ' (clienteId)']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, cliente_id, asignado_a, registrado_por FROM pendientes
               WHERE id = :pendiente_id AND vigente FOR SHARE) o ON true
    LEFT JOIN LATERAL (SELECT id, nombre FROM clientes
                       WHERE id = :cliente_id AND o.id IS NOT NULL AND vigente FOR SHARE) k ON true
    LEFT JOIN LATERAL (SELECT id FROM empleados
                       WHERE id = :empleado_id AND :empleado_id <> coalesce(:quien.empleado_id, 0) AND k.id IS NOT NULL AND vigente
                       FOR SHARE) e ON true
), g AS (
    INSERT INTO pagos (empleado_id, cliente_id, pendiente_id, monto, fecha_pago, metodo_pago, referencia)
    SELECT c.empleado_id, c.cliente_id, c.pendiente_id, :monto, :fecha_pago, :metodo_pago, :referencia FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, g.id, g.empleado_id, g.cliente_id,
       (SELECT e.nombre FROM empleados e WHERE e.id = g.empleado_id) AS empleado_nombre, c.cliente_nombre,
       g.pendiente_id, g.monto, g.fecha_pago, g.metodo_pago, g.referencia
FROM c LEFT JOIN g ON true
