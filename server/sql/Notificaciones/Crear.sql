-- write

-- Whether one may write to that user is judged before he is looked for: nobody learns so who exists.
WITH c AS MATERIALIZED (
    SELECT s.id, CASE
        WHEN :acceso(d) IS NOT TRUE THEN
            ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso para notificar al usuario ' || :usuario_id]
        WHEN s.id IS NULL THEN ARRAY['NOT_FOUND', 'usuario_id', 'Usuario no encontrado con id: ' || :usuario_id || ' (usuarioId)']
    END AS v
    FROM (SELECT :usuario_id AS usuario_id) d
    LEFT JOIN (SELECT id FROM usuarios WHERE id = :usuario_id AND vigente FOR SHARE) s ON true
), a AS (
    INSERT INTO notificaciones (usuario_id, titulo, mensaje, tipo, estado)
    SELECT c.id, :titulo, :mensaje, :tipo, coalesce(:estado, 'NO_LEIDO') FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, a.id, a.titulo, a.mensaje, a.tipo, a.estado, a.fecha_creacion,
       a.usuario_id
FROM c LEFT JOIN a ON true
