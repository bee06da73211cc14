-- read coalesce=id

SELECT id, codigo_barra, nombre, descripcion, costo_unitario FROM productos WHERE id = ANY(:id) AND vigente
