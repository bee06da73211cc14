-- read

SELECT e.id AS "empleados.id", e.nombre AS "empleados.nombre", e.apellido_paterno AS "empleados.apellido_paterno",
       e.apellido_materno AS "empleados.apellido_materno", e.telefono AS "empleados.telefono", e.correo AS "empleados.correo",
       (SELECT g.nombre FROM cargos g WHERE g.id = e.cargo_id) AS "empleados.cargo", e.cargo_id AS "empleados.cargo_id",
       e.fecha_ingreso AS "empleados.fecha_ingreso"
FROM (SELECT) uno LEFT JOIN empleados e ON e.vigente
ORDER BY e.id
