-- write

-- The link is seen while its catalogue is. What it changes to is locked for sharing, the catalogue before the product.
WITH c AS MATERIALIZED (
    SELECT l.*, coalesce(k.nombre, ak.nombre) AS catalogo_nombre, coalesce(p.nombre, ap.nombre) AS producto_nombre, CASE
        WHEN ak.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Producto de catálogo no encontrado con id: ' || :id]
        WHEN :catalogo_id <> l.catalogo_id AND k.id IS NULL THEN
            ARRAY['NOT_FOUND', 'catalogo_id', 'Catálogo no encontrado con id: ' || :catalogo_id]
        WHEN :producto_id <> l.producto_id AND p.id IS NULL THEN
            ARRAY['NOT_FOUND', 'producto_id', 'Producto no encontrado con id: ' || :producto_id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM catalogo_productos WHERE id = :id AND vigente FOR NO KEY UPDATE) l ON true
    LEFT JOIN LATERAL (SELECT id, nombre FROM catalogos WHERE id = l.catalogo_id AND vigente FOR SHARE) ak ON true
    LEFT JOIN LATERAL (SELECT id, nombre FROM catalogos
                       WHERE id = :catalogo_id AND id <> l.catalogo_id AND vigente FOR SHARE) k ON true
    LEFT JOIN LATERAL (SELECT id, nombre FROM productos
                       WHERE id = :producto_id AND id <> l.producto_id AND vigente FOR SHARE) p ON true
    LEFT JOIN productos ap ON ap.id = l.producto_id
), n AS MATERIALIZED (
    SELECT c.id, c.catalogo_nombre, c.producto_nombre, coalesce(:catalogo_id, c.catalogo_id) AS catalogo_id,
           coalesce(:producto_id, c.producto_id) AS producto_id,
           CASE WHEN :cantidad? THEN :cantidad ELSE c.cantidad END AS cantidad
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE catalogo_productos l
    SET catalogo_id = n.catalogo_id, producto_id = n.producto_id, cantidad = n.cantidad, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE l.id = n.id AND (l.catalogo_id, l.producto_id, l.cantidad) IS DISTINCT FROM (n.catalogo_id, n.producto_id, n.cantidad)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.catalogo_id, n.catalogo_nombre, n.producto_id,
       n.producto_nombre, n.cantidad
FROM c LEFT JOIN n ON true
