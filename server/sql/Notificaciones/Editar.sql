-- write
WITH c AS MATERIALIZED (
    SELECT a.*, CASE
        WHEN a.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Notificación no encontrada con id: ' || :id]
        WHEN :acceso(a) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre la notificación ' || :id]
        WHEN :usuario_id <> a.usuario_id THEN ARRAY['FAILED_PRECONDITION', 'usuario_id',
            'La notificación ' || a.id || ' es del usuario ' || a.usuario_id || ': su usuarioId no cambia']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM notificaciones WHERE id = :id AND vigente FOR NO KEY UPDATE) a ON true
), n AS MATERIALIZED (
    SELECT c.id, coalesce(:titulo, c.titulo) AS titulo, coalesce(:mensaje, c.mensaje) AS mensaje, coalesce(:tipo, c.tipo) AS tipo,
           coalesce(:estado, c.estado) AS estado, c.fecha_creacion, c.usuario_id
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE notificaciones a
    SET titulo = n.titulo, mensaje = n.mensaje, tipo = n.tipo, estado = n.estado, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE a.id = n.id AND (a.titulo, a.mensaje, a.tipo, a.estado) IS DISTINCT FROM (n.titulo, n.mensaje, n.tipo, n.estado)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.titulo, n.mensaje, n.tipo, n.estado, n.fecha_creacion,
       n.usuario_id
FROM c LEFT JOIN n ON true
