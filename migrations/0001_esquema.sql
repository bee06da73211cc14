-- The whole documented schema, improved: keys, checks, composite keys, exact money, instants with a zone.
--
-- Conventions
--   * `id`s are identities that start at 1000; what lies below is for demo data.
--   * Enums are domains over text, so that a value is readable everywhere and a new one is one ALTER DOMAIN.
--   * Deleting marks a row not `vigente`; uniqueness counts the rows that are.
--   * Instants are timestamptz and taken from the clock at the moment of the row, not of the transaction: a history must be in the
--     order in which its order was locked.
--   * Letters compare without case by ICU's root collation, whatever locale the cluster was made with.
--   * Every constraint that a call can reach has a name to be read, because the core turns that name into a status, a field
--     and a message:
--
--     constraint                        | status              | field          | message
--     ----------------------------------+---------------------+----------------+------------------------------------------------------
--     clientes_codigo_unico             | ALREADY_EXISTS      | codigoCliente  | Ya existe un cliente con el mismo codigoCliente
--     clientes_documento_valido         | INVALID_ARGUMENT    | numeroDocumento| numeroDocumento: un DNI tiene 8 dígitos y un RUC 11
--     empleados_cargo_fk                | NOT_FOUND           | cargoId        | Cargo no encontrado (cargoId)
--     cargos_nombre_unico               | ALREADY_EXISTS      | nombre         | Ya existe un cargo con el mismo nombre
--     usuarios_nombre_unico             | ALREADY_EXISTS      | nombre         | Ya existe un usuario con el mismo nombre
--     usuarios_dni_unico                | ALREADY_EXISTS      | dni            | Ya existe un usuario con el mismo dni
--     usuarios_email_unico              | ALREADY_EXISTS      | email          | Ya existe un usuario con el mismo email
--     usuarios_empleado_unico           | ALREADY_EXISTS      | empleadoId     | El empleado ya tiene un usuario activo (empleadoId)
--     usuarios_rol_fk                   | NOT_FOUND           | idRol          | Rol no encontrado (idRol)
--     usuarios_empleado_fk              | NOT_FOUND           | empleadoId     | Empleado no encontrado (empleadoId)
--     roles_pk                          | ALREADY_EXISTS      | id             | Ya existe un rol con el mismo id
--     roles_nombre_unico                | ALREADY_EXISTS      | nombre         | Ya existe un rol con el mismo nombre
--     modulo_roles_unico                | ALREADY_EXISTS      | moduloIds      | El rol ya tiene ese módulo (moduloIds)
--     modulos_padre_fk                  | NOT_FOUND           | moduloPadreId  | Módulo padre no encontrado (moduloPadreId)
--     modulos_padre_distinto            | FAILED_PRECONDITION | moduloPadreId  | Un módulo no puede ser su propio padre (moduloPadreId)
--     productos_codigo_barra_unico      | ALREADY_EXISTS      | codigoBarra    | Ya existe un producto con el mismo codigoBarra
--     catalogo_productos_catalogo_fk    | NOT_FOUND           | catalogoId     | Catálogo no encontrado (catalogoId)
--     catalogo_productos_producto_fk    | NOT_FOUND           | productoId     | Producto no encontrado (productoId)
--     pendientes_cliente_fk             | NOT_FOUND           | clienteId      | Cliente no encontrado (clienteId)
--     pendientes_registrado_fk          | NOT_FOUND           | registradoPorId| Empleado no encontrado (registradoPorId)
--     pendientes_asignado_fk            | NOT_FOUND           | idAsignado     | Empleado no encontrado (idAsignado)
--     pendientes_estado_coherente       | FAILED_PRECONDITION |                | El estado no admite ese técnico o ese estado técnico
--     pendientes_traslados_pk           | ALREADY_EXISTS      | pendienteId    | El pendiente ya tiene su traslado (pendienteId)
--     pendientes_instalaciones_internet_pk | ALREADY_EXISTS   | pendienteId    | El pendiente ya tiene su instalación de internet (pendienteId)
--     pendientes_averias_pk             | ALREADY_EXISTS      | pendienteId    | El pendiente ya tiene su avería (pendienteId)
--     pendientes_instalaciones_camaras_pk | ALREADY_EXISTS    | pendienteId    | El pendiente ya tiene su instalación de cámaras (pendienteId)
--     pendientes_recojo_dispositivos_pk | ALREADY_EXISTS      | pendienteId    | El pendiente ya tiene su recojo de dispositivo (pendienteId)
--     pendientes_traslados_tipo_fk      | FAILED_PRECONDITION | pendienteId    | El pendiente no es de tipo TRASLADO (pendienteId)
--     pendientes_instalaciones_internet_tipo_fk | FAILED_PRECONDITION | pendienteId | El pendiente no es de tipo INSTALACION_INTERNET (pendienteId)
--     pendientes_averias_tipo_fk        | FAILED_PRECONDITION | pendienteId    | El pendiente no es de tipo AVERIA (pendienteId)
--     pendientes_instalaciones_camaras_tipo_fk | FAILED_PRECONDITION | pendienteId | El pendiente no es de tipo INSTALACION_CAMARAS (pendienteId)
--     pendientes_recojo_dispositivos_tipo_fk | FAILED_PRECONDITION | pendienteId | El pendiente no es de tipo RECOJO_DISPOSITIVOS (pendienteId)
--     pendientes_items_pendiente_fk     | NOT_FOUND           | pendienteId    | Pendiente no encontrado (pendienteId)
--     pendientes_items_producto_fk      | NOT_FOUND           | productoId     | Producto no encontrado (productoId)
--     pendientes_notas_pendiente_fk     | NOT_FOUND           | pendienteId    | Pendiente no encontrado (pendienteId)
--     pendientes_notas_empleado_fk      | NOT_FOUND           | empleadoId     | Empleado no encontrado (empleadoId)
--     pendientes_tiempos_pendiente_fk   | NOT_FOUND           | pendienteId    | Pendiente no encontrado (pendienteId)
--     pendientes_tiempos_empleado_fk    | NOT_FOUND           | empleadoId     | Empleado no encontrado (empleadoId)
--     pendientes_tiempos_orden          | INVALID_ARGUMENT    | horaFin        | horaFin no puede ser anterior a horaInicio
--     pagos_monto_valido                | INVALID_ARGUMENT    | monto          | monto debe ser mayor que 0
--     pagos_empleado_fk                 | NOT_FOUND           | empleadoId     | Empleado no encontrado (empleadoId)
--     pagos_cliente_fk                  | NOT_FOUND           | clienteId      | Cliente no encontrado (clienteId)
--     pagos_pendiente_fk                | NOT_FOUND           | pendienteId    | Pendiente no encontrado (pendienteId)
--     historiales_pendiente_fk          | NOT_FOUND           | pendienteId    | Pendiente no encontrado (pendienteId)
--     historiales_empleado_fk           | NOT_FOUND           | empleadoId     | Empleado no encontrado (empleadoId)
--     historiales_numero_unico          | ABORTED             |                | El pendiente cambió al mismo tiempo; vuelva a intentarlo
--     notificaciones_usuario_fk         | NOT_FOUND           | usuarioId      | Usuario no encontrado (usuarioId)
--     claves_idempotencia_pk            | ABORTED             |                | Una petición con la misma clave está en curso

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- What the statements' plans were chosen for: data in memory or on solid state, and statements too short to be compiled.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET random_page_cost = 1.1', current_database());
    EXECUTE format('ALTER DATABASE %I SET jit = off', current_database());
END $$;

-- Enums and bounded values are domains: each list stands once, and a domain's check stays compiled in the session, whereas the
-- checks of a table are read anew by every statement that writes to it (on `pendientes` a third of a create).
CREATE DOMAIN estado_pendiente AS text CONSTRAINT estado_pendiente_valido CHECK (VALUE IN (
    'REGISTRADO', 'ASIGNADO', 'EN_PROGRESO', 'PAUSADO', 'REVISION', 'POR_VALIDAR', 'OBSERVADO', 'FINALIZADO',
    'POSTERGADO', 'CANCELADO'));
CREATE DOMAIN estado_tecnico AS text CONSTRAINT estado_tecnico_valido CHECK (VALUE IN (
    'OK', 'PENDIENTE_PPPoE', 'PENDIENTE_VLAN', 'PENDIENTE_PPPoE_Y_VLAN'));
CREATE DOMAIN tipo_pendiente AS text CONSTRAINT tipo_pendiente_valido CHECK (VALUE IN (
    'AVERIA', 'INSTALACION_INTERNET', 'INSTALACION_CAMARAS', 'RECOJO_DISPOSITIVOS', 'TRASLADO'));
CREATE DOMAIN lugar_pendiente AS text CONSTRAINT lugar_pendiente_valido CHECK (VALUE IN (
    'ZONA_RURAL', 'JULIACA', 'PUNO', 'CHUCUITO', 'PLATERIA', 'ACORA', 'ILAVE', 'JULI', 'POMATA', 'CHACACHACA',
    'YONGUYO', 'ZEPITA', 'DESAGUADERO'));
CREATE DOMAIN prioridad_pendiente AS text CONSTRAINT prioridad_pendiente_valida CHECK (VALUE IN (
    'BAJA', 'MEDIA', 'URGENTE', 'MUY_URGENTE'));
CREATE DOMAIN empresa_pendiente AS text CONSTRAINT empresa_pendiente_valida CHECK (VALUE IN ('SIMAX', 'WINEX', 'OTRO'));
CREATE DOMAIN tipo_instalacion AS text CONSTRAINT tipo_instalacion_valida CHECK (VALUE IN (
    'MIGRACION_FIBRA', 'MIGRACION_INALAMBRICO', 'FIBRA', 'INALAMBRICO', 'OTRO'));
CREATE DOMAIN tipo_servicio AS text CONSTRAINT tipo_servicio_valido CHECK (VALUE IN (
    'INTERNET_FIBRA', 'INTERNET_INALAMBRICO', 'CAMARAS', 'DECOS', 'OTRO'));
CREATE DOMAIN tipo_dispositivo_recojo AS text CONSTRAINT tipo_dispositivo_recojo_valido CHECK (VALUE IN (
    'ROUTER', 'DECO', 'ANTENA', 'OTRO'));
CREATE DOMAIN tipo_cliente AS text CONSTRAINT tipo_cliente_valido CHECK (VALUE IN ('PERSONA', 'EMPRESA', 'OTRO'));
CREATE DOMAIN tipo_documento AS text CONSTRAINT tipo_documento_valido CHECK (VALUE IN ('RUC', 'DNI', 'CE', 'OTRO'));
CREATE DOMAIN tipo_catalogo AS text CONSTRAINT tipo_catalogo_valido CHECK (VALUE IN ('INTERNET', 'CAMARAS', 'KIT', 'SERVICIO'));
CREATE DOMAIN metodo_pago AS text CONSTRAINT metodo_pago_valido CHECK (VALUE IN ('BCP', 'EFECTIVO', 'LOS_ANDES', 'OTRO'));
CREATE DOMAIN notificacion_tipo AS text CONSTRAINT notificacion_tipo_valido CHECK (VALUE IN (
    'INFO', 'SUCCESS', 'WARNING', 'ERROR'));
CREATE DOMAIN notificacion_estado AS text CONSTRAINT notificacion_estado_valido CHECK (VALUE IN ('NO_LEIDO', 'LEIDO'));
CREATE DOMAIN vlan AS smallint CONSTRAINT vlan_valida CHECK (VALUE BETWEEN 1 AND 4094);
CREATE DOMAIN dinero AS numeric(12,2) CONSTRAINT dinero_valido CHECK (VALUE >= 0);
CREATE DOMAIN huella_sha256 AS bytea CONSTRAINT huella_sha256_valida CHECK (octet_length(VALUE) = 32);

-- People and rights ----------------------------------------------------------------------------------------------------------

CREATE TABLE cargos (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    nombre             varchar(100) NOT NULL,
    descripcion        varchar(255),
    CONSTRAINT cargos_pk PRIMARY KEY (id)
);
CREATE UNIQUE INDEX cargos_nombre_unico ON cargos (nombre) WHERE vigente;

CREATE TABLE empleados (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    fecha_ingreso      date NOT NULL,
    cargo_id           bigint NOT NULL,
    nombre             varchar(150) NOT NULL,
    apellido_paterno   varchar(150) NOT NULL,
    apellido_materno   varchar(150) NOT NULL,
    telefono           varchar(255),
    correo             varchar(255),
    CONSTRAINT empleados_pk PRIMARY KEY (id),
    CONSTRAINT empleados_cargo_fk FOREIGN KEY (cargo_id) REFERENCES cargos (id)
);
CREATE INDEX empleados_cargo ON empleados (cargo_id) WHERE vigente;

CREATE TABLE roles (
    id                 varchar(255) NOT NULL,
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    nombre             varchar(100) NOT NULL,
    permisos           bigint NOT NULL,
    descripcion        varchar(200),
    CONSTRAINT roles_pk PRIMARY KEY (id),
    CONSTRAINT roles_permisos_validos CHECK (permisos >= 0)
);
CREATE UNIQUE INDEX roles_nombre_unico ON roles (nombre) WHERE vigente;

CREATE TABLE usuarios (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    empleado_id        bigint,
    rol_id             varchar(255) NOT NULL,
    nombre             varchar(150) NOT NULL,
    dni                varchar(150) NOT NULL,
    email              varchar(150) NOT NULL,
    password           varchar(255) NOT NULL, -- bcrypt
    CONSTRAINT usuarios_pk PRIMARY KEY (id),
    CONSTRAINT usuarios_rol_fk FOREIGN KEY (rol_id) REFERENCES roles (id),
    CONSTRAINT usuarios_empleado_fk FOREIGN KEY (empleado_id) REFERENCES empleados (id)
);
CREATE UNIQUE INDEX usuarios_nombre_unico ON usuarios (lower(nombre COLLATE "und-x-icu")) WHERE vigente;
CREATE UNIQUE INDEX usuarios_dni_unico ON usuarios (lower(dni COLLATE "und-x-icu")) WHERE vigente;
CREATE UNIQUE INDEX usuarios_email_unico ON usuarios (lower(email COLLATE "und-x-icu")) WHERE vigente;
CREATE UNIQUE INDEX usuarios_empleado_unico ON usuarios (empleado_id) WHERE vigente;
CREATE INDEX usuarios_rol ON usuarios (rol_id) WHERE vigente;

CREATE TABLE modulos (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    modulo_padre_id    bigint,
    nombre             varchar(255) NOT NULL,
    descripcion        varchar(255),
    icono              varchar(255),
    ruta               varchar(255),
    CONSTRAINT modulos_pk PRIMARY KEY (id),
    CONSTRAINT modulos_padre_fk FOREIGN KEY (modulo_padre_id) REFERENCES modulos (id),
    CONSTRAINT modulos_padre_distinto CHECK (modulo_padre_id <> id)
);
CREATE INDEX modulos_padre ON modulos (modulo_padre_id) WHERE vigente;

CREATE TABLE modulo_roles (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    modulo_id          bigint NOT NULL,
    rol_id             varchar(255) NOT NULL,
    permisos           varchar(255) NOT NULL DEFAULT 'READ',
    CONSTRAINT modulo_roles_pk PRIMARY KEY (id),
    CONSTRAINT modulo_roles_unico UNIQUE (modulo_id, rol_id),
    CONSTRAINT modulo_roles_modulo_fk FOREIGN KEY (modulo_id) REFERENCES modulos (id),
    CONSTRAINT modulo_roles_rol_fk FOREIGN KEY (rol_id) REFERENCES roles (id)
);
CREATE INDEX modulo_roles_rol ON modulo_roles (rol_id);

-- The cores hold users and roles in memory; a change to either tells them, in its own transaction. Nothing that serves
-- ordinary traffic may notify: it would serialise commits.
CREATE FUNCTION avisar_identidad() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pendientes_identidad', '');
    RETURN NULL;
END $$;
CREATE TRIGGER usuarios_avisan AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON usuarios
    FOR EACH STATEMENT EXECUTE FUNCTION avisar_identidad();
CREATE TRIGGER roles_avisan AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON roles
    FOR EACH STATEMENT EXECUTE FUNCTION avisar_identidad();

-- Clients --------------------------------------------------------------------------------------------------------------------

CREATE TABLE clientes (
    id                     bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion         timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion     timestamptz,
    vigente                boolean NOT NULL DEFAULT true,
    tipo_cliente           tipo_cliente NOT NULL,
    nombre                 varchar(150) NOT NULL,
    tipo_documento         tipo_documento NOT NULL,
    numero_documento       varchar(200),
    codigo_cliente         varchar(200),
    direccion              varchar(200),
    telefono               varchar(20),
    email                  varchar(100),
    contacto_representante varchar(150),
    -- What `titulo` looks in. The newline keeps a match from reaching across the two.
    busqueda               text NOT NULL GENERATED ALWAYS AS
                           (lower((nombre || E'\n' || coalesce(codigo_cliente, '')) COLLATE "und-x-icu")) STORED,
    CONSTRAINT clientes_pk PRIMARY KEY (id),
    CONSTRAINT clientes_documento_valido CHECK (CASE tipo_documento
        WHEN 'DNI' THEN coalesce(numero_documento ~ '^[0-9]{8}$', false)
        WHEN 'RUC' THEN coalesce(numero_documento ~ '^[0-9]{11}$', false)
        ELSE true END)
);
CREATE UNIQUE INDEX clientes_codigo_unico ON clientes (codigo_cliente) WHERE vigente;
CREATE INDEX clientes_busqueda ON clientes USING gin (busqueda gin_trgm_ops);

-- Orders ---------------------------------------------------------------------------------------------------------------------

-- Every index here is paid by every create and by every change of state: a new one needs a search that cannot do without it.
CREATE TABLE pendientes (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    fecha_pendiente    timestamptz,
    registrado_por     bigint NOT NULL,
    asignado_a         bigint,
    cliente_id         bigint NOT NULL,
    historial_n        integer NOT NULL DEFAULT 0, -- the head of its history: number and hash of the last entry
    vigente            boolean NOT NULL DEFAULT true,
    historial_hash     huella_sha256,
    estado             estado_pendiente NOT NULL DEFAULT 'REGISTRADO',
    estado_tecnico     estado_tecnico NOT NULL DEFAULT 'OK',
    tipo               tipo_pendiente NOT NULL,
    lugar              lugar_pendiente NOT NULL,
    prioridad          prioridad_pendiente NOT NULL,
    empresa            empresa_pendiente,
    direccion          varchar(200),
    CONSTRAINT pendientes_pk PRIMARY KEY (id),
    CONSTRAINT pendientes_tipo_unico UNIQUE (id, tipo), -- what details refer to
    CONSTRAINT pendientes_cliente_fk FOREIGN KEY (cliente_id) REFERENCES clientes (id),
    CONSTRAINT pendientes_registrado_fk FOREIGN KEY (registrado_por) REFERENCES empleados (id),
    CONSTRAINT pendientes_asignado_fk FOREIGN KEY (asignado_a) REFERENCES empleados (id),
    CONSTRAINT pendientes_estado_coherente CHECK (CASE estado WHEN 'REGISTRADO' THEN asignado_a IS NULL
        WHEN 'ASIGNADO' THEN asignado_a IS NOT NULL WHEN 'FINALIZADO' THEN estado_tecnico = 'OK' ELSE true END)
);
CREATE INDEX pendientes_recientes ON pendientes (fecha_creacion DESC, id DESC) WHERE vigente;
CREATE INDEX pendientes_estado_tipo ON pendientes (estado, tipo, fecha_creacion DESC, id DESC) WHERE vigente;
CREATE INDEX pendientes_registrado ON pendientes (registrado_por, fecha_creacion DESC, id DESC) WHERE vigente;
CREATE INDEX pendientes_asignado ON pendientes (asignado_a, fecha_creacion DESC, id DESC) WHERE vigente AND asignado_a IS NOT NULL;
CREATE INDEX pendientes_cliente ON pendientes (cliente_id, fecha_creacion DESC, id DESC) WHERE vigente;
CREATE INDEX pendientes_busqueda ON pendientes USING gin (lower(direccion COLLATE "und-x-icu") gin_trgm_ops);

-- Type details: one record per order, keyed by the order. The composite key makes one under an order of another type impossible,
-- `tipo` being the same in every row of a table.
CREATE TABLE pendientes_traslados (
    pendiente_id       bigint NOT NULL,
    tipo               text NOT NULL GENERATED ALWAYS AS ('TRASLADO') STORED,
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    vlan               vlan,
    lugar_destino      lugar_pendiente NOT NULL,
    direccion_destino  varchar(200) NOT NULL,
    tipo_servicio      tipo_servicio NOT NULL,
    ppoe               varchar(50),
    ppoe_password      bytea, -- sealed by the core
    CONSTRAINT pendientes_traslados_pk PRIMARY KEY (pendiente_id),
    CONSTRAINT pendientes_traslados_tipo_fk FOREIGN KEY (pendiente_id, tipo) REFERENCES pendientes (id, tipo)
);

CREATE TABLE pendientes_instalaciones_internet (
    pendiente_id         bigint NOT NULL,
    tipo                 text NOT NULL GENERATED ALWAYS AS ('INSTALACION_INTERNET') STORED,
    fecha_creacion       timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion   timestamptz,
    vigente              boolean NOT NULL DEFAULT true,
    vlan                 vlan,
    velocidad_solicitada varchar(50),
    costo_fijo           dinero,
    tipo_instalacion     tipo_instalacion,
    ppoe                 varchar(50),
    ppoe_password        bytea, -- sealed by the core
    CONSTRAINT pendientes_instalaciones_internet_pk PRIMARY KEY (pendiente_id),
    CONSTRAINT pendientes_instalaciones_internet_tipo_fk FOREIGN KEY (pendiente_id, tipo) REFERENCES pendientes (id, tipo)
);

CREATE TABLE pendientes_averias (
    pendiente_id       bigint NOT NULL,
    tipo               text NOT NULL GENERATED ALWAYS AS ('AVERIA') STORED,
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    vlan               vlan,
    descripcion_falla  text NOT NULL,
    ppoe               varchar(50),
    ppoe_password      bytea, -- sealed by the core
    CONSTRAINT pendientes_averias_pk PRIMARY KEY (pendiente_id),
    CONSTRAINT pendientes_averias_tipo_fk FOREIGN KEY (pendiente_id, tipo) REFERENCES pendientes (id, tipo)
);

CREATE TABLE pendientes_instalaciones_camaras (
    pendiente_id       bigint NOT NULL,
    tipo               text NOT NULL GENERATED ALWAYS AS ('INSTALACION_CAMARAS') STORED,
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    cantidad_camaras   integer,
    tipo_grabador      varchar(50),
    ubicacion          varchar(200),
    observaciones      text,
    CONSTRAINT pendientes_instalaciones_camaras_pk PRIMARY KEY (pendiente_id),
    CONSTRAINT pendientes_instalaciones_camaras_tipo_fk FOREIGN KEY (pendiente_id, tipo) REFERENCES pendientes (id, tipo),
    CONSTRAINT pendientes_instalaciones_camaras_cantidad_valida CHECK (cantidad_camaras >= 0)
);

CREATE TABLE pendientes_recojo_dispositivos (
    pendiente_id       bigint NOT NULL,
    tipo               text NOT NULL GENERATED ALWAYS AS ('RECOJO_DISPOSITIVOS') STORED,
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    dispositivo        tipo_dispositivo_recojo NOT NULL,
    motivo             varchar(200),
    CONSTRAINT pendientes_recojo_dispositivos_pk PRIMARY KEY (pendiente_id),
    CONSTRAINT pendientes_recojo_dispositivos_tipo_fk FOREIGN KEY (pendiente_id, tipo) REFERENCES pendientes (id, tipo)
);

-- Which orders have their details, whatever the type.
CREATE VIEW pendientes_detalles (pendiente_id, tipo) AS
    SELECT pendiente_id, tipo FROM pendientes_traslados WHERE vigente
    UNION ALL SELECT pendiente_id, tipo FROM pendientes_instalaciones_internet WHERE vigente
    UNION ALL SELECT pendiente_id, tipo FROM pendientes_averias WHERE vigente
    UNION ALL SELECT pendiente_id, tipo FROM pendientes_instalaciones_camaras WHERE vigente
    UNION ALL SELECT pendiente_id, tipo FROM pendientes_recojo_dispositivos WHERE vigente;

-- The state machine (contract section 5), the one place where it stands. `via` is the route that makes the step; `bits`: any
-- of them suffices; `bits_asignado`: any of them counts for the assigned technician, or together with ASIGNAR_TECNICO (16).
-- The documentation's diagram is generated from these rows.
CREATE TABLE transiciones (
    desde         estado_pendiente NOT NULL,
    hacia         estado_pendiente NOT NULL,
    via           text NOT NULL,
    bits          bigint NOT NULL,
    bits_asignado bigint NOT NULL,
    pide_detalle  boolean NOT NULL,
    pide_tecnico  boolean NOT NULL,
    CONSTRAINT transiciones_pk PRIMARY KEY (hacia, desde, via),
    CONSTRAINT transiciones_via_valida CHECK (via IN ('ESTADO', 'ASIGNAR', 'POSTERGAR'))
);
INSERT INTO transiciones (desde, hacia, via, bits, bits_asignado, pide_detalle, pide_tecnico)
SELECT paso.desde, paso.hacia, paso.via, coalesce(quien.bits, 0), coalesce(quien.bits_asignado, 0),
       paso.hacia IN ('ASIGNADO', 'EN_PROGRESO', 'POR_VALIDAR', 'FINALIZADO'), paso.hacia = 'ASIGNADO'
FROM (SELECT d.desde, h.hacia, 'ESTADO'
      FROM (VALUES ('REGISTRADO', '{ASIGNADO,CANCELADO,POSTERGADO}'),
                   ('ASIGNADO', '{EN_PROGRESO,REGISTRADO,CANCELADO}'),
                   ('EN_PROGRESO', '{PAUSADO,POR_VALIDAR,REVISION,CANCELADO,REGISTRADO}'),
                   ('PAUSADO', '{EN_PROGRESO,POR_VALIDAR,CANCELADO,REGISTRADO}'),
                   ('REVISION', '{POR_VALIDAR,EN_PROGRESO}'),
                   ('POR_VALIDAR', '{FINALIZADO,OBSERVADO}'),
                   ('OBSERVADO', '{POR_VALIDAR}'),
                   ('POSTERGADO', '{ASIGNADO,POSTERGADO}'),
                   ('CANCELADO', '{POSTERGADO}')) AS d (desde, destinos), unnest(d.destinos::text[]) AS h (hacia)
      UNION ALL SELECT desde, 'ASIGNADO', 'ASIGNAR' FROM unnest('{REGISTRADO,POSTERGADO}'::text[]) AS desde
      UNION ALL SELECT desde, 'POSTERGADO', 'POSTERGAR'
                FROM unnest('{REGISTRADO,ASIGNADO,EN_PROGRESO,PAUSADO,REVISION,POR_VALIDAR,OBSERVADO,POSTERGADO,CANCELADO}'::text[])
                     AS desde) AS paso (desde, hacia, via)
LEFT JOIN (VALUES (NULL, 'ASIGNADO', 16, 0),
                  (NULL, 'REGISTRADO', 16, 128 + 256 + 512 + 1024),
                  ('ASIGNADO', 'EN_PROGRESO', 0, 128),
                  ('PAUSADO', 'EN_PROGRESO', 0, 512),
                  ('REVISION', 'EN_PROGRESO', 0, 512),
                  (NULL, 'PAUSADO', 0, 256),
                  (NULL, 'REVISION', 0, 1024),
                  ('EN_PROGRESO', 'POR_VALIDAR', 0, 1024),
                  ('PAUSADO', 'POR_VALIDAR', 0, 1024),
                  ('REVISION', 'POR_VALIDAR', 0, 1024),
                  ('OBSERVADO', 'POR_VALIDAR', 8192, 1024),
                  (NULL, 'FINALIZADO', 8192, 0),
                  (NULL, 'OBSERVADO', 8192, 0),
                  (NULL, 'CANCELADO', 2 + 16, 0),
                  (NULL, 'POSTERGADO', 2 + 16, 0)) AS quien (desde, hacia, bits, bits_asignado)
       ON quien.hacia = paso.hacia AND (quien.desde IS NULL OR quien.desde = paso.desde);

-- The technical sub-state. `bits`: all of them, for whom the order is visible; `bits_asignado`: any of them, for the assigned
-- technician. Asking for a half is his too; taking one away by hand is not.
CREATE TABLE transiciones_tecnicas (
    desde         estado_tecnico NOT NULL,
    hacia         estado_tecnico NOT NULL,
    bits          bigint NOT NULL,
    bits_asignado bigint NOT NULL,
    CONSTRAINT transiciones_tecnicas_pk PRIMARY KEY (desde, hacia)
);
INSERT INTO transiciones_tecnicas (desde, hacia, bits, bits_asignado) VALUES
    ('OK', 'PENDIENTE_PPPoE', 32, 1920),
    ('OK', 'PENDIENTE_VLAN', 64, 1920),
    ('OK', 'PENDIENTE_PPPoE_Y_VLAN', 32 + 64, 1920),
    ('PENDIENTE_PPPoE', 'OK', 32, 0),
    ('PENDIENTE_PPPoE', 'PENDIENTE_PPPoE_Y_VLAN', 64, 1920),
    ('PENDIENTE_VLAN', 'OK', 64, 0),
    ('PENDIENTE_VLAN', 'PENDIENTE_PPPoE_Y_VLAN', 32, 1920),
    ('PENDIENTE_PPPoE_Y_VLAN', 'PENDIENTE_PPPoE', 64, 0),
    ('PENDIENTE_PPPoE_Y_VLAN', 'PENDIENTE_VLAN', 32, 0),
    ('PENDIENTE_PPPoE_Y_VLAN', 'OK', 32 + 64, 0);

-- History --------------------------------------------------------------------------------------------------------------------

-- Append-only. The head of each order's chain stands on the order (historial_n, historial_hash), which is locked before an
-- entry is made, so that entries are numbered without gaps.
CREATE TABLE historiales (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    pendiente_id       bigint NOT NULL,
    usuario_id         bigint NOT NULL,
    empleado_id        bigint, -- a user without an employee acts too
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    numero             integer NOT NULL,
    vigente            boolean NOT NULL DEFAULT true,
    hash               huella_sha256 NOT NULL,
    estado             estado_pendiente NOT NULL,
    detalles           varchar(500),
    CONSTRAINT historiales_pk PRIMARY KEY (id),
    CONSTRAINT historiales_numero_unico UNIQUE (pendiente_id, numero),
    CONSTRAINT historiales_pendiente_fk FOREIGN KEY (pendiente_id) REFERENCES pendientes (id),
    CONSTRAINT historiales_usuario_fk FOREIGN KEY (usuario_id) REFERENCES usuarios (id),
    CONSTRAINT historiales_empleado_fk FOREIGN KEY (empleado_id) REFERENCES empleados (id)
);

CREATE FUNCTION historial_es_inmutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'historiales: sus entradas no se cambian ni se borran' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER historiales_solo_crecen BEFORE UPDATE OR DELETE OR TRUNCATE ON historiales
    FOR EACH STATEMENT EXECUTE FUNCTION historial_es_inmutable();

-- A stranger recomputes an entry's hash so: SHA-256 over these bytes, one after the other,
--
--   the previous entry's hash (32 bytes; 32 zero bytes for the first entry of an order), then seven fields:
--   pendiente_id, numero, usuario_id, empleado_id, estado, detalles, fecha_creacion
--
-- each as a length (4 bytes, big-endian, two's complement) and that many bytes; NULL is the length -1 and no bytes. Ids are
-- 8-byte big-endian integers; numero is a 4-byte one; texts are UTF-8; fecha_creacion is the 8-byte big-endian number of
-- microseconds since 1970-01-01 00:00 UTC.
--
-- Plain SQL, each argument once or cheap, and STABLE because convert_to is: so the planner inlines it.
CREATE FUNCTION historial_hash(previo bytea, pendiente_id bigint, numero integer, usuario_id bigint, empleado_id bigint,
                               estado text, detalles text, fecha_creacion timestamptz) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(previo
        || coalesce('\x00000008'::bytea || int8send(pendiente_id), '\xffffffff'::bytea)
        || coalesce('\x00000004'::bytea || int4send(numero), '\xffffffff'::bytea)
        || coalesce('\x00000008'::bytea || int8send(usuario_id), '\xffffffff'::bytea)
        || coalesce('\x00000008'::bytea || int8send(empleado_id), '\xffffffff'::bytea)
        || coalesce(int4send(octet_length(estado)) || convert_to(estado, 'UTF8'), '\xffffffff'::bytea)
        || coalesce(int4send(octet_length(detalles)) || convert_to(detalles, 'UTF8'), '\xffffffff'::bytea)
        || coalesce('\x00000008'::bytea || int8send((extract(epoch FROM
               fecha_creacion - timestamptz '1970-01-01 00:00:00+00') * 1000000)::bigint), '\xffffffff'::bytea))
$$;

-- What hangs on an order -----------------------------------------------------------------------------------------------------

CREATE TABLE pendientes_tiempos (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    hora_inicio        timestamptz NOT NULL DEFAULT clock_timestamp(),
    hora_fin           timestamptz,
    pendiente_id       bigint NOT NULL,
    empleado_id        bigint NOT NULL,
    vigente            boolean NOT NULL DEFAULT true,
    descripcion        varchar(255),
    CONSTRAINT pendientes_tiempos_pk PRIMARY KEY (id),
    CONSTRAINT pendientes_tiempos_pendiente_fk FOREIGN KEY (pendiente_id) REFERENCES pendientes (id),
    CONSTRAINT pendientes_tiempos_empleado_fk FOREIGN KEY (empleado_id) REFERENCES empleados (id),
    CONSTRAINT pendientes_tiempos_orden CHECK (hora_fin >= hora_inicio)
);
CREATE INDEX pendientes_tiempos_pendiente ON pendientes_tiempos (pendiente_id, hora_inicio, id) WHERE vigente;

CREATE TABLE pendientes_notas (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    pendiente_id       bigint NOT NULL,
    empleado_id        bigint NOT NULL,
    vigente            boolean NOT NULL DEFAULT true,
    estado_pendiente   estado_pendiente NOT NULL,
    nota               text NOT NULL,
    CONSTRAINT pendientes_notas_pk PRIMARY KEY (id),
    CONSTRAINT pendientes_notas_pendiente_fk FOREIGN KEY (pendiente_id) REFERENCES pendientes (id),
    CONSTRAINT pendientes_notas_empleado_fk FOREIGN KEY (empleado_id) REFERENCES empleados (id)
);
CREATE INDEX pendientes_notas_pendiente ON pendientes_notas (pendiente_id, fecha_creacion, id) WHERE vigente;

CREATE TABLE pendientes_notas_imagenes (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    nota_id            bigint NOT NULL,
    vigente            boolean NOT NULL DEFAULT true,
    url                varchar(500) NOT NULL,
    CONSTRAINT pendientes_notas_imagenes_pk PRIMARY KEY (id),
    CONSTRAINT pendientes_notas_imagenes_nota_fk FOREIGN KEY (nota_id) REFERENCES pendientes_notas (id)
);
CREATE INDEX pendientes_notas_imagenes_nota ON pendientes_notas_imagenes (nota_id, id) WHERE vigente;

CREATE TABLE productos (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    codigo_barra       varchar(255),
    nombre             varchar(255) NOT NULL,
    descripcion        varchar(255),
    costo_unitario     dinero NOT NULL,
    CONSTRAINT productos_pk PRIMARY KEY (id)
);
CREATE UNIQUE INDEX productos_codigo_barra_unico ON productos (codigo_barra) WHERE vigente;

CREATE TABLE pendientes_items (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    pendiente_id       bigint NOT NULL,
    producto_id        bigint NOT NULL,
    cantidad           integer NOT NULL,
    vigente            boolean NOT NULL DEFAULT true,
    costo_unitario     dinero NOT NULL,
    costo_total        dinero NOT NULL,
    descripcion        varchar(255),
    CONSTRAINT pendientes_items_pk PRIMARY KEY (id),
    CONSTRAINT pendientes_items_pendiente_fk FOREIGN KEY (pendiente_id) REFERENCES pendientes (id),
    CONSTRAINT pendientes_items_producto_fk FOREIGN KEY (producto_id) REFERENCES productos (id),
    CONSTRAINT pendientes_items_cantidad_valida CHECK (cantidad >= 1),
    CONSTRAINT pendientes_items_total_exacto CHECK (costo_total = cantidad * costo_unitario)
);
CREATE INDEX pendientes_items_pendiente ON pendientes_items (pendiente_id, id) WHERE vigente;
CREATE INDEX pendientes_items_producto ON pendientes_items (producto_id) WHERE vigente;

CREATE TABLE pagos (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    empleado_id        bigint NOT NULL,
    cliente_id         bigint NOT NULL,
    pendiente_id       bigint NOT NULL,
    fecha_pago         date NOT NULL,
    vigente            boolean NOT NULL DEFAULT true,
    metodo_pago        metodo_pago NOT NULL,
    monto              dinero NOT NULL,
    referencia         varchar(255),
    CONSTRAINT pagos_pk PRIMARY KEY (id),
    CONSTRAINT pagos_empleado_fk FOREIGN KEY (empleado_id) REFERENCES empleados (id),
    CONSTRAINT pagos_cliente_fk FOREIGN KEY (cliente_id) REFERENCES clientes (id),
    CONSTRAINT pagos_pendiente_fk FOREIGN KEY (pendiente_id) REFERENCES pendientes (id),
    CONSTRAINT pagos_monto_valido CHECK (monto > 0)
);
CREATE INDEX pagos_pendiente ON pagos (pendiente_id, id) WHERE vigente;
CREATE INDEX pagos_cliente ON pagos (cliente_id) WHERE vigente;

-- Catalogues, notifications, versions ----------------------------------------------------------------------------------------

CREATE TABLE catalogos (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    vigente            boolean NOT NULL DEFAULT true,
    nombre             varchar(255) NOT NULL,
    descripcion        varchar(255),
    tipo               tipo_catalogo NOT NULL,
    CONSTRAINT catalogos_pk PRIMARY KEY (id)
);

CREATE TABLE catalogo_productos (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    catalogo_id        bigint NOT NULL,
    producto_id        bigint NOT NULL,
    cantidad           integer,
    vigente            boolean NOT NULL DEFAULT true,
    CONSTRAINT catalogo_productos_pk PRIMARY KEY (id),
    CONSTRAINT catalogo_productos_catalogo_fk FOREIGN KEY (catalogo_id) REFERENCES catalogos (id),
    CONSTRAINT catalogo_productos_producto_fk FOREIGN KEY (producto_id) REFERENCES productos (id),
    CONSTRAINT catalogo_productos_cantidad_valida CHECK (cantidad >= 0)
);
CREATE INDEX catalogo_productos_catalogo ON catalogo_productos (catalogo_id, id) WHERE vigente;
CREATE INDEX catalogo_productos_producto ON catalogo_productos (producto_id) WHERE vigente;

CREATE TABLE notificaciones (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_creacion     timestamptz NOT NULL DEFAULT clock_timestamp(),
    fecha_modificacion timestamptz,
    usuario_id         bigint NOT NULL,
    vigente            boolean NOT NULL DEFAULT true,
    titulo             varchar(200) NOT NULL,
    mensaje            text NOT NULL,
    tipo               notificacion_tipo NOT NULL,
    estado             notificacion_estado NOT NULL DEFAULT 'NO_LEIDO',
    CONSTRAINT notificaciones_pk PRIMARY KEY (id),
    CONSTRAINT notificaciones_usuario_fk FOREIGN KEY (usuario_id) REFERENCES usuarios (id)
);
CREATE INDEX notificaciones_usuario ON notificaciones (usuario_id, fecha_creacion DESC, id DESC) WHERE vigente;

CREATE TABLE app_version (
    id                bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1000),
    fecha_publicacion timestamptz NOT NULL,
    obligatoria       boolean NOT NULL DEFAULT false,
    vigente           boolean NOT NULL DEFAULT true,
    version_code      varchar(20) NOT NULL,
    plataforma        varchar(20) NOT NULL,
    descripcion       text,
    CONSTRAINT app_version_pk PRIMARY KEY (id)
);

-- Answers kept for Idempotency-Key, in the transaction of their effect. Neither the key nor the body is kept, only keyed hashes.
CREATE TABLE claves_idempotencia (
    clave_hash bytea NOT NULL,
    usuario_id bigint NOT NULL,
    metodo     text NOT NULL,
    huella     bytea NOT NULL,
    respuesta  bytea NOT NULL,
    creada     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT claves_idempotencia_pk PRIMARY KEY (clave_hash)
);
CREATE INDEX claves_idempotencia_creada ON claves_idempotencia (creada);
