-- write

-- The order first, then the item, then the product that it changes to; which order an item is of never changes.
WITH c AS MATERIALIZED (
    SELECT i.id, i.pendiente_id, coalesce(p.id, i.producto_id) AS producto_id, coalesce(p.nombre, a.nombre) AS producto_nombre,
           i.descripcion, t.cantidad, t.costo_unitario, t.costo_total, CASE
        WHEN i.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Ítem no encontrado con id: ' || :id]
        WHEN :acceso(i) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el ítem ' || :id]
        WHEN :producto_id <> i.producto_id AND p.id IS NULL THEN
            ARRAY['NOT_FOUND', 'producto_id', 'Producto no encontrado con id: ' || :producto_id]
        WHEN :pendiente_id <> i.pendiente_id THEN
            ARRAY['FAILED_PRECONDITION', 'pendiente_id', 'El ítem ' || i.id || ' es del pendiente ' || i.pendiente_id || ' (pendienteId)']
        WHEN t.costo_total > 9999999999.99 THEN
            ARRAY['INVALID_ARGUMENT', 'costo_total', 'costoTotal: cantidad por costoUnitario pasa de 9999999999.99']
        WHEN :costo_total <> t.costo_total THEN
            ARRAY['INVALID_ARGUMENT', 'costo_total', 'costoTotal: cantidad por costoUnitario es ' || round(t.costo_total, 2)]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id FROM pendientes
               WHERE id = (SELECT pendiente_id FROM pendientes_items WHERE id = :id) AND vigente FOR SHARE) o ON true
    LEFT JOIN LATERAL (SELECT * FROM pendientes_items
                       WHERE id = :id AND pendiente_id = o.id AND vigente FOR NO KEY UPDATE) i ON true
    LEFT JOIN LATERAL (SELECT id, nombre, costo_unitario FROM productos
                       WHERE id = :producto_id AND id <> i.producto_id AND vigente FOR SHARE) p ON true
    LEFT JOIN productos a ON a.id = i.producto_id
    CROSS JOIN LATERAL (
        SELECT coalesce(:cantidad, i.cantidad) AS cantidad,
               CASE WHEN :costo_unitario? THEN coalesce(:costo_unitario, p.costo_unitario, a.costo_unitario)
                    ELSE i.costo_unitario END AS costo_unitario) x
    CROSS JOIN LATERAL (SELECT x.cantidad, x.costo_unitario, x.cantidad * x.costo_unitario AS costo_total) t
), n AS MATERIALIZED (
    SELECT c.id, c.pendiente_id, c.producto_id, c.producto_nombre, c.cantidad, c.costo_unitario, c.costo_total,
           CASE WHEN :descripcion? THEN :descripcion ELSE c.descripcion END AS descripcion
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE pendientes_items i
    SET producto_id = n.producto_id, descripcion = n.descripcion, cantidad = n.cantidad, costo_unitario = n.costo_unitario,
        costo_total = n.costo_total, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE i.id = n.id
        AND (i.producto_id, i.descripcion, i.cantidad, i.costo_unitario)
            IS DISTINCT FROM (n.producto_id, n.descripcion, n.cantidad, n.costo_unitario)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.pendiente_id, n.producto_id, n.producto_nombre,
       n.descripcion, n.cantidad, n.costo_unitario, n.costo_total
FROM c LEFT JOIN n ON true
