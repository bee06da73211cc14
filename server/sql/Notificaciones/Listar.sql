-- read

-- Every order makes some: the documented list of all is bounded, and its order is that of an index.
SELECT a.id AS "notificaciones.id", a.titulo AS "notificaciones.titulo", a.mensaje AS "notificaciones.mensaje",
       a.tipo AS "notificaciones.tipo", a.estado AS "notificaciones.estado", a.fecha_creacion AS "notificaciones.fecha_creacion",
       a.usuario_id AS "notificaciones.usuario_id"
FROM notificaciones a WHERE a.vigente
ORDER BY a.id DESC
LIMIT 10000
