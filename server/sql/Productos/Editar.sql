-- write

-- Two products with one bar code: the unique index decides.
WITH c AS MATERIALIZED (
    SELECT p.*, CASE
        WHEN p.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Producto no encontrado con id: ' || :id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM productos WHERE id = :id AND vigente FOR NO KEY UPDATE) p ON true
), n AS MATERIALIZED (
    SELECT c.id,
           CASE WHEN :codigo_barra? THEN :codigo_barra ELSE c.codigo_barra END AS codigo_barra,
           coalesce(:nombre, c.nombre) AS nombre,
           CASE WHEN :descripcion? THEN :descripcion ELSE c.descripcion END AS descripcion,
           coalesce(:costo_unitario, c.costo_unitario) AS costo_unitario
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE productos p
    SET codigo_barra = n.codigo_barra, nombre = n.nombre, descripcion = n.descripcion, costo_unitario = n.costo_unitario,
        fecha_modificacion = clock_timestamp()
    FROM n
    WHERE p.id = n.id
        AND (p.codigo_barra, p.nombre, p.descripcion, p.costo_unitario)
            IS DISTINCT FROM (n.codigo_barra, n.nombre, n.descripcion, n.costo_unitario)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.codigo_barra, n.nombre, n.descripcion, n.costo_unitario
FROM c LEFT JOIN n ON true
