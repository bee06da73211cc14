-- read
-- plan custom
-- total estimate

WITH contados AS (
    SELECT count(*) AS total FROM (SELECT FROM app_version WHERE vigente LIMIT 10001) x
), r AS MATERIALIZED (
    -- One row more than the page: whether it is there tells whether the page is the last.
    SELECT s.*, row_number() OVER () AS pos
    FROM (SELECT * FROM app_version WHERE vigente ORDER BY id LIMIT :size + 1 OFFSET :page::bigint * :size) s
)
SELECT contados.total AS _total, (SELECT count(*) FROM r) <= :size AS _ultima,
       q.id AS "content.id", q.version_code AS "content.version_code", q.plataforma AS "content.plataforma",
       q.obligatoria AS "content.obligatoria", q.descripcion AS "content.descripcion",
       q.fecha_publicacion AS "content.fecha_publicacion", q.vigente AS "content.vigente"
FROM contados LEFT JOIN r q ON q.pos <= :size
ORDER BY q.pos
