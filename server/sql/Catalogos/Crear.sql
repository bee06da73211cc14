-- write

WITH k AS (
    INSERT INTO catalogos (nombre, descripcion, tipo) VALUES (:nombre, :descripcion, :tipo) RETURNING *
)
SELECT NULL::text AS _codigo, NULL::text AS _campo, NULL::text AS _mensaje, k.id, k.nombre, k.descripcion, k.tipo FROM k
