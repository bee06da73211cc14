-- write
-- lock SELECT bloquear('administradores')

-- The lock comes first because the verdict asks whether another role has administrators.
WITH c AS MATERIALIZED (
    SELECT r.*, CASE
        WHEN r.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Rol no encontrado con id: ' || :id]
        WHEN NOT administra(coalesce(:permisos, r.permisos))
            AND EXISTS (SELECT FROM administradores a WHERE a.rol_id = r.id)
            AND NOT EXISTS (SELECT FROM administradores a WHERE a.rol_id <> r.id) THEN
            ARRAY['ABORTED', 'permisos', 'El rol ' || r.id || ' es el de los últimos administradores activos (permisos)']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM roles WHERE id = :id AND vigente FOR NO KEY UPDATE) r ON true
), n AS MATERIALIZED (
    SELECT c.id, coalesce(:nombre, c.nombre) AS nombre, coalesce(:permisos, c.permisos) AS permisos,
           CASE WHEN :descripcion? THEN :descripcion ELSE c.descripcion END AS descripcion
    FROM c WHERE c.v IS NULL
), x AS (
    UPDATE roles r
    SET nombre = n.nombre, permisos = n.permisos, descripcion = n.descripcion, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE r.id = n.id AND (r.nombre, r.permisos, r.descripcion) IS DISTINCT FROM (n.nombre, n.permisos, n.descripcion)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.nombre, n.permisos, n.descripcion
FROM c LEFT JOIN n ON true
