-- read coalesce=id
-- lock SELECT id FROM usuarios WHERE id = :id AND vigente FOR NO KEY UPDATE

SELECT u.id, u.nombre, u.dni, u.email, NULL::text AS password, u.activo, r.id AS "rol.id", r.nombre AS "rol.nombre",
       r.permisos AS "rol.permisos", e.id AS "empleado.id", e.nombre AS "empleado.nombre"
FROM usuarios u JOIN roles r ON r.id = u.rol_id LEFT JOIN empleados e ON e.id = u.empleado_id
WHERE u.id = ANY(:id) AND u.vigente
