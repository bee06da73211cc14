-- notes, work times, items, payments

CREATE TEMP TABLE nuevo_pendientes_notas ON COMMIT DROP AS
SELECT o.*, p.vigente AND o.vigente AS n_vigente, pg_temp.lleno(o.nota, 'Sin texto') AS n_nota,
       CASE WHEN o.estado_pendiente IN ('SIN_PPOE', 'SIN_VLAN') THEN 'EN_PROGRESO'
            WHEN o.estado_pendiente IN (SELECT valor FROM valores WHERE dominio = 'estado_pendiente') THEN o.estado_pendiente
            ELSE p.estado END AS n_estado,
       CASE WHEN p.id IS NULL THEN 'su pendiente no se importó' WHEN e.id IS NULL THEN 'su empleado no existe' END AS rechazo
FROM origen_pendientes_notas o LEFT JOIN pendientes p ON p.id = o.pendiente_id LEFT JOIN empleados e ON e.id = o.empleado_id;
SELECT pg_temp.rechazar('pendientes_notas');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'pendientes_notas', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_pendientes_notas CROSS JOIN LATERAL (VALUES
    ('vigente', vigente::text, n_vigente::text, 'su pendiente está eliminado'), ('nota', nota, n_nota, 'estaba vacío'),
    ('estado_pendiente', estado_pendiente, n_estado, CASE WHEN estado_pendiente IN ('SIN_PPOE', 'SIN_VLAN') THEN 'estado antiguo'
        ELSE 'estado desconocido: el de su pendiente' END)) AS v (columna, antes, despues, motivo)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY id;
INSERT INTO pendientes_notas (id, fecha_creacion, fecha_modificacion, pendiente_id, empleado_id, vigente, estado_pendiente, nota)
SELECT id, fecha_creacion, fecha_modificacion, pendiente_id, empleado_id, n_vigente, n_estado, n_nota
FROM nuevo_pendientes_notas WHERE rechazo IS NULL ORDER BY id;

CREATE TEMP TABLE nuevo_pendientes_tiempos ON COMMIT DROP AS
SELECT o.*, p.vigente AND o.vigente AS n_vigente, x.inicio AS n_inicio,
       CASE WHEN o.hora_fin IS NOT NULL THEN greatest(o.hora_fin, x.inicio) END AS n_fin,
       CASE WHEN p.id IS NULL THEN 'su pendiente no se importó' WHEN e.id IS NULL THEN 'su empleado no existe' END AS rechazo
FROM origen_pendientes_tiempos o LEFT JOIN pendientes p ON p.id = o.pendiente_id LEFT JOIN empleados e ON e.id = o.empleado_id
CROSS JOIN LATERAL (SELECT coalesce(o.hora_inicio, least(o.fecha_creacion, o.hora_fin)) AS inicio) x;
SELECT pg_temp.rechazar('pendientes_tiempos');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'pendientes_tiempos', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_pendientes_tiempos CROSS JOIN LATERAL (VALUES
    ('vigente', vigente::text, n_vigente::text, 'su pendiente está eliminado'),
    ('hora_inicio', hora_inicio::text, n_inicio::text, 'no tenía valor: la de su registro'),
    ('hora_fin', hora_fin::text, n_fin::text, 'terminaba antes de empezar: se cierra al empezar')) AS v (columna, antes, despues, motivo)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY id;
INSERT INTO pendientes_tiempos (id, fecha_creacion, fecha_modificacion, hora_inicio, hora_fin, pendiente_id, empleado_id, vigente,
                                descripcion)
SELECT id, fecha_creacion, fecha_modificacion, n_inicio, n_fin, pendiente_id, empleado_id, n_vigente, descripcion
FROM nuevo_pendientes_tiempos WHERE rechazo IS NULL ORDER BY id;

-- The total was the client's word; here it is quantity times unit cost. A missing unit cost is the total's share when that is
-- exact, else the product's.
CREATE TEMP TABLE nuevo_pendientes_items ON COMMIT DROP AS
SELECT o.*, p.vigente AND o.vigente AS n_vigente, x.unitario AS n_unitario, o.cantidad * x.unitario AS n_total,
       CASE WHEN p.id IS NULL THEN 'su pendiente no se importó' WHEN r.id IS NULL THEN 'su producto no existe'
            WHEN o.cantidad IS NULL OR o.cantidad < 1 THEN 'su cantidad no es 1 o más'
            WHEN x.unitario < 0 OR o.cantidad * x.unitario > 9999999999.99 THEN 'su importe no está entre 0.00 y 9999999999.99' END AS rechazo
FROM origen_pendientes_items o LEFT JOIN pendientes p ON p.id = o.pendiente_id LEFT JOIN productos r ON r.id = o.producto_id
CROSS JOIN LATERAL (SELECT round(coalesce(o.costo_unitario, CASE WHEN o.cantidad > 0 AND mod(o.costo_total * 100, o.cantidad) = 0
                                                     THEN o.costo_total / o.cantidad END, r.costo_unitario::numeric), 2) AS unitario) x;
SELECT pg_temp.rechazar('pendientes_items');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'pendientes_items', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_pendientes_items CROSS JOIN LATERAL (VALUES
    ('vigente', vigente::text, n_vigente::text, true, 'su pendiente está eliminado'),
    ('costo_unitario', costo_unitario::text, n_unitario::text, costo_unitario IS DISTINCT FROM n_unitario, 'no tenía valor'),
    ('costo_total', costo_total::text, n_total::text, costo_total IS DISTINCT FROM n_total, 'no era cantidad por costo unitario'))
    AS v (columna, antes, despues, difiere, motivo)
WHERE rechazo IS NULL AND v.difiere AND v.antes IS DISTINCT FROM v.despues ORDER BY id;
INSERT INTO pendientes_items (id, fecha_creacion, fecha_modificacion, pendiente_id, producto_id, cantidad, vigente, costo_unitario,
                              costo_total, descripcion)
SELECT id, fecha_creacion, fecha_modificacion, pendiente_id, producto_id, cantidad, n_vigente, n_unitario, n_total, descripcion
FROM nuevo_pendientes_items WHERE rechazo IS NULL ORDER BY id;

-- Money is not made up: a payment without order, employee or amount is refused. Its client is the order's when it has none; with
-- another client than the order's it stays as it was recorded, and somebody should look.
CREATE TEMP TABLE nuevo_pagos ON COMMIT DROP AS
SELECT o.*, p.vigente AND o.vigente AS n_vigente, coalesce(o.cliente_id, p.cliente_id) AS n_cliente, p.cliente_id AS del_pendiente,
       coalesce(o.fecha_pago, o.fecha_creacion)::date AS n_fecha,
       CASE WHEN o.metodo_pago IN (SELECT valor FROM valores WHERE dominio = 'metodo_pago') THEN o.metodo_pago ELSE 'OTRO' END AS n_metodo,
       CASE WHEN p.id IS NULL THEN 'su pendiente no se importó' WHEN e.id IS NULL THEN 'su empleado no existe'
            WHEN o.cliente_id IS NOT NULL AND c.id IS NULL THEN 'su cliente no existe'
            WHEN o.monto IS NULL OR o.monto <= 0 OR o.monto > 9999999999.99 OR o.monto <> round(o.monto, 2) THEN
                'su monto no es un importe de 0.01 a 9999999999.99' END AS rechazo
FROM origen_pagos o LEFT JOIN pendientes p ON p.id = o.pendiente_id LEFT JOIN empleados e ON e.id = o.empleado_id
LEFT JOIN clientes c ON c.id = o.cliente_id;
SELECT pg_temp.rechazar('pagos');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'pagos', id, CASE WHEN v.columna = 'cliente' THEN 'aviso' ELSE 'cambiado' END, v.columna, v.motivo, v.antes, v.despues
FROM nuevo_pagos CROSS JOIN LATERAL (VALUES
    ('vigente', vigente::text, n_vigente::text, 'su pendiente está eliminado'),
    ('cliente_id', cliente_id::text, n_cliente::text, 'no tenía valor: el de su pendiente'),
    ('cliente', n_cliente::text, del_pendiente::text, 'paga otro cliente que el de su pendiente: queda así'),
    ('fecha_pago', CASE WHEN fecha_pago = fecha_pago::date THEN fecha_pago::date::text ELSE fecha_pago::text END, n_fecha::text,
        CASE WHEN fecha_pago IS NULL THEN 'no tenía valor: la de su registro' ELSE 'la hora se descarta' END),
    ('metodo_pago', metodo_pago, n_metodo, 'valor vacío o desconocido')) AS v (columna, antes, despues, motivo)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY id;
INSERT INTO pagos (id, fecha_creacion, fecha_modificacion, empleado_id, cliente_id, pendiente_id, fecha_pago, vigente, metodo_pago,
                   monto, referencia)
SELECT id, fecha_creacion, fecha_modificacion, empleado_id, n_cliente, pendiente_id, n_fecha, n_vigente, n_metodo, monto, referencia
FROM nuevo_pagos WHERE rechazo IS NULL ORDER BY id;
