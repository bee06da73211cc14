-- read
-- plan custom
-- total estimate

-- One statement for every search: planned with its parameters, the filters that were not given fold away, and so do the sort
-- keys but one, which leaves an index to walk. `f` is written once and planned twice, for the count and for the page.
WITH f AS NOT MATERIALIZED (
    SELECT p.* FROM pendientes p
    WHERE p.vigente AND :acceso(p)
        AND (:cliente_id IS NULL OR p.cliente_id = :cliente_id)
        AND (:usuario_id IS NULL OR p.asignado_a = :usuario_id OR p.registrado_por = :usuario_id)
        AND (:asignado_a_id IS NULL OR p.asignado_a = :asignado_a_id)
        AND (:registrado_por_id IS NULL OR p.registrado_por = :registrado_por_id)
        -- One state as an equation: only then does an index that begins with it yield the order.
        AND (coalesce(cardinality(:estados::text[]), 0) <> 1 OR p.estado = (:estados::text[])[1])
        AND (coalesce(cardinality(:estados::text[]), 0) <= 1 OR p.estado = ANY(:estados::text[]))
        AND (coalesce(cardinality(:estados_tecnico::text[]), 0) = 0 OR p.estado_tecnico = ANY(:estados_tecnico::text[]))
        AND (:fecha_pendiente IS NULL OR p.fecha_pendiente >= :fecha_pendiente AND p.fecha_pendiente < :fecha_pendiente.fin)
        AND (:desde IS NULL OR p.fecha_creacion >= :desde)
        AND (:hasta IS NULL OR p.fecha_creacion < :hasta.fin)
        AND (:tipo::text IS NULL OR p.tipo = :tipo)
        AND (:prioridad::text IS NULL OR p.prioridad = :prioridad)
        AND (:lugar::text IS NULL OR p.lugar = :lugar)
        -- The clients that match come first, into an array: never an OR over a join.
        AND (:titulo::text IS NULL
             OR lower(p.direccion COLLATE "und-x-icu") LIKE
                '%' || regexp_replace(lower(:titulo COLLATE "und-x-icu"), '([\\%_])', '\\\1', 'g') || '%'
             OR p.cliente_id = ANY(ARRAY(SELECT k.id FROM clientes k WHERE k.busqueda LIKE
                '%' || regexp_replace(lower(:titulo COLLATE "und-x-icu"), '([\\%_])', '\\\1', 'g') || '%')))
), contados AS (
    SELECT count(*) AS total FROM (SELECT FROM f LIMIT 10001) x
), r AS MATERIALIZED (
    -- One row more than the page: whether it is there tells whether the page is the last.
    SELECT s.*, row_number() OVER () AS pos
    FROM (SELECT f.id, f.fecha_creacion, f.fecha_pendiente, f.registrado_por, f.asignado_a, f.estado, f.estado_tecnico, f.empresa,
                 f.lugar, f.prioridad, f.tipo, f.direccion, f.cliente_id
          FROM f LEFT JOIN clientes k ON k.id = f.cliente_id -- dropped by the planner unless it sorts
          ORDER BY
            CASE WHEN :sort IN ('id', 'id,desc') THEN f.id END DESC,
            CASE WHEN :sort = 'id,asc' THEN f.id END,
            CASE WHEN coalesce(:sort, 'fechaCreacion') IN ('fechaCreacion', 'fechaCreacion,desc') THEN f.fecha_creacion END DESC,
            CASE WHEN :sort = 'fechaCreacion,asc' THEN f.fecha_creacion END,
            CASE WHEN :sort IN ('fechaModificacion', 'fechaModificacion,desc') THEN f.fecha_modificacion END DESC,
            CASE WHEN :sort = 'fechaModificacion,asc' THEN f.fecha_modificacion END,
            CASE WHEN :sort IN ('fechaPendiente', 'fechaPendiente,desc') THEN f.fecha_pendiente END DESC,
            CASE WHEN :sort = 'fechaPendiente,asc' THEN f.fecha_pendiente END,
            CASE WHEN :sort IN ('estado', 'estado,desc') THEN f.estado END DESC,
            CASE WHEN :sort = 'estado,asc' THEN f.estado END,
            CASE WHEN :sort IN ('estadoTecnico', 'estadoTecnico,desc') THEN f.estado_tecnico END DESC,
            CASE WHEN :sort = 'estadoTecnico,asc' THEN f.estado_tecnico END,
            CASE WHEN :sort IN ('lugar', 'lugar,desc') THEN f.lugar END DESC,
            CASE WHEN :sort = 'lugar,asc' THEN f.lugar END,
            CASE WHEN :sort IN ('empresa', 'empresa,desc') THEN f.empresa END DESC,
            CASE WHEN :sort = 'empresa,asc' THEN f.empresa END,
            CASE WHEN :sort IN ('prioridad', 'prioridad,desc') THEN f.prioridad END DESC,
            CASE WHEN :sort = 'prioridad,asc' THEN f.prioridad END,
            CASE WHEN :sort IN ('direccion', 'direccion,desc') THEN f.direccion END DESC,
            CASE WHEN :sort = 'direccion,asc' THEN f.direccion END,
            CASE WHEN :sort IN ('tipo', 'tipo,desc') THEN f.tipo END DESC,
            CASE WHEN :sort = 'tipo,asc' THEN f.tipo END,
            CASE WHEN :sort IN ('cliente.nombre', 'cliente.nombre,desc') THEN k.nombre END DESC,
            CASE WHEN :sort = 'cliente.nombre,asc' THEN k.nombre END,
            CASE WHEN :sort LIKE '%,asc' THEN f.id END, f.id DESC
          LIMIT :size + 1 OFFSET :page::bigint * :size) s
)
SELECT v.v[1] AS _codigo, v.v[2] AS _campo, v.v[3] AS _mensaje, contados.total AS _total,
       (SELECT count(*) FROM r) <= :size AS _ultima,
       q.id AS "content.id", q.fecha_creacion AS "content.fecha_creacion", q.fecha_pendiente AS "content.fecha_pendiente",
       q.registrado_por AS "content.id_empleado_registro",
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = q.registrado_por) AS "content.registrado_por",
       q.asignado_a AS "content.id_empleado_asignado",
       (SELECT e.nombre || ' ' || e.apellido_paterno FROM empleados e WHERE e.id = q.asignado_a) AS "content.asignado_a",
       q.estado AS "content.estado", q.estado_tecnico AS "content.estado_tecnico", q.empresa AS "content.empresa",
       q.lugar AS "content.lugar", q.prioridad AS "content.prioridad", q.tipo AS "content.tipo",
       q.direccion AS "content.direccion", k.id AS "content.id_cliente", k.nombre AS "content.cliente",
       k.codigo_cliente AS "content.cod_cliente", k.telefono AS "content.celular_cliente"
FROM (SELECT CASE WHEN :sort !~ ('^(id|fechaCreacion|fechaModificacion|fechaPendiente|estado|estadoTecnico|lugar|empresa|prioridad'
                                 || '|direccion|tipo|cliente\.nombre)(,(asc|desc))?$') THEN
          ARRAY['INVALID_ARGUMENT', 'sort', 'sort: se espera campo[,asc|desc], con uno de estos campos: id, fechaCreacion, '
                || 'fechaModificacion, fechaPendiente, estado, estadoTecnico, lugar, empresa, prioridad, direccion, tipo, '
                || 'cliente.nombre'] END AS v) v
CROSS JOIN contados
LEFT JOIN r q ON q.pos <= :size
LEFT JOIN clientes k ON k.id = q.cliente_id
ORDER BY q.pos
