-- read

-- Everyone who may hold a token, for the core's memory. A role that was deleted gives no right.
SELECT u.id, u.nombre, u.dni, u.email, u.password, u.empleado_id, u.rol_id, r.nombre AS rol_nombre,
       CASE WHEN r.vigente THEN r.permisos ELSE 0 END AS permisos,
       extract(epoch FROM u.password_cambiado)::bigint AS password_cambiado
FROM usuarios u JOIN roles r ON r.id = u.rol_id
WHERE u.vigente AND u.activo
ORDER BY u.id
