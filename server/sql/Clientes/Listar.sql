-- read
-- plan custom
-- total estimate

WITH contados AS (
    SELECT count(*) AS total FROM (SELECT FROM clientes WHERE vigente LIMIT 10001) x
), r AS MATERIALIZED (
    -- One row more than the page: whether it is there tells whether the page is the last.
    SELECT s.*, row_number() OVER () AS pos
    FROM (SELECT * FROM clientes WHERE vigente ORDER BY id LIMIT :size + 1 OFFSET :page::bigint * :size) s
)
SELECT contados.total AS _total, (SELECT count(*) FROM r) <= :size AS _ultima,
       q.id AS "content.id", q.tipo_cliente AS "content.tipo_cliente", q.nombre AS "content.nombre",
       q.tipo_documento AS "content.tipo_documento", q.codigo_cliente AS "content.codigo_cliente",
       q.numero_documento AS "content.numero_documento", q.direccion AS "content.direccion", q.telefono AS "content.telefono",
       q.email AS "content.email", q.contacto_representante AS "content.contacto_representante"
FROM contados LEFT JOIN r q ON q.pos <= :size
ORDER BY q.pos
