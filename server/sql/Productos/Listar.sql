-- read
-- sort id,asc
-- plan kept

SELECT q.id AS "content.id", q.codigo_barra AS "content.codigo_barra", q.nombre AS "content.nombre",
       q.descripcion AS "content.descripcion", q.costo_unitario AS "content.costo_unitario"
FROM :pagina(SELECT * FROM productos WHERE vigente) q
