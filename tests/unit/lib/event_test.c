/* The ring of the last events, and who sees one. */
#include "pendientes/event.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Pendientes__V1__EventoVisible visible;

static void add(pd_events *events, int64_t number) {
    pd_arena *arena = pd_events_extend(events, number);
    ck_assert_ptr_nonnull(arena);
    visible *event = pd_arena_alloc(arena, sizeof *event);
    pendientes__v1__evento_visible__init(event);
    event->has_antes = 1; /* as a mark */
    event->antes = number;
    event->lectura = pd_arena_printf(arena, "e%lld", (long long)number);
    pd_events_put(events, event);
}

/* Whatever is said to be held is, whole; and at least 3,840 are. */
static void check_whole(const pd_events *events, int64_t since) {
    int64_t head = pd_events_head(events), first = pd_events_first(events);
    int64_t must = head - 3840 < since ? since : head - 3840;
    ck_assert_msg(first <= must + 1, "first %lld of %lld", (long long)first, (long long)head);
    ck_assert_ptr_null(pd_events_at(events, first - 1));
    ck_assert_ptr_null(pd_events_at(events, head + 1));
    for (int64_t number = first; number <= head; number++) {
        char text[32];
        const visible *event = pd_events_at(events, number);
        snprintf(text, sizeof text, "e%lld", (long long)number);
        if (!event || event->antes != number || strcmp(event->lectura, text) != 0) /* an assertion costs more */
            ck_abort_msg("%s is not what is held there", text);
    }
}

START_TEST(test_empty) {
    pd_events *events = pd_events_new(1000);
    ck_assert_int_eq(pd_events_head(events), 1000);
    ck_assert_int_eq(pd_events_first(events), 1001);
    ck_assert_ptr_null(pd_events_at(events, 1000));
    ck_assert_ptr_null(pd_events_at(events, 1001));
    ck_assert_ptr_null(pd_events_extend(events, 1000));
    ck_assert_ptr_null(pd_events_extend(events, 0));
    pd_events_free(events);
    pd_events_free(NULL);
}
END_TEST

/* From any place within a piece, over several turns. */
static const int64_t starts[] = {0, 1, 255, 256, 257, 4095, 4096, 1000000007};

START_TEST(test_wrap) {
    int64_t since = starts[_i];
    pd_events *events = pd_events_new(since);
    for (int64_t number = since + 1; number <= since + 13000; number++) {
        add(events, number);
        ck_assert_int_eq(pd_events_head(events), number);
        if (number % 97 == 0)
            check_whole(events, since);
    }
    check_whole(events, since);
    pd_events_free(events);
}
END_TEST

/* Numbers left out are nobody's, also where an older turn of the ring had events. */
START_TEST(test_gaps) {
    pd_events *events = pd_events_new(0);
    for (int64_t number = 1; number <= 5000; number++)
        add(events, number);
    for (int64_t number = 5003; number <= 11000; number += 3)
        add(events, number);
    for (int64_t number = pd_events_first(events); number <= pd_events_head(events); number++) {
        const visible *event = pd_events_at(events, number);
        if (number > 5000)
            ck_assert_int_eq(event != NULL, (number - 5000) % 3 == 0);
        if (event)
            ck_assert_int_eq(event->antes, number);
    }
    pd_events_extend(events, 11005); /* looked at, and nothing to keep */
    ck_assert_ptr_null(pd_events_at(events, 11005));
    ck_assert_int_eq(pd_events_head(events), 11005);
    pd_events_free(events);
}
END_TEST

static const int64_t jumps[] = {255, 256, 3839, 3840, 4095, 4096, 4097, 100000, INT64_C(1) << 40};

START_TEST(test_jump) {
    pd_events *events = pd_events_new(10);
    for (int64_t number = 11; number <= 700; number++)
        add(events, number);
    int64_t to = 700 + jumps[_i];
    add(events, to);
    ck_assert_int_eq(pd_events_head(events), to);
    ck_assert_int_ge(pd_events_first(events), to - 4096);
    for (int64_t number = pd_events_first(events); number <= to; number++) {
        const visible *event = pd_events_at(events, number);
        ck_assert_int_eq(event != NULL, number <= 700 || number == to);
        if (event)
            ck_assert_int_eq(event->antes, number);
    }
    add(events, to + 1);
    pd_events_free(events);
}
END_TEST

/* --- who sees what --- */

enum { ME = 7, MY_USER = 70, OTHER = 8 };

#define ORDER "pendientes.v1.Pendientes/Obtener"
#define PAYMENT "pendientes.v1.Pagos/ListarDePendiente"
#define NOTICE "pendientes.v1.Notificaciones/ListarDeUsuario"
#define NOTE "pendientes.v1.Notas/ListarDePendiente"

static const struct {
    const char *read;
    int64_t assigned, registered, before, user; /* 0: none */
    uint64_t bits;
    bool seen;
} sights[] = {
    {ORDER, 0, 0, 0, 0, 8, true},
    {ORDER, 0, 0, 0, 0, 4, false},
    {ORDER, ME, 0, 0, 0, 4, true},
    {ORDER, ME, 0, 0, 0, 0, false},
    {ORDER, ME, 0, 0, 0, 16383 & ~12, false},
    {ORDER, 0, ME, 0, 0, 4, true},
    {ORDER, 0, 0, ME, 0, 4, true},
    {ORDER, OTHER, 0, ME, 0, 4, true},
    {ORDER, OTHER, OTHER, OTHER, 0, 4, false},
    {ORDER, MY_USER, 0, 0, ME, 4, false}, /* users are not employees */
    {NOTE, ME, 0, 0, 0, 4, true},
    {NOTE, OTHER, 0, 0, 0, 4, false},
    {PAYMENT, 0, 0, 0, 0, 4096, true},
    {PAYMENT, ME, 0, 0, 0, 0, true},
    {PAYMENT, 0, ME, 0, 0, 4, false},
    {PAYMENT, 0, 0, 0, 0, 8, false},
    {NOTICE, 0, 0, 0, MY_USER, 0, true},
    {NOTICE, 0, 0, 0, OTHER, 4, false},
    {NOTICE, 0, 0, 0, OTHER, 8, false},
    {NOTICE, 0, 0, 0, OTHER, 16, true},
    {"pendientes.v1.Pendientes/NoExiste", ME, ME, ME, MY_USER, 16383, false},
    {NULL, ME, ME, ME, MY_USER, 16383, false},
};

START_TEST(test_visible) {
    visible event = PENDIENTES__V1__EVENTO_VISIBLE__INIT;
    const pd_viewer viewer = {MY_USER, ME, sights[_i].bits};
    event.lectura = (char *)sights[_i].read;
    event.has_asignado_a = (event.asignado_a = sights[_i].assigned) != 0;
    event.has_registrado_por = (event.registrado_por = sights[_i].registered) != 0;
    event.has_antes = (event.antes = sights[_i].before) != 0;
    event.has_usuario_id = (event.usuario_id = sights[_i].user) != 0;
    ck_assert_int_eq(pd_event_visible(&event, &viewer), sights[_i].seen);
}
END_TEST

/* A user without an employee owns nothing, not even what has no owner. */
START_TEST(test_without_employee) {
    visible event = PENDIENTES__V1__EVENTO_VISIBLE__INIT;
    const pd_viewer nobody = {MY_USER, 0, 4};
    event.lectura = (char *)ORDER;
    ck_assert(!pd_event_visible(&event, &nobody));
    event.has_asignado_a = 1;
    ck_assert(!pd_event_visible(&event, &nobody));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("lib/event");
    TCase *tests = tcase_create("event");
    tcase_add_test(tests, test_empty);
    tcase_add_loop_test(tests, test_wrap, 0, sizeof starts / sizeof *starts);
    tcase_add_test(tests, test_gaps);
    tcase_add_loop_test(tests, test_jump, 0, sizeof jumps / sizeof *jumps);
    tcase_add_loop_test(tests, test_visible, 0, sizeof sights / sizeof *sights);
    tcase_add_test(tests, test_without_employee);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
