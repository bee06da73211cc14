-- write

-- Two products with one bar code: the unique index decides.
WITH p AS (
    INSERT INTO productos (codigo_barra, nombre, descripcion, costo_unitario)
    VALUES (:codigo_barra, :nombre, :descripcion, :costo_unitario)
    RETURNING *
)
SELECT NULL::text AS _codigo, NULL::text AS _campo, NULL::text AS _mensaje, p.id, p.codigo_barra, p.nombre, p.descripcion,
       p.costo_unitario
FROM p
