-- read coalesce=id
-- lock SELECT id FROM pendientes WHERE id = :id AND vigente FOR NO KEY UPDATE

SELECT p.id, p.fecha_creacion, p.fecha_pendiente, p.registrado_por AS id_empleado_registro,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = p.registrado_por) AS registrado_por,
       p.asignado_a AS id_empleado_asignado,
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = p.asignado_a) AS asignado_a,
       p.estado, p.estado_tecnico, p.empresa, p.lugar, p.prioridad, p.tipo, p.direccion,
       k.id AS id_cliente, k.nombre AS cliente, k.codigo_cliente AS cod_cliente, k.telefono AS celular_cliente,
       p.asignado_a AS _asignado_a, p.registrado_por AS _registrado_por
FROM pendientes p JOIN clientes k ON k.id = p.cliente_id
WHERE p.id = ANY(:id) AND p.vigente
