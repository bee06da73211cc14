-- write

-- Two active users of one name, DNI, email or employee: the unique indexes decide.
WITH c AS MATERIALIZED (
    SELECT r.id AS rol_id, r.nombre AS rol, r.permisos, e.id AS empleado_id, e.nombre AS empleado, CASE
        WHEN r.id IS NULL THEN ARRAY['NOT_FOUND', 'id_rol', 'Rol no encontrado con id: ' || :id_rol || ' (idRol)']
        WHEN e.id IS NULL AND :empleado_id IS NOT NULL THEN
            ARRAY['NOT_FOUND', 'empleado_id', 'Empleado no encontrado con id: ' || :empleado_id || ' (empleadoId)']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, nombre, permisos FROM roles WHERE id = :id_rol AND vigente FOR SHARE) r ON true
    LEFT JOIN (SELECT id, nombre FROM empleados WHERE id = :empleado_id AND vigente FOR SHARE) e ON true
), u AS (
    INSERT INTO usuarios (nombre, dni, email, password, activo, rol_id, empleado_id)
    SELECT :nombre, :dni, :email, :password, coalesce(:activo, true), c.rol_id, c.empleado_id FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, u.id, u.nombre, u.dni, u.email, NULL::text AS password, u.activo,
       c.rol_id AS "rol.id", c.rol AS "rol.nombre", c.permisos AS "rol.permisos",
       c.empleado_id AS "empleado.id", c.empleado AS "empleado.nombre"
FROM c LEFT JOIN u ON true
