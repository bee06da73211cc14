#include "pendientes/check.h"

#include "pendientes/v1/averias.pb-c.h"
#include "pendientes/v1/pendientes.pb-c.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const pd_method *method(const char *name) {
    const pd_method *found = pd_method_find(name, strlen(name));
    ck_assert_msg(found, "%s", name);
    return found;
}

static const pd_field *field(const pd_message *message, const char *json) {
    int at = pd_field_by_json(message, json, strlen(json));
    ck_assert_msg(at >= 0, "%s", json);
    return &message->fields[at];
}

START_TEST(finds_every_method_by_its_name) {
    for (size_t i = 0; i < pd_n_methods; i++) {
        const pd_method *m = &pd_methods[i];
        ck_assert_ptr_eq(pd_method_find(m->full_name, strlen(m->full_name)), m);
        ck_assert_uint_eq(m->index, i);
        ck_assert_ptr_eq(pd_method_of(m->descriptor, m->descriptor_index), m);
        ck_assert_str_eq(m->descriptor->methods[m->descriptor_index].name, m->name);
        ck_assert_ptr_eq(m->descriptor->methods[m->descriptor_index].input, m->request->type);
        ck_assert_ptr_eq(m->descriptor->methods[m->descriptor_index].output, m->reply->type);
    }
}
END_TEST

START_TEST(finds_no_other) {
    static const char name[] = "pendientes.v1.Averias/Obtener";
    size_t len = strlen(name);
    const char before[] = "pendientes.v1.Averias/ObtenerTodo";
    ck_assert_ptr_nonnull(pd_method_find(before, len));
    ck_assert_ptr_null(pd_method_find(before, strlen(before)));
    ck_assert_ptr_null(pd_method_find(name, len - 1));
    ck_assert_ptr_null(pd_method_find(name, len + 1)); /* the NUL is part of what was sent */
    ck_assert_ptr_null(pd_method_find("", 0));
    ck_assert_ptr_null(pd_method_find("pendientes.v1.averias/Obtener", len));
    ck_assert_ptr_null(pd_method_of(&pendientes__v1__averias__descriptor, 99));
    ProtobufCServiceDescriptor stranger = pendientes__v1__averias__descriptor;
    ck_assert_ptr_null(pd_method_of(&stranger, 0));
}
END_TEST

START_TEST(tables_stand_beside_the_descriptors) {
    for (size_t i = 0; i < pd_n_methods; i++) {
        const pd_message *both[] = {pd_methods[i].request, pd_methods[i].reply};
        for (int side = 0; side < 2; side++)
            for (unsigned f = 0; f < both[side]->type->n_fields; f++) {
                const pd_field *at = &both[side]->fields[f];
                const char *name = both[side]->type->fields[f].name;
                ck_assert_int_eq(pd_field_by_name(both[side], name, strlen(name)), (int)f);
                ck_assert_int_eq(pd_field_by_json(both[side], at->json, strlen(at->json)), at->hidden ? -1 : (int)f);
                bool is_message = both[side]->type->fields[f].type == PROTOBUF_C_TYPE_MESSAGE;
                ck_assert(is_message == (at->message != NULL));
                if (is_message)
                    ck_assert_ptr_eq(at->message->type, both[side]->type->fields[f].descriptor);
                ck_assert(!at->required || at->not_null);
                ck_assert(!at->protection || at->secret);
            }
    }
}
END_TEST

START_TEST(field_names_are_compared_whole) {
    const pd_message *request = method("pendientes.v1.Averias/Crear")->request;
    ck_assert_int_eq(pd_field_by_json(request, "pendienteId", 11), 0);
    ck_assert_int_eq(pd_field_by_json(request, "pendienteI", 10), -1);
    ck_assert_int_eq(pd_field_by_json(request, "pendienteId\0", 12), -1);
    ck_assert_int_eq(pd_field_by_json(request, "pendienteId\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 26), -1);
    ck_assert_int_eq(pd_field_by_json(request, "pendiente_id", 12), -1);
    ck_assert_int_eq(pd_field_by_json(request, "", 0), -1);
    ck_assert_int_eq(pd_field_by_name(request, "pendiente_id", 12), 0);
    ck_assert_int_eq(pd_field_by_name(request, "pendiente_id\0", 13), -1);
}
END_TEST

START_TEST(hidden_fields_have_no_key) {
    const pd_message *request = method("pendientes.v1.Averias/Editar")->request;
    ck_assert_int_eq(pd_field_by_json(request, "limpiar", 7), -1);
    ck_assert_int_eq(pd_field_by_name(request, "limpiar", 7), request->clear_index);
    ck_assert_int_ge(request->clear_index, 0);
}
END_TEST

START_TEST(options_of_fields_arrive) {
    const pd_message *ppoe = method("pendientes.v1.Averias/AsignarPpoe")->request;
    const pd_field *password = field(ppoe, "ppoePassword"), *user = field(ppoe, "ppoeUser");
    ck_assert(password->required && password->not_null && password->visible && password->secret);
    ck_assert_int_eq(password->protection, PD_SEALED);
    ck_assert_uint_eq(password->max_len, 50);
    ck_assert(user->secret);
    ck_assert_int_eq(user->protection, PD_PLAIN);
    const pd_field *vlan = field(method("pendientes.v1.Averias/AsignarVlan")->request, "vlan");
    ck_assert(vlan->has_min && vlan->has_max);
    ck_assert_int_eq(vlan->min, 1);
    ck_assert_int_eq(vlan->max, 4094);
    const pd_field *text = field(method("pendientes.v1.Averias/Crear")->request, "descripcionFalla");
    ck_assert_uint_eq(text->max_len, 10000);
    const pd_message *filter = method("pendientes.v1.Pendientes/Filtrar")->request;
    ck_assert_uint_eq(field(filter, "estados")->max_items, 1000);
    ck_assert_int_eq(field(filter, "desde")->format, PD_FORMAT_DATE_OR_TIME);
    ck_assert_uint_eq(field(filter, "titulo")->min_len, 3);
    const pd_field *cost = field(method("pendientes.v1.InstalacionesInternet/Crear")->request, "costoFijo");
    ck_assert_int_eq(cost->format, PD_FORMAT_DECIMAL);
    ck_assert_int_eq(cost->min_cents, 0);
    ck_assert_int_eq(cost->max_cents, 999999999999);
}
END_TEST

/* At any depth; no reply holds itself. */
static bool holds_secret(const pd_message *message) {
    for (unsigned f = 0; f < message->type->n_fields; f++)
        if (message->fields[f].secret || (message->fields[f].message && holds_secret(message->fields[f].message)))
            return true;
    return false;
}

START_TEST(what_answers_a_secret_is_not_stored) {
    size_t found = 0;
    for (size_t i = 0; i < pd_n_methods; i++)
        if (holds_secret(pd_methods[i].reply)) {
            ck_assert_msg(pd_methods[i].no_store, "%s", pd_methods[i].full_name);
            found++;
        }
    ck_assert_uint_ge(found, 10);
}
END_TEST

/* What is wrong with that search's form, "" when nothing is. */
static const char *judged(const char *sort, const char *cursor, bool page) {
    static char said[400];
    Pendientes__V1__FiltrarPendientesReq request = PENDIENTES__V1__FILTRAR_PENDIENTES_REQ__INIT;
    request.sort = (char *)sort;
    request.cursor = (char *)cursor;
    request.has_page = page;
    pd_arena *arena = pd_arena_new();
    pd_status status = {0};
    pd_check(method("pendientes.v1.Pendientes/Filtrar")->request, &request.base, arena, &status);
    snprintf(said, sizeof said, "%s", pd_status_message(&status, arena));
    pd_arena_free(arena);
    return said;
}

START_TEST(patterns_and_exclusions_hold) {
    static const char *const good[] = {"id", "id,asc", "cliente.nombre,desc", "fechaCreacion"};
    static const char *const bad[] = {"", "nada", "id,", "id,up", "ID", "clientexnombre", " id", "id,asc,desc", "id\n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_str_eq(judged(good[i], NULL, true), "");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(strncmp(judged(bad[i], NULL, false), "sort: debe tener la forma ", 26) == 0, "«%s»", bad[i]);
    ck_assert_str_eq(judged(NULL, "Az0_-", false), "");
    ck_assert_str_eq(judged(NULL, "Az0_-", true), "cursor: no puede ir junto a page");
    ck_assert_str_ne(judged(NULL, "a+b", false), "");
}
END_TEST

START_TEST(options_of_methods_arrive) {
    const pd_method *get = method("pendientes.v1.Averias/Obtener"), *create = method("pendientes.v1.Averias/Crear");
    const pd_method *edit = method("pendientes.v1.Averias/Editar"),
                    *login = method("pendientes.v1.Autenticacion/Entrar");
    ck_assert_int_eq(get->effect, PD_READS);
    ck_assert_int_eq(edit->effect, PD_IDEMPOTENT);
    ck_assert_int_eq(create->effect, PD_WRITES);
    ck_assert(create->is_post && !create->no_key && !edit->is_post && create->no_store);
    ck_assert(login->no_key && login->by_hand && login->rule->is_public);
    ck_assert(method("pendientes.v1.Averias/AsignarPpoe")->form && !edit->form);
    ck_assert_str_eq(get->not_found, "Avería no encontrada con pendienteId: {pendiente_id}");
    ck_assert_int_eq(get->response_index, -1);
    const pd_method *list = method("pendientes.v1.Empleados/Listar");
    ck_assert_int_eq(list->response_index, pd_field_by_json(list->reply, "empleados", 9));
    const pd_method *valid = method("pendientes.v1.Autenticacion/ValidarToken");
    ck_assert_int_eq(valid->text_index, 0);
    ck_assert(method("pendientes.v1.Pendientes/Filtrar")->reply->is_page);
    ck_assert(get->reply->has_see && !method("pendientes.v1.Pendientes/Obtener")->reply->has_see);
}
END_TEST

static const pd_route *route(pd_verb verb, const char *path) {
    for (size_t i = 0; i < pd_n_routes; i++)
        if (pd_routes[i].verb == verb && strcmp(pd_routes[i].path, path) == 0)
            return &pd_routes[i];
    ck_abort_msg("no route %s", path);
}

START_TEST(routes_know_their_segments) {
    const pd_route *r = route(PD_PUT, "/api/pendientes/{pendiente_id}/averia\302\277/vlan");
    ck_assert_uint_eq(r->n_segments, 5);
    ck_assert_str_eq(r->segments[0].literal, "api");
    ck_assert_ptr_null(r->segments[2].literal);
    ck_assert_int_eq(r->segments[2].field, pd_field_by_json(r->method->request, "pendienteId", 11));
    ck_assert_str_eq(r->segments[3].literal, "averia\302\277");
    ck_assert_ptr_eq(r->method, method("pendientes.v1.Averias/AsignarVlan"));
    ck_assert(r->has_body);
    ck_assert(!route(PD_GET, "/api/pendientes")->has_body);
    ck_assert_str_eq(r->message, "VLAN asignada correctamente");
    ck_assert_str_eq(route(PD_GET, "/api/pendientes/{id}")->message, "Pendiente obtenido correctamente");
    /* a read whose place a deprecated GET may take */
    ck_assert_str_eq(route(PD_GET, "/api/pendientes/{id}/estado-tecnico")->message,
                     "Instalación de internet actualizada correctamente");
}
END_TEST

START_TEST(a_rule_of_bits_and_relations) {
    const pd_rule *see = method("pendientes.v1.Averias/Obtener")->rule; /* 4 propio | 8 */
    ck_assert(pd_rule_possible(see, 4) && pd_rule_possible(see, 8));
    ck_assert(!pd_rule_possible(see, 16383 - 12));
    ck_assert(!pd_rule_worth(see, 4, PD_REL_ANY));
    ck_assert(pd_rule_worth(see, 4, PD_REL_ASSIGNED) && pd_rule_worth(see, 4, PD_REL_REGISTERED));
    ck_assert(pd_rule_worth(see, 4, PD_REL_OWN) && !pd_rule_worth(see, 4, PD_REL_AUTHOR));
    ck_assert(pd_rule_worth(see, 8, PD_REL_ANY) && pd_rule_worth(see, 8, PD_REL_USER));
    const pd_rule *edit = method("pendientes.v1.Averias/Editar")->rule; /* 10 | 6 propio | asignado */
    ck_assert(pd_rule_possible(edit, 0));
    ck_assert(pd_rule_worth(edit, 0, PD_REL_ASSIGNED) && !pd_rule_worth(edit, 0, PD_REL_REGISTERED));
    ck_assert(pd_rule_worth(edit, 6, PD_REL_REGISTERED) && !pd_rule_worth(edit, 6, PD_REL_ANY));
    ck_assert(pd_rule_worth(edit, 10, PD_REL_ANY) && !pd_rule_worth(edit, 2, PD_REL_ANY));
}
END_TEST

START_TEST(words_of_rules) {
    const pd_rule *any = method("pendientes.v1.Clientes/Obtener")->rule; /* algun_bit */
    ck_assert(!pd_rule_possible(any, 0) && pd_rule_possible(any, 1 << 13) && pd_rule_worth(any, 1, PD_REL_ANY));
    const pd_rule *every = method("pendientes.v1.Empleados/Crear")->rule; /* none: every bit */
    ck_assert(pd_rule_possible(every, 16383) && !pd_rule_possible(every, 16382));
    ck_assert(!pd_rule_worth(every, 16382, PD_REL_ASSIGNED));
    const pd_rule *user =
        method("pendientes.v1.Autenticacion/ValidarToken")->rule; /* usuario, by hand: anybody active */
    ck_assert(!user->is_public && pd_rule_possible(user, 0) && pd_rule_worth(user, 0, PD_REL_ANY));
    const pd_rule *open = method("pendientes.v1.Autenticacion/Entrar")->rule;
    ck_assert(open->is_public && pd_rule_possible(open, 0) && pd_rule_worth(open, 0, PD_REL_ANY));
}
END_TEST

START_TEST(the_document_is_whole) {
    ck_assert_uint_eq(strlen(pd_openapi), pd_openapi_len);
    ck_assert_int_eq(pd_openapi[0], '{');
    ck_assert_int_eq(pd_openapi[pd_openapi_len - 1], '}');
    ck_assert_ptr_nonnull(strstr(pd_openapi, "/api/pendientes/{pendienteId}/averia%C2%BF/vlan"));
    uint8_t none[32] = {0};
    ck_assert_int_ne(memcmp(pd_contract_hash, none, sizeof none), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("contract");
    TCase *names = tcase_create("names"), *tables = tcase_create("tables"), *rules = tcase_create("rules");
    tcase_add_test(names, finds_every_method_by_its_name);
    tcase_add_test(names, finds_no_other);
    tcase_add_test(names, field_names_are_compared_whole);
    tcase_add_test(names, hidden_fields_have_no_key);
    tcase_add_test(tables, tables_stand_beside_the_descriptors);
    tcase_add_test(tables, options_of_fields_arrive);
    tcase_add_test(tables, what_answers_a_secret_is_not_stored);
    tcase_add_test(tables, patterns_and_exclusions_hold);
    tcase_add_test(tables, options_of_methods_arrive);
    tcase_add_test(tables, routes_know_their_segments);
    tcase_add_test(tables, the_document_is_whole);
    tcase_add_test(rules, a_rule_of_bits_and_relations);
    tcase_add_test(rules, words_of_rules);
    suite_add_tcase(suite, names);
    suite_add_tcase(suite, tables);
    suite_add_tcase(suite, rules);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
