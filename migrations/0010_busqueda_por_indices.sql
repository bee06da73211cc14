-- What single filters of a search still lacked at a million orders (processor time of first page and count, before and after):
--   usuarioId of one who registers much    12 ->  2 ms   the count reads an index alone, which `asignado_a` was missing in
--   titulo, a number in an address         43 ->  2 ms   see patron_en_direccion
--   titulo, a common part of addresses     32 -> 19 ms   see buscable: a third of the candidates, each told without lower()
--   tipo or estado of only old orders                    all newer orders were walked, and are no more

DROP INDEX pendientes_registrado;
CREATE INDEX pendientes_registrado ON pendientes (registrado_por, fecha_creacion DESC, id DESC) INCLUDE (asignado_a) WHERE vigente;
CREATE INDEX pendientes_tipo ON pendientes (tipo, fecha_creacion DESC, id DESC) WHERE vigente;
CREATE INDEX pendientes_estado ON pendientes (estado, fecha_creacion DESC, id DESC) WHERE vigente;

-- An address as it is searched: in small letters, and capitals where words part. To an index of three letters «lt. 7» is otherwise the
-- words «lt» and «7», which three times as many addresses have somewhere; «ltBA7» is found as it stands. Two texts are equal so when
-- they were but for the case of letters: small letters and the rest leave the capitals free.
CREATE FUNCTION buscable(texto text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT translate(lower(texto COLLATE "und-x-icu"), ' .,-/#°', 'ABCDEFG')
$$;
ALTER TABLE pendientes ADD COLUMN busqueda text GENERATED ALWAYS AS (buscable(direccion)) STORED;
DROP INDEX pendientes_busqueda;
CREATE INDEX pendientes_busqueda ON pendientes USING gin (busqueda gin_trgm_ops);

-- What the index is asked for `titulo`: not the whole text where it has a number, which few addresses share, but the number, one of less
-- than three digits with what stands before it. The index reads where each three letters of what it is asked stand, and those of «av.»
-- or of a long street stand in nearly all addresses.
CREATE FUNCTION patron_en_direccion(texto text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '%' || regexp_replace(coalesce(substring(texto FROM '[0-9]{3,}'), substring(buscable(texto) FROM '.{0,6}[0-9]{1,2}'),
                                          buscable(texto)), '([\\%_])', '\\\1', 'g') || '%'
$$;
