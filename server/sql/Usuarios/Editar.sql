-- write
-- lock SELECT bloquear('administradores')

-- The lock comes first because the verdict asks whether there is another administrator. A role or an employee that was deleted stays
-- where it is named already, but no active user may have it.
WITH c AS MATERIALIZED (
    SELECT u.id, u.nombre, u.dni, u.email, u.password, coalesce(:activo, u.activo) AS activo,
           r.id AS rol_id, r.nombre AS rol, r.permisos, e.id AS empleado_id, e.nombre AS empleado, CASE
        WHEN u.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Usuario no encontrado con id: ' || :id]
        WHEN :id_rol <> u.rol_id AND r.vigente IS NOT TRUE THEN
            ARRAY['NOT_FOUND', 'id_rol', 'Rol no encontrado con id: ' || :id_rol || ' (idRol)']
        WHEN :empleado_id IS DISTINCT FROM u.empleado_id AND :empleado_id IS NOT NULL AND e.vigente IS NOT TRUE THEN
            ARRAY['NOT_FOUND', 'empleado_id', 'Empleado no encontrado con id: ' || :empleado_id || ' (empleadoId)']
        WHEN coalesce(:activo, u.activo) AND NOT r.vigente THEN
            ARRAY['FAILED_PRECONDITION', 'id_rol', 'El rol del usuario ya no existe: necesita otro (idRol)']
        WHEN coalesce(:activo, u.activo) AND NOT e.vigente THEN
            ARRAY['FAILED_PRECONDITION', 'empleado_id', 'El empleado del usuario ya no existe: necesita otro o ninguno (empleadoId)']
        WHEN NOT (coalesce(:activo, u.activo) AND administra(r.permisos))
            AND EXISTS (SELECT FROM administradores a WHERE a.id = u.id)
            AND NOT EXISTS (SELECT FROM administradores a WHERE a.id <> u.id) THEN
            ARRAY['ABORTED', CASE WHEN :activo IS FALSE THEN 'activo' ELSE 'id_rol' END,
                  'El usuario ' || u.id || ' es el último administrador activo (' ||
                  CASE WHEN :activo IS FALSE THEN 'activo' ELSE 'idRol' END || ')']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM usuarios WHERE id = :id AND vigente FOR NO KEY UPDATE) u ON true
    LEFT JOIN LATERAL (SELECT * FROM roles WHERE id = coalesce(:id_rol, u.rol_id) FOR SHARE) r ON true
    LEFT JOIN LATERAL (SELECT * FROM empleados
                       WHERE id = CASE WHEN :empleado_id? THEN :empleado_id ELSE u.empleado_id END FOR SHARE) e ON true
), n AS MATERIALIZED (
    SELECT c.id, coalesce(:nombre, c.nombre) AS nombre, coalesce(:dni, c.dni) AS dni, coalesce(:email, c.email) AS email,
           coalesce(:password, c.password) AS password, c.activo, c.rol_id, c.empleado_id
    FROM c WHERE c.v IS NULL
), x AS (
    UPDATE usuarios u
    SET nombre = n.nombre, dni = n.dni, email = n.email, password = n.password, activo = n.activo, rol_id = n.rol_id,
        empleado_id = n.empleado_id, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE u.id = n.id
        AND (u.nombre, u.dni, u.email, u.password, u.activo, u.rol_id, u.empleado_id)
            IS DISTINCT FROM (n.nombre, n.dni, n.email, n.password, n.activo, n.rol_id, n.empleado_id)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.nombre, n.dni, n.email, NULL::text AS password, n.activo,
       c.rol_id AS "rol.id", c.rol AS "rol.nombre", c.permisos AS "rol.permisos",
       c.empleado_id AS "empleado.id", c.empleado AS "empleado.nombre"
FROM c LEFT JOIN n ON true
