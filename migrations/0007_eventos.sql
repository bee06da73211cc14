-- Events: what happened to orders and to what hangs on them, as rows of the transaction that did it. Triggers write them, so that no
-- statement can forget one. An event holds ids and what changed, never a text that somebody wrote, never a secret.
--
-- A row comes without a number. eventos_numerar() numbers what is committed, in order of id, one caller at a time; so the numbers have no
-- gaps, and a number is visible only when all before it are. Readers go by the numbers alone.

CREATE DOMAIN evento_tipo AS text CONSTRAINT evento_tipo_valido CHECK (VALUE IN (
    'PENDIENTE_CREADO', 'PENDIENTE_EDITADO', 'PENDIENTE_ASIGNADO', 'PENDIENTE_POSTERGADO', 'PENDIENTE_ELIMINADO', 'ESTADO_CAMBIADO',
    'ESTADO_TECNICO_CAMBIADO', 'DETALLE_CAMBIADO', 'NOTA', 'PAGO', 'NOTIFICACION'));
CREATE DOMAIN evento_accion AS text CONSTRAINT evento_accion_valida CHECK (VALUE IN ('CREADO', 'EDITADO', 'ELIMINADO'));

-- Who may call `lectura` on the row learns of it: the read that shows what happened.
CREATE TABLE eventos_tipos (
    tipo    evento_tipo NOT NULL,
    lectura text NOT NULL,
    CONSTRAINT eventos_tipos_pk PRIMARY KEY (tipo)
);
INSERT INTO eventos_tipos (tipo, lectura)
SELECT tipo, 'pendientes.v1.Pendientes/Obtener'
FROM unnest('{PENDIENTE_CREADO,PENDIENTE_EDITADO,PENDIENTE_ASIGNADO,PENDIENTE_POSTERGADO,PENDIENTE_ELIMINADO,ESTADO_CAMBIADO,ESTADO_TECNICO_CAMBIADO}'::text[]) AS tipo;
INSERT INTO eventos_tipos (tipo, lectura) VALUES
    ('DETALLE_CAMBIADO', 'pendientes.v1.Averias/Obtener'),
    ('NOTA', 'pendientes.v1.Notas/ListarDePendiente'),
    ('PAGO', 'pendientes.v1.Pagos/ListarDePendiente'),
    ('NOTIFICACION', 'pendientes.v1.Notificaciones/ListarDeUsuario');

CREATE TABLE eventos (
    id              bigint GENERATED ALWAYS AS IDENTITY,
    numero          bigint,
    creado          timestamptz NOT NULL DEFAULT clock_timestamp(),
    pendiente_id    bigint,
    -- who the row belonged to afterwards; `antes` had it before and may learn that it went
    asignado_a      bigint,
    registrado_por  bigint,
    antes           bigint,
    usuario_id      bigint, -- of a notification
    cosa_id         bigint, -- of the note, the payment, the notification
    tipo            evento_tipo NOT NULL,
    accion          evento_accion,
    estado          estado_pendiente,
    estado_tecnico  estado_tecnico
);
CREATE UNIQUE INDEX eventos_numero ON eventos (numero);
CREATE INDEX eventos_sin_numero ON eventos (id) WHERE numero IS NULL;
CREATE INDEX eventos_creado ON eventos USING brin (creado);

CREATE TABLE eventos_contador (
    uno    boolean NOT NULL DEFAULT true,
    ultimo bigint NOT NULL,
    CONSTRAINT eventos_contador_pk PRIMARY KEY (uno),
    CONSTRAINT eventos_contador_uno CHECK (uno)
);
INSERT INTO eventos_contador (ultimo) VALUES (0);

-- Numbers up to 1000 rows and tells who listens; the number of rows. Its statements have snapshots of their own: what it sees after the lock
-- is younger than the lock. A look that finds nothing costs a look into an empty index.
CREATE FUNCTION eventos_numerar() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    hasta bigint;
    n bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM eventos WHERE numero IS NULL) THEN
        RETURN 0;
    END IF;
    SELECT ultimo INTO hasta FROM eventos_contador FOR UPDATE;
    UPDATE eventos e SET numero = hasta + s.k
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS k
          FROM (SELECT id FROM eventos WHERE numero IS NULL ORDER BY id LIMIT 1000) x) s
    WHERE e.id = s.id AND e.numero IS NULL;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n > 0 THEN
        UPDATE eventos_contador SET ultimo = hasta + n;
        PERFORM pg_notify('pendientes_eventos', '');
    END IF;
    RETURN n;
END $$;

CREATE FUNCTION evento_de_pendiente() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO eventos (tipo, pendiente_id, asignado_a, registrado_por, estado, estado_tecnico)
        VALUES ('PENDIENTE_CREADO', NEW.id, NEW.asignado_a, NEW.registrado_por, NEW.estado, NEW.estado_tecnico);
        RETURN NULL;
    END IF;
    INSERT INTO eventos (tipo, pendiente_id, asignado_a, registrado_por, antes, estado, estado_tecnico)
    SELECT x.tipo, NEW.id, NEW.asignado_a, NEW.registrado_por, nullif(OLD.asignado_a, NEW.asignado_a), NEW.estado, NEW.estado_tecnico
    FROM (VALUES
        ('PENDIENTE_ELIMINADO', OLD.vigente AND NOT NEW.vigente),
        ('PENDIENTE_ASIGNADO', NEW.estado = 'ASIGNADO' AND (OLD.estado <> 'ASIGNADO' OR NEW.asignado_a IS DISTINCT FROM OLD.asignado_a)),
        ('PENDIENTE_POSTERGADO', NEW.estado = 'POSTERGADO'
            AND (OLD.estado <> 'POSTERGADO' OR NEW.fecha_pendiente IS DISTINCT FROM OLD.fecha_pendiente)),
        ('ESTADO_CAMBIADO', NEW.estado <> OLD.estado AND NEW.estado NOT IN ('ASIGNADO', 'POSTERGADO')),
        ('ESTADO_TECNICO_CAMBIADO', NEW.estado_tecnico <> OLD.estado_tecnico),
        ('PENDIENTE_EDITADO', NEW.estado = OLD.estado AND NEW.estado <> 'POSTERGADO'
            AND (NEW.fecha_pendiente, NEW.lugar, NEW.prioridad, NEW.empresa, NEW.direccion, NEW.cliente_id)
                IS DISTINCT FROM (OLD.fecha_pendiente, OLD.lugar, OLD.prioridad, OLD.empresa, OLD.direccion, OLD.cliente_id))
    ) AS x (tipo, es) WHERE x.es;
    RETURN NULL;
END $$;
CREATE TRIGGER pendientes_eventos AFTER INSERT OR UPDATE ON pendientes
    FOR EACH ROW EXECUTE FUNCTION evento_de_pendiente();

-- What hangs on an order: $1 the type, $2 the column of its own id, none for details. The order is locked by whoever changes what hangs on it.
CREATE FUNCTION evento_de_parte() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    antes jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) END;
    ahora jsonb := to_jsonb(NEW);
BEGIN
    IF antes IS NOT NULL AND antes - 'fecha_modificacion' = ahora - 'fecha_modificacion' THEN
        RETURN NULL;
    END IF;
    INSERT INTO eventos (tipo, pendiente_id, asignado_a, registrado_por, cosa_id, accion)
    SELECT TG_ARGV[0], o.id, o.asignado_a, o.registrado_por, CASE WHEN TG_NARGS > 1 THEN (ahora ->> TG_ARGV[1])::bigint END,
           CASE WHEN antes IS NULL THEN 'CREADO' WHEN (ahora ->> 'vigente')::boolean THEN 'EDITADO' ELSE 'ELIMINADO' END
    FROM pendientes o WHERE o.id = NEW.pendiente_id AND o.vigente;
    RETURN NULL;
END $$;
CREATE TRIGGER pendientes_traslados_eventos AFTER INSERT OR UPDATE ON pendientes_traslados
    FOR EACH ROW EXECUTE FUNCTION evento_de_parte('DETALLE_CAMBIADO');
CREATE TRIGGER pendientes_instalaciones_internet_eventos AFTER INSERT OR UPDATE ON pendientes_instalaciones_internet
    FOR EACH ROW EXECUTE FUNCTION evento_de_parte('DETALLE_CAMBIADO');
CREATE TRIGGER pendientes_averias_eventos AFTER INSERT OR UPDATE ON pendientes_averias
    FOR EACH ROW EXECUTE FUNCTION evento_de_parte('DETALLE_CAMBIADO');
CREATE TRIGGER pendientes_instalaciones_camaras_eventos AFTER INSERT OR UPDATE ON pendientes_instalaciones_camaras
    FOR EACH ROW EXECUTE FUNCTION evento_de_parte('DETALLE_CAMBIADO');
CREATE TRIGGER pendientes_recojo_dispositivos_eventos AFTER INSERT OR UPDATE ON pendientes_recojo_dispositivos
    FOR EACH ROW EXECUTE FUNCTION evento_de_parte('DETALLE_CAMBIADO');
CREATE TRIGGER pendientes_notas_eventos AFTER INSERT OR UPDATE ON pendientes_notas
    FOR EACH ROW EXECUTE FUNCTION evento_de_parte('NOTA', 'id');
CREATE TRIGGER pagos_eventos AFTER INSERT OR UPDATE ON pagos
    FOR EACH ROW EXECUTE FUNCTION evento_de_parte('PAGO', 'id');

-- One statement makes the notifications of all who are told: so one statement here too.
CREATE FUNCTION evento_de_notificaciones() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO eventos (tipo, usuario_id, cosa_id, accion)
    SELECT 'NOTIFICACION', n.usuario_id, n.id,
           CASE WHEN TG_OP = 'INSERT' THEN 'CREADO' WHEN n.vigente THEN 'EDITADO' ELSE 'ELIMINADO' END
    FROM nuevas n ORDER BY n.id;
    RETURN NULL;
END $$;
CREATE TRIGGER notificaciones_eventos_nuevas AFTER INSERT ON notificaciones
    REFERENCING NEW TABLE AS nuevas FOR EACH STATEMENT EXECUTE FUNCTION evento_de_notificaciones();
CREATE TRIGGER notificaciones_eventos_cambiadas AFTER UPDATE ON notificaciones
    REFERENCING NEW TABLE AS nuevas FOR EACH STATEMENT EXECUTE FUNCTION evento_de_notificaciones();
