-- read

SELECT id AS "catalogos.id", nombre AS "catalogos.nombre", descripcion AS "catalogos.descripcion", tipo AS "catalogos.tipo"
FROM catalogos
WHERE vigente
ORDER BY id
