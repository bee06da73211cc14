-- What single filters of a search still lacked at a million orders (processor time of first page and count, before and after):
--   usuarioId of one who registers much   12 ->  2 ms   the count reads an index alone, which `asignado_a` was missing in
--   titulo, a common part of addresses    32 -> 17 ms   see buscable: a third of the candidates, each told without lower()
--   tipo or estado of only old orders                   all newer orders were walked, and are no more
-- And of `titulo` what other forms of the two functions below took, and these take:
--   "99, mz", "0, mz. k"          485, 88 -> 18, 17 ms   where a number of one or two digits was, the index was asked for nothing it has
--   "lt. 1", "av. inventada 1"     34, 70 -> 14, 10 ms   with the limit of the count on each of its parts
--   "lt. 7", "av. inventada 19"    19, 35 -> 17, 22 ms   it was asked for each three letters, those of nearly all addresses too
--   "ana", "a 12"                  30, 19 ->  4,  6 ms   a blank was a letter to it; too small a sample of clients
--   "%%%"                             983 ->  6 ms       a sign was none

DROP INDEX pendientes_registrado;
CREATE INDEX pendientes_registrado ON pendientes (registrado_por, fecha_creacion DESC, id DESC) INCLUDE (asignado_a) WHERE vigente;
CREATE INDEX pendientes_tipo ON pendientes (tipo, fecha_creacion DESC, id DESC) WHERE vigente;
CREATE INDEX pendientes_estado ON pendientes (estado, fecha_creacion DESC, id DESC) WHERE vigente;

-- An address as it is searched: in small letters, and every sign that it may well have a Cyrillic capital. To an index of three letters
-- «lt. 7» is otherwise the words «lt» and «7», which three times as many addresses have somewhere, and a fragment of signs no text at all.
-- (Latin capitals would not do: the index knows no capitals, and «mz. n lt» had «ana».) Two texts are equal so when they were but for the
-- case of letters: small letters leave the capitals free.
CREATE FUNCTION buscable(texto text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT translate(lower(texto COLLATE "und-x-icu"), ' .,-/#°!"$%&''()*+:;<=>?@[\]^_`{|}~', 'АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁЂ')
$$;
DROP INDEX pendientes_busqueda;
ALTER TABLE pendientes ADD COLUMN busqueda text GENERATED ALWAYS AS (buscable(direccion)) STORED;
-- A number that one address in 2,000 has is either not in a sample of a hundred or, it seems, in every hundredth: then the planner walks
-- all orders by date for the one that matches (230 ms). A thousand tell.
ALTER TABLE pendientes ALTER COLUMN busqueda SET STATISTICS 1000;
CREATE INDEX pendientes_busqueda ON pendientes USING gin (busqueda gin_trgm_ops);
ANALYZE pendientes (busqueda);
-- «a 12» is in the names of 320 clients that a sample of a hundred took for two, and 18,000 orders were sorted for a page.
ALTER TABLE clientes ALTER COLUMN busqueda SET STATISTICS 1000;
ANALYZE clientes (busqueda);

-- What the index is asked for `titulo`: of all three letters in a row the rarest, and with them those that tell further addresses apart:
-- «. 7» for «lt. 7», «. k» and «. 7» for «mz. k lt. 7». It reads all places of all it is asked for, and «av.» stands in nearly all addresses.
-- Whatever has the text has these parts of it; what else has them is told by strpos.
-- How rare they are tells the planner's own sample of addresses. Only the cost of a search depends on that, never what is found, which is
-- why the function may pass for immutable: it is called when a statement is planned, and not for each row.
CREATE FUNCTION patron_en_direccion(texto text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    letras  CONSTANT text[] := string_to_array(buscable(texto), NULL);
    largo   CONSTANT integer := cardinality(letras);
    usadas  boolean[] := array_fill(false, ARRAY[largo]);
    todas   text[];    -- the addresses of the planner's sample
    quedan  text;      -- about 250 of them, a line each; then those that have all parts chosen so far
    lineas  integer;   -- how many
    en_todas integer[]; -- how often each part is in the first
    pocas   boolean := false; -- too few are left to tell anything
    parte   text;
    veces   integer;
    menos   integer;
    elegida integer;
BEGIN
    IF largo <= 3 THEN
        RETURN '%' || buscable(texto) || '%';
    END IF;
    SELECT string_to_array(most_common_vals::text, ',') || string_to_array(histogram_bounds::text, ',') INTO todas
    FROM pg_stats WHERE schemaname = current_schema AND tablename = 'pendientes' AND attname = 'busqueda';
    SELECT coalesce(string_agg(direccion, E'\n'), ''), count(*) INTO quedan, lineas
    FROM unnest(todas) WITH ORDINALITY u(direccion, i) WHERE i % greatest(cardinality(todas) / 250, 1) = 0;
    FOR turno IN 1 .. 4 LOOP
        elegida := NULL;
        FOR i IN 1 .. largo - 2 BY greatest(largo / 25, 1) LOOP
            parte := letras[i] || letras[i + 1] || letras[i + 2];
            -- The index has letters and digits only.
            CONTINUE WHEN usadas[i] AND usadas[i + 1] AND usadas[i + 2] OR parte !~ '^[[:alnum:]]*$';
            veces := CASE WHEN pocas THEN en_todas[i]
                          ELSE (octet_length(quedan) - octet_length(replace(quedan, parte, ''))) / octet_length(parte) END;
            IF turno = 1 THEN
                en_todas[i] := veces;
            END IF;
            IF elegida IS NULL OR veces < menos THEN
                elegida := i;
                menos := veces;
            END IF;
        END LOOP;
        EXIT WHEN elegida IS NULL OR turno > 1 AND menos > lineas * 2 / 3;
        usadas[elegida:elegida + 2] := '{t,t,t}';
        IF NOT pocas THEN
            SELECT coalesce(string_agg(direccion, E'\n'), ''), count(*) INTO quedan, lineas
            FROM unnest(string_to_array(quedan, E'\n')) direccion
            WHERE strpos(direccion, letras[elegida] || letras[elegida + 1] || letras[elegida + 2]) > 0;
            pocas := lineas < 4;
            lineas := CASE WHEN pocas THEN 60 ELSE lineas END; -- what one address in six has tells nothing that is worth reading
        END IF;
    END LOOP;
    IF NOT true = ANY (usadas) THEN
        RETURN '%' || buscable(texto) || '%';
    END IF;
    RETURN regexp_replace('%' || (SELECT string_agg(CASE WHEN usadas[i] THEN letras[i] ELSE '%' END, '' ORDER BY i)
                                  FROM generate_series(1, largo) i) || '%', '%+', '%', 'g');
END $$;
