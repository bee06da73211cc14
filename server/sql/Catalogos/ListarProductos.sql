-- read

SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, l.id AS "productos.id", l.catalogo_id AS "productos.catalogo_id",
       CASE WHEN l.id IS NOT NULL THEN c.nombre END AS "productos.catalogo_nombre", l.producto_id AS "productos.producto_id",
       (SELECT p.nombre FROM productos p WHERE p.id = l.producto_id) AS "productos.producto_nombre",
       l.cantidad AS "productos.cantidad"
FROM (SELECT k.id, k.nombre, CASE
          WHEN k.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Catálogo no encontrado con id: ' || :id]
      END AS v
      FROM (SELECT) uno LEFT JOIN catalogos k ON k.id = :id AND k.vigente) c
LEFT JOIN catalogo_productos l ON l.catalogo_id = c.id AND l.vigente
ORDER BY l.id
