-- write

-- Two job titles of one name: the unique index decides.
INSERT INTO cargos (nombre, descripcion) VALUES (:nombre, :descripcion)
RETURNING NULL::text AS _codigo, NULL::text AS _campo, NULL::text AS _mensaje, id, nombre, descripcion
