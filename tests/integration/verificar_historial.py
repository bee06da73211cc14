#!/usr/bin/env python3
"""Recomputes the hash chains of the history from a database, sharing no code with the core.

    verificar_historial.py DATABASE_URL [ORDER_ID...]

The byte form is the one documented beside historial_hash in migrations/0001_esquema.sql. Needs psql only. Checks, for each
order, that its entries are numbered 1..n without gaps, that every hash follows from the one before and the entry's fields,
and that the head kept on the order is the last entry's. Prints the counts, or each bad order; exits 1 when one is bad.
"""
import csv
import hashlib
import io
import struct
import subprocess
import sys

ENTRIES = """COPY (
SELECT h.pendiente_id, h.numero, h.usuario_id, h.empleado_id, h.estado, encode(convert_to(h.detalles, 'UTF8'), 'hex') AS details, h.detalles IS NULL AS no_details,
       floor(extract(epoch FROM date_trunc('second', h.fecha_creacion)))::bigint AS seconds,
       to_char(h.fecha_creacion, 'US') AS micros, encode(h.hash, 'hex') AS hash
FROM historiales h {where} ORDER BY h.pendiente_id, h.numero
) TO STDOUT WITH (FORMAT csv)"""
HEADS = """COPY (
SELECT p.id, p.historial_n, coalesce(encode(p.historial_hash, 'hex'), '') FROM pendientes p {where} ORDER BY p.id
) TO STDOUT WITH (FORMAT csv)"""


def rows(url, query):
    """The rows of one COPY, streamed: a history may be large."""
    psql = subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", query.replace("\n", " ")],
                            stdout=subprocess.PIPE)
    yield from csv.reader(io.TextIOWrapper(psql.stdout, encoding="utf-8", newline=""))
    if psql.wait() != 0:
        sys.exit("psql failed")


def field(value):
    if value is None:
        return struct.pack(">i", -1)
    return struct.pack(">i", len(value)) + value


def integer(text):
    return None if text == "" else struct.pack(">q", int(text))


def entry_hash(previous, order, number, user, employee, state, details, seconds, micros):
    digest = hashlib.sha256(previous)
    digest.update(field(integer(order)))
    digest.update(field(struct.pack(">i", int(number))))
    digest.update(field(integer(user)))
    digest.update(field(integer(employee)))
    digest.update(field(state.encode()))
    digest.update(field(details))
    digest.update(field(struct.pack(">q", int(seconds) * 1000000 + int(micros))))
    return digest.digest()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    url, ids = sys.argv[1], [str(int(word)) for word in sys.argv[2:]]
    chains, bad, entries = {}, {}, 0
    where = "WHERE h.pendiente_id IN (%s)" % ",".join(ids) if ids else ""
    for order, number, user, employee, state, details, no_details, seconds, micros, stored in rows(
            url, ENTRIES.format(where=where)):
        entries += 1
        last, previous = chains.get(order, (0, bytes(32)))
        details = None if no_details == "t" else bytes.fromhex(details)
        if int(number) != last + 1:
            bad.setdefault(order, "entry %s follows entry %d" % (number, last))
        if bytes.fromhex(stored) != entry_hash(previous, order, number, user, employee, state, details, seconds, micros):
            bad.setdefault(order, "the hash of entry %s does not follow" % number)
        chains[order] = (int(number), bytes.fromhex(stored))
    where = "WHERE p.id IN (%s)" % ",".join(ids) if ids else ""
    for order, count, stored in rows(url, HEADS.format(where=where)):
        last, previous = chains.pop(order, (0, b""))
        if int(count) != last or bytes.fromhex(stored) != previous:
            bad.setdefault(order, "the head on the order (%s) is not the last entry (%d)" % (count, last))
    for order in chains:
        bad.setdefault(order, "entries of an order that is not there")
    for order, reason in bad.items():
        print("order %s: %s" % (order, reason))
    print("%d entries, %d bad orders" % (entries, len(bad)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
