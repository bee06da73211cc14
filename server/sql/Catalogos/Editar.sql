-- write

WITH c AS MATERIALIZED (
    SELECT k.*, CASE
        WHEN k.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Catálogo no encontrado con id: ' || :id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM catalogos WHERE id = :id AND vigente FOR NO KEY UPDATE) k ON true
), n AS MATERIALIZED (
    SELECT c.id, coalesce(:nombre, c.nombre) AS nombre, coalesce(:tipo, c.tipo) AS tipo,
           CASE WHEN :descripcion? THEN :descripcion ELSE c.descripcion END AS descripcion
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE catalogos k
    SET nombre = n.nombre, descripcion = n.descripcion, tipo = n.tipo, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE k.id = n.id AND (k.nombre, k.descripcion, k.tipo) IS DISTINCT FROM (n.nombre, n.descripcion, n.tipo)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.nombre, n.descripcion, n.tipo FROM c LEFT JOIN n ON true
