-- The events behind $1 (NULL: none of them), at most 1000, each row with the number of the last there is and of the first that is kept. One row
-- without an event when there are none.
SELECT c.ultimo, (SELECT min(numero) FROM eventos) AS primero,
       e.numero, e.tipo, e.accion, regexp_replace(to_char(e.creado, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '\.?0+$', '') AS fecha,
       e.pendiente_id, e.estado, e.estado_tecnico, e.asignado_a, e.registrado_por, e.antes, e.usuario_id, e.cosa_id, t.lectura,
       n.titulo, n.mensaje, n.tipo AS notificacion_tipo, n.estado AS notificacion_estado,
       regexp_replace(to_char(n.fecha_creacion, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '\.?0+$', '') AS notificacion_fecha
FROM eventos_contador c
LEFT JOIN (SELECT * FROM eventos WHERE numero > $1::bigint ORDER BY numero LIMIT 1000) e ON true
LEFT JOIN eventos_tipos t ON t.tipo = e.tipo
LEFT JOIN notificaciones n ON e.tipo = 'NOTIFICACION' AND n.id = e.cosa_id
ORDER BY e.numero
