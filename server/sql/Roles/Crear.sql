-- write

-- The id of a deleted role is taken too: the primary key decides.
WITH c AS MATERIALIZED (
    SELECT CASE
        WHEN :id ~ '/' OR :id IN ('.', '..') THEN ARRAY['INVALID_ARGUMENT', 'id', 'id no puede tener «/», ni ser «.» o «..»']
    END AS v
), r AS (
    INSERT INTO roles (id, nombre, permisos, descripcion)
    SELECT :id, :nombre, :permisos, :descripcion FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, r.id, r.nombre, r.permisos, r.descripcion
FROM c LEFT JOIN r ON true
