#!/usr/bin/python3
"""A load of mixed roles and routes: the requests that cases_it kept (CASES_RECORD), asked again in any order by any role from several
connections at once, good and bad alike.

    mixed_load.py RECORD SECONDS [CONNECTIONS]

An answer of 500 fails, and so does a connection that breaks; refusals are what a good part of the requests is for. Shows progress, ends with
the counts: the load is one test."""
import collections
import http.client
import json
import os
import random
import re
import sys
import threading
import time
import traceback
from urllib.parse import quote, urlsplit

PRINTABLE = "".join(map(chr, range(33, 127)))  # what a client may send as it is
BOUNDARY = "mezcla"
# Writes to the demo's own accounts (three digits) and roles (letters only): some are refused only to the last administrator, whom there may
# be others beside in here, and who asks would be nobody from then on.
ACCOUNTS = re.compile(r"/api/(usuarios|empleados)/(roles/)?([A-Z]+|\d{1,3})(/|\?|$)")


def skipped(line):
    """Logins wait for bcrypt, and would end in 429 all; a stream without a deadline does not end."""
    target, timed = line["target"], any(header.startswith("Grpc-Timeout:") for header in line["headers"])
    if line["verb"] != "GET" and ACCOUNTS.match(target):
        return True
    return target.startswith("/auth") or line["verb"] == "HEAD" or (target.startswith("/api/eventos") and not timed)


def multipart(text):
    """`@name=bytes name=bytes`, as a case writes its files."""
    parts = (part.partition("=") for part in text[1:].split(" "))
    return "".join(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="foto.gif"\r\n\r\n{data}\r\n'
                   for name, _, data in parts) + f"--{BOUNDARY}--\r\n"


class Load:
    def __init__(self, record, seconds):
        self.address = urlsplit(os.environ["PENDIENTES_URL"])
        with open(record) as file:
            lines = [json.loads(line) for line in file]
        self.requests = [line for line in lines if not skipped(line)]
        self.roles = sorted({line["role"] for line in lines})
        self.tokens = {role: self.login(role) for role in self.roles}
        self.end = time.monotonic() + seconds
        self.lock = threading.Lock()
        self.statuses, self.failures = collections.Counter(), []

    def connect(self):
        return http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)

    def login(self, role):
        if role == "-":
            return None
        body = json.dumps({"dni": os.environ[f"PENDIENTES_DNI_{role}"], "password": os.environ["PENDIENTES_PASSWORD"]})
        connection = self.connect()
        connection.request("POST", "/auth", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer["token"]

    def ask(self, connection, line, role):
        headers = dict(header.split(": ", 1) for header in line["headers"])
        if self.tokens[role]:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        body = line.get("body")
        if body is not None:
            files = body.startswith("@")
            headers.setdefault("Content-Type", f"multipart/form-data; boundary={BOUNDARY}" if files else "application/json")
            body = (multipart(body) if files else body).encode()
        connection.request(line["verb"], quote(line["target"], safe=PRINTABLE), body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.will_close:
            connection.close()
        return answer.status, text

    def run(self, seed):
        try:
            self.load(seed)
        except Exception:  # a thread that ends early is a load that was not there
            with self.lock:
                self.failures.append(traceback.format_exc())

    def load(self, seed):
        pick, connection = random.Random(seed), self.connect()
        while time.monotonic() < self.end:
            line = pick.choice(self.requests)
            role = line["role"] if pick.random() < 0.5 else pick.choice(self.roles)
            try:
                status, text = self.ask(connection, line, role)
            except (OSError, http.client.HTTPException) as error:
                status, text = 0, repr(error).encode()
                connection.close()
                connection = self.connect()
            with self.lock:
                self.statuses[status] += 1
                if status == 0 or status == 500:
                    self.failures.append(f"{status} {line['verb']} {line['target']} as {role}: {text[:300].decode(errors='replace')}")

    def judge(self):
        """Whoever asked must still be somebody, and be admitted to something, or the load was not what it says."""
        for role, token in self.tokens.items():
            status, _ = self.ask(self.connect(), {"verb": "GET", "target": "/auth/validar-token", "headers": []}, role)
            if token and status != 200:
                self.failures.append(f"{status} at the end for {role}'s token")
        if self.statuses[200] * 5 < sum(self.statuses.values()):
            self.failures.append("fewer than a fifth of the requests succeed")

    def told(self):
        with self.lock:
            return ", ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items()))


def main():
    record, seconds = sys.argv[1], float(sys.argv[2])
    load = Load(record, seconds)
    threads = [threading.Thread(target=load.run, args=(seed,)) for seed in range(int(sys.argv[3]) if len(sys.argv) > 3 else 16)]
    for thread in threads:
        thread.start()
    while time.monotonic() < load.end:
        time.sleep(min(15, max(0, load.end - time.monotonic())))
        print(f"{max(0, load.end - time.monotonic()):.0f} s left; {load.told()}", flush=True)
    for thread in threads:
        thread.join()
    load.judge()
    for text in load.failures[:20]:
        print(text)
    print(f"{sum(load.statuses.values())} requests")
    print(f"{0 if load.failures else 1} passed, {len(load.failures)} failed")
    sys.exit(1 if load.failures else 0)


if __name__ == "__main__":
    main()
