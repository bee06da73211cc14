-- read coalesce=id
-- lock SELECT id FROM empleados WHERE id = :id AND vigente FOR NO KEY UPDATE

SELECT e.id, e.nombre, e.apellido_paterno, e.apellido_materno, e.telefono, e.correo, g.nombre AS cargo, e.cargo_id,
       e.fecha_ingreso
FROM empleados e JOIN cargos g ON g.id = e.cargo_id
WHERE e.id = ANY(:id) AND e.vigente
