/* The state machines as contract section 5 has them, written down here a second time: every pair of states for every
 * role and for bits that no role has alone, each answered with the refusal that comes first, and what the history must
 * show afterwards. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/token.h"
#include "tests/integration/up.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[] = {"REGISTRADO",  "ASIGNADO",  "EN_PROGRESO", "PAUSADO",    "REVISION",
                                     "POR_VALIDAR", "OBSERVADO", "FINALIZADO",  "POSTERGADO", "CANCELADO"};
enum { N_STATES = 10 };

static const struct {
    const char *from, *to;
} steps[] = {
    {"REGISTRADO", "ASIGNADO CANCELADO POSTERGADO"},
    {"ASIGNADO", "EN_PROGRESO REGISTRADO CANCELADO"},
    {"EN_PROGRESO", "PAUSADO POR_VALIDAR REVISION CANCELADO REGISTRADO"},
    {"PAUSADO", "EN_PROGRESO POR_VALIDAR CANCELADO REGISTRADO"},
    {"REVISION", "POR_VALIDAR EN_PROGRESO"},
    {"POR_VALIDAR", "FINALIZADO OBSERVADO"},
    {"OBSERVADO", "POR_VALIDAR"},
    {"POSTERGADO", "ASIGNADO POSTERGADO"},
    {"CANCELADO", "POSTERGADO"},
    {"FINALIZADO", ""},
};

static bool has_word(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at++)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

static bool legal(const char *from, const char *to) {
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i].from, from) == 0)
            return has_word(steps[i].to, to);
    return false;
}

/* Bits that suffice, and bits that count for the assigned technician or together with 16; the step may come from
 * anywhere when `from` is NULL. */
static bool may(unsigned bits, bool assigned, const char *from, const char *to) {
    unsigned any = 0, work = 0;
    if (strcmp(to, "ASIGNADO") == 0)
        any = 16;
    else if (strcmp(to, "REGISTRADO") == 0) {
        any = 16;
        work = 128 | 256 | 512 | 1024;
    } else if (strcmp(to, "EN_PROGRESO") == 0)
        work = !from ? 128 | 512 : strcmp(from, "ASIGNADO") == 0 ? 128 : 512;
    else if (strcmp(to, "PAUSADO") == 0)
        work = 256;
    else if (strcmp(to, "REVISION") == 0)
        work = 1024;
    else if (strcmp(to, "POR_VALIDAR") == 0) {
        work = 1024;
        any = !from || strcmp(from, "OBSERVADO") == 0 ? 8192 : 0;
    } else if (strcmp(to, "FINALIZADO") == 0 || strcmp(to, "OBSERVADO") == 0)
        any = 8192;
    else
        any = 2 | 16;
    return (bits & any) || ((bits & work) && (assigned || (bits & 16)));
}

/* --- who calls --- */

typedef enum relation { NONE, ASSIGNED, REGISTERED } relation;

typedef struct caller {
    const char *role; /* a demo role, or NULL for a user made for these bits */
    unsigned bits;
    relation is; /* to the order */
    bool alone;  /* without an employee */
    char token[1024], employee[32];
} caller;

static caller of_states[] = {
    {.role = "ADMIN", .bits = 16383},
    {.role = "CORD", .bits = 10367},
    {.role = "ATAC", .bits = 13},
    {.role = "CONT", .bits = 6156},
    {.role = "ASES", .bits = 5},
    {.role = "TECN", .bits = 1924, .is = ASSIGNED},
    {.role = "TECN2", .bits = 1924},
    {.role = "NADA"},
    {.bits = 2},
    {.bits = 16},
    {.bits = 128, .is = ASSIGNED},
    {.bits = 128},
    {.bits = 256, .is = ASSIGNED},
    {.bits = 512, .is = ASSIGNED},
    {.bits = 1024, .is = ASSIGNED},
    {.bits = 1024},
    {.bits = 16 + 512},
    {.bits = 8192},
    {.bits = 1024 + 8192},
    {.bits = 1024 + 8192, .is = ASSIGNED},
    {.bits = 1024 + 8192, .alone = true},
};

static caller of_halves[] = {
    {.bits = 8 + 32},
    {.bits = 8 + 64},
    {.bits = 8 + 32 + 64},
    {.bits = 32 + 64},
    {.bits = 4 + 32, .is = REGISTERED},
    {.bits = 4 + 64, .is = ASSIGNED},
    {.bits = 4 + 128, .is = REGISTERED},
    {.bits = 128, .is = ASSIGNED},
    {.bits = 1024, .is = ASSIGNED},
    {.bits = 4, .is = ASSIGNED},
    {.bits = 8 + 32 + 128},
    {.bits = 8 + 32 + 128, .is = ASSIGNED},
    {.bits = 8 + 32 + 128, .alone = true},
};

enum {
    N_OF_STATES = sizeof of_states / sizeof *of_states,
    N_OF_HALVES = sizeof of_halves / sizeof *of_halves,
};

static void prepare(caller *c) {
    if (c->role) {
        snprintf(c->employee, sizeof c->employee, "%s", db_value("SELECT prueba.empleado('%s')", c->role));
        snprintf(c->token, sizeof c->token, "%s", http_token(c->role));
        return;
    }
    if (!c->alone)
        snprintf(c->employee, sizeof c->employee, "%s", db_value("SELECT prueba.nuevo_empleado()"));
    const char *user =
        db_value("SELECT prueba.nuevo_usuario(prueba.rol(%u), true, nullif('%s', '')::bigint)", c->bits, c->employee);
    snprintf(c->token, sizeof c->token, "%s", token_forge("{\"alg\":\"HS256\"}", token_claims(user, 600), NULL));
}

/* The cores hear of new users by NOTIFY. */
static bool known(void *arg) {
    const caller *c = arg;
    http_answer a = http_json("GET", "/auth/validar-token", c->token, NULL);
    long status = a.status;
    http_free(&a);
    return status == 200;
}

static void prepare_all(caller *callers, size_t n) {
    for (size_t i = 0; i < n; i++)
        prepare(&callers[i]);
    for (size_t i = 0; i < n; i++)
        if (!up_wait(10000, known, &callers[i]))
            abort();
}

static const char *name_of(const caller *c) {
    static const char *const relations[] = {"", ", assigned", ", registered"};
    return c->role ? c->role : http_f("%u%s%s", c->bits, relations[c->is], c->alone ? ", no employee" : "");
}

/* Gives the caller the place in the order that the relation names. */
static void relate(const caller *c, const char *order) {
    if (c->is != NONE)
        db_value("UPDATE pendientes SET %s = %s WHERE id = %s", c->is == ASSIGNED ? "asignado_a" : "registrado_por",
                 c->employee, order);
}

/* An answer of 200, or the refusal that comes first. */
static void expect_answer(const char *what, const http_answer *a, long status) {
    const char *code = json_string_value(json_object_get(a->json, "code"));
    ck_assert_msg(a->status == status, "%s: %ld instead of %ld: %s", what, a->status, status, a->body);
    if (status != 200)
        ck_assert_msg(code && strcmp(code, status == 400 ? "FAILED_PRECONDITION" : "PERMISSION_DENIED") == 0, "%s: %s",
                      what, a->body);
}

/* --- states --- */

/* Whoever reaches the state by no step of this order is refused before the step is judged. */
static long expected(const caller *c, bool technician, const char *from, const char *to) {
    bool assigned = c->is == ASSIGNED && technician;
    if (!may(c->bits, assigned, NULL, to))
        return 403;
    if (strcmp(from, to) == 0)
        return 200;
    if (!legal(from, to))
        return 400;
    if (!may(c->bits, assigned, from, to))
        return 403;
    return strcmp(to, "ASIGNADO") == 0 && !technician ? 400 : 200;
}

static const char *new_order(const char *state, bool details, bool technician) {
    return db_value("SELECT prueba.orden('AVERIA', detalle => %s, estado => '%s', asignado => %s)",
                    details ? "true" : "false", state, technician ? "'TECN'" : "NULL");
}

static void expect(const caller *c, const char *from, const char *to) {
    bool technician =
        strcmp(from, "REGISTRADO") != 0 && strcmp(from, "POSTERGADO") != 0 && strcmp(from, "CANCELADO") != 0;
    const char *order = new_order(from, true, technician);
    if (technician)
        relate(c, order);
    bool same = strcmp(from, to) == 0;
    http_answer a = http_json("PUT", http_f("/api/pendientes/%s/estado?nuevoEstado=%s", order, to), c->token, NULL);
    const char *what = http_f("%s: %s -> %s", name_of(c), from, to);
    expect_answer(what, &a, expected(c, technician, from, to));
    long long entries = db_number("SELECT count(*) FROM historiales WHERE pendiente_id = %s", order);
    const char *now = db_value("SELECT estado FROM pendientes WHERE id = %s", order);
    if (a.status == 200)
        ck_assert_msg(strcmp(now, to) == 0 && entries == (same ? 1 : 2), "%s: %lld entries, %s", what, entries, now);
    else
        ck_assert_msg(strcmp(now, from) == 0 && entries == 1, "%s: refused, and yet something changed", what);
    http_free(&a);
}

START_TEST(every_pair_and_role) {
    const char *from = states[_i / N_STATES], *to = states[_i % N_STATES];
    for (size_t c = 0; c < N_OF_STATES; c++)
        /* that a step is illegal is the same for all: enough that the roles are told so */
        if (of_states[c].role || legal(from, to) || strcmp(from, to) == 0)
            expect(&of_states[c], from, to);
}
END_TEST

/* ASIGNADO, EN_PROGRESO, POR_VALIDAR and FINALIZADO need the details of the order's type, whichever way they are
 * reached. */
START_TEST(steps_that_need_the_details) {
    const char *from = states[_i / N_STATES], *to = states[_i % N_STATES];
    if (!legal(from, to) || strcmp(from, to) == 0 || strcmp(from, "REGISTRADO") == 0)
        return;
    const char *order = new_order(from, false, true);
    http_answer a =
        http_json("PUT", http_f("/api/pendientes/%s/estado?nuevoEstado=%s", order, to), http_token("ADMIN"), NULL);
    expect_answer(http_f("without details: %s -> %s", from, to), &a,
                  has_word("ASIGNADO EN_PROGRESO POR_VALIDAR FINALIZADO", to) ? 400 : 200);
    http_free(&a);
}
END_TEST

/* --- the technical sub-state --- */

enum { PPPOE = 1, VLAN = 2 };
static const char *const halves[] = {"OK", "PENDIENTE_PPPoE", "PENDIENTE_VLAN", "PENDIENTE_PPPoE_Y_VLAN"};

static bool may_half(const caller *c, int from, int to) {
    int touched = from ^ to, asked = to & ~from;
    unsigned bits = (touched & PPPOE ? 32 : 0) | (touched & VLAN ? 64 : 0);
    bool sees = (c->bits & 8) || ((c->bits & 4) && c->is != NONE);
    return (sees && (c->bits & bits) == bits) ||
           (asked == touched && c->is == ASSIGNED && (c->bits & (128 | 256 | 512 | 1024)));
}

/* One pending half is not exchanged for the other. */
static bool legal_half(int from, int to) {
    return from != to && !(from + to == PPPOE + VLAN && from && to);
}

static long expected_half(const caller *c, int from, int to) {
    bool any = false;
    for (int other = 0; other < 4; other++)
        any |= legal_half(other, to) && may_half(c, other, to);
    return !any ? 403 : from == to ? 200 : !legal_half(from, to) ? 400 : may_half(c, from, to) ? 200 : 403;
}

START_TEST(every_pair_of_halves) {
    int from = _i / 4, to = _i % 4;
    for (size_t i = 0; i < N_OF_HALVES; i++) {
        const caller *c = &of_halves[i];
        const char *order = db_value("SELECT prueba.orden(tecnico => '%s', estado => %s)", halves[from],
                                     c->is == ASSIGNED || c->alone ? "'ASIGNADO', asignado => 'TECN'" : "'REGISTRADO'");
        relate(c, order);
        http_answer a = http_json("PUT", http_f("/api/pendientes/%s/estado-tecnico?nuevoEstado=%s", order, halves[to]),
                                  c->token, NULL);
        const char *what = http_f("%s: %s -> %s", name_of(c), halves[from], halves[to]);
        expect_answer(what, &a, expected_half(c, from, to));
        ck_assert_str_eq(db_value("SELECT estado_tecnico FROM pendientes WHERE id = %s", order),
                         halves[a.status == 200 ? to : from]);
        http_free(&a);
    }
}
END_TEST

int main(void) {
    up_use();
    db_support();
    prepare_all(of_states, N_OF_STATES);
    prepare_all(of_halves, N_OF_HALVES);
    Suite *suite = suite_create("estados");
    TCase *tcase = tcase_create("pairs");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, every_pair_and_role, 0, N_STATES * N_STATES);
    tcase_add_loop_test(tcase, steps_that_need_the_details, 0, N_STATES * N_STATES);
    tcase_add_loop_test(tcase, every_pair_of_halves, 0, 4 * 4);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
