-- comparing the source with what is known of it

DO $$
DECLARE
    ausentes text;
BEGIN
    SELECT string_agg(t, ', ') INTO ausentes
    FROM unnest('{cargos,empleados,roles,usuarios,clientes,pendientes}'::text[]) AS t
    WHERE NOT EXISTS (SELECT FROM leidas l WHERE l.tabla = t);
    IF ausentes IS NOT NULL THEN
        RAISE EXCEPTION 'this is not a database of the original system: it lacks %', ausentes;
    END IF;
END $$;

CREATE TEMP TABLE columnas_origen ON COMMIT DROP AS
SELECT substr(c.relname, 8) AS tabla, a.attname::text AS columna, a.atttypid = 'timestamp'::regtype AS momento
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = pg_my_temp_schema() AND c.relkind = 'r' AND c.relname LIKE 'origen\_%';

INSERT INTO reporte (tabla, que, motivo)
SELECT tabla, 'aviso', 'la tabla no está en el origen' FROM columnas_origen
WHERE tabla NOT IN (SELECT tabla FROM leidas) GROUP BY tabla ORDER BY tabla;
INSERT INTO reporte (tabla, que, motivo, antes)
SELECT tabla, 'aviso', 'tabla desconocida: no se importa', filas || ' filas' FROM leidas
WHERE tabla NOT IN (SELECT tabla FROM columnas_origen) ORDER BY tabla;
INSERT INTO reporte (tabla, que, columna, motivo)
SELECT c.tabla, 'aviso', c.columna, 'la columna no está en el origen' FROM columnas_origen c JOIN leidas l USING (tabla)
WHERE c.columna <> ALL (l.columnas) ORDER BY 1, 3;

-- Values of columns that have no place here, row by row; texts too long and dates that nobody can have meant, which would
-- stop the import; what is missing although every row has it.
DO $$
DECLARE
    t record;
    clave text;
BEGIN
    FOR t IN
        SELECT c.tabla,
               string_agg(format('(%L, %I::text)', c.columna, c.columna), ', ') FILTER (WHERE d.attname IS NULL) AS sobran,
               string_agg(format('(%L, %I, %s)', c.columna, c.columna, d.atttypmod - 4), ', ')
                   FILTER (WHERE d.atttypid = 'varchar'::regtype AND c.columna <> 'password') AS textos,
               string_agg(format('%1$I = left(%1$I, %2$s)', c.columna, d.atttypmod - 4), ', ')
                   FILTER (WHERE d.atttypid = 'varchar'::regtype AND c.columna <> 'password') AS cortes,
               string_agg(format('(%L, %I)', c.columna, c.columna), ', ') FILTER (WHERE c.momento) AS momentos,
               string_agg(format('%1$I = CASE WHEN %1$I BETWEEN ''1900-01-01'' AND ''9999-12-31 23:59:59.999999'' THEN %1$I END', c.columna),
                          ', ') FILTER (WHERE c.momento) AS plazos,
               bool_or(c.columna = 'fecha_creacion') AS con_fecha
        FROM columnas_origen c
        LEFT JOIN pg_attribute d ON d.attrelid = format('public.%I', c.tabla)::regclass AND d.attname = c.columna AND d.attnum > 0
        JOIN leidas l USING (tabla)
        GROUP BY c.tabla ORDER BY c.tabla LOOP
        clave := CASE WHEN EXISTS (SELECT FROM columnas_origen WHERE tabla = t.tabla AND columna = 'id') THEN 'id' ELSE 'pendiente_id' END;
        IF t.sobran IS NOT NULL THEN
            EXECUTE format('INSERT INTO reporte (tabla, id, que, columna, motivo, antes)
                SELECT %1$L, %2$I, ''cambiado'', v.columna, ''la columna no existe aquí: su valor se descarta'', v.valor
                FROM origen_%1$s CROSS JOIN LATERAL (VALUES %3$s) AS v (columna, valor) WHERE v.valor IS NOT NULL', t.tabla, clave, t.sobran);
        END IF;
        EXECUTE format('INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
            SELECT %1$L, %2$I, ''cambiado'', v.columna, ''texto más largo que su columna: se corta'', v.valor, left(v.valor, v.largo)
            FROM origen_%1$s CROSS JOIN LATERAL (VALUES (NULL, NULL, 0), %3$s) AS v (columna, valor, largo)
            WHERE length(v.valor) > v.largo', t.tabla, clave, coalesce(t.textos, '(NULL, NULL, 0)'));
        IF FOUND THEN
            EXECUTE format('UPDATE origen_%s SET %s', t.tabla, t.cortes);
        END IF;
        EXECUTE format('INSERT INTO reporte (tabla, id, que, columna, motivo, antes)
            SELECT %1$L, %2$I, ''cambiado'', v.columna, ''fecha fuera de 1900 a 9999: se descarta, o es la de hoy si es obligatoria'', v.valor::text
            FROM origen_%1$s CROSS JOIN LATERAL (VALUES %3$s) AS v (columna, valor)
            WHERE v.valor NOT BETWEEN ''1900-01-01'' AND ''9999-12-31 23:59:59.999999''', t.tabla, clave, t.momentos);
        IF FOUND THEN
            EXECUTE format('UPDATE origen_%s SET %s', t.tabla, t.plazos);
        END IF;
        IF t.con_fecha THEN
            EXECUTE format('INSERT INTO reporte (tabla, id, que, columna, motivo, despues)
                SELECT %1$L, %2$I, ''cambiado'', v.columna, ''no tenía valor'', v.valor FROM origen_%1$s CROSS JOIN LATERAL (VALUES
                    (''fecha_creacion'', fecha_creacion IS NULL, now()::timestamp::text), (''vigente'', vigente IS NULL, ''true''))
                    AS v (columna, falta, valor) WHERE v.falta', t.tabla, clave);
            IF FOUND THEN
                EXECUTE format('UPDATE origen_%s SET fecha_creacion = coalesce(fecha_creacion, now()), vigente = coalesce(vigente, true)', t.tabla);
            END IF;
        END IF;
    END LOOP;
END $$;
ANALYZE origen_usuarios, origen_empleados, origen_clientes, origen_productos, origen_pendientes, origen_historiales,
    origen_pendientes_averias, origen_pendientes_instalaciones_internet, origen_pendientes_traslados, origen_pendientes_notas;
