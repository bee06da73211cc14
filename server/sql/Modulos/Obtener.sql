-- read coalesce=id
-- lock SELECT id FROM modulos WHERE id = :id AND vigente FOR NO KEY UPDATE

SELECT m.id, m.nombre, m.descripcion, m.icono, m.ruta, m.modulo_padre_id, p.nombre AS modulo_padre_nombre, m.activo
FROM modulos m LEFT JOIN modulos p ON p.id = m.modulo_padre_id
WHERE m.id = ANY(:id) AND m.vigente
