-- read

SELECT r.id AS "roles.id", r.nombre AS "roles.nombre", r.permisos AS "roles.permisos", r.descripcion AS "roles.descripcion"
FROM (SELECT) uno LEFT JOIN roles r ON r.vigente
ORDER BY r.id
