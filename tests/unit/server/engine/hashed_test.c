/* Fields that are hashed before their statement: what is stored, and that a call is answered once whenever its deadline
 * comes. */
#include "tests/unit/server/harness.h"

#include <crypt.h>

enum { TRIES = 5 };

static const char *user(const char *name) {
    static char json[300];
    snprintf(json, sizeof json,
             "{\"nombre\":\"%s\",\"dni\":\"%s\",\"email\":\"%s\",\"password\":\"clave secreta\",\"idRol\":\"TECN\"}",
             name, name, name);
    return json;
}

static long long users(const char *like) {
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM usuarios WHERE nombre LIKE '%s'", like);
    return h_number(sql);
}

static bool held(void) {
    for (int state = 0; state < SV_FREE; state++)
        if (sv_calls_count(h_core.calls, (sv_state)state))
            return true;
    return false;
}

START_TEST(stored_as_a_hash) {
    h_outcome out = h_call(H_ADMIN, "Usuarios/Crear", user("hash"));
    h_expect(&out, PD_OK);
    ck_assert_ptr_null(strstr(out.json, "secreta"));
    PGresult *row = PQexec(h_db, "SELECT password FROM usuarios WHERE nombre = 'hash'");
    const char *hash = PQgetvalue(row, 0, 0);
    ck_assert_msg(strncmp(hash, "$2b$12$", 7) == 0, "%s", hash);
    struct crypt_data data = {0};
    ck_assert_str_eq(crypt_r("clave secreta", hash, &data), hash);
    PQclear(row);
}
END_TEST

/* Each attempt makes another hash; the key compares what was sent. */
START_TEST(a_key_has_one_effect) {
    h_outcome first = h_call_with(H_ADMIN, "Usuarios/Crear", user("clave"), (h_with){.key = "usuario"});
    h_expect(&first, PD_OK);
    ck_assert(!first.replayed);
    h_outcome again = h_call_with(H_ADMIN, "Usuarios/Crear", user("clave"), (h_with){.key = "usuario"});
    h_expect(&again, PD_OK);
    ck_assert(again.replayed);
    ck_assert_str_eq(again.json, first.json);
    ck_assert_int_eq(users("clave"), 1);
    ck_assert_int_eq(h_number("SELECT count(*) FROM claves_idempotencia c WHERE c::text LIKE '%secreta%'"), 0);
}
END_TEST

START_TEST(only_a_field_that_is_there) {
    h_outcome made = h_call(H_ADMIN, "Usuarios/Crear", user("parte"));
    h_expect(&made, PD_OK);
    char json[200];
    snprintf(json, sizeof json, "{\"id\":%lld,\"email\":\"otro\",\"password\":null}",
             h_number("SELECT id FROM usuarios WHERE nombre = 'parte'"));
    h_outcome out = h_call(H_ADMIN, "Usuarios/Editar", json);
    h_expect(&out, PD_OK);
    ck_assert_int_eq(h_number("SELECT count(*) FROM usuarios WHERE email = 'otro' AND password LIKE '$2b$12$%'"), 1);
}
END_TEST

/* Late while it is hashed: answered at its deadline, released afterwards, and nothing is stored. */
START_TEST(deadline_while_hashing) {
    h_outcome out = h_call_with(H_ADMIN, "Usuarios/Crear", user("tarde"), (h_with){.deadline_ms = 20});
    h_expect(&out, PD_DEADLINE_EXCEEDED);
    ck_assert_uint_lt(out.ended_ms - out.sent_ms, 150);
    uint64_t start = pd_loop_now(h_core.loop);
    while (held() && pd_loop_now(h_core.loop) - start < H_LIMIT_MS)
        pd_loop_turn(h_core.loop, 10);
    ck_assert(!held());
    ck_assert_int_eq(users("tarde"), 0);
}
END_TEST

static void ignore(void *arg, bool matches) {
    (void)arg;
    (void)matches;
}

/* More than can wait: refused at once, as not done. Last: what waits is left to the core's end. */
START_TEST(full_queue) {
    h_outcome out = {0};
    for (int i = 0; i < TRIES && out.code != PD_RESOURCE_EXHAUSTED; i++) { /* a worker may have made room just then */
        h_send(&out, H_ADMIN, "Usuarios/Crear", user("lleno"), (h_with){.deadline_ms = 500});
        while (!out.done) {
            while (id_bcrypt_check(id_identity_bcrypt(h_core.identity), "x", NULL, ignore, NULL))
                ;
            pd_loop_turn(h_core.loop, 10);
        }
    }
    h_expect(&out, PD_RESOURCE_EXHAUSTED);
    ck_assert_int_eq(users("lleno"), 0);
}
END_TEST

static void add(TCase *tcase) {
    tcase_add_test(tcase, stored_as_a_hash);
    tcase_add_test(tcase, a_key_has_one_effect);
    tcase_add_test(tcase, only_a_field_that_is_there);
    tcase_add_test(tcase, deadline_while_hashing);
    tcase_add_test(tcase, full_queue);
}

int main(void) {
    return h_run("hashed", add);
}
