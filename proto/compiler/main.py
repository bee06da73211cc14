"""The contract compiler. It reads the descriptor set and writes what the build derives from it.

    main.py SET OUT_DIR VERSION    writes OUT_DIR/contract_tables.c, OUT_DIR/openapi.json, OUT_DIR/stripped.pb

Why it exists: protobuf-c drops options at run time, and everything that faces a user stands in options. So they become const tables (the
router, the checks, the access rules), the OpenAPI document, and nothing else; a contradiction ends the build with file, line and reason.

The way through the files:
    refusal   what ends the build
    rule      the grammar of `permiso` and `ver`
    example   `ejemplo` as a value
    model     files, messages, fields, services, methods, routes; refuses what contradicts itself
    write_c   the tables of include/pendientes/contract.h
    schema    fields and messages as JSON Schema
    write_openapi   the document
    strip     the set without options, from which protoc-c generates

How to add an option, by the example of a field option `multiplo`:
    1. proto/pendientes/options.proto: `optional int64 multiplo = 19;` in Campo, with a comment that says what it means.
    2. model.py, Field: refuse it where it makes no sense (`self.need(self.is_int, ["multiplo"], "integers")`, zero, …).
    3. include/pendientes/contract.h: a member of pd_field; write_c.py, Tables.field: its value. lib/check.c obeys it.
    4. schema.py: what a client is told (`multipleOf`); example.py: an example must obey it too.
    5. tests/unit/proto/compiler_test.py: the refusals; tests/unit/lib/contract_test.c: that it arrives.
An option of methods goes the same way through model.Method, Tables.write_methods and write_openapi.Operation.
"""
import hashlib
import os
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from model import Contract
from refusal import Refusal
from strip import strip
from write_c import Tables
from write_openapi import Document

PACKAGE = "pendientes/v1/"
BUILT_IN = "google/protobuf/descriptor.proto"


class Extensions:
    """The extensions of a file by name, taken from the set itself: nothing generated needs to be importable."""

    def __init__(self, pool, file):
        for name, extension in pool.FindFileByName(file).extensions_by_name.items():
            setattr(self, name, extension)


def read(raw):
    """The set as it is, and the contract's files with their options typed."""
    plain = descriptor_pb2.FileDescriptorSet.FromString(raw)
    pool = descriptor_pool.Default()
    others = [file for file in plain.file if file.name != BUILT_IN]
    for file in others:
        pool.Add(file)
    message_factory.MessageFactory(pool).GetMessages([file.name for file in others])
    typed = descriptor_pb2.FileDescriptorSet.FromString(raw)
    files = sorted((file for file in typed.file if file.name.startswith(PACKAGE)), key=lambda file: file.name)
    contract = Contract(files, Extensions(pool, "pendientes/options.proto"), Extensions(pool, "google/api/annotations.proto"))
    return plain, contract


def digest(files):
    """Of what the contract says, comments aside: equal in two builds that speak the same."""
    for file in files.file:
        file.ClearField("source_code_info")
    return hashlib.sha256(files.SerializeToString(deterministic=True)).digest()


def write(path, data):
    """Leaves a file that would not change as it is, so that nothing behind it is built again."""
    if os.path.exists(path):
        with open(path, "rb") as file:
            if file.read() == data:
                return
    with open(path, "wb") as file:
        file.write(data)


def main(path, out, version):
    with open(path, "rb") as file:
        raw = file.read()
    try:
        plain, contract = read(raw)
    except Refusal as refusal:
        sys.exit(str(refusal))
    document = Document(contract, version).text()
    write(f"{out}/openapi.json", document.encode())
    write(f"{out}/stripped.pb", strip(plain).SerializeToString(deterministic=True))
    write(f"{out}/contract_tables.c", Tables(contract, document, digest(plain)).text().encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
