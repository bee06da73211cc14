-- read
-- plan custom
-- total estimate

WITH contados AS (
    SELECT count(*) AS total FROM (SELECT FROM pagos WHERE vigente LIMIT 10001) x
), r AS MATERIALIZED (
    -- One row more than the page: whether it is there tells whether the page is the last.
    SELECT s.*, row_number() OVER () AS pos
    FROM (SELECT * FROM pagos WHERE vigente ORDER BY id LIMIT :size + 1 OFFSET :page::bigint * :size) s
)
SELECT contados.total AS _total, (SELECT count(*) FROM r) <= :size AS _ultima,
       q.id AS "content.id", q.empleado_id AS "content.empleado_id", q.cliente_id AS "content.cliente_id",
       (SELECT e.nombre FROM empleados e WHERE e.id = q.empleado_id) AS "content.empleado_nombre",
       (SELECT k.nombre FROM clientes k WHERE k.id = q.cliente_id) AS "content.cliente_nombre",
       q.pendiente_id AS "content.pendiente_id", q.monto AS "content.monto", q.fecha_pago AS "content.fecha_pago",
       q.metodo_pago AS "content.metodo_pago", q.referencia AS "content.referencia"
FROM contados LEFT JOIN r q ON q.pos <= :size
ORDER BY q.pos
