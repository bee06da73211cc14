-- Who put an item down: its author may change it. NULL in rows older than this, which only every bit may change.
ALTER TABLE pendientes_items
    ADD COLUMN empleado_id bigint CONSTRAINT pendientes_items_empleado_fk REFERENCES empleados (id);
