"""What a stranger's program does with a client that openapi-generator made of the document: it logs in, creates an order, reads it, searches
for it, and is refused what it may not.

    generated_client.py PACKAGE_DIR"""
import os
import sys

sys.path.insert(0, sys.argv[1])
import pendientes_cliente as client  # noqa: E402 (generated into PACKAGE_DIR)

passed = 0


def check(holds, what):
    global passed
    if not holds:
        print(f"FAILED: {what}")
        print(f"{passed} passed, 1 failed")
        sys.exit(1)
    passed += 1


configuration = client.Configuration(host=os.environ["PENDIENTES_URL"])
with client.ApiClient(configuration) as api:
    session = client.AutenticacionApi(api).autenticacion_entrar(
        client.EntrarReq(dni=os.environ["PENDIENTES_DNI"], password=os.environ["PENDIENTES_PASSWORD"]))
    check(session.usuario.rol.permisos == 16383, "the login tells the role")
    configuration.access_token = session.token
    orders = client.PendientesApi(api)
    wanted = {"clienteId": 1, "tipo": "AVERIA", "lugar": "PUNO", "prioridad": "MEDIA", "direccion": f"Jr. Generado {os.urandom(6).hex()}"}
    made = orders.pendientes_crear(client.CrearPendienteReq.from_dict(wanted))
    check(made.estado == client.EstadoPendiente.REGISTRADO, "a new order is REGISTRADO")
    read = orders.pendientes_obtener(made.id)
    check(read == made and read.direccion == wanted["direccion"], "it reads as it was made")
    page = orders.pendientes_filtrar(size=5, filtrar_pendientes_req=client.FiltrarPendientesReq.from_dict({"titulo": wanted["direccion"]}))
    check([found.id for found in page.content] == [made.id], "it is found by its address")
    try:
        orders.pendientes_asignar(made.id, id_asignado=6)
        check(False, "an order without details is not dispatched")
    except client.ApiException as error:
        check(error.status == 400 and "FAILED_PRECONDITION" in error.body, "the refusal says why")
print(f"{passed} passed, 0 failed")
