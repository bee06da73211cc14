-- read
-- sort fechaCreacion=fecha_creacion,desc id fechaModificacion=fecha_modificacion fechaPendiente=fecha_pendiente estado
-- sort estadoTecnico=estado_tecnico lugar empresa prioridad direccion tipo cliente.nombre=cliente
-- plan kept
-- plan kept cliente_id
-- plan kept asignado_a_id
-- plan kept registrado_por_id
-- plan kept estados
-- plan kept tipo
-- plan kept estados tipo
-- plan kept lugar
-- plan kept prioridad

SELECT q.id AS "content.id", q.fecha_creacion AS "content.fecha_creacion", q.fecha_pendiente AS "content.fecha_pendiente",
       q.registrado_por AS "content.id_empleado_registro",
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = q.registrado_por) AS "content.registrado_por",
       q.asignado_a AS "content.id_empleado_asignado",
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = q.asignado_a) AS "content.asignado_a",
       q.estado AS "content.estado", q.estado_tecnico AS "content.estado_tecnico", q.empresa AS "content.empresa",
       q.lugar AS "content.lugar", q.prioridad AS "content.prioridad", q.tipo AS "content.tipo",
       q.direccion AS "content.direccion", k.id AS "content.id_cliente", k.nombre AS "content.cliente",
       k.codigo_cliente AS "content.cod_cliente", k.telefono AS "content.celular_cliente"
FROM :pagina(
    SELECT p.*{:sort.cliente , l.nombre AS cliente}
    FROM pendientes p {:sort.cliente JOIN clientes l ON l.id = p.cliente_id}
    WHERE p.vigente AND :acceso(p)
        {AND p.cliente_id = :cliente_id}
        {AND p.asignado_a = :usuario_id|AND p.registrado_por = :usuario_id AND p.asignado_a IS DISTINCT FROM :usuario_id}
        {AND p.asignado_a = :asignado_a_id}
        {AND p.registrado_por = :registrado_por_id}
        {AND p.estado IN (:estados)}
        {AND p.estado_tecnico IN (:estados_tecnico)}
        {AND p.fecha_pendiente >= :fecha_pendiente AND p.fecha_pendiente < :fecha_pendiente.fin}
        {AND p.fecha_creacion >= :desde}
        {AND p.fecha_creacion < :hasta.fin}
        {AND p.tipo = :tipo}
        {AND p.prioridad = :prioridad}
        {AND p.lugar = :lugar}
        -- The orders of the clients that match, and those of the others whose address does: two indexes, never an OR over a join.
        {AND p.cliente_id IN (SELECT c.id FROM clientes c WHERE c.busqueda LIKE patron_de(:titulo))
        -- (what differs from a number the planner takes for nearly all rows: NOT IN were one in two to it, > 0 one in three)
        |AND (p.cliente_id IN (SELECT c.id FROM clientes c WHERE c.busqueda LIKE patron_de(:titulo)))::integer <> 1
         AND p.busqueda LIKE patron_en_direccion(:titulo) AND strpos(p.busqueda, buscable(:titulo)) <> 0}
) q
LEFT JOIN clientes k ON k.id = q.cliente_id
