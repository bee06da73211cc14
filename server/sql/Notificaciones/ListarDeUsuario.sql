-- read
-- sort fecha_creacion,desc

-- `estado` and `leida` are two names of one filter.
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, q.id AS "content.id", q.titulo AS "content.titulo",
       q.mensaje AS "content.mensaje", q.tipo AS "content.tipo", q.estado AS "content.estado",
       q.fecha_creacion AS "content.fecha_creacion", q.usuario_id AS "content.usuario_id"
FROM (
    SELECT CASE
        WHEN :estado <> :leida THEN ARRAY['INVALID_ARGUMENT', 'leida', 'leida y estado son el mismo filtro y no son iguales']
        WHEN s.usuario_id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Usuario no encontrado con id: ' || :usuario_id]
        WHEN :acceso(s) IS NOT TRUE THEN
            ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre las notificaciones del usuario ' || :usuario_id]
    END AS v
    FROM (SELECT) uno LEFT JOIN (SELECT id AS usuario_id FROM usuarios WHERE id = :usuario_id AND vigente) s ON true
) c
LEFT JOIN :pagina(
    SELECT a.* FROM notificaciones a
    WHERE a.usuario_id = :usuario_id AND a.vigente {AND a.estado = :estado} {AND a.estado = :leida}
) q ON c.v IS NULL
