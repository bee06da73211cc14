-- read

SELECT u.id AS "usuarios.id", u.nombre AS "usuarios.nombre", u.dni AS "usuarios.dni", u.email AS "usuarios.email",
       NULL::text AS "usuarios.password", u.activo AS "usuarios.activo", r.id AS "usuarios.rol.id", r.nombre AS "usuarios.rol.nombre",
       r.permisos AS "usuarios.rol.permisos", e.id AS "usuarios.empleado.id", e.nombre AS "usuarios.empleado.nombre"
FROM (SELECT) uno
LEFT JOIN (usuarios u JOIN roles r ON r.id = u.rol_id LEFT JOIN empleados e ON e.id = u.empleado_id) ON u.vigente
ORDER BY u.id
