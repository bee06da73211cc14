/* The router over the contract's own table: documented paths, aliases, what is no place and what is the wrong method.
 */
#include "gateway/router.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static gw_router *router;
static pd_arena *arena;

static void setup(void) {
    const char *error = NULL;
    arena = pd_arena_new();
    router = gw_router_new(pd_routes, pd_n_routes, &error);
    ck_assert_ptr_nonnull(router);
}

static void teardown(void) {
    gw_router_free(router);
    pd_arena_free(arena);
}

static gw_match find(const char *verb, const char *path) {
    gw_match match;
    gw_route(router, gw_verb_of((gw_slice){verb, strlen(verb)}), (gw_slice){path, strlen(path)}, arena, &match);
    return match;
}

static const struct {
    const char *verb, *path, *method, *variable;
} places[] = {
    {"GET", "/api/pendientes/42/averia", "pendientes.v1.Averias/Obtener", "42"},
    {"HEAD", "/api/pendientes/42/averia", "pendientes.v1.Averias/Obtener", "42"},
    {"GET", "/api/pendientes/42/averia/", "pendientes.v1.Averias/Obtener", "42"},
    {"POST", "/api/pendientes/averia", "pendientes.v1.Averias/Crear", NULL},
    {"POST", "/api/pendientes/averia/", "pendientes.v1.Averias/Crear", NULL},
    {"PUT", "/api/pendientes/averia", "pendientes.v1.Averias/Editar", NULL},
    {"PUT", "/api/pendientes/7/averia", "pendientes.v1.Averias/Editar", "7"},
    {"PUT", "/api/pendientes/7/averia/ppoe", "pendientes.v1.Averias/AsignarPpoe", "7"},
    {"PUT", "/api/pendientes/7/averia/vlan", "pendientes.v1.Averias/AsignarVlan", "7"},
    {"PUT", "/api/pendientes/7/averia%C2%BF/vlan", "pendientes.v1.Averias/AsignarVlan", "7"},
    {"PUT", "/api/pendientes/7/averia%c2%bf/vlan/", "pendientes.v1.Averias/AsignarVlan", "7"},
    {"PUT", "/api/pendientes/7/averia\xC2\xBF/vlan", "pendientes.v1.Averias/AsignarVlan", "7"},
    {"PUT", "/api/pendientes/7/traslado%C2%BF/vlan", "pendientes.v1.Traslados/AsignarVlan", "7"},
    {"PUT", "/api/pendientes/7/instalacion-internet/vlan", "pendientes.v1.InstalacionesInternet/AsignarVlan", "7"},
    {"GET", "/api/pendientes/7/instalacion-camaras", "pendientes.v1.InstalacionesCamaras/Obtener", "7"},
    {"POST", "/api/pendientes/recojo-dispositivo", "pendientes.v1.RecojosDispositivo/Crear", NULL},
    {"GET", "/api/pendientes/42", "pendientes.v1.Pendientes/Obtener", "42"},
    {"GET", "/api/pendientes/4%32", "pendientes.v1.Pendientes/Obtener", "42"},
    {"GET", "/api/pendientes/no-number", "pendientes.v1.Pendientes/Obtener", "no-number"},
    {"GET", "/%61pi/pendientes/42", "pendientes.v1.Pendientes/Obtener", "42"},
    {"POST", "/api/pendientes", "pendientes.v1.Pendientes/Crear", NULL},
    {"POST", "/api/pendientes/", "pendientes.v1.Pendientes/Crear", NULL},
    {"POST", "/api/pendientes/filtrar", "pendientes.v1.Pendientes/Filtrar", NULL},
    {"GET", "/api/pendientes", "pendientes.v1.Pendientes/Filtrar", NULL},
    {"PUT", "/api/pendientes/42/estado", "pendientes.v1.Pendientes/CambiarEstado", "42"},
    {"POST", "/auth", "pendientes.v1.Autenticacion/Entrar", NULL},
    {"GET", "/auth/validar-token", "pendientes.v1.Autenticacion/ValidarToken", NULL},
};

static gw_slice first_variable(const gw_match *match) {
    for (size_t i = 0; i < match->route->n_segments; i++)
        if (!match->route->segments[i].literal)
            return match->segments[i];
    return (gw_slice){NULL, 0};
}

START_TEST(test_places) {
    gw_match match = find(places[_i].verb, places[_i].path);
    ck_assert_msg(match.route != NULL, "%s %s leads nowhere", places[_i].verb, places[_i].path);
    ck_assert_str_eq(match.route->method->full_name, places[_i].method);
    gw_slice variable = first_variable(&match);
    if (places[_i].variable)
        ck_assert_msg(gw_slice_is(variable, places[_i].variable), "%s", places[_i].path);
    else
        ck_assert_ptr_null(variable.at);
}
END_TEST

static const char *const nowhere[] = {
    "/",
    "//",
    "/api",
    "/api/nada",
    "/API/pendientes/42",
    "/api/pendientes//",
    "/api//pendientes",
    "/api/pendientes/42/averia//",
    "/api/pendientes/./42",
    "/api/pendientes/../pendientes/42",
    "/api/pendientes/%2e%2E/42",
    "/api/pendientes/..",
    "/api/pendientes/%2e",
    "/api/pendientes/4%2F2",
    "/api/pendientes%2F42",
    "/api/pendientes/42%00",
    "/api/pendientes/42/averia/otro",
    "/api/pendientes/42/averi%",
    "/api/pendientes/42/averia\xC2/vlan",
    "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s",
};

START_TEST(test_nowhere) {
    gw_match match = find("GET", nowhere[_i]);
    ck_assert_msg(!match.route && !match.allowed, "%s leads to %s", nowhere[_i], match.route ? match.route->path : "?");
}
END_TEST

static const struct {
    const char *verb, *path, *allow;
} wrong[] = {
    {"DELETE", "/api/pendientes/traslado", "POST, PUT, OPTIONS"},
    {"GET", "/api/pendientes/traslado", "POST, PUT, OPTIONS"},
    {"GET", "/api/pendientes/averia/", "POST, PUT, OPTIONS"},
    {"POST", "/api/pendientes/42/averia", "GET, HEAD, PUT, OPTIONS"},
    {"GET", "/auth", "POST, OPTIONS"},
    {"OPTIONS", "/auth", "POST, OPTIONS"},
    {"TRACE", "/auth", "POST, OPTIONS"},
    {"get", "/api/pendientes/42/averia", "GET, HEAD, PUT, OPTIONS"},
    {"PATCH", "/api/pendientes/7/averia%C2%BF/vlan", "PUT, OPTIONS"},
};

START_TEST(test_wrong_method) {
    gw_match match = find(wrong[_i].verb, wrong[_i].path);
    ck_assert_ptr_null(match.route);
    ck_assert_str_eq(gw_allow(match.allowed, arena), wrong[_i].allow);
}
END_TEST

START_TEST(test_broken_percent_in_variable) {
    gw_match match = find("GET", "/api/pendientes/4%zz");
    ck_assert_ptr_nonnull(match.route);
    ck_assert_ptr_null(first_variable(&match).at);
}
END_TEST

/* Every route finds itself when its variables are numbers. */
START_TEST(test_every_route) {
    for (size_t i = 0; i < pd_n_routes; i++) {
        const char *path = "";
        for (size_t s = 0; s < pd_routes[i].n_segments; s++) {
            const char *literal = pd_routes[i].segments[s].literal;
            path = pd_arena_printf(arena, "%s/%s", path, literal ? literal : "1");
        }
        gw_match match = find(gw_verb_name(pd_routes[i].verb), path);
        ck_assert_msg((pd_routes[i].takes_over ? match.takes_over : match.route) == &pd_routes[i], "%s", path);
    }
}
END_TEST

START_TEST(test_takes_over) {
    gw_match match = find("GET", "/api/pendientes/7/estado-tecnico");
    ck_assert_str_eq(match.route->method->full_name, "pendientes.v1.Pendientes/Obtener");
    ck_assert_str_eq(match.takes_over->method->full_name, "pendientes.v1.Pendientes/CambiarEstadoTecnico");
    ck_assert_str_eq(match.takes_over->takes_over, "nuevoEstado");
    ck_assert_str_eq(gw_allow(match.allowed, arena), "GET, HEAD, PUT, OPTIONS");
    match = find("PUT", "/api/pendientes/7/estado-tecnico");
    ck_assert_str_eq(match.route->method->full_name, "pendientes.v1.Pendientes/CambiarEstadoTecnico");
    ck_assert_ptr_null(match.takes_over);
    ck_assert_ptr_null(find("GET", "/api/pendientes/7").takes_over);
    ck_assert_ptr_null(find("GET", "/nada").takes_over);
}
END_TEST

START_TEST(test_two_routes_in_one_place) {
    static const pd_segment segments[] = {{.literal = "a"}, {.literal = NULL, .field = 0}};
    static const pd_segment others[] = {{.literal = "a"}, {.literal = NULL, .field = 1}};
    const pd_route routes[] = {
        {.verb = PD_GET, .path = "/a/{x}", .n_segments = 2, .segments = segments, .method = &pd_methods[0]},
        {.verb = PD_GET, .path = "/a/{y}", .n_segments = 2, .segments = others, .method = &pd_methods[0]}};
    const char *error = NULL;
    ck_assert_ptr_null(gw_router_new(routes, 2, &error));
    ck_assert_ptr_nonnull(error);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gateway/router");
    TCase *tests = tcase_create("router");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, test_places, 0, sizeof places / sizeof *places);
    tcase_add_loop_test(tests, test_nowhere, 0, sizeof nowhere / sizeof *nowhere);
    tcase_add_loop_test(tests, test_wrong_method, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tests, test_broken_percent_in_variable);
    tcase_add_test(tests, test_every_route);
    tcase_add_test(tests, test_takes_over);
    tcase_add_test(tests, test_two_routes_in_one_place);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
