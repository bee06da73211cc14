-- What permisos_it needs: a user per set of bits, and rows that stand in a given relation to that user.
BEGIN;
DROP SCHEMA IF EXISTS permiso CASCADE;
CREATE SCHEMA permiso;

-- A user whose role has those bits, with an employee; the same one each time.
CREATE FUNCTION permiso.usuario(bits bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    suyo text := 'permiso-' || bits;
    hallado bigint := (SELECT u.id FROM usuarios u WHERE u.nombre = suyo AND u.vigente);
    e bigint;
BEGIN
    IF hallado IS NOT NULL THEN RETURN hallado; END IF;
    INSERT INTO roles (id, nombre, permisos) VALUES (suyo, suyo, bits) ON CONFLICT DO NOTHING;
    INSERT INTO empleados (nombre, apellido_paterno, apellido_materno, cargo_id, fecha_ingreso)
    VALUES ('Permiso', bits::text, 'Prueba', (SELECT min(id) FROM cargos WHERE vigente), '2024-01-01') RETURNING id INTO e;
    INSERT INTO usuarios (nombre, dni, email, password, rol_id, empleado_id)
    VALUES (suyo, suyo, suyo || '@ejemplo.test', '$2b$12$' || repeat('x', 53), suyo, e) RETURNING id INTO hallado;
    RETURN hallado;
END $$;

CREATE FUNCTION permiso.empleado(usuario bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT empleado_id FROM usuarios WHERE id = usuario
$$;

-- An order of CORD's, ASIGNADO to TECN2, or with the user in the place that the relation names.
CREATE FUNCTION permiso.orden(usuario bigint, relacion text, tipo text DEFAULT 'AVERIA', detalle boolean DEFAULT true)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    o bigint := prueba.orden(tipo, detalle => detalle, estado => 'ASIGNADO', asignado => 'TECN2', registrado => 'CORD');
BEGIN
    UPDATE pendientes SET asignado_a = permiso.empleado(usuario) WHERE id = o AND relacion = 'asignado';
    UPDATE pendientes SET registrado_por = permiso.empleado(usuario) WHERE id = o AND relacion = 'registrado';
    RETURN o;
END $$;

-- An order of which a half is asked for.
CREATE FUNCTION permiso.pedido(usuario bigint, relacion text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    o bigint := permiso.orden(usuario, relacion);
BEGIN
    UPDATE pendientes SET estado_tecnico = 'PENDIENTE_VLAN' WHERE id = o;
    RETURN o;
END $$;

-- An open session, the user's own where he is its author; `abierto` is its order.
CREATE FUNCTION permiso.tiempo(usuario bigint, relacion text) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO pendientes_tiempos (pendiente_id, empleado_id)
    VALUES (permiso.orden(usuario, relacion),
            CASE relacion WHEN 'autor' THEN permiso.empleado(usuario) ELSE prueba.empleado('TECN2') END) RETURNING id
$$;
CREATE FUNCTION permiso.abierto(usuario bigint, relacion text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    nuevo bigint := permiso.tiempo(usuario, relacion);
BEGIN
    RETURN (SELECT pendiente_id FROM pendientes_tiempos WHERE id = nuevo);
END $$;

-- A user: the caller, or another. And a notification of that user's.
CREATE FUNCTION permiso.destinatario(usuario bigint, relacion text) RETURNS bigint LANGUAGE sql AS $$
    SELECT CASE relacion WHEN 'suyo' THEN usuario ELSE prueba.usuario('TECN2') END
$$;
CREATE FUNCTION permiso.aviso(usuario bigint, relacion text) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO notificaciones (usuario_id, titulo, mensaje, tipo)
    VALUES (permiso.destinatario(usuario, relacion), 'De permisos', 'Nada que hacer', 'INFO') RETURNING id
$$;

-- What hangs on an order, written by CORD or, where he is its author, by the user.
CREATE FUNCTION permiso.nota(usuario bigint, relacion text) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO pendientes_notas (pendiente_id, empleado_id, nota, estado_pendiente)
    SELECT permiso.orden(usuario, relacion),
           CASE WHEN relacion = 'autor' THEN permiso.empleado(usuario) ELSE prueba.empleado('CORD') END, 'x', 'ASIGNADO'
    RETURNING id
$$;

CREATE FUNCTION permiso.archivo(usuario bigint, relacion text) RETURNS text LANGUAGE sql AS $$
    SELECT prueba.archivo(permiso.nota(usuario, relacion))
$$;

CREATE FUNCTION permiso.item(usuario bigint, relacion text) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO pendientes_items (pendiente_id, producto_id, empleado_id, cantidad, costo_unitario, costo_total)
    SELECT permiso.orden(usuario, relacion), prueba.producto(1),
           CASE WHEN relacion = 'autor' THEN permiso.empleado(usuario) ELSE prueba.empleado('CORD') END, 1, 1, 1
    RETURNING id
$$;

CREATE FUNCTION permiso.pago(usuario bigint, relacion text) RETURNS bigint LANGUAGE sql AS $$
    SELECT prueba.pago(permiso.orden(usuario, relacion))
$$;

-- What stands in no relation to anybody.
CREATE FUNCTION permiso.cliente(usuario bigint, relacion text) RETURNS bigint LANGUAGE sql AS 'SELECT prueba.cliente()';
CREATE FUNCTION permiso.producto(usuario bigint, relacion text) RETURNS bigint LANGUAGE sql AS 'SELECT prueba.producto()';
CREATE FUNCTION permiso.catalogo(usuario bigint, relacion text) RETURNS bigint LANGUAGE sql AS 'SELECT prueba.catalogo()';
CREATE FUNCTION permiso.enlace(usuario bigint, relacion text) RETURNS bigint LANGUAGE sql AS
    'SELECT prueba.enlace(prueba.catalogo(), prueba.producto())';
COMMIT;
