-- Users and modules that are there but not active, who administers, and the job titles and modules that every installation begins with.

-- Deleting is `vigente` false; a user who is not `activo` keeps existing and may not log in. An active user is both, and only those are
-- unique. (The order of the indexes is the order in which duplicates are refused.)
ALTER TABLE usuarios ADD COLUMN activo boolean NOT NULL DEFAULT true;
DROP INDEX usuarios_nombre_unico, usuarios_dni_unico, usuarios_email_unico, usuarios_empleado_unico;
CREATE UNIQUE INDEX usuarios_nombre_unico ON usuarios (lower(nombre COLLATE "und-x-icu")) WHERE vigente AND activo;
CREATE UNIQUE INDEX usuarios_dni_unico ON usuarios (lower(dni COLLATE "und-x-icu")) WHERE vigente AND activo;
CREATE UNIQUE INDEX usuarios_email_unico ON usuarios (lower(email COLLATE "und-x-icu")) WHERE vigente AND activo;
CREATE UNIQUE INDEX usuarios_empleado_unico ON usuarios (empleado_id) WHERE vigente AND activo;

-- One that is not `activo` is in nobody's menu.
ALTER TABLE modulos ADD COLUMN activo boolean NOT NULL DEFAULT true;

-- Who administers: holds every bit. There is always one, which no statement can see from a row of its own: whoever may take one away
-- takes the lock 'administradores' first (`-- lock`).
CREATE FUNCTION administra(permisos bigint) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT permisos & 16383 = 16383
$$;
CREATE VIEW administradores AS
    SELECT u.id, u.rol_id FROM usuarios u JOIN roles r ON r.id = u.rol_id
    WHERE u.vigente AND u.activo AND r.vigente AND administra(r.permisos);

-- Transactions that take the same lock come one after the other.
CREATE FUNCTION bloquear(que text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('pendientes ' || que, 0))
$$;

-- Their own ids where nobody has taken those.
INSERT INTO cargos (id, nombre)
SELECT CASE WHEN EXISTS (SELECT FROM cargos c WHERE c.id = s.id) THEN nextval(pg_get_serial_sequence('cargos', 'id')) ELSE s.id END, s.nombre
FROM (VALUES (1, 'Coordinadora'), (2, 'Marketing'), (3, 'Atencion al Cliente'), (4, 'Asesor'), (5, 'Tecnico'), (6, 'Servicio Tecnico'),
             (7, 'Almacen'), (8, 'Gerente General')) AS s (id, nombre)
WHERE NOT EXISTS (SELECT FROM cargos c WHERE c.nombre = s.nombre AND c.vigente);

CREATE TEMP TABLE semilla (id bigint, padre text, nombre text, ruta text) ON COMMIT DROP;
INSERT INTO semilla VALUES
    (1, NULL, 'Pendientes', '/pendientes'),
    (2, NULL, 'Clientes', '/clientes'),
    (3, NULL, 'Catálogos', '/catalogos'),
    (4, NULL, 'Pagos', '/pagos'),
    (5, NULL, 'Usuarios / Empleados', '/usuarios'),
    (6, '/pendientes', 'Mis Pendientes', '/pendientes/mis'),
    (7, '/pendientes', 'Por Asignar', '/pendientes/asignar'),
    (8, '/pendientes', 'Historial', '/pendientes/historial'),
    (9, '/pendientes', 'Por Validar', '/pendientes/por-validar'),
    (10, '/pendientes', 'Faltantes PPOE', '/pendientes/faltantes-ppoe'),
    (11, '/pendientes', 'Crear Pendiente', '/pendientes/crear-pendiente'),
    (12, '/clientes', 'Lista de Clientes', '/clientes/lista'),
    (13, '/catalogos', 'Lista de Catálogos', '/catalogos/lista'),
    (14, '/catalogos', 'Lista de Productos', '/catalogos/productos'),
    (15, '/pagos', 'Lista de Pagos', '/pagos/lista'),
    (16, '/pagos', 'Reportes de Pagos', '/pagos/reportes'),
    (17, '/usuarios', 'Lista de Usuarios', '/usuarios/lista'),
    (18, '/usuarios', 'Lista de Roles', '/usuarios/roles'),
    (19, '/usuarios', 'Lista de Empleados', '/usuarios/empleados'),
    (20, '/usuarios', 'Lista de Cargos', '/usuarios/cargos');
INSERT INTO modulos (id, nombre, ruta)
SELECT CASE WHEN EXISTS (SELECT FROM modulos m WHERE m.id = s.id) THEN nextval(pg_get_serial_sequence('modulos', 'id')) ELSE s.id END,
       s.nombre, s.ruta
FROM semilla s
WHERE NOT EXISTS (SELECT FROM modulos m WHERE m.ruta = s.ruta AND m.vigente)
ORDER BY s.id;
UPDATE modulos m SET modulo_padre_id = p.id
FROM semilla s JOIN modulos p ON p.ruta = s.padre AND p.vigente
WHERE m.ruta = s.ruta AND m.vigente AND m.modulo_padre_id IS NULL;
