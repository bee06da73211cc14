-- read

SELECT m.id AS "modulos.id", m.nombre AS "modulos.nombre", m.descripcion AS "modulos.descripcion", m.icono AS "modulos.icono",
       m.ruta AS "modulos.ruta", m.modulo_padre_id AS "modulos.modulo_padre_id", p.nombre AS "modulos.modulo_padre_nombre",
       m.activo AS "modulos.activo"
FROM usuarios u
LEFT JOIN (modulo_roles l JOIN modulos m ON m.id = l.modulo_id AND m.vigente AND m.activo
           LEFT JOIN modulos p ON p.id = m.modulo_padre_id) ON l.rol_id = u.rol_id
WHERE u.id = :quien.usuario_id
ORDER BY m.id
