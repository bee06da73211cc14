/* Reads an avería by RPC with protoc-c's generated function, as an internal C service would:
 *     TOKEN=… leer tcp://127.0.0.1:9101 ID */
#include "pendientes/client.h"
#include "pendientes/v1/averias.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reading {
    ProtobufCService *service;
    bool done, ok;
} reading;

static void arrived(const Pendientes__V1__AveriaResp *reply, void *arg) {
    reading *r = arg;
    if (reply)
        printf("orden %lld: %s (vlan %s, PPPoE %s)\n", (long long)reply->pendiente_id, reply->descripcion_falla,
               reply->vlan ? reply->vlan : "sin asignar", reply->ppoe ? reply->ppoe : "sin asignar");
    else
        fprintf(stderr, "%s: %s\n", pd_code_name(pd_service_status(r->service)->code),
                pd_service_status(r->service)->message);
    r->ok = reply != NULL;
    r->done = true;
}

int main(int argc, char **argv) {
    const char *token = getenv("TOKEN"), *error = NULL;
    if (argc != 3 || !token) {
        fprintf(stderr, "usage: TOKEN=… leer CORE_URL ORDER_ID\n");
        return 2;
    }
    pd_client *client = pd_client_new(&(pd_client_options){.cores = argv[1]}, &error);
    if (!client) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    pd_meta meta = {.token = token, .token_len = strlen(token), .deadline_ms = 2000};
    reading r = {.service = pd_service_new(client, &pendientes__v1__averias__descriptor, &meta)};
    Pendientes__V1__ObtenerAveriaReq request = PENDIENTES__V1__OBTENER_AVERIA_REQ__INIT;
    request.has_pendiente_id = 1;
    request.pendiente_id = atoll(argv[2]);
    pendientes__v1__averias__obtener(r.service, &request, arrived, &r);
    pd_client_wait(client, &r.done, 3000);
    r.service->destroy(r.service);
    pd_client_free(client);
    return r.ok ? 0 : 1;
}
