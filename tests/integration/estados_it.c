/* The state machine as contract section 5 has it, written down here a second time: every pair of states for every role,
 * and what the history must show afterwards. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
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

static const struct {
    const char *role;
    unsigned bits;
    bool assigned;
} callers[] = {{"ADMIN", 16383, false}, {"CORD", 10367, false}, {"ATAC", 13, false},    {"CONT", 6156, false},
               {"ASES", 5, false},      {"TECN", 1924, true},   {"TECN2", 1924, false}, {"NADA", 0, false}};

static void expect(const char *role, unsigned bits, bool assigned, const char *from, const char *to) {
    bool has_technician =
        strcmp(from, "REGISTRADO") != 0 && strcmp(from, "POSTERGADO") != 0 && strcmp(from, "CANCELADO") != 0;
    const char *order = db_value("SELECT prueba.orden('AVERIA', detalle => true, estado => '%s', asignado => %s)", from,
                                 has_technician ? "'TECN'" : "NULL");
    assigned = assigned && has_technician;
    bool same = strcmp(from, to) == 0, known = legal(from, to);
    http_answer a =
        http_json("PUT", http_f("/api/pendientes/%s/estado?nuevoEstado=%s", order, to), http_token(role), NULL);
    const char *code = json_string_value(json_object_get(a.json, "code"));
    const char *where = http_f("%s: %s -> %s answered %ld %s", role, from, to, a.status, a.body);
    long long entries = db_number("SELECT count(*) FROM historiales WHERE pendiente_id = %s", order);
    const char *now = db_value("SELECT estado FROM pendientes WHERE id = %s", order);
    if (a.status == 200) {
        ck_assert_msg(same || known, "%s: no such step", where);
        ck_assert_msg(may(bits, assigned, same ? NULL : from, to), "%s: without the right", where);
        ck_assert_msg(strcmp(now, to) == 0 && entries == (same ? 1 : 2), "%s: %lld entries, %s", where, entries, now);
    } else {
        ck_assert_msg(strcmp(now, from) == 0 && entries == 1, "%s: refused, and yet something changed", where);
        bool technician = strcmp(to, "ASIGNADO") == 0 && !has_technician;
        if (a.status == 400)
            ck_assert_msg(code && strcmp(code, "FAILED_PRECONDITION") == 0 && (!known || technician),
                          "%s: the step exists", where);
        else
            ck_assert_msg(a.status == 403 && !may(bits, assigned, known ? from : NULL, to), "%s: the right is there",
                          where);
    }
    http_free(&a);
}

START_TEST(every_pair_and_role) {
    const char *from = states[_i / N_STATES], *to = states[_i % N_STATES];
    for (size_t c = 0; c < sizeof callers / sizeof *callers; c++)
        expect(callers[c].role, callers[c].bits, callers[c].assigned, from, to);
}
END_TEST

int main(void) {
    up_use();
    db_support();
    Suite *suite = suite_create("estados");
    TCase *tcase = tcase_create("pairs");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, every_pair_and_role, 0, N_STATES * N_STATES);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
