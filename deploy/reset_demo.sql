-- Puts the five demo orders back to where demo.sql left them, so that the documentation's examples work once more. History is
-- append-only: for these orders alone its owner lifts that, in this transaction.
\set ON_ERROR_STOP on
SET lock_timeout = '10s';
BEGIN;
CREATE TEMP TABLE demo_orders ON COMMIT DROP AS SELECT unnest('{42,55,67,80,91}'::bigint[]) AS id;
SELECT count(*) FROM (SELECT p.id FROM pendientes p JOIN demo_orders d USING (id) ORDER BY p.id FOR UPDATE OF p) locked \g /dev/null
ALTER TABLE historiales DISABLE TRIGGER historiales_solo_crecen;
DELETE FROM historiales h USING demo_orders d WHERE h.pendiente_id = d.id;
ALTER TABLE historiales ENABLE TRIGGER historiales_solo_crecen;
DELETE FROM pendientes_traslados x USING demo_orders d WHERE x.pendiente_id = d.id;
DELETE FROM pendientes_instalaciones_internet x USING demo_orders d WHERE x.pendiente_id = d.id;
DELETE FROM pendientes_averias x USING demo_orders d WHERE x.pendiente_id = d.id;
DELETE FROM pendientes_instalaciones_camaras x USING demo_orders d WHERE x.pendiente_id = d.id;
DELETE FROM pendientes_recojo_dispositivos x USING demo_orders d WHERE x.pendiente_id = d.id;
DELETE FROM pendientes_tiempos x USING demo_orders d WHERE x.pendiente_id = d.id;
DELETE FROM pendientes_items x USING demo_orders d WHERE x.pendiente_id = d.id;
DELETE FROM pagos x USING demo_orders d WHERE x.pendiente_id = d.id;
DELETE FROM pendientes_notas_imagenes i USING pendientes_notas n, demo_orders d WHERE i.nota_id = n.id AND n.pendiente_id = d.id;
DELETE FROM pendientes_notas x USING demo_orders d WHERE x.pendiente_id = d.id;
DELETE FROM pendientes p USING demo_orders d WHERE p.id = d.id;
\ir demo_orders.sql
COMMIT;
