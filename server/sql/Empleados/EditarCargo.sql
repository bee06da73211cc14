-- write

WITH c AS MATERIALIZED (
    SELECT g.*, CASE
        WHEN g.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Cargo no encontrado con id: ' || :id]
    END AS v
    FROM (SELECT) uno LEFT JOIN (SELECT * FROM cargos WHERE id = :id AND vigente FOR NO KEY UPDATE) g ON true
), n AS MATERIALIZED (
    SELECT c.id, coalesce(:nombre, c.nombre) AS nombre, CASE WHEN :descripcion? THEN :descripcion ELSE c.descripcion END AS descripcion
    FROM c WHERE c.v IS NULL
), x AS (
    UPDATE cargos g SET nombre = n.nombre, descripcion = n.descripcion, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE g.id = n.id AND (g.nombre, g.descripcion) IS DISTINCT FROM (n.nombre, n.descripcion)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.nombre, n.descripcion
FROM c LEFT JOIN n ON true
