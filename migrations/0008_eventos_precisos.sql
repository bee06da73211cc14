-- An order that is postponed again without a new date has an event too, and one that is edited while it is postponed has that of an edit.
-- Only a postponement moves both the history and fecha_modificacion and leaves the order POSTERGADO: an edit leaves the history alone, an
-- entry by hand fecha_modificacion.
CREATE OR REPLACE FUNCTION evento_de_pendiente() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    postergado boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO eventos (tipo, pendiente_id, asignado_a, registrado_por, estado, estado_tecnico)
        VALUES ('PENDIENTE_CREADO', NEW.id, NEW.asignado_a, NEW.registrado_por, NEW.estado, NEW.estado_tecnico);
        RETURN NULL;
    END IF;
    postergado := NEW.estado = 'POSTERGADO' AND (OLD.estado <> 'POSTERGADO'
        OR NEW.historial_n <> OLD.historial_n AND NEW.fecha_modificacion IS DISTINCT FROM OLD.fecha_modificacion);
    INSERT INTO eventos (tipo, pendiente_id, asignado_a, registrado_por, antes, estado, estado_tecnico)
    SELECT x.tipo, NEW.id, NEW.asignado_a, NEW.registrado_por, nullif(OLD.asignado_a, NEW.asignado_a), NEW.estado, NEW.estado_tecnico
    FROM (VALUES
        ('PENDIENTE_ELIMINADO', OLD.vigente AND NOT NEW.vigente),
        ('PENDIENTE_ASIGNADO', NEW.estado = 'ASIGNADO' AND (OLD.estado <> 'ASIGNADO' OR NEW.asignado_a IS DISTINCT FROM OLD.asignado_a)),
        ('PENDIENTE_POSTERGADO', postergado),
        ('ESTADO_CAMBIADO', NEW.estado <> OLD.estado AND NEW.estado NOT IN ('ASIGNADO', 'POSTERGADO')),
        ('ESTADO_TECNICO_CAMBIADO', NEW.estado_tecnico <> OLD.estado_tecnico),
        ('PENDIENTE_EDITADO', NOT postergado AND NEW.estado = OLD.estado
            AND (NEW.fecha_pendiente, NEW.lugar, NEW.prioridad, NEW.empresa, NEW.direccion, NEW.cliente_id)
                IS DISTINCT FROM (OLD.fecha_pendiente, OLD.lugar, OLD.prioridad, OLD.empresa, OLD.direccion, OLD.cliente_id))
    ) AS x (tipo, es) WHERE x.es;
    RETURN NULL;
END $$;

-- Nobody looks for events by time: the sweep goes by their numbers.
DROP INDEX eventos_creado;
