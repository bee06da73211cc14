-- read coalesce=id
-- lock SELECT id FROM productos WHERE id = :id AND vigente FOR NO KEY UPDATE

SELECT id, codigo_barra, nombre, descripcion, costo_unitario FROM productos WHERE id = ANY(:id) AND vigente
