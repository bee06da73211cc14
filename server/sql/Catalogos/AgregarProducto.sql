-- write

-- The catalogue, then the product: both must stay, and are locked for sharing.
WITH c AS MATERIALIZED (
    SELECT k.id AS catalogo_id, k.nombre AS catalogo_nombre, p.id AS producto_id, p.nombre AS producto_nombre, CASE
        WHEN k.id IS NULL THEN ARRAY['NOT_FOUND', 'catalogo_id', 'Catálogo no encontrado con id: ' || :catalogo_id]
        WHEN p.id IS NULL THEN ARRAY['NOT_FOUND', 'producto_id', 'Producto no encontrado con id: ' || :producto_id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, nombre FROM catalogos WHERE id = :catalogo_id AND vigente FOR SHARE) k ON true
    LEFT JOIN LATERAL (SELECT id, nombre FROM productos
                       WHERE id = :producto_id AND k.id IS NOT NULL AND vigente FOR SHARE) p ON true
), l AS (
    INSERT INTO catalogo_productos (catalogo_id, producto_id, cantidad)
    SELECT c.catalogo_id, c.producto_id, :cantidad FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, l.id, l.catalogo_id, c.catalogo_nombre, l.producto_id,
       c.producto_nombre, l.cantidad
FROM c LEFT JOIN l ON true
