-- write

WITH c AS MATERIALIZED (
    SELECT p.id AS padre, p.nombre AS padre_nombre, CASE
        WHEN p.id IS NULL AND :modulo_padre_id IS NOT NULL THEN
            ARRAY['NOT_FOUND', 'modulo_padre_id', 'Módulo padre no encontrado con id: ' || :modulo_padre_id || ' (moduloPadreId)']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, nombre FROM modulos WHERE id = :modulo_padre_id AND vigente FOR SHARE) p ON true
), m AS (
    INSERT INTO modulos (nombre, descripcion, icono, ruta, modulo_padre_id, activo)
    SELECT :nombre, :descripcion, :icono, :ruta, c.padre, coalesce(:activo, true) FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, m.id, m.nombre, m.descripcion, m.icono, m.ruta, m.modulo_padre_id,
       c.padre_nombre AS modulo_padre_nombre, m.activo
FROM c LEFT JOIN m ON true
