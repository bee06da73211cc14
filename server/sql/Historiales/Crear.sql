-- write

-- An entry by hand is chained like the system's own. It names the user always, and an employee when there is one.
WITH c AS MATERIALIZED (
    SELECT o.*, coalesce(:empleado_id, :quien.empleado_id) AS autor, CASE
        WHEN :empleado_id <> coalesce(:quien.empleado_id, 0) AND :quien.permisos & 16383 <> 16383 THEN
            ARRAY['PERMISSION_DENIED', 'empleado_id', 'Solo con todos los permisos se registra por otro (empleadoId)']
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', 'pendiente_id', 'Pendiente no encontrado con id: ' || :pendiente_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
        WHEN :empleado_id <> coalesce(:quien.empleado_id, 0) AND e.id IS NULL THEN
            ARRAY['NOT_FOUND', 'empleado_id', 'Empleado no encontrado con id: ' || :empleado_id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, asignado_a, registrado_por, historial_n, historial_hash FROM pendientes
               WHERE id = :pendiente_id AND vigente FOR NO KEY UPDATE) o ON true
    LEFT JOIN (SELECT id FROM empleados
               WHERE id = :empleado_id AND :empleado_id <> coalesce(:quien.empleado_id, 0) AND vigente FOR SHARE) e ON true
), n AS MATERIALIZED (
    SELECT c.id, c.autor, c.historial_n + 1 AS numero, coalesce(c.historial_hash, decode(repeat('00', 32), 'hex')) AS previo,
           clock_timestamp() AS ahora
    FROM c WHERE c.v IS NULL
), k AS MATERIALIZED (
    SELECT n.*, historial_hash(n.previo, n.id, n.numero, :quien.usuario_id, n.autor, :estado, :detalles, n.ahora) AS hash FROM n
), u AS (
    UPDATE pendientes p SET historial_n = k.numero, historial_hash = k.hash FROM k WHERE p.id = k.id
), h AS (
    INSERT INTO historiales (pendiente_id, numero, usuario_id, empleado_id, estado, detalles, fecha_creacion, hash)
    SELECT k.id, k.numero, :quien.usuario_id, k.autor, :estado, :detalles, k.ahora, k.hash FROM k
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, h.id, h.pendiente_id, h.empleado_id,
       (SELECT e.nombre FROM empleados e WHERE e.id = h.empleado_id) AS empleado_nombre, h.estado, h.detalles, h.fecha_creacion
FROM c LEFT JOIN h ON true
