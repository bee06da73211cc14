-- What the cases need beside the API: orders in any state, and a digest of everything that a refused call must not change.
BEGIN;
DROP SCHEMA IF EXISTS prueba CASCADE;
CREATE SCHEMA prueba;

-- The employee of a demo role's first user ('TECN'), or of the second ('TECN2'); NULL for NULL.
CREATE FUNCTION prueba.empleado(rol text) RETURNS bigint LANGUAGE sql AS $$
    SELECT empleado_id FROM usuarios WHERE dni = CASE rol WHEN 'ADMIN' THEN '40000001' WHEN 'CORD' THEN '40000002' WHEN 'ATAC' THEN '40000003'
        WHEN 'CONT' THEN '40000004' WHEN 'ASES' THEN '40000005' WHEN 'TECN' THEN '40000006' WHEN 'NADA' THEN '40000007'
        WHEN 'TECN2' THEN '40000008' END AND vigente
$$;

CREATE FUNCTION prueba.cliente() RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO clientes (tipo_cliente, nombre, tipo_documento, numero_documento, codigo_cliente)
    VALUES ('PERSONA', 'Cliente de prueba', 'OTRO', NULL, 'P-' || nextval(pg_get_serial_sequence('clientes', 'id'))) RETURNING id
$$;

-- An order with its first history entry; details of its type when asked for.
CREATE FUNCTION prueba.orden(tipo text DEFAULT 'AVERIA', detalle boolean DEFAULT false, estado text DEFAULT 'REGISTRADO',
                             asignado text DEFAULT NULL, registrado text DEFAULT 'CORD', tecnico text DEFAULT 'OK')
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    nuevo bigint := nextval(pg_get_serial_sequence('pendientes', 'id'));
    ahora timestamptz := clock_timestamp();
    autor bigint := prueba.empleado(registrado);
    huella bytea;
    usuario bigint := (SELECT u.id FROM usuarios u WHERE u.empleado_id = autor AND u.vigente);
BEGIN
    huella := historial_hash(decode(repeat('00', 32), 'hex'), nuevo, 1, usuario, autor, orden.estado, 'Pendiente de prueba', ahora);
    INSERT INTO pendientes (id, fecha_creacion, registrado_por, asignado_a, cliente_id, historial_n, historial_hash, estado,
                            estado_tecnico, tipo, lugar, prioridad)
    SELECT nuevo, ahora, autor, prueba.empleado(asignado), (SELECT min(id) FROM clientes WHERE vigente), 1, huella, orden.estado,
           tecnico, orden.tipo, 'PUNO', 'MEDIA';
    INSERT INTO historiales (pendiente_id, usuario_id, empleado_id, fecha_creacion, numero, hash, estado, detalles)
    VALUES (nuevo, usuario, autor, ahora, 1, huella, orden.estado, 'Pendiente de prueba');
    IF detalle THEN PERFORM prueba.detalle(nuevo, orden.tipo); END IF;
    RETURN nuevo;
END $$;

CREATE FUNCTION prueba.detalle(orden bigint, tipo text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CASE tipo
        WHEN 'AVERIA' THEN INSERT INTO pendientes_averias (pendiente_id, descripcion_falla) VALUES (orden, 'Sin servicio');
        WHEN 'TRASLADO' THEN INSERT INTO pendientes_traslados (pendiente_id, lugar_destino, direccion_destino, tipo_servicio)
                             VALUES (orden, 'JULIACA', 'Jr. Inventado 1', 'INTERNET_FIBRA');
        WHEN 'INSTALACION_INTERNET' THEN INSERT INTO pendientes_instalaciones_internet (pendiente_id, velocidad_solicitada, costo_fijo,
                             tipo_instalacion) VALUES (orden, '100 Mbps', 50, 'FIBRA');
        WHEN 'INSTALACION_CAMARAS' THEN INSERT INTO pendientes_instalaciones_camaras (pendiente_id) VALUES (orden);
        WHEN 'RECOJO_DISPOSITIVOS' THEN INSERT INTO pendientes_recojo_dispositivos (pendiente_id, dispositivo, motivo)
                             VALUES (orden, 'ROUTER', 'Contrato cancelado');
    END CASE;
END $$;

CREATE FUNCTION prueba.borrar(orden bigint) RETURNS bigint LANGUAGE sql AS $$
    UPDATE pendientes SET vigente = false WHERE id = orden RETURNING id
$$;

CREATE FUNCTION prueba.pago(orden bigint) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO pagos (empleado_id, cliente_id, pendiente_id, fecha_pago, metodo_pago, monto)
    SELECT registrado_por, cliente_id, id, current_date, 'EFECTIVO', 10 FROM pendientes WHERE id = orden RETURNING id
$$;

CREATE FUNCTION prueba.nota(orden bigint, autor text DEFAULT 'CORD') RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO pendientes_notas (pendiente_id, empleado_id, nota, estado_pendiente)
    VALUES (orden, prueba.empleado(autor), 'Nota de prueba', 'REGISTRADO') RETURNING id
$$;

CREATE FUNCTION prueba.imagen(nota bigint) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO pendientes_notas_imagenes (nota_id, url)
    VALUES (nota, '/uploads/notas/' || gen_random_uuid() || '.jpg') RETURNING id
$$;

-- The user of a demo role, as prueba.empleado has the employee; NADA has only this.
CREATE FUNCTION prueba.usuario(rol text) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM usuarios WHERE dni = CASE rol WHEN 'ADMIN' THEN '40000001' WHEN 'CORD' THEN '40000002' WHEN 'ATAC' THEN '40000003'
        WHEN 'CONT' THEN '40000004' WHEN 'ASES' THEN '40000005' WHEN 'TECN' THEN '40000006' WHEN 'NADA' THEN '40000007'
        WHEN 'TECN2' THEN '40000008' END AND vigente
$$;

CREATE FUNCTION prueba.tiempo(orden bigint, rol text DEFAULT 'TECN', inicio timestamptz DEFAULT '2026-07-10 09:00-05',
                              fin timestamptz DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO pendientes_tiempos (pendiente_id, empleado_id, hora_inicio, hora_fin, descripcion)
    VALUES (orden, prueba.empleado(rol), inicio, fin, 'De prueba') RETURNING id
$$;

CREATE FUNCTION prueba.notificacion(rol text, estado text DEFAULT 'NO_LEIDO') RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO notificaciones (usuario_id, titulo, mensaje, tipo, estado)
    VALUES (prueba.usuario(rol), 'De prueba', 'Nada que hacer', 'INFO', notificacion.estado) RETURNING id
$$;

-- How many live children an order has, its details among them.
CREATE FUNCTION prueba.vivos(orden bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM pendientes_detalles WHERE pendiente_id = orden)
        + (SELECT count(*) FROM pendientes_tiempos WHERE pendiente_id = orden AND vigente)
        + (SELECT count(*) FROM pendientes_notas WHERE pendiente_id = orden AND vigente)
        + (SELECT count(*) FROM pendientes_notas_imagenes i JOIN pendientes_notas n ON n.id = i.nota_id
           WHERE n.pendiente_id = orden AND i.vigente)
        + (SELECT count(*) FROM pendientes_items WHERE pendiente_id = orden AND vigente)
        + (SELECT count(*) FROM pagos WHERE pendiente_id = orden AND vigente)
$$;

-- What nobody can do to a history by the API, nor in the database while its triggers are on: how many rows it changed.
CREATE FUNCTION prueba.forzar(sentencia text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    filas bigint;
BEGIN
    ALTER TABLE historiales DISABLE TRIGGER historiales_solo_crecen;
    EXECUTE sentencia;
    GET DIAGNOSTICS filas = ROW_COUNT;
    ALTER TABLE historiales ENABLE TRIGGER historiales_solo_crecen;
    RETURN filas;
END $$;
-- Does the database itself refuse it, as what would change a history? Where it does not, it is undone.
CREATE FUNCTION prueba.se_niega(sentencia text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE sentencia;
    RAISE EXCEPTION 'no se niega';
EXCEPTION
    WHEN restrict_violation THEN RETURN true;
    WHEN raise_exception THEN RETURN false;
END $$;
-- An order's history, kept aside, and put back as it was.
CREATE TABLE prueba.historiales AS SELECT * FROM historiales WITH NO DATA;
CREATE FUNCTION prueba.guardar(orden bigint) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO prueba.historiales SELECT * FROM historiales WHERE pendiente_id = orden;
    SELECT count(*) FROM prueba.historiales WHERE pendiente_id = orden
$$;
CREATE FUNCTION prueba.reponer(orden bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM prueba.forzar(format('DELETE FROM historiales WHERE pendiente_id = %s', orden));
    INSERT INTO historiales SELECT * FROM prueba.historiales WHERE pendiente_id = orden;
    UPDATE pendientes p SET historial_n = h.numero, historial_hash = h.hash
    FROM (SELECT numero, hash FROM prueba.historiales WHERE pendiente_id = orden ORDER BY numero DESC LIMIT 1) h WHERE p.id = orden;
    RETURN (SELECT count(*) FROM historiales WHERE pendiente_id = orden);
END $$;

CREATE FUNCTION prueba.producto(costo numeric DEFAULT 12.50) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO productos (nombre, costo_unitario) VALUES ('Producto de prueba', costo) RETURNING id
$$;

CREATE FUNCTION prueba.item(orden bigint, producto bigint, autor text DEFAULT 'CORD') RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO pendientes_items (pendiente_id, producto_id, empleado_id, cantidad, costo_unitario, costo_total)
    SELECT orden, id, prueba.empleado(autor), 2, costo_unitario, 2 * costo_unitario FROM productos WHERE id = producto
    RETURNING id
$$;

-- One row of everything that may hang on an order beside its details; the number of its live children.
CREATE FUNCTION prueba.hijos(orden bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM prueba.pago(orden), prueba.tiempo(orden), prueba.imagen(prueba.nota(orden)), prueba.item(orden, prueba.producto());
    RETURN prueba.vivos(orden);
END $$;

CREATE FUNCTION prueba.catalogo() RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO catalogos (nombre, tipo) VALUES ('Catálogo de prueba', 'KIT') RETURNING id
$$;

CREATE FUNCTION prueba.enlace(catalogo bigint, producto bigint) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO catalogo_productos (catalogo_id, producto_id, cantidad) VALUES (catalogo, producto, 3) RETURNING id
$$;

-- Gives the order that client.
CREATE FUNCTION prueba.de_cliente(orden bigint, cliente bigint) RETURNS bigint LANGUAGE sql AS $$
    UPDATE pendientes SET cliente_id = cliente WHERE id = orden RETURNING id
$$;

-- Deletes a row as a DELETE would.
CREATE FUNCTION prueba.borrar_de(tabla regclass, fila bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE %s SET vigente = false WHERE id = $1', tabla) USING fila;
    RETURN fila;
END $$;

-- An image with its bytes; answers the name of its file.
CREATE FUNCTION prueba.archivo(nota bigint, bytes bytea DEFAULT 'GIF89a de prueba') RETURNS text LANGUAGE sql AS $$
    WITH a AS (
        INSERT INTO archivos (usuario_id, tamano, terminado, huella, tipo, nombre, nombre_original)
        SELECT min(id), octet_length(bytes), true, sha256(sha256(bytes)), 'image/gif', gen_random_uuid() || '.gif', 'prueba.gif' FROM usuarios
        RETURNING id, nombre
    ), t AS (
        INSERT INTO archivos_trozos (archivo_id, numero, huella, datos) SELECT id, 0, sha256(bytes), bytes FROM a
    ), i AS (
        INSERT INTO pendientes_notas_imagenes (nota_id, url, archivo_id) SELECT nota, '/uploads/notas/' || nombre, id FROM a
    )
    SELECT nombre FROM a
$$;

-- A file that a role's user began and did not finish, of one piece or of more than that; answers its name.
CREATE FUNCTION prueba.subida(rol text, faltan integer DEFAULT 0) RETURNS text LANGUAGE sql AS $$
    WITH a AS (
        INSERT INTO archivos (usuario_id, tamano, tipo, nombre)
        SELECT id, CASE faltan WHEN 0 THEN 16 ELSE 262144 + faltan END, 'image/gif', gen_random_uuid() || '.gif'
        FROM usuarios WHERE empleado_id = prueba.empleado(rol) AND vigente
        RETURNING id, nombre, tamano
    ), t AS (
        INSERT INTO archivos_trozos (archivo_id, numero, huella, datos)
        SELECT id, 0, sha256(b.bytes), b.bytes FROM a, LATERAL (SELECT convert_to(rpad('GIF89a', least(tamano, 262144), '.'), 'UTF8') AS bytes) b
    )
    SELECT nombre FROM a
$$;

-- A user of that role, unique by its id, that nobody logs in as; active or not.
CREATE FUNCTION prueba.nuevo_usuario(rol text DEFAULT 'NADA', activo boolean DEFAULT true, empleado bigint DEFAULT NULL)
RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO usuarios (id, nombre, dni, email, password, rol_id, activo, empleado_id)
    SELECT n, 'u' || n, 'd' || n, 'e' || n, '-', rol, nuevo_usuario.activo, empleado
    FROM nextval(pg_get_serial_sequence('usuarios', 'id')) n RETURNING id
$$;

CREATE FUNCTION prueba.nuevo_empleado(cargo bigint DEFAULT 5) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO empleados (nombre, apellido_paterno, apellido_materno, cargo_id, fecha_ingreso)
    VALUES ('Empleado', 'de', 'Prueba', cargo, '2020-01-02') RETURNING id
$$;

CREATE FUNCTION prueba.cargo() RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO cargos (id, nombre) SELECT n, 'Cargo ' || n FROM nextval(pg_get_serial_sequence('cargos', 'id')) n RETURNING id
$$;

CREATE FUNCTION prueba.rol(permisos bigint DEFAULT 13) RETURNS text LANGUAGE sql AS $$
    INSERT INTO roles (id, nombre, permisos, descripcion) SELECT 'R' || n, 'Rol ' || n, permisos, 'de prueba'
    FROM nextval(pg_get_serial_sequence('usuarios', 'id')) n RETURNING id
$$;

CREATE FUNCTION prueba.modulo(padre bigint DEFAULT NULL, activo boolean DEFAULT true) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO modulos (nombre, icono, ruta, modulo_padre_id, activo) VALUES ('Módulo', 'casa', '/prueba', padre, activo) RETURNING id
$$;

-- Leaves the demo's administrator as the only one, until the others are given back; its id.
CREATE TABLE prueba.apartados (id bigint PRIMARY KEY);
CREATE FUNCTION prueba.unico_administrador() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    unico bigint := (SELECT id FROM usuarios WHERE dni = '40000001' AND vigente);
BEGIN
    WITH otros AS (UPDATE usuarios SET activo = false WHERE id IN (SELECT id FROM administradores) AND id <> unico RETURNING id)
    INSERT INTO prueba.apartados SELECT id FROM otros ON CONFLICT DO NOTHING;
    RETURN unico;
END $$;
CREATE FUNCTION prueba.devolver_administradores() RETURNS bigint LANGUAGE sql AS $$
    UPDATE usuarios SET activo = true WHERE id IN (SELECT id FROM prueba.apartados);
    DELETE FROM prueba.apartados;
    SELECT count(*) FROM administradores
$$;

-- A digest over every row that a call could change.
CREATE FUNCTION prueba.huella() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    tabla text;
    parte text;
    todo text := '';
BEGIN
    FOREACH tabla IN ARRAY ARRAY['pendientes', 'pendientes_averias', 'pendientes_traslados', 'pendientes_instalaciones_internet',
        'pendientes_instalaciones_camaras', 'pendientes_recojo_dispositivos', 'historiales', 'clientes', 'empleados', 'cargos',
        'usuarios', 'roles', 'modulos', 'modulo_roles', 'app_version',
        'claves_idempotencia', 'notificaciones', 'pendientes_tiempos', 'pendientes_notas',
        'pendientes_notas_imagenes', 'archivos', 'productos', 'pendientes_items', 'pagos', 'catalogos', 'catalogo_productos'] LOOP
        EXECUTE format('SELECT count(*) || '':'' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM %I t', tabla) INTO parte;
        todo := todo || parte || ';';
    END LOOP;
    -- (what happened, told to whoever may see it: the number comes later, by itself)
    RETURN md5(todo || (SELECT count(*) || ':' || coalesce(max(id), 0) FROM eventos));
END $$;
COMMIT;
