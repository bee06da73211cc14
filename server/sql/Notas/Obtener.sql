-- read coalesce=id
-- lock SELECT n.id FROM pendientes o JOIN pendientes_notas n ON n.pendiente_id = o.id
-- lock WHERE n.id = :id AND n.vigente AND o.vigente FOR SHARE OF o FOR NO KEY UPDATE OF n

SELECT n.id, n.pendiente_id, n.empleado_id, e.nombre || ' ' || e.apellido_paterno AS empleado_nombre, n.nota, n.estado_pendiente,
       n.fecha_creacion,
       (SELECT json_agg(json_build_object('id', i.id, 'notaId', i.nota_id, 'url', i.url) ORDER BY i.id)
        FROM pendientes_notas_imagenes i WHERE i.nota_id = n.id AND i.vigente) AS imagenes,
       o.asignado_a AS _asignado_a, o.registrado_por AS _registrado_por
FROM pendientes_notas n JOIN pendientes o ON o.id = n.pendiente_id JOIN empleados e ON e.id = n.empleado_id
WHERE n.id = ANY(:id) AND n.vigente AND o.vigente
