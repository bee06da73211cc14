-- read
-- plan custom
-- total estimate

WITH contados AS (
    SELECT count(*) AS total FROM (SELECT FROM productos WHERE vigente LIMIT 10001) x
), r AS MATERIALIZED (
    -- One row more than the page: whether it is there tells whether the page is the last.
    SELECT s.*, row_number() OVER () AS pos
    FROM (SELECT * FROM productos WHERE vigente ORDER BY id LIMIT :size + 1 OFFSET :page::bigint * :size) s
)
SELECT contados.total AS _total, (SELECT count(*) FROM r) <= :size AS _ultima,
       q.id AS "content.id", q.codigo_barra AS "content.codigo_barra", q.nombre AS "content.nombre",
       q.descripcion AS "content.descripcion", q.costo_unitario AS "content.costo_unitario"
FROM contados LEFT JOIN r q ON q.pos <= :size
ORDER BY q.pos
