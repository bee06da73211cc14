"""Reads the descriptor set and writes what the build derives from it: const tables in C, the OpenAPI document, and the set that protoc-c
gets (without our options, otherwise the generated headers would include a descriptor.pb-c.h that no package ships).

    main.py SET OUT_DIR      writes OUT_DIR/contract_tables.c, OUT_DIR/openapi.json, OUT_DIR/stripped.pb

A new option: declare it in proto/pendientes/options.proto, read it in model.py (refuse what contradicts it there), give it a place in
include/pendientes/contract.h and write_c.py, and say it in write_openapi.py.
"""
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import model
import strip
import write_c
import write_openapi


class Extensions:
    """The extensions of a file by name, from the set itself: nothing generated needs to be importable."""

    def __init__(self, pool, file):
        for name, extension in pool.FindFileByName(file).extensions_by_name.items():
            setattr(self, name, extension)


def main(path, out):
    raw = open(path, "rb").read()
    plain = descriptor_pb2.FileDescriptorSet.FromString(raw)
    pool = descriptor_pool.Default()
    for file in plain.file:
        if file.name != "google/protobuf/descriptor.proto":
            pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    factory.GetMessages([f.name for f in plain.file if f.name != "google/protobuf/descriptor.proto"])
    typed = descriptor_pb2.FileDescriptorSet.FromString(raw)  # options arrive typed now
    contract_files = [f for f in typed.file if f.name.startswith("pendientes/v1/")]
    try:
        contract = model.Contract(contract_files, Extensions(pool, "pendientes/options.proto"), Extensions(pool, "google/api/annotations.proto"))
    except model.Refusal as refusal:
        sys.exit(str(refusal))
    document = write_openapi.text(contract)
    for name, text in (("contract_tables.c", write_c.Writer(contract).text(document, raw)), ("openapi.json", document)):
        with open(f"{out}/{name}", "w", encoding="utf-8") as f:
            f.write(text)
    with open(f"{out}/stripped.pb", "wb") as f:
        f.write(strip.strip(plain).SerializeToString())


if __name__ == "__main__":
    main(*sys.argv[1:])
