-- write
-- lock SELECT id FROM empleados WHERE id = :id AND vigente FOR UPDATE

-- The lock comes first because the verdict asks for orders and users: whoever makes one of them refer to the employee locks that for
-- sharing, or has the foreign key do it.
WITH c AS MATERIALIZED (
    SELECT e.id, CASE
        WHEN e.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Empleado no encontrado con id: ' || :id]
        WHEN EXISTS (SELECT FROM usuarios u WHERE u.empleado_id = e.id AND u.vigente AND u.activo) THEN
            ARRAY['ABORTED', NULL, 'No se puede eliminar el empleado ' || e.id || ': tiene un usuario activo']
        WHEN EXISTS (SELECT FROM pendientes p
                     WHERE p.asignado_a = e.id AND p.vigente AND p.estado NOT IN ('FINALIZADO', 'CANCELADO'))
            OR EXISTS (SELECT FROM pendientes p
                       WHERE p.registrado_por = e.id AND p.vigente AND p.estado NOT IN ('FINALIZADO', 'CANCELADO')) THEN
            ARRAY['ABORTED', NULL, 'No se puede eliminar el empleado ' || e.id || ': hay pendientes abiertos suyos']
    END AS v
    FROM (SELECT) uno LEFT JOIN (SELECT id FROM empleados WHERE id = :id AND vigente) e ON true
), x AS (
    UPDATE empleados e SET vigente = false, fecha_modificacion = clock_timestamp() FROM c WHERE e.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
