"""STOMP as clients that nobody here wrote speak it: stomp.py over its own WebSocket transport, in both versions, and websocket-client where
the frames must be wrong. Two gateways of the test's own, so that one can go; the rest is the system of up.env. Ends with the counts."""
import base64
import http.server
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
from urllib.parse import quote, urlsplit

import stomp
import websocket
from stomp.adapter.ws import WSTransport
from stomp.protocol import Protocol11, Protocol12

PATIENCE = 15  # seconds for what is to come at once
URL = os.environ["PENDIENTES_URL"]
ADDRESS = urlsplit(URL)


def ask(verb, path, token=None, body=None, url=URL):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url + path, None if body is None else json.dumps(body).encode(), headers, method=verb)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, json.loads(answer.read() or b"null")


def login(dni, password=os.environ["PENDIENTES_PASSWORD"]):
    status, _, answer = ask("POST", "/auth", body={"dni": dni, "password": password})
    assert status == 200, answer
    return answer["token"], answer["usuario"]["id"]


def database(statement):
    command = ["psql", "-XqAt", "-d", os.environ["PENDIENTES_DATABASE"], "-c", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout.strip()


ADMIN, ADMIN_ID = login(os.environ["PENDIENTES_DNI_ADMIN"])
TECN, TECN_ID = login(os.environ["PENDIENTES_DNI_TECN"])


def notify(title, user=None, token=None):
    status, _, answer = ask("POST", "/api/notificaciones", token or ADMIN, {
        "titulo": title, "mensaje": "línea 1\nlínea: 2 \\ fin", "tipo": "INFO", "usuarioId": user or TECN_ID})
    assert status == 200, answer
    return answer


class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.frames, self.beats = queue.Queue(), 0

    def on_heartbeat(self):
        self.beats += 1

    def on_connected(self, frame):
        self.frames.put(("CONNECTED", frame))

    def on_message(self, frame):
        self.frames.put(("MESSAGE", frame))

    def on_receipt(self, frame):
        self.frames.put(("RECEIPT", frame))

    def on_error(self, frame):
        self.frames.put(("ERROR", frame))

    def on_disconnected(self):
        self.frames.put(("GONE", None))

    def on_heartbeat_timeout(self):
        self.frames.put(("SILENT", None))

    def next(self, kind, patience=PATIENCE):
        found, frame = self.frames.get(timeout=patience)
        assert found == kind, f"{found} instead of {kind}: {frame and frame.headers}"
        return frame


class Parts:
    """stomp.py has a connection over WebSocket for 1.2 only; its parts make the other."""

    def __init__(self, url, path, beats, header):
        address = urlsplit(url)
        transport = WSTransport([(address.hostname, address.port)], ws_path=path, reconnect_attempts_max=1, header=header)
        stomp.connect.BaseConnection.__init__(self, transport)
        self.Protocol.__init__(self, transport, beats, heart_beat_receive_scale=4)  # a busy machine is no silent server
        self.listener = Listener()
        self.set_listener("test", self.listener)

    def connect(self, token=None):
        self.transport.start()
        self.Protocol.connect(self, wait=False, headers={"Authorization": f"Bearer {token}"} if token else {})
        return self

    def disconnect(self, receipt=None):
        self.Protocol.disconnect(self, receipt)

    def joined(self, token=TECN):
        self.connect(token)
        return self.listener.next("CONNECTED")

    def next(self, kind, patience=PATIENCE):
        return self.listener.next(kind, patience)


class Client11(Parts, stomp.connect.BaseConnection, Protocol11):
    Protocol = Protocol11


class Client12(Parts, stomp.connect.BaseConnection, Protocol12):
    Protocol = Protocol12


def Client(version, url=URL, path="/ws", beats=(0, 0), header=None):
    return (Client11 if version == "1.1" else Client12)(url, path, beats, header)


def topic(user=None):
    return f"/topic/usuario/{user or TECN_ID}"


def raw(url=URL, path="/ws", **more):
    address = urlsplit(url)
    return websocket.create_connection(f"ws://{address.netloc}{path}", timeout=PATIENCE + 10, **more)


def frame(command, body="", **headers):
    lines = [command] + [f"{name.replace('_', '-')}:{value}" for name, value in headers.items()]
    return "\n".join(lines) + "\n\n" + body + "\0"


def raw_joined(url=URL, token=None, **more):
    ws = raw(url)
    ws.send(frame("CONNECT", accept_version="1.1,1.2", host="x", Authorization=f"Bearer {token or TECN}", **more))
    assert ws.recv().startswith("CONNECTED\n")
    return ws


def closing(ws):
    """What comes until the end, and its code (None: cut off)."""
    texts = []
    try:
        while True:
            opcode, data = ws.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return "".join(texts), int.from_bytes(data[:2], "big")
            texts.append(data.decode())
    except websocket.WebSocketConnectionClosedException:
        return "".join(texts), None


class Gateway:
    """One of the test's own before the same cores."""

    def __init__(self):
        with socket.socket() as s, socket.socket() as t:
            s.bind(("127.0.0.1", 0))
            t.bind(("127.0.0.1", 0))
            port, admin = s.getsockname()[1], t.getsockname()[1]
        keys = os.path.dirname(os.environ["PENDIENTES_TOKEN_KEY_FILE"])
        self.url, self.admin = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin}"
        self.process = subprocess.Popen(
            [os.environ["PENDIENTES_BUILD_DIR"] + "/gateway/pendientes-gateway", "--listen", f"127.0.0.1:{port}", "--admin",
             f"127.0.0.1:{admin}", "--cores", os.environ["PENDIENTES_RPC"], "--events-token-file", keys + "/events.token"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if urllib.request.urlopen(self.admin + "/ready").status == 200:
                    return
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, "the gateway does not start"
                time.sleep(0.05)

    def resident(self):
        """In kB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int([line for line in status if line.startswith("VmRSS")][0].split()[1])

    def sessions(self):
        text = urllib.request.urlopen(self.admin + "/metrics").read().decode()
        return int(text.split("\npendientes_stomp_sessions ")[1].split("\n")[0])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        log = self.process.communicate(timeout=PATIENCE)[0]
        assert self.process.returncode == 0, (self.process.returncode, log[-500:])
        return log


# --- stomp.py ---


def test_versions_and_paths():
    for version in ("1.1", "1.2"):
        for path in ("/ws", "/ws/", "/ws/websocket"):
            client = Client(version, path=path)
            connected = client.joined()
            assert connected.headers["version"] == version, connected.headers
            assert connected.headers["user-name"] == str(TECN_ID)
            client.subscribe(topic(), "a:b\\c", headers={"receipt": "r1"})
            assert client.next("RECEIPT").headers["receipt-id"] == "r1"
            made, began = notify("una: \\n de dos"), time.monotonic()
            message = client.next("MESSAGE")
            assert time.monotonic() - began < 1
            assert json.loads(message.body) == made, message.body
            headers = message.headers
            assert headers["destination"] == topic() and headers["subscription"] == "a:b\\c", headers
            assert headers["content-type"] == "application/json" and headers["message-id"] == headers["evento-id"], headers
            assert int(headers["evento-id"]) > int(connected.headers["evento-id"])
            assert int(headers["content-length"]) == len(message.body.encode())
            client.disconnect("bye")
            assert client.listener.frames.get(timeout=PATIENCE)[0] in ("RECEIPT", "GONE")  # stomp.py hangs up first, and then tells


def test_token_in_handshake():
    for path, header in (("/ws", [f"Authorization: Bearer {TECN}"]), ("/ws?access_token=" + quote(TECN), None),
                         ("/ws/websocket?a=1&access_token=" + quote(TECN), None)):
        client = Client("1.2", path=path, header=header)
        assert client.joined(None).headers["user-name"] == str(TECN_ID)
        client.disconnect()
    # what CONNECT says counts more
    client = Client("1.2", path="/ws?access_token=" + quote(TECN))
    assert client.joined(ADMIN).headers["user-name"] == str(ADMIN_ID)
    client.disconnect()


def test_wrong_tokens():
    head, claims, mark = TECN.split(".")
    other = claims[:-2] + ("AA" if claims[-2:] != "AA" else "BB")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for token in (None, "x", "a.b.c", f"{head}.{other}.{mark}", f"{none}.{claims}.{mark}"):
        client = Client("1.2").connect(token)
        error = client.next("ERROR")
        assert error.headers["code"] == "UNAUTHENTICATED", error.headers
        assert client.listener.frames.get(timeout=PATIENCE)[0] == "GONE"


def test_only_ones_own_topic():
    for token, place in ((TECN, topic(ADMIN_ID)), (ADMIN, topic(TECN_ID)), (TECN, "/topic/notificaciones"), (TECN, "/topic/usuario/*"),
                         (TECN, topic() + "/"), (TECN, f"/topic/usuario/0{TECN_ID}"), (TECN, "/queue/usuario")):
        client = Client("1.2")
        client.joined(token)
        client.subscribe(place, "1", headers={"receipt": "r"})
        error = client.next("ERROR")
        assert error.headers["code"] == "PERMISSION_DENIED" and error.headers["receipt-id"] == "r", error.headers
        assert "/topic/usuario/" in error.headers["message"]
    # an administrator may read all by REST, but a topic is its user's
    client = Client("1.2")
    client.joined(ADMIN)
    client.subscribe(topic(ADMIN_ID), "1", headers={"receipt": "r"})
    client.next("RECEIPT")
    notify("ajena")
    mine = notify("propia", ADMIN_ID)
    assert json.loads(client.next("MESSAGE").body)["id"] == mine["id"]
    client.disconnect()


def test_only_created_ones():
    client = Client("1.2")
    client.joined()
    client.subscribe(topic(), "1", headers={"receipt": "r"})
    client.next("RECEIPT")
    first = notify("primera")
    assert ask("PUT", f"/api/notificaciones/{first['id']}", TECN, {"estado": "LEIDO"})[0] == 200
    assert ask("DELETE", f"/api/notificaciones/{first['id']}", TECN)[0] == 200
    second = notify("segunda")
    assert [json.loads(client.next("MESSAGE").body)["id"] for _ in range(2)] == [first["id"], second["id"]]
    client.unsubscribe("1", headers={"receipt": "r1"})
    assert client.next("RECEIPT").headers["receipt-id"] == "r1"
    witness = raw_joined()
    witness.send(frame("SUBSCRIBE", id="w", destination=topic(), receipt="w"))
    assert witness.recv().startswith("RECEIPT")
    notify("nadie")
    assert witness.recv().startswith("MESSAGE")
    witness.close()
    client.subscribe(topic(), "2", headers={"receipt": "r2"})
    assert client.next("RECEIPT").headers["receipt-id"] == "r2"
    third = notify("tercera")
    message = client.next("MESSAGE")
    assert json.loads(message.body)["id"] == third["id"] and message.headers["subscription"] == "2"
    client.disconnect()


def test_what_the_system_tells():
    """A new order, to whoever assigns; its assignment, to the technician."""
    client, technician = Client("1.2"), Client("1.1")
    client.joined(ADMIN)
    client.subscribe(topic(ADMIN_ID), "1", headers={"receipt": "r"})
    client.next("RECEIPT")
    technician.joined()
    technician.subscribe(topic(), "1", headers={"receipt": "r"})
    technician.next("RECEIPT")
    status, _, order = ask("POST", "/api/pendientes", ADMIN, {"clienteId": 1, "tipo": "AVERIA", "lugar": "PUNO", "prioridad": "URGENTE"})
    assert status == 200, order
    began = time.monotonic()
    assert json.loads(client.next("MESSAGE").body)["usuarioId"] == ADMIN_ID and time.monotonic() - began < 1
    assert ask("POST", "/api/pendientes/averia", ADMIN, {"pendienteId": order["id"], "descripcionFalla": "Sin señal"})[0] == 200
    employee = ask("GET", "/api/usuarios/usuario", TECN)[2]["empleado"]["id"]
    assert ask("PUT", f"/api/pendientes/{order['id']}/asignar?idAsignado={employee}", ADMIN)[0] == 200
    began = time.monotonic()
    assert json.loads(technician.next("MESSAGE").body)["tipo"] == "INFO" and time.monotonic() - began < 1
    client.disconnect()
    technician.disconnect()


def test_what_is_not_served():
    for refused in (lambda c: c.send(topic(), "hola"), lambda c: c.ack("1"), lambda c: c.nack("1"), lambda c: c.begin("t"),
                    lambda c: c.commit("t"), lambda c: c.abort("t")):
        client = Client("1.2")
        client.joined()
        refused(client)
        assert client.next("ERROR").headers["code"] == "UNIMPLEMENTED"
    for ack in ("client", "client-individual"):
        client = Client("1.2")
        client.joined()
        client.subscribe(topic(), "1", ack=ack)
        assert client.next("ERROR").headers["message"].startswith("ack:")


def test_beats():
    client = Client("1.2", beats=(4000, 2000))
    connected = client.joined()
    assert connected.headers["heart-beat"] == "2000,2000"
    try:
        found = client.listener.frames.get(timeout=10)
        raise AssertionError(f"{found[0]} in silence")
    except queue.Empty:
        assert client.listener.beats >= 3
    client.subscribe(topic(), "1", headers={"receipt": "r"})
    client.next("RECEIPT")
    client.disconnect()


def test_beats_of_many():
    """More than the gateway tells within one millisecond of its clock."""
    many = [raw_joined(heart_beat="0,2000") for _ in range(200)]
    for _ in range(3):
        for ws in many:
            opcode, data = ws.recv_data()
            assert opcode == websocket.ABNF.OPCODE_TEXT and data == b"\n", (opcode, data)
    for ws in many:
        ws.close()


def test_resume():
    gone, stays = Gateway(), Gateway()
    client = Client("1.2", gone.url)
    start = client.joined().headers["evento-id"]
    client.subscribe(topic(), "1", headers={"receipt": "r"})
    client.next("RECEIPT")
    made = [notify(f"n{i}")["id"] for i in range(5)]
    seen = [client.next("MESSAGE") for _ in range(3)]
    last = seen[-1].headers["evento-id"]
    assert gone.sessions() == 1 and stays.sessions() == 0
    log = gone.stop()
    assert TECN not in log and "access_token" not in log
    made += [notify(f"n{i}")["id"] for i in range(5, 8)]
    gone = Gateway()
    for url in (stays.url, gone.url, URL):  # one that knows it all, one that has just begun, and the first
        for header in ("desde", "last-event-id"):
            client = Client("1.1", url)
            client.joined()
            client.subscribe(topic(), "1", headers={header: last})
            again = [client.next("MESSAGE") for _ in made[3:]]
            assert [json.loads(m.body)["id"] for m in again] == made[3:]
            # another subscription from the beginning, while the first goes on
            client.subscribe(topic(), "2", headers={"desde": start})
            again = [client.next("MESSAGE") for _ in made]
            assert {m.headers["subscription"] for m in again} == {"2"}
            assert [json.loads(m.body)["id"] for m in again] == made
            fresh = notify("a las dos")["id"]
            both = [client.next("MESSAGE") for _ in range(2)]
            assert [json.loads(m.body)["id"] for m in both] == [fresh, fresh] and {m.headers["subscription"] for m in both} == {"1", "2"}
            made.append(fresh)
            client.disconnect()
    gone.stop()
    stays.stop()


def test_no_longer_kept():
    """Numbers that were never given, as after a restore, and events that are gone: a message says so, and it goes on."""
    client = Client("1.2")
    head = int(client.joined().headers["evento-id"])
    client.subscribe(topic(), "1", headers={"desde": head + 1_000_000})
    told = client.next("MESSAGE")
    assert told.headers["recortado"] == "true" and told.body == "{}" and told.headers["subscription"] == "1"
    made = notify("sigue")["id"]
    assert json.loads(client.next("MESSAGE").body)["id"] == made
    before = database("SELECT min(numero) FROM eventos")
    database(f"DELETE FROM eventos WHERE numero <= {before}")
    client.subscribe(topic(), "2", headers={"desde": int(before) - 1})
    told = client.next("MESSAGE")
    assert told.headers["recortado"] == "true" and told.headers["subscription"] == "2"
    while json.loads(client.next("MESSAGE").body)["id"] != made:
        pass
    fresh = notify("y sigue")["id"]
    both = [client.next("MESSAGE") for _ in range(2)]
    assert {m.headers["subscription"] for m in both} == {"1", "2"} and {json.loads(m.body)["id"] for m in both} == {fresh}
    client.disconnect()


def test_end_of_rights():
    dni = "49" + str(time.time_ns())[-8:-2]
    status, _, user = ask("POST", "/api/usuarios", ADMIN, {"nombre": f"Sesión {dni}", "dni": dni, "email": f"{dni}@x.pe",
                                                            "password": "clave-larga", "idRol": "TECN"})
    assert status == 200, user
    token, _ = login(dni, "clave-larga")
    client = Client("1.2")
    client.joined(token)
    assert ask("PUT", f"/api/usuarios/{user['id']}", ADMIN, {"activo": False})[0] == 200
    began = time.monotonic()
    assert client.next("ERROR").headers["code"] == "UNAUTHENTICATED"
    assert time.monotonic() - began < 1
    ask("DELETE", f"/api/usuarios/{user['id']}", ADMIN)


# --- what stomp.py would not send ---


def test_bad_frames():
    for text, word in (("GARBAGE\n\n\0", "CONNECT"), ("connect\n\n\0", "mayúsculas"), (frame("SUBSCRIBE", id="1", destination=topic()), "CONNECT"),
                       (frame("CONNECT", accept_version="1.0"), "1.1"), (frame("CONNECT"), "1.1"),
                       (frame("CONNECT", accept_version="1.2", heart_beat="x"), "heart-beat"),
                       (frame("CONNECT", "cuerpo", accept_version="1.2"), "cuerpo"), ("CONNECT\nsin dos puntos\n\n\0", "debe ser nombre"),
                       ("CONNECT\n" + "a:b\n" * 40 + "\n\0", "demasiadas"), ("CONNECT\na:" + "x" * 40000, "grande")):
        ws = raw()
        ws.send(text)
        said, code = closing(ws)
        assert said.startswith("ERROR\n") and word in said and code in (1002, 1008), (text[:40], said, code)
    for text, word in (("FOO\n\n\0", "comando"), (frame("SUBSCRIBE", destination=topic()), "id"), (frame("UNSUBSCRIBE", id="9"), "id"),
                       (frame("SUBSCRIBE", id="1", destination=topic(), desde="-1"), "desde"), (frame("SUBSCRIBE", id="\\t"), "escape"),
                       (frame("SUBSCRIBE", id="1", destination=topic()) + frame("SUBSCRIBE", id="1", destination=topic()), "id"),
                       (frame("CONNECT", accept_version="1.2"), "conectada")):
        ws = raw_joined()
        ws.send(text)
        said, code = closing(ws)
        assert said.startswith("ERROR\n") and word in said and code in (1002, 1008), (text, said, code)


def test_pieces():
    """Frames over several messages, several in one, text and binary, fragments and pings between them."""
    ws = raw()
    text = "\n\r\n" + frame("STOMP", accept_version="1.0,1.1,1.2", Authorization=f"Bearer {TECN}")
    for byte in text:
        ws.send(byte)
    assert ws.recv().startswith("CONNECTED\n")
    for number in range(3):
        ws.send_binary((frame("SUBSCRIBE", id=f"{number}", destination=topic(), receipt=f"r{number}") + "\n").encode())
    ws.send(frame("UNSUBSCRIBE", id="0", receipt="u0") + frame("UNSUBSCRIBE", id="1", receipt="u1"))
    assert [ws.recv().split("receipt-id:")[1].split("\n")[0] for _ in range(5)] == ["r0", "r1", "r2", "u0", "u1"]
    ws.ping(b"hola")
    opcode, data = ws.recv_data(control_frame=True)
    assert (opcode, data) == (websocket.ABNF.OPCODE_PONG, b"hola")
    ws.close(1000)


def test_limits_of_websocket():
    ws = raw_joined()
    ws.send("\n" * 70000)
    assert closing(ws)[1] == 1009
    ws = raw_joined()
    ws.send(b"\xff\xfe", opcode=websocket.ABNF.OPCODE_TEXT)
    assert closing(ws)[1] == 1007
    ws = raw_joined()
    ws.sock.sendall(b"\x81\x01a")  # not masked
    assert closing(ws)[1] == 1002


def test_silence():
    beats = raw_joined(heart_beat="2000,0")
    nothing = raw()
    began = time.monotonic()
    said, code = closing(beats)
    took = time.monotonic() - began
    assert "heart-beat" in said and code == 1008 and 4 <= took < 9, (said, code, took)
    said, code = closing(nothing)
    took = time.monotonic() - began
    assert "CONNECT" in said and code == 1008 and 9 <= took < 20, (said, code, took)


def test_a_reader_that_takes_nothing():
    """What it has not taken waits in the log: the gateway holds little for it, and tells it all afterwards."""
    gateway = Gateway()
    ws = raw_joined(gateway.url)
    ws.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
    for number in range(16):
        ws.send(frame("SUBSCRIBE", id=f"{number}", destination=topic(), receipt="r"))
        assert ws.recv().startswith("RECEIPT")
    long = {"titulo": "larga", "mensaje": "ñ" * 10000, "tipo": "INFO", "usuarioId": TECN_ID}
    made, before = [], gateway.resident()
    for _ in range(40):
        status, _, answer = ask("POST", "/api/notificaciones", ADMIN, long)
        assert status == 200, answer
        made.append(answer["id"])
    grown = gateway.resident() - before
    assert "ASAN_OPTIONS" in os.environ or grown < 6000, grown  # all of it would be 13,000
    got = [json.loads(ws.recv().split("\n\n", 1)[1].rstrip("\0"))["id"] for _ in range(16 * 40)]
    assert got == [number for number in made for _ in range(16)]
    ws.close()
    gateway.stop()


def test_goodbye():
    gateway = Gateway()
    joined, waiting = raw_joined(gateway.url), raw(gateway.url)
    gateway.process.send_signal(signal.SIGTERM)
    assert closing(joined) == ("", 1001) and closing(waiting) == ("", 1001)
    gateway.stop()


def test_handshake():
    for path in ("/ws", "/ws/websocket"):
        status, headers, body = ask("GET", path)
        assert status == 426 and headers["Upgrade"] == "websocket" and headers["Content-Type"] == "application/problem+json", (status, body)
        assert ask("POST", path, body={})[0] == 405
    assert ask("GET", "/ws/info")[0] == 404
    for offered, chosen in (([], None), (["v10.stomp"], None), (["v10.stomp", "v11.stomp", "v12.stomp"], "v12.stomp"), (["v11.stomp"], "v11.stomp")):
        ws = raw(subprotocols=offered) if chosen or not offered else None
        if ws:
            assert ws.getsubprotocol() == chosen
            ws.close()
    # any page may begin: it has no more than the token that it shows
    raw(origin="https://otra.example").close()
    for broken in ("Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: corta"):
        head = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        name, value = broken.split(": ")
        head[name] = value
        with socket.create_connection((ADDRESS.hostname, ADDRESS.port), timeout=PATIENCE) as s:
            s.sendall(("GET /ws HTTP/1.1\r\nHost: x\r\n" + "".join(f"{n}: {v}\r\n" for n, v in head.items()) + "\r\n").encode())
            assert s.recv(4096).startswith(b"HTTP/1.1 426 "), broken
    said = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code}", URL + "/ws"], capture_output=True, text=True)
    assert said.stdout == "505", said


# --- a browser ---

PAGE = """<!doctype html><script src="/stomp.js"></script><script>
const told = (what, text) => fetch("/told/" + what, {method: "POST", body: String(text)});
const client = new StompJs.Client({brokerURL: "%(ws)s/ws", connectHeaders: {Authorization: "Bearer %(token)s"}, reconnectDelay: 0});
client.onStompError = frame => told("ERROR", frame.headers.message);
client.onConnect = () => {
  client.watchForReceipt("r", () => told("RECEIPT", client.connectedVersion));
  client.subscribe("%(topic)s", message => told("MESSAGE", message.body), {receipt: "r"});
};
client.activate();
const plain = new WebSocket("%(ws)s/ws?access_token=%(token)s", ["v12.stomp"]);
plain.onopen = () => plain.send("CONNECT\\naccept-version:1.2\\n\\n\\0");
plain.onmessage = event => told("PLAIN", plain.protocol + " " + event.data);
</script>"""


def test_browser():
    """A page of another origin: @stomp/stompjs, and the browser's own WebSocket."""
    library = "build/npm-stomp/node_modules/@stomp/stompjs/bundles/stomp.umd.js"
    if not shutil.which("chromium") or not (os.path.exists(library) or shutil.which("npm")):
        print("the browser is left out: it needs chromium and npm")
        return
    if not os.path.exists(library):
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", "build/npm-stomp", "@stomp/stompjs@7"], check=True)
    told = queue.Queue()
    page = PAGE % {"ws": f"ws://{ADDRESS.netloc}", "token": TECN, "topic": topic()}

    class Site(http.server.BaseHTTPRequestHandler):
        def answer(self, kind, body):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            if self.path == "/stomp.js":
                with open(library, "rb") as file:
                    self.answer("text/javascript", file.read())
            else:
                self.answer("text/html; charset=utf-8", page.encode() if self.path == "/" else b"")

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told.put((self.path.split("/")[-1], body))
            self.answer("text/plain", b"")

        def log_message(self, *_):
            pass

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
             "--remote-debugging-port=0", f"http://127.0.0.1:{site.server_address[1]}/"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            first = dict(told.get(timeout=60) for _ in range(2))
            assert first["RECEIPT"] == "1.2" and first["PLAIN"].startswith("v12.stomp CONNECTED\n"), first
            made = notify("al navegador ñ")
            kind, body = told.get(timeout=PATIENCE)
            assert kind == "MESSAGE" and json.loads(body) == made, (kind, body)
        finally:
            os.killpg(browser.pid, signal.SIGTERM)
            browser.wait()
            site.shutdown()


def main():
    passed = failed = 0
    chosen = sys.argv[1:]
    for name, test in list(globals().items()):
        if not name.startswith("test_") or (chosen and name not in chosen):
            continue
        began = time.monotonic()
        try:
            test()
            passed += 1
            print(f"ok: {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception as problem:  # the next one may still tell something
            failed += 1
            print(f"FAILED: {name}: {type(problem).__name__}: {problem}", flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed", flush=True)
    os._exit(1 if failed or not passed else 0)  # stomp.py's threads are not waited for


main()
