-- read
-- plan custom
-- total estimate

-- `estado` and `leida` are two names of one filter.
WITH c AS MATERIALIZED (
    SELECT s.usuario_id, CASE
        WHEN :estado <> :leida THEN ARRAY['INVALID_ARGUMENT', 'leida', 'leida y estado son el mismo filtro y no son iguales']
        WHEN s.usuario_id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Usuario no encontrado con id: ' || :usuario_id]
        WHEN :acceso(s) IS NOT TRUE THEN
            ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre las notificaciones del usuario ' || :usuario_id]
    END AS v
    FROM (SELECT) uno LEFT JOIN (SELECT id AS usuario_id FROM usuarios WHERE id = :usuario_id AND vigente) s ON true
), f AS NOT MATERIALIZED (
    SELECT a.* FROM notificaciones a
    WHERE a.usuario_id = :usuario_id AND a.vigente AND (coalesce(:estado, :leida) IS NULL OR a.estado = coalesce(:estado, :leida))
        AND (SELECT c.v IS NULL FROM c)
), contados AS (
    SELECT count(*) AS total FROM (SELECT FROM f LIMIT 10001) x
), r AS MATERIALIZED (
    -- One row more than the page: whether it is there tells whether the page is the last.
    SELECT s.*, row_number() OVER () AS pos
    FROM (SELECT * FROM f ORDER BY f.fecha_creacion DESC, f.id DESC LIMIT :size + 1 OFFSET :page::bigint * :size) s
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, contados.total AS _total,
       (SELECT count(*) FROM r) <= :size AS _ultima, q.id AS "content.id", q.titulo AS "content.titulo",
       q.mensaje AS "content.mensaje", q.tipo AS "content.tipo", q.estado AS "content.estado",
       q.fecha_creacion AS "content.fecha_creacion", q.usuario_id AS "content.usuario_id"
FROM c CROSS JOIN contados LEFT JOIN r q ON q.pos <= :size
ORDER BY q.pos
