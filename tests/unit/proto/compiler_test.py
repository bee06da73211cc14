"""The contract compiler's refusals: each contradiction ends the build and names its place. Runs with any Python 3.9 and needs protoc, the
google/api files and Debian's python3 with python3-protobuf, as the build does.

    python3 -m unittest tests/unit/proto/compiler_test.py
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PYTHON = os.environ.get("SYSTEM_PYTHON", "/usr/bin/python3")
GOOGLE_API = os.environ.get("GOOGLE_API", "/usr/share/gocode/src/github.com/gogo/googleapis")
GOOGLE_PROTOBUF = os.environ.get("GOOGLE_PROTOBUF", "/usr/include")
FILE = "pendientes/v1/prueba.proto"

HEAD = """syntax = "proto2";
package pendientes.v1;
import "google/api/annotations.proto";
import "pendientes/options.proto";
"""
GET = "option idempotency_level = NO_SIDE_EFFECTS; option (google.api.http) = { get: \"%s\" };"
REQ = "message Req { optional int64 id = 1 [(pendientes.campo) = { obligatorio: true }]; %s }\n"
RESP = "message Resp { optional int64 id = 1; %s }\n"
PAGE = """optional Pageable pageable = 2; optional bool last = 3; optional int64 total_pages = 4; optional int64 total_elements = 5;
optional int32 size = 6; optional int32 number = 7; optional Orden sort = 8; optional bool first = 9;
optional int32 number_of_elements = 10; optional bool empty = 11;
optional string next_cursor = 12 [(pendientes.campo) = { cabecera: "Next-Cursor" }];
optional bool total_estimated = 13 [(pendientes.campo) = { cabecera: "Total-Estimated" }];"""
ASKED = """optional int32 page = 3; optional int32 size = 4; optional string cursor = 5; optional Total.Valor total = 6;"""
PARTS = "message Orden { optional bool empty = 1; }\nmessage Pageable { optional int32 page_size = 1; }\n"


class Build:
    """One run of protoc and the compiler over a contract of one file."""

    def __init__(self, text):
        self.text = text
        with tempfile.TemporaryDirectory() as directory:
            protos, out = pathlib.Path(directory, "proto"), pathlib.Path(directory, "out")
            (protos / "pendientes/v1").mkdir(parents=True)
            out.mkdir()
            (protos / FILE).write_text(text, encoding="utf-8")
            includes = ["-I", protos, "-I", ROOT / "proto", "-I", GOOGLE_API, "-I", GOOGLE_PROTOBUF]
            subprocess.run(["protoc", *includes, "--include_imports", "--include_source_info", f"--descriptor_set_out={out}/set.pb", FILE],
                           check=True, capture_output=True, text=True)
            done = subprocess.run([PYTHON, "-B", ROOT / "proto/compiler/main.py", out / "set.pb", out, "1.0"], capture_output=True, text=True)
            self.code, self.error = done.returncode, done.stderr.strip()
            self.document = json.loads((out / "openapi.json").read_text("utf-8")) if done.returncode == 0 else None
            self.tables = (out / "contract_tables.c").read_text("utf-8") if done.returncode == 0 else None

    def line_of(self, part):
        return self.text[:self.text.index(part)].count("\n") + 1


def contract(method=GET % "/a/{id}", options="", req="", resp="", more=""):
    """A service of one method; `method` and `options` stand in it, the rest in its messages or behind them."""
    option = f"option (pendientes.metodo) = {{ {options} }};" if options else ""
    return (HEAD + f"service Pruebas {{\n  rpc Probar(Req) returns (Resp) {{ {method} {option} }}\n}}\n" + REQ % f"\n  {req}\n" + RESP % f"\n  {resp}\n"
            + PARTS + more)


class Test(unittest.TestCase):
    def refused(self, at, reason, **parts):
        """at: a part of the text on the line that is named; reason: a regular expression."""
        build = Build(contract(**parts))
        self.assertNotEqual(build.code, 0, f"was taken, expected: {reason}")
        self.assertNotIn("Traceback", build.error)
        self.assertRegex(build.error, reason)
        self.assertEqual(build.error.split(": ")[0], f"{FILE}:{build.line_of(at)}", build.error)

    def taken(self, **parts):
        build = Build(contract(**parts))
        self.assertEqual(build.code, 0, build.error)
        return build

    def field(self, text, reason, side="req"):
        self.refused(text, reason, **{side: text})

    def method(self, reason, **parts):
        self.refused("rpc Probar", reason, **parts)


class Fields(Test):
    def test_integers(self):
        self.field("optional string a = 2 [(pendientes.campo) = { minimo: 1 }];", "a: minimo is for integers")
        self.field("optional int64 a = 2 [(pendientes.campo) = { minimo: 2 maximo: 1 }];", "minimo is over maximo")
        self.field("optional int32 a = 2 [(pendientes.campo) = { maximo: 3000000000 }];", "maximo is out of int32")

    def test_lengths(self):
        self.field("optional int64 a = 2 [(pendientes.campo) = { largo_max: 1 }];", "largo_max is for a string")
        self.field("optional string a = 2 [(pendientes.campo) = { largo_max: 2 largo_min: 3 }];", "largo_min is over largo_max")
        self.field("optional string a = 2 [(pendientes.campo) = { largo_max: 10001 }];", "largo_max is not within")
        self.field("optional string a = 2 [(pendientes.campo) = { formato: FECHA largo_max: 9 }];", "largo_max is for a string of formato TEXTO")
        self.field("optional string a = 2 [(pendientes.campo) = { elementos_max: 3 }];", "elementos_max is for repeated")
        self.field("optional string a = 2 [(pendientes.campo) = { nombrado: true }];", "nombrado is for lists that may be empty")

    def test_lists(self):
        for option, bound in (("", 1000), ("[(pendientes.campo) = { elementos_max: 3 }]", 3), ("[(pendientes.campo) = { elementos_max: 0 }]", 0)):
            build = self.taken(method='option (google.api.http) = { post: "/a" body: "*" };', req=f"repeated int64 ids = 2 {option};")
            self.assertEqual(build.document["components"]["schemas"]["Req"]["properties"]["ids"]["maxItems"], bound)
            (self.assertIn if bound else self.assertNotIn)(f".max_items = {bound}", build.tables)
        self.assertIn(".max_items = 4294967295", self.taken(resp="repeated int64 ids = 2;").tables)  # what is stored is answered

    def test_formats(self):
        self.field("optional int64 a = 2 [(pendientes.campo) = { formato: FECHA }];", "formato is for a string")
        self.field("optional string a = 2 [(pendientes.campo) = { decimal_min: \"1\" }];", "decimal_min is for formato DECIMAL")
        self.field("optional string a = 2 [(pendientes.campo) = { formato: DECIMAL decimal_max: \"1.005\" }];", "«1.005» is no decimal")
        self.field("optional string a = 2 [(pendientes.campo) = { formato: DECIMAL decimal_min: \"2\" decimal_max: \"1\" }];", "decimal_min is over")
        self.field("optional string a = 2 [(pendientes.campo) = { patron: \"(\" }];", "patron is no regular expression")
        for pattern in ("[0-9]+?", "(?:a)", "[^a]", "a.b", "[[:digit:]]", "ñ", "\\\\d", "a\\\\b", "[\\\\]]", "a++"):
            self.field(f'optional string a = 2 [(pendientes.campo) = {{ patron: "{pattern}" }}];', "patron is not of the part")
        self.field('optional string a = 2 [(pendientes.campo) = { excluye: "b" }];', "excluye «b»")
        self.field('optional int64 a = 2 [(pendientes.campo) = { cabecera: "X" }];', "cabecera is for", side="resp")
        self.field('optional string a = 2 [(pendientes.campo) = { cabecera: "x y" }];', "no header's name", side="resp")
        self.field("optional bool a = 2 [(pendientes.campo) = { visible: true }];", "visible is for a string")

    def test_protection(self):
        self.field("optional int64 a = 2 [(pendientes.campo) = { protegido: CIFRADO }];", "protegido is for a string")
        self.field("repeated string a = 2 [(pendientes.campo) = { protegido: CIFRADO }];", "single values")
        self.field("optional string a = 2 [(pendientes.campo) = { ver: \"8\" }];", "ver and cabecera are for replies")
        self.field("optional int64 a = 2 [(pendientes.campo) = { ver: \"8\" }];", "ver is for a string", side="resp")
        self.field("optional string a = 2 [(pendientes.campo) = { ver: \"publico\" }];", "hides nothing", side="resp")
        self.field("optional string a = 2 [(pendientes.campo) = { protegido: CIFRADO }];", "opened for everybody", side="resp")
        self.field("optional string a = 2 [(pendientes.campo) = { protegido: BCRYPT ver: \"8\" }];", "not answered", side="resp")
        self.field("optional string a = 2 [(pendientes.campo) = { protegido: BCRYPT }];"
                   " optional string b = 3 [(pendientes.campo) = { protegido: BCRYPT }];", "b: BCRYPT is for one field")
        sealed = "optional string a = 2 [(pendientes.campo) = { protegido: CIFRADO ver: \"32 | asignado\" }];"
        self.field(sealed, "wants no_guardar", side="resp")
        self.taken(resp=sealed, options="no_guardar: true")

    def test_shapes(self):
        self.field("optional double a = 2;", "JSON form")
        self.method("bytes have no form in JSON", req="optional bytes a = 2 [(pendientes.campo) = { bytes_max: 9 }];")
        self.method("bytes have no form in JSON", resp="optional bytes a = 2;")
        self.field("repeated bytes a = 2;", "bytes are not repeated")
        self.field("optional bytes a = 2 [(pendientes.campo) = { largo_max: 1 }];", "largo_max is for a string")
        self.field("optional bytes a = 2 [(pendientes.campo) = { formato: FECHA }];", "formato is for a string")
        self.field("optional string a = 2 [(pendientes.campo) = { formato: IMAGEN }];", "IMAGEN for bytes")
        self.field("required string a = 2;", "write optional and obligatorio")
        self.field("optional int32 a = 2 [default = 3];", "default")
        self.field("oneof x { string a = 2; }", "oneof")
        self.field("optional string limpiar = 2;", "list of fields to clear")
        self.field("repeated int64 limpiar = 2;", "list of fields to clear")
        self.field("repeated string limpiar = 2;", "only a request has it", side="resp")
        self.field("optional string un_campo = 2 [json_name = \"id\"];", "has the JSON name of id")
        self.field("optional pendientes.Metodo a = 2;", "not of the contract")

    def test_examples(self):
        self.field("optional int32 a = 2 [(pendientes.campo) = { maximo: 5 ejemplo: \"6\" }];", "ejemplo «6»")
        self.field("optional int32 a = 2 [(pendientes.campo) = { ejemplo: \"seis\" }];", "ejemplo «seis»")
        self.field("optional string a = 2 [(pendientes.campo) = { largo_max: 2 ejemplo: \"tres\" }];", "ejemplo «tres»")
        self.field("optional string a = 2 [(pendientes.campo) = { formato: FECHA ejemplo: \"2026-02-30\" }];", "ejemplo «2026-02-30»")
        self.field("optional string a = 2 [(pendientes.campo) = { formato: DECIMAL ejemplo: \"1.005\" }];", "ejemplo «1.005»")
        self.field("optional string a = 2 [(pendientes.campo) = { patron: \"^x$\" ejemplo: \"y\" }];", "ejemplo «y»")
        self.refused("optional E.Valor a", "ejemplo «NO»", req="optional E.Valor a = 2 [(pendientes.campo) = { ejemplo: \"NO\" }];",
                     more="message E { enum Valor { SI = 0; } }\n")


class Files(Test):
    """Methods that only the RPC shows, and those whose bodies are files."""
    UPLOAD = """service Archivos {
  rpc Subir(SubirReq) returns (Nombre) { option (google.api.http) = { post: "/s/{id}" body: "*" };
    option (pendientes.metodo) = { subida: { empezar: "Empezar" anadir: "Anadir" partes: "files" } }; }
  rpc Empezar(EmpezarReq) returns (Nombre) { option (pendientes.metodo) = { solo_rpc: true }; }
  rpc Anadir(AnadirReq) returns (Nombre) { option (pendientes.metodo) = { solo_rpc: true }; }
  rpc Leer(LeerReq) returns (Trozo) { option idempotency_level = NO_SIDE_EFFECTS; option (google.api.http) = { get: "/f/{nombre}" };
    option (pendientes.metodo) = { archivo: true }; }
}
message Nombre { optional string nombre = 1; }
message SubirReq { optional int64 id = 1 [(pendientes.campo) = { obligatorio: true }]; repeated string archivos = 2; }
message EmpezarReq { optional int64 id = 1; optional int64 tamano = 2; optional string nombre_original = 3;
  optional bytes datos = 4 [(pendientes.campo) = { formato: IMAGEN bytes_max: 9 }]; }
message AnadirReq { optional string nombre = 1; optional int64 desde = 2; optional bytes datos = 3 [(pendientes.campo) = { bytes_max: 9 }]; }
message LeerReq { optional string nombre = 1 [(pendientes.campo) = { obligatorio: true }]; optional int64 desde = 2; optional int64 largo = 3; }
message Trozo { optional bytes datos = 1; optional int64 total = 2; optional string tipo = 3; optional string huella = 4;
  optional string nombre_original = 5; }
"""

    def upload(self, old, new, at, reason):
        self.assertIn(old, self.UPLOAD)
        self.refused(at, reason, more=self.UPLOAD.replace(old, new))

    def test_taken(self):
        build = self.taken(more=self.UPLOAD)
        self.assertEqual(list(build.document["paths"]["/s/{id}"]["post"]["requestBody"]["content"]), ["multipart/form-data"])
        self.assertIn("image/png", build.document["paths"]["/f/{nombre}"]["get"]["responses"]["206"]["content"])
        self.assertNotIn("Empezar", str(build.document["paths"].keys()))

    def test_refusals(self):
        self.upload('empezar: "Empezar"', 'empezar: "Nada"', "rpc Subir", "solo_rpc methods of its service")
        self.upload("optional int64 tamano = 2;", "", "rpc Subir", "have «tamano» of type int64")
        self.upload("repeated string archivos = 2;", "", "rpc Subir", "have «archivos» of type string")
        self.upload("message EmpezarReq { optional int64 id = 1;", "message EmpezarReq {", "rpc Subir", "has id as SubirReq has it")
        self.upload("datos = 3 [(pendientes.campo) = { bytes_max: 9 }]", "datos = 3 [(pendientes.campo) = { bytes_max: 8 }]", "rpc Subir",
                    "of one size")
        self.upload("[(pendientes.campo) = { bytes_max: 9 }]", "", "optional bytes datos = 3", "say bytes_max")
        self.upload("optional int64 total = 2;", "", "rpc Leer", "archivo is for one GET; its messages have «total»")
        self.method("solo_rpc with a google.api.http rule", options="solo_rpc: true")
        self.method("no google.api.http rule", method="")

    def test_list_body(self):
        put = 'option idempotency_level = IDEMPOTENT; option (google.api.http) = { put: "/a/{id}" body: "%s" };'
        items = dict(req="repeated Item items = 2; optional int64 n = 3;", more="message Item { optional string url = 1; }\n")
        build = self.taken(method=put % "items", **items)
        operation = build.document["paths"]["/a/{id}"]["put"]
        self.assertEqual(operation["requestBody"]["content"]["application/json"]["schema"]["type"], "array")
        self.assertIn("n", [p.get("name") for p in operation["parameters"]])
        self.method("body is", method=put % "n", **items)
        self.method("body is", method=put % "nada", **items)


class Messages(Test):
    def test_pages(self):
        page = "option (pendientes.mensaje) = { pagina: true };\nrepeated Req content = 1;"
        self.refused("message Pagina", "«empty» of type bool", more=f"message Pagina {{ {page} {PAGE.replace('optional bool empty = 11;', '')} }}\n")
        self.refused("message Pagina", "«last» of type bool", more=f"message Pagina {{ {page} {PAGE.replace('bool last', 'int32 last')} }}\n")
        self.refused("message Pagina", "repeated message «content»", more=f"message Pagina {{ option (pendientes.mensaje) = {{ pagina: true }}; {PAGE} }}\n")
        whole = f"message Pagina {{ {page} {PAGE} }}\n"
        self.refused("message Pagina", "«next_cursor» of type string", more=whole.replace("next_cursor", "cursor"))
        self.refused("total_estimated", "is a header", more=whole.replace('[(pendientes.campo) = { cabecera: "Total-Estimated" }]', ""))
        answered = (f"service Otras {{\n  rpc Ver(Pedido) returns (Pagina) {{ {GET % '/b'} }}\n}}\n"
                    "message Total { enum Valor { exacto = 0; } }\n")
        self.taken(more=whole + answered + f"message Pedido {{ {ASKED} }}\n")
        self.refused("rpc Ver", "lacks «cursor» of type string", more=whole + answered + f"message Pedido {{ {ASKED.replace('cursor', 'clave')} }}\n")
        self.refused("rpc Ver", "lacks «total» of type enum", more=whole + answered + f"message Pedido {{ {ASKED.replace('Total.Valor total', 'bool total')} }}\n")
        self.method("which only a reply is", req="optional Pagina pagina = 2;", more=f"message Pagina {{ {page.replace('Req', 'Resp')} {PAGE} }}\n",
                    method="option (google.api.http) = { post: \"/a\" body: \"*\" };")

    def test_recursion(self):
        self.refused("message Nodo", "holds itself", more="message Nodo { optional Nodo otro = 1; }\n")

    def test_enums(self):
        self.refused("enum Suelto", "an enum stands in a message", more="enum Suelto { UNO = 0; }\n")
        self.refused("enum Valor", "two names", more="message E { enum Valor { option allow_alias = true; A = 0; B = 0; } }\n")

    def test_clearing_within(self):
        self.refused("repeated string limpiar", "not a message within", more="message Parte {\n  repeated string limpiar = 1;\n}\n",
                     req="optional Parte parte = 2;", method="option (google.api.http) = { post: \"/a\" body: \"*\" };")


class Rules(Test):
    def rule(self, text, reason):
        self.method(reason, options=f'permiso: "{text}"')

    def test_refusals(self):
        self.rule("16384", "no sum of bits")
        self.rule("0", "no sum of bits")
        self.rule("1 2", "no sum of bits")
        self.rule("4 jefe", "«jefe»")
        self.rule("4 propio asignado", "two relations")
        self.rule("4 |", "empty alternative")
        self.rule("", "empty alternative")
        self.rule("publico | 4", "stands alone")
        self.rule("ajeno", "admits everybody")
        self.rule("4 | 8 | 4", "same alternative twice")
        self.rule("4 algun_bit", "bits and algun_bit")
        self.field("optional string a = 2 [(pendientes.campo) = { ver: \"99999\" }];", "no sum of bits", side="resp")

    def test_meaning(self):
        self.assertIn("{16383, PD_REL_ANY, false}", self.taken().tables)
        self.assertIn("{{6, PD_REL_OWN, false}, {0, PD_REL_ASSIGNED, false}}", self.taken(options='permiso: "6 propio | asignado"').tables)
        self.assertIn("{{0, PD_REL_ANY, true}}", self.taken(options='permiso: "algun_bit"').tables)
        self.assertIn("{{0, PD_REL_USER, false}}", self.taken(options='permiso: "usuario"').tables)
        self.assertIn("{{0, PD_REL_ANY, false}}", self.taken(options='permiso: "usuario" a_mano: true').tables)
        self.assertRegex(self.taken(options='permiso: "publico"').tables, r"rule_0 = \{true, 0, 0\}")


class Routes(Test):
    def test_paths(self):
        for path, reason in (("a", "begins with /"), ("/a/", "begins with /"), ("/a//b", "neither a literal"), ("/a/{id=*}", "neither a literal"),
                             ("/a/x%20y", "neither a literal"), ("/a/..", "neither a literal"), ("/a/{otro}", "otro is no field"),
                             ("/{id}/{id}", "stands in it twice")):
            with self.subTest(path):
                self.method(reason, method=GET % path)

    def test_variables(self):
        self.method("not obligatorio", method=GET % "/a/{nombre}", req="optional string nombre = 2;")
        self.method("a secret", method=GET % "/a/{clave}", req="optional string clave = 2 [(pendientes.campo) = { obligatorio: true secreto: true }];")
        self.method("repeated", method=GET % "/a/{ids}", req="repeated int64 ids = 2 [(pendientes.campo) = { obligatorio: true }];")

    def test_bodies(self):
        self.method("body is", method='option (google.api.http) = { post: "/a" body: "id" };')
        self.method("GET has no body", method='option idempotency_level = NO_SIDE_EFFECTS; option (google.api.http) = { get: "/a" body: "*" };')
        self.method('POST has body', method='option (google.api.http) = { post: "/a" };')
        self.method("no query parameter", method=GET % "/a/{id}", req="optional Orden orden = 2;")
        self.method("without get, post", method='option (google.api.http) = { custom: { kind: "HEAD" path: "/a" } };')
        self.method("no google.api.http", method="")

    def test_effects(self):
        self.method("a GET is idempotency_level", method='option (google.api.http) = { get: "/a" };')
        self.method("a DELETE is not", method='option idempotency_level = NO_SIDE_EFFECTS; option (google.api.http) = { delete: "/a" };')
        self.method("sin_clave is for a POST", options="sin_clave: true")
        self.method("says sin_clave", method='option idempotency_level = NO_SIDE_EFFECTS; option (google.api.http) = { post: "/a" body: "*" };')
        self.method("formulario is for", options="formulario: true")

    def test_deprecated_get(self):
        put = 'option (google.api.http) = { put: "/a/{id}" body: "*" %s };'
        get = put % 'additional_bindings { get: "/a/{id}" }'
        req = "optional int64 nuevo_x = 2 [(pendientes.campo) = { obligatorio: true }];"
        says = 'get_obsoleto: { campo: "%s" desde: "%s" }'
        good = says % ("nuevo_x", "2026-07-10")
        read = """service Lecturas { rpc Leer(Pide) returns (%s) {
          option idempotency_level = NO_SIDE_EFFECTS; option (google.api.http) = { get: "%s" }; } }
          message Pide { optional int64 id = 1 [(pendientes.campo) = { obligatorio: true }]; %s }"""
        more = read % ("Resp", "/a/{id}", "")
        self.method("a GET is idempotency_level", method=get, req=req)
        self.method("no field of Req", method=get, req=req, options=says % ("nada", "2026-07-10"))
        self.method("is no date", method=get, req=req, options=says % ("nuevo_x", "ayer"))
        self.method("for a method that writes", req=req, options=good)
        self.method("about an additional GET", method=put % "", req=req, options=good)
        self.method("about an additional GET", method='option (google.api.http) = { get: "/a/{id}" };', req=req, options=good)
        optional = "optional int64 nuevo_x = 2;"
        self.refused(optional, "wants an obligatory single value", method=get, req=optional, options=good)
        self.method("no read of that path", method=get, req=req, options=good)
        self.method("no read of that path", method=get, req=req, options=good, more=read % ("Resp", "/b/{id}", ""))
        self.method("stands in the path", method=get, req=req, options=says % ("id", "2026-07-10"), more=more)
        self.method("Leer has nuevoX itself", method=get, req=req, options=good, more=read % ("Resp", "/a/{id}", "optional int64 nuevo_x = 2;"))
        self.method("it answers Resp, and the read Orden", method=get, req=req, options=good, more=read % ("Orden", "/a/{id}", ""))
        build = self.taken(method=get, req=req, options=good, more=more)
        self.assertIn('"nuevoX", 1783641600, ', build.tables)
        parameter = next(p for p in build.document["paths"]["/a/{id}"]["get"]["parameters"] if p.get("name") == "nuevoX")
        self.assertTrue(parameter["deprecated"])
        self.assertNotIn("required", parameter)
        self.assertIn("Deprecation", build.document["paths"]["/a/{id}"]["get"]["responses"]["200"]["headers"])
        self.assertIn("put", build.document["paths"]["/a/{id}"])

    def test_equal_routes(self):
        other = 'service Otras {\n  rpc Otra(Req) returns (Resp) { %s }\n}\n' % (GET % "/a/{id}")
        self.refused("rpc Otra", "the same GET as /a/{id} of Pruebas.Probar", more=other)
        self.taken(more=other.replace("/a/{id}", "/a/b"))

    def test_answers(self):
        self.method("response_body «nada»", method=GET.replace("}", 'response_body: "nada" }') % "/a")
        self.method("texto «nada»", options='texto: "nada"')
        self.method("no single string", options='texto: "id"')
        self.method("no_encontrado names «otro»", options='no_encontrado: "No: {otro}"')
        self.method("for a read", method='option (google.api.http) = { post: "/a" body: "*" };', options='no_encontrado: "No"')

    def test_versions(self):
        """A service of writes beside `GET /a/{id}`, whose tag theirs is."""
        def others(name, rule, options=""):
            return f"service Otras {{\n  rpc {name}(Req) returns (Resp) {{ option (google.api.http) = {{ {rule} }}; {options} }}\n}}\n"

        def version(name):
            return f'option (pendientes.metodo) = {{ version: "{name}" }};'
        put, act = 'put: "/a/{id}" body: "*"', 'put: "/a/{id}/b" body: "*"'
        last = re.compile(r"-1, (true|false), (0|&pd_methods\[\d+\]), false, false, 0, false, false\},$", re.M)
        self.assertEqual(last.findall(self.taken(more=others("Poner", put)).tables), [("true", "0"), ("true", "&pd_methods[0]")])
        self.assertEqual(last.findall(self.taken(more=others("Hacer", act)).tables), [("true", "0"), ("false", "0")])
        named = self.taken(more=others("Hacer", act, version("Pruebas.Probar")))
        self.assertEqual(last.findall(named.tables), [("true", "0"), ("true", "&pd_methods[0]")])
        text = self.taken(more=others("Poner", put), options='texto: "nombre"', resp="optional string nombre = 2;")
        self.assertEqual(last.findall(text.tables), [("false", "0"), ("false", "0")])
        self.method("version is for a write", options='version: "Probar"')
        self.refused("rpc Hacer", "there is no Otras.Probar", more=others("Hacer", act, version("Probar")))
        self.refused("rpc Hacer", "no GET of one resource", more=others("Hacer", act, version("Otras.Hacer")))
        more = "message Otro {\n  optional int32 id = 1 [(pendientes.campo) = { obligatorio: true }];\n}\n" + others("Hacer", act)
        self.refused("rpc Hacer", "asks for «id»", more=more.replace("(Req)", "(Otro)").replace("/a/{id}/b", "/a/{id}"))

    def test_streams(self):
        text = contract().replace("rpc Probar(Req)", "rpc Probar(stream Req)")
        build = Build(text)
        self.assertIn("streams have no place", build.error)


class Derived(Test):
    def test_tables(self):
        build = self.taken(method=GET % "/a/ñandú¿/{id}", req="optional string z = 9; optional string dos_palabras = 4;",
                           resp="optional string costo = 2 [(pendientes.campo) = { formato: DECIMAL decimal_max: \"12.5\" }];")
        self.assertIn("max_cents = 1250", build.tables)
        self.assertRegex(build.tables, r'\{"a", -1\}, \{"\\303\\261and\\303\\272\\302\\277", -1\}, \{0, 0\}')
        self.assertLess(build.tables.index('"dosPalabras"'), build.tables.index('"z"'))
        self.assertIn("/a/%C3%B1and%C3%BA%C2%BF/{id}", build.document["paths"])

    def test_comments_change_nothing(self):
        first, second = (re.search("pd_contract_hash.*", self.taken(more=more).tables).group() for more in ("", "// otra cosa\n"))
        self.assertEqual(first, second)
        self.assertNotEqual(first, re.search("pd_contract_hash.*", self.taken(req="optional bool b = 2;").tables).group())

    def test_document(self):
        post = 'option (google.api.http) = { post: "/a" body: "*" additional_bindings { put: "/a/{id}" body: "*" } };'
        paths = self.taken(method=post, options='permiso: "4 propio | 8"', req="repeated string limpiar = 100; optional string t = 2;").document["paths"]
        made, edited = paths["/a"]["post"], paths["/a/{id}"]["put"]
        self.assertIn("VER_DETALLE_PENDIENTE (4), si lo tiene asignado o lo registró; o VER_TODOS_PENDIENTES (8)", made["description"])
        self.assertIn("422", made["responses"])
        self.assertNotIn("422", edited["responses"])
        self.assertTrue(made["requestBody"]["required"])
        self.assertFalse(edited["requestBody"]["required"])
        self.assertNotEqual(made["operationId"], edited["operationId"])
        self.assertEqual(edited["parameters"][0], {"name": "id", "in": "path", "required": True, "schema": {
            "type": "integer", "format": "int64", "minimum": -2**63, "maximum": 2**63 - 1}})


if __name__ == "__main__":
    unittest.main()
