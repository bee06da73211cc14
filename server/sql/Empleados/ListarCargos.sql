-- read

SELECT g.id AS "cargos.id", g.nombre AS "cargos.nombre", g.descripcion AS "cargos.descripcion"
FROM (SELECT) uno LEFT JOIN cargos g ON g.vigente
ORDER BY g.id
