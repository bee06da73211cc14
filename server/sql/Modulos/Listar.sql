-- read

SELECT m.id AS "modulos.id", m.nombre AS "modulos.nombre", m.descripcion AS "modulos.descripcion", m.icono AS "modulos.icono",
       m.ruta AS "modulos.ruta", m.modulo_padre_id AS "modulos.modulo_padre_id", p.nombre AS "modulos.modulo_padre_nombre",
       m.activo AS "modulos.activo"
FROM (SELECT) uno
LEFT JOIN (modulos m LEFT JOIN modulos p ON p.id = m.modulo_padre_id) ON m.vigente AND m.activo
ORDER BY m.id
