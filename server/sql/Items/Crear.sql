-- write

-- The order, then the product, then the employee: each must stay, and is locked for sharing.
WITH c AS MATERIALIZED (
    SELECT o.id AS pendiente_id, p.id AS producto_id, p.nombre AS producto_nombre, t.costo_unitario, t.costo_total,
           coalesce(:empleado_id, :quien.empleado_id) AS empleado_id, CASE
        WHEN :empleado_id <> coalesce(:quien.empleado_id, 0) AND :quien.permisos & 16383 <> 16383 THEN
            ARRAY['PERMISSION_DENIED', 'empleado_id', 'Solo con todos los permisos se actúa por otro (empleadoId)']
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', 'pendiente_id', 'Pendiente no encontrado con id: ' || :pendiente_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
        WHEN p.id IS NULL THEN ARRAY['NOT_FOUND', 'producto_id', 'Producto no encontrado con id: ' || :producto_id]
        WHEN :empleado_id <> coalesce(:quien.empleado_id, 0) AND e.id IS NULL THEN
            ARRAY['NOT_FOUND', 'empleado_id', 'Empleado no encontrado con id: ' || :empleado_id]
        WHEN coalesce(:empleado_id, :quien.empleado_id) IS NULL THEN
            ARRAY['FAILED_PRECONDITION', NULL, 'El usuario no tiene un empleado']
        WHEN t.costo_total > 9999999999.99 THEN
            ARRAY['INVALID_ARGUMENT', 'costo_total', 'costoTotal: cantidad por costoUnitario pasa de 9999999999.99']
        WHEN :costo_total <> t.costo_total THEN
            ARRAY['INVALID_ARGUMENT', 'costo_total', 'costoTotal: cantidad por costoUnitario es ' || round(t.costo_total, 2)]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, asignado_a, registrado_por FROM pendientes WHERE id = :pendiente_id AND vigente FOR SHARE) o ON true
    LEFT JOIN LATERAL (SELECT id, nombre, costo_unitario FROM productos
                       WHERE id = :producto_id AND o.id IS NOT NULL AND vigente FOR SHARE) p ON true
    LEFT JOIN LATERAL (SELECT id FROM empleados
                       WHERE id = :empleado_id AND :empleado_id <> coalesce(:quien.empleado_id, 0) AND p.id IS NOT NULL AND vigente
                       FOR SHARE) e ON true
    CROSS JOIN LATERAL (SELECT coalesce(:costo_unitario, p.costo_unitario) AS costo_unitario,
                               :cantidad * coalesce(:costo_unitario, p.costo_unitario) AS costo_total) t
), i AS (
    INSERT INTO pendientes_items (pendiente_id, producto_id, empleado_id, descripcion, cantidad, costo_unitario, costo_total)
    SELECT c.pendiente_id, c.producto_id, c.empleado_id, :descripcion, :cantidad, c.costo_unitario, c.costo_total
    FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, i.id, i.pendiente_id, i.producto_id, c.producto_nombre,
       i.descripcion, i.cantidad, i.costo_unitario, i.costo_total
FROM c LEFT JOIN i ON true
