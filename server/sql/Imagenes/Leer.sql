-- read
SELECT a.tamano::bigint AS total, a.tipo, encode(a.huella, 'hex') AS huella, a.nombre_original,
       coalesce((SELECT string_agg(substring(t.datos FROM greatest(pide.desde - t.numero * 262144, 0) + 1
                                             FOR least(pide.hasta - t.numero * 262144, 262144)
                                                 - greatest(pide.desde - t.numero * 262144, 0)), ''::bytea ORDER BY t.numero)
                 FROM archivos_trozos t
                 WHERE t.archivo_id = a.id AND pide.hasta > pide.desde
                     AND t.numero BETWEEN pide.desde / 262144 AND (pide.hasta - 1) / 262144), ''::bytea) AS datos,
       o.asignado_a AS _asignado_a, o.registrado_por AS _registrado_por
FROM (SELECT least(coalesce(:desde, 0), 52428800)::integer AS desde,
             least(coalesce(:desde, 0), 52428800)::integer + coalesce(:largo, 262144)::integer AS hasta) pide,
     archivos a
     JOIN pendientes_notas_imagenes i ON i.archivo_id = a.id AND i.vigente
     JOIN pendientes_notas n ON n.id = i.nota_id AND n.vigente
     JOIN pendientes o ON o.id = n.pendiente_id AND o.vigente
WHERE a.nombre = :nombre AND a.terminado
