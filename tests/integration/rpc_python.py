#!/usr/bin/env python3
"""Any RPC of the core, called by a stranger: nothing of this project is used but the .proto files.

    rpc_python.py METHOD [JSON]     e.g. pendientes.v1.Averias/Obtener '{"pendienteId": 67}'
    rpc_python.py --check           a tour of what a stranger may rely on; ends with "N passed, N failed"

It needs protoc, Python's protobuf, and a library for SP sockets: pynng (`pip install pynng`); without it the few lines of
class Sp below speak the protocol's REQ side themselves. URL, DNI and password come from flags or from the environment that
deploy/up writes (up.env).
"""

import argparse
import glob
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

try:
    import pynng
except ImportError:
    pynng = None

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CODES = ("OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
         "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
         "UNAUTHENTICATED").split()


class Sp:
    """REQ/REP, version 0, over a stream: a handshake of eight bytes, then messages with a length of eight bytes before
    them (over ipc:// a byte 1 before that), which begin with a request id whose top bit is set."""

    def __init__(self, url, timeout):
        scheme, rest = url.split("://", 1)
        self.ipc = scheme == "ipc"
        if self.ipc:
            self.socket = socket.socket(socket.AF_UNIX)
            address = rest
        else:
            host, port = rest.rsplit(":", 1)
            self.socket = socket.socket(socket.AF_INET)
            address = (host, int(port))
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.socket.sendall(b"\0SP\0" + struct.pack(">HH", 0x30, 0))
        if self.read(8) != b"\0SP\0" + struct.pack(">HH", 0x31, 0):
            raise ConnectionError("not a REP socket")
        self.id = random.getrandbits(31)

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise ConnectionError("closed by the core")
            data += more
        return data

    def ask(self, body):
        self.id = self.id + 1 & 0x7FFFFFFF
        head = struct.pack(">I", self.id | 0x80000000)
        self.socket.sendall((b"\1" if self.ipc else b"") + struct.pack(">Q", len(body) + 4) + head + body)
        while True:
            if self.ipc:
                self.read(1)
            answer = self.read(struct.unpack(">Q", self.read(8))[0])
            if answer[:4] == head:
                return answer[4:]


class Nng:
    """The same with pynng."""

    def __init__(self, url, timeout):
        # A request that is sent twice is executed twice: no resending. (-1: for ever)
        self.socket = pynng.Req0(resend_time=-1, send_timeout=int(timeout * 1000), recv_timeout=int(timeout * 1000))
        self.socket.dial(url, block=True)

    def ask(self, body):
        self.socket.send(body)
        return self.socket.recv()


class Core:
    def __init__(self, url, protos, timeout=15):
        self.pool = descriptor_pool.DescriptorPool()
        google = [path for path in ("/usr/share/gocode/src/github.com/gogo/googleapis", "/usr/include") if os.path.isdir(path)]
        with tempfile.NamedTemporaryFile() as out:
            files = sorted(glob.glob(os.path.join(protos, "pendientes/v1/*.proto")))
            files.append(os.path.join(protos, "rpc/frame.proto"))
            protoc = subprocess.run(["protoc", "-I", protos] + [f"-I{path}" for path in google] +
                                    ["--include_imports", f"--descriptor_set_out={out.name}"] + files, stderr=subprocess.PIPE, text=True)
            if protoc.returncode:
                raise SystemExit(protoc.stderr)
            files = descriptor_pb2.FileDescriptorSet.FromString(out.read())
        for file in files.file:
            self.pool.Add(file)
        self.Peticion = self.message("pendientes.rpc.Peticion")
        self.Respuesta = self.message("pendientes.rpc.Respuesta")
        self.wire = (Nng if pynng else Sp)(url, timeout)
        self.token = None

    def message(self, name):
        descriptor = self.pool.FindMessageTypeByName(name)
        if hasattr(message_factory, "GetMessageClass"):
            return message_factory.GetMessageClass(descriptor)
        return message_factory.MessageFactory(self.pool).GetPrototype(descriptor)

    def method(self, name):
        service, method = name.split("/")
        return self.pool.FindServiceByName(service).methods_by_name[method]

    def request(self, name, value):
        return json_format.ParseDict(value, self.message(self.method(name).input_type.full_name)())

    def reply(self, name, result):
        return self.message(self.method(name).output_type.full_name).FromString(result.datos)

    def frame(self, calls):
        """Calls as dictionaries of Llamada's fields; the results by id."""
        frame = self.Peticion()
        for i, fields in enumerate(calls):
            call = frame.llamadas.add(id=i + 1, **fields)
            if self.token and "token" not in fields:
                call.token = self.token
        answer = self.Respuesta.FromString(self.wire.ask(frame.SerializeToString()))
        results = {result.id: result for result in answer.resultados}
        assert sorted(results) == list(range(1, len(calls) + 1)), "each call is answered once"
        return [results[i + 1] for i in range(len(calls))]

    def call(self, name, value=None, raw=b"", **fields):
        """One call; `raw` is appended to the packed request, for what a well-behaved library refuses to pack."""
        data = (self.request(name, value or {}).SerializePartialToString() if value is not None else b"") + raw
        return self.frame([dict(metodo=name, datos=data, **fields)])[0]

    def login(self, dni, password):
        result = self.call("pendientes.v1.Autenticacion/Entrar", {"dni": dni, "password": password})
        if result.codigo:
            raise SystemExit(f"login: {CODES[result.codigo]}: {result.mensaje}")
        self.token = self.reply("pendientes.v1.Autenticacion/Entrar", result).token.encode()


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


class Check:
    """The tour. Its expectations are sentences of the contract."""

    def __init__(self, core, dni, password):
        self.core, self.dni, self.password = core, dni, password
        self.passed = self.failed = 0
        self.run_id = f"{random.getrandbits(64):016x}"

    def that(self, what, good, seen=""):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print(f"FAILED: {what}: {str(seen).strip()}")

    def code(self, what, result, code, field=None):
        named = field is None or (any(error.campo == field for error in result.errores) and field in result.mensaje)
        self.that(what, CODES[result.codigo] == code and named, result)
        if code != "OK":
            self.that(f"{what}: says why, and carries no data", result.mensaje and not result.HasField("datos"), result)

    def raw_field(self, method, name, payload, wire_type=2):
        field = self.core.method(method).input_type.fields_by_name[name]
        return varint(field.number << 3 | wire_type) + payload

    def text(self, method, name, data):
        return self.raw_field(method, name, varint(len(data)) + data)

    def identity(self):
        entrar, mine = "pendientes.v1.Autenticacion/Entrar", {"dni": self.dni, "password": self.password}
        result = self.core.call(entrar, mine)
        self.code("login", result, "OK")
        reply = self.core.reply(entrar, result)
        self.that("login answers a token and the user", reply.token.count(".") == 2 and reply.usuario.dni == self.dni)
        token = reply.token.encode()
        self.code("wrong password", self.core.call(entrar, {"dni": self.dni, "password": "no-es-esta-clave"}), "UNAUTHENTICATED")
        self.code("login without password", self.core.call(entrar, {"dni": self.dni}), "INVALID_ARGUMENT", "password")
        get, order = "pendientes.v1.Pendientes/Obtener", {"id": 42}
        self.code("no token", self.core.call(get, order), "UNAUTHENTICATED")
        for what, bad in (("altered", token[:-3] + (b"abc" if token[-3:] != b"abc" else b"abd")), ("shapeless", b"no.es"),
                          ("alg none", b"eyJhbGciOiJub25lIn0." + token.split(b".")[1] + b".")):
            self.code(f"{what} token", self.core.call(get, order, token=bad), "UNAUTHENTICATED")
        probe = self.core.frame([dict(sondeo=True), dict(sondeo=True, token=token), dict(metodo=get, sondeo=True, token=token)])
        self.that("probes tell about the token alone", [CODES[r.codigo] for r in probe] == ["UNAUTHENTICATED", "OK", "OK"], probe)
        self.core.token = token

    def order_with_details(self):
        core, v1 = self.core, "pendientes.v1."
        result = core.call(v1 + "Clientes/Crear", {"tipoCliente": "EMPRESA", "nombre": f"Prueba Ñandú {self.run_id}", "tipoDocumento": "OTRO"})
        self.code("create a client", result, "OK")
        client = core.reply(v1 + "Clientes/Crear", result)
        self.that("text comes back as sent", client.nombre == f"Prueba Ñandú {self.run_id}", client)
        new = {"clienteId": client.id, "tipo": "AVERIA", "lugar": "PUNO", "prioridad": "MEDIA"}
        result = core.call(v1 + "Pendientes/Crear", new)
        self.code("create an order", result, "OK")
        self.order = core.reply(v1 + "Pendientes/Crear", result).id
        result = core.call(v1 + "Averias/Obtener", {"pendienteId": self.order})
        self.code("details before they exist", result, "NOT_FOUND")
        result = core.call(v1 + "Averias/Crear", {"pendienteId": self.order, "descripcionFalla": "sin señal"})
        self.code("create details", result, "OK")
        result = core.call(v1 + "Averias/Obtener", {"pendienteId": self.order})
        self.code("read details", result, "OK")
        reply = core.reply(v1 + "Averias/Obtener", result)
        self.that("the details are those created", (reply.pendiente_id, reply.descripcion_falla) == (self.order, "sin señal"), reply)
        self.code("details twice", core.call(v1 + "Averias/Crear", {"pendienteId": self.order, "descripcionFalla": "otra"}), "ALREADY_EXISTS")
        self.code("details of another type", core.call(v1 + "Traslados/Obtener", {"pendienteId": self.order}), "NOT_FOUND")
        many = core.frame([dict(metodo=v1 + "Averias/Obtener", datos=core.request(v1 + "Averias/Obtener", {"pendienteId": i}).SerializeToString())
                           for i in (self.order, 999999999, self.order)])
        self.that("calls of a frame are independent", [CODES[r.codigo] for r in many] == ["OK", "NOT_FOUND", "OK"], many)

    def bad_input(self):
        core, create, edit = self.core, "pendientes.v1.Pendientes/Crear", "pendientes.v1.Averias/Editar"
        good = {"clienteId": 1, "tipo": "AVERIA", "lugar": "PUNO", "prioridad": "MEDIA"}
        before = core.reply(edit, core.call("pendientes.v1.Averias/Obtener", {"pendienteId": self.order}))
        bad = "INVALID_ARGUMENT"
        without = {key: value for key, value in good.items() if key != "tipo"}
        self.code("unknown enum number", core.call(create, without, self.raw_field(create, "tipo", varint(99), 0)), bad, "tipo")
        self.code("missing field", core.call(create, without), bad, "tipo")
        key = {"pendienteId": self.order}
        for what, data in (("NUL", b"a\0b"), ("bad UTF-8", b"a\xff"), ("surrogate", b"\xed\xa0\x80"), ("overlong", b"\xc0\xaf"),
                           ("blank text", b"  "), ("text past its length", b"x" * 10001)):
            self.code(what, core.call(edit, key, self.text(edit, "descripcion_falla", data)), bad, "descripcionFalla")
        limpiar = self.text(edit, "limpiar", b"descripcion_falla")
        self.code("oversized repeats", core.call(edit, key, limpiar * 5000), bad)
        self.code("clearing what is required", core.call(edit, key, limpiar), bad, "descripcionFalla")
        self.code("broken bytes", core.call(edit, key, b"\x12\x7f"), bad)
        self.code("a text where a number belongs", core.call(edit, {}, self.text(edit, "pendiente_id", b"67")), bad)
        after = core.reply(edit, core.call("pendientes.v1.Averias/Obtener", key))
        self.that("nothing was stored", before == after, after)

    def frames(self):
        core, get = self.core, "pendientes.v1.Pendientes/Obtener"
        self.code("unknown method", core.call("pendientes.v1.Pendientes/NoHay"), "UNIMPLEMENTED")
        self.code("no method", core.frame([dict(datos=b"")])[0], "INVALID_ARGUMENT", "metodo")
        self.code("no time left", core.call(get, {"id": self.order}, plazo_ms=0), "DEADLINE_EXCEEDED")
        for what, body in (("garbage", b"basura"), ("an empty frame", b""), ("257 calls", b"\n\0" * 257)):
            answer = core.Respuesta.FromString(core.wire.ask(body))
            self.that(f"{what} is told to be no frame", len(answer.resultados) == 1 and not answer.resultados[0].HasField("id"), answer)
        self.that("256 calls are answered", len(core.frame([dict(metodo=get, datos=core.request(get, {"id": self.order}).SerializeToString())] * 256)) == 256)
        self.code("and the connection goes on", core.call(get, {"id": self.order}), "OK")
        self.code("unknown fields are skipped", core.call(get, {"id": self.order}, varint(900 << 3) + b"\1"), "OK")

    def idempotency(self):
        core, create, key = self.core, "pendientes.v1.Clientes/Crear", f"prueba-{self.run_id}"
        body = {"tipoCliente": "EMPRESA", "nombre": f"Una vez {self.run_id}", "tipoDocumento": "OTRO"}
        first, again = core.call(create, body, clave=key), core.call(create, body, clave=key)
        self.code("create with a key", first, "OK")
        self.code("the same again", again, "OK")
        self.that("is a replay of the first", again.repetida and not first.repetida and again.datos == first.datos, again)
        other = core.call(create, dict(body, nombre="Otro"), clave=key)
        if CODES[other.codigo] == "ABORTED":  # the replay may still be ending: it says when to come again
            time.sleep(other.reintentar_ms / 1000)
            other = core.call(create, dict(body, nombre="Otro"), clave=key)
        self.that("another body under the key is refused", other.codigo and other.motivo == 1, other)
        for what, bad in (("empty", ""), ("with a space", "a b"), ("of 201 characters", "k" * 201), ("with NUL", "a\0b")):
            self.code(f"a key {what}", core.call(create, body, clave=bad), "INVALID_ARGUMENT", "Idempotency-Key")

    def run(self):
        for part in (self.identity, self.order_with_details, self.bad_input, self.frames, self.idempotency):
            try:
                part()
            except Exception as error:  # a part that breaks is a failure, and the others still count
                self.that(part.__name__, False, repr(error))
        print(f"{'pynng' if pynng else 'own REQ socket'}, {self.passed + self.failed} expectations")
        print(f"{self.passed} passed, {self.failed} failed")
        return self.failed == 0


def main():
    env = os.environ.get
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=env("PENDIENTES_RPC"), help="of a core; $PENDIENTES_RPC")
    parser.add_argument("--protos", default=os.path.join(ROOT, "proto"))
    parser.add_argument("--dni", default=env("PENDIENTES_DNI"))
    parser.add_argument("--password", default=env("PENDIENTES_PASSWORD"))
    parser.add_argument("--token")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("method", nargs="?")
    parser.add_argument("json", nargs="?", default="{}")
    args = parser.parse_args()
    if not args.url:
        parser.error("--url or PENDIENTES_RPC is needed")
    core = Core(args.url.split(",")[0], args.protos)
    if args.check:
        sys.exit(0 if Check(core, args.dni, args.password).run() else 1)
    if not args.method:
        parser.error("which method?")
    if args.token:
        core.token = args.token.encode()
    elif args.dni and not args.method.endswith("Autenticacion/Entrar"):
        core.login(args.dni, args.password)
    try:
        result = core.call(args.method, json.loads(args.json))
    except (KeyError, ValueError, json_format.ParseError) as error:
        raise SystemExit(f"{args.method}: not in the contract: {error}")
    if result.codigo:
        print(json.dumps({"code": CODES[result.codigo], "detail": result.mensaje,
                          "errors": [{"field": e.campo, "detail": e.detalle} for e in result.errores]}, ensure_ascii=False, indent=2))
        sys.exit(1)
    print(json_format.MessageToJson(core.reply(args.method, result), ensure_ascii=False))


if __name__ == "__main__":
    main()
