/* The client in a loop, against services in the same loop and in processes of their own that are killed and stopped. */
#include "fake_client.h"

#include <netinet/in.h>
#include <sys/socket.h>

static void setup(void) {
    n_done = 0;
    client = NULL;
    memset(&core, 0, sizeof core);
    dir = dir_new();
    snprintf(url, sizeof url, "ipc://%s/1.sock", dir);
    snprintf(url2, sizeof url2, "ipc://%s/2.sock", dir);
    snprintf(both, sizeof both, "%s,%s", url, url2);
    loop = pd_loop_new();
    obtener = pd_method_find(OBTENER, strlen(OBTENER));
    crear = pd_method_find(CREAR, strlen(CREAR));
    entrar = pd_method_find(ENTRAR, strlen(ENTRAR));
    ck_assert(obtener && crear && entrar);
}

static void teardown(void) {
    pd_client_free(client);
    fake_release(&core);
    pd_service_close(core.service);
    pd_loop_free(loop);
    dir_drop(dir);
}

static void one_core(uint32_t read_frame_ms) {
    fake_open(&core, loop, url, 0);
    open_client(url, read_frame_ms);
    wait_ready();
}

/* --- one core --- */

START_TEST(a_thousand_calls_share_frames) {
    enum { N = 1000 };
    static outcome outcomes[N];
    one_core(0);
    core.frames = 0;
    core.probes = 0;
    for (int i = 0; i < N; i++) {
        char data[32];
        snprintf(data, sizeof data, "echo %d", i);
        start(&outcomes[i], obtener, data, (pd_meta){.token = "t", .token_len = 1});
    }
    for (uint64_t until = test_ms() + 5000; n_done < N && test_ms() < until;)
        turn();
    for (int i = 0; i < N; i++) {
        char data[32];
        snprintf(data, sizeof data, "echo %d", i);
        ck_assert_int_eq(outcomes[i].times, 1);
        ck_assert_int_eq(outcomes[i].code, PD_OK);
        ck_assert_str_eq(outcomes[i].text, data);
    }
    ck_assert_uint_eq(core.calls, N);
    ck_assert_uint_le(core.frames - core.probes, 4);
}
END_TEST

START_TEST(a_lone_call_leaves_at_once) {
    one_core(0);
    uint64_t worst = 0;
    for (int i = 0; i < 200; i++) {
        outcome o = ask(obtener, "echo", (pd_meta){0});
        ck_assert_int_eq(o.code, PD_OK);
        worst += o.took;
    }
    ck_assert_uint_lt(worst, 200 * 10);
}
END_TEST

START_TEST(everything_travels) {
    one_core(0);
    outcome o = ask(crear, "status", (pd_meta){0});
    ck_assert_int_eq(o.code, PD_ABORTED);
    ck_assert_uint_eq(o.n_errors, 2);
    ck_assert_uint_eq(o.retry_ms, 250);
    ck_assert(o.replayed);
    ck_assert_ptr_nonnull(strstr(o.message, "Otra operación está en curso"));
    uint8_t digest[32] = {1};
    o = ask(crear, "echo",
            (pd_meta){.request_id = "pedido-1",
                      .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                      .key = "clave",
                      .key_digest = digest,
                      .peer = "10.1.2.3",
                      .token = "a.b.c",
                      .token_len = 5,
                      .deadline_ms = 3000});
    ck_assert_int_eq(o.code, PD_OK);
    ck_assert_str_eq(core.last_request_id, "pedido-1");
    ck_assert_str_eq(core.last_key, "clave");
    ck_assert_str_eq(core.last_peer, "10.1.2.3");
    ck_assert(core.last_traced);
    ck_assert_uint_eq(core.last.token_len, 5);
    ck_assert_uint_le(core.last.due_ms, test_ms() + 3000);
    size_t probes = core.probes;
    ck_assert_int_eq(ask(obtener, "", (pd_meta){.probe = true}).code, PD_OK);
    ck_assert_uint_gt(core.probes, probes);
    ck_assert_int_eq(ask(NULL, "", (pd_meta){.probe = true}).code, PD_OK);
}
END_TEST

START_TEST(conditions_and_tags_travel) {
    static const char name[] = "pendientes.v1.Averias/Editar";
    const pd_method *editar = pd_method_find(name, strlen(name));
    static const uint8_t tags[2 * PD_TAG_LEN] = {[PD_TAG_LEN] = 7, [2 * PD_TAG_LEN - 1] = 9};
    one_core(0);
    outcome o = ask(editar, "echo", (pd_meta){.if_match = tags, .n_if_match = 2});
    ck_assert(o.tagged && !core.last.if_exists);
    ck_assert_mem_eq(o.tag, tags + PD_TAG_LEN, PD_TAG_LEN);
    o = ask(editar, "echo", (pd_meta){.if_match = tags, .n_if_match = 0}); /* none will do */
    ck_assert(core.last.if_match && core.last.n_if_match == 0 && !o.tagged);
    ask(editar, "echo", (pd_meta){.if_exists = true});
    ck_assert(!core.last.if_match && core.last.if_exists);
    ask(editar, "echo", (pd_meta){0});
    ck_assert(!core.last.if_match && !core.last.if_exists);
    ask(crear, "echo", (pd_meta){.if_match = tags, .n_if_match = 2, .if_exists = true}); /* no version: ignored */
    ck_assert(!core.last.if_match && !core.last.if_exists);
}
END_TEST

START_TEST(held_calls_stop_nobody_else) {
    enum { SINGLES = 40, WRITES = 12 };
    static outcome singles[SINGLES], writes[WRITES];
    one_core(0);
    for (int i = 0; i < SINGLES; i++)
        start(&singles[i], entrar, "hold", (pd_meta){0});
    for (int i = 0; i < WRITES; i++) { /* each in a frame of its own: more than may be in flight, were they not late */
        start(&writes[i], crear, "hold", (pd_meta){0});
        turn_for(i < 4 ? 5 : 300);
    }
    ck_assert_uint_eq(core.n_held, SINGLES + WRITES);
    ck_assert_int_eq(ask(obtener, "echo", (pd_meta){0}).code, PD_OK);
    outcome o = ask(entrar, "echo", (pd_meta){0});
    ck_assert_int_eq(o.code, PD_OK);
    o = ask(crear, "echo", (pd_meta){0});
    ck_assert_int_eq(o.code, PD_OK);
    ck_assert_uint_lt(o.took, 400);
    ck_assert_uint_eq(n_done, 3);
    fake_release(&core);
    turn_for(100);
    ck_assert_uint_eq(n_done, 3 + SINGLES + WRITES);
}
END_TEST

START_TEST(held_reads_do_not_stop_reads_for_good) {
    one_core(200);
    static outcome held[4];
    for (int i = 0; i < 4; i++) {
        start(&held[i], obtener, "hold", (pd_meta){0});
        turn_for(10);
    }
    outcome o = ask(obtener, "echo", (pd_meta){0}); /* both frames are stuck, the core answers its probe */
    ck_assert_int_eq(o.code, PD_OK);
    ck_assert_uint_lt(o.took, 900);
    fake_release(&core);
    turn_for(50);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(held[i].times, 1);
}
END_TEST

START_TEST(deadlines_are_the_client_s_own) {
    one_core(0);
    outcome o = ask(obtener, "hold", (pd_meta){.deadline_ms = 150});
    ck_assert_int_eq(o.code, PD_DEADLINE_EXCEEDED);
    ck_assert_uint_ge(o.took, 149);
    ck_assert_uint_lt(o.took, 600);
    outcome w;
    start(&w, entrar, "hold", (pd_meta){.deadline_ms = 50});
    finish(&w, 1000);
    ck_assert_int_eq(w.code, PD_DEADLINE_EXCEEDED);
    fake_release(&core); /* late answers are dropped */
    turn_for(50);
    ck_assert_int_eq(w.times, 1);
    ck_assert_uint_eq(n_done, 2);
}
END_TEST

START_TEST(cancelled_calls_are_forgotten) {
    one_core(0);
    outcome a, b, c;
    start(&a, obtener, "echo a", (pd_meta){0});
    pd_call_cancel(a.call); /* before it left */
    start(&b, obtener, "hold b", (pd_meta){0});
    start(&c, obtener, "hold c", (pd_meta){0});
    while (core.n_held < 2)
        turn();
    pd_call_cancel(b.call); /* under way */
    fake_release(&core);
    finish(&c, 2000);
    turn_for(20);
    ck_assert_int_eq(a.times + b.times, 0);
    ck_assert_str_eq(c.text, "hold c");
    ck_assert_uint_eq(core.calls, 2);
}
END_TEST

START_TEST(oversized_calls_never_leave) {
    one_core(0);
    size_t len = 8 << 20;
    uint8_t *bytes = calloc(1, len);
    outcome o = {.started = test_ms()};
    pd_meta meta = {0};
    pd_client_call(client, crear, bytes, len, &meta, on_reply, &o);
    finish(&o, 500);
    ck_assert_int_eq(o.code, PD_INVALID_ARGUMENT);
    ck_assert_uint_eq(core.calls, 0);
    o = (outcome){.started = test_ms()};
    pd_client_call(client, crear, bytes, len - 1000, &meta, on_reply, &o);
    finish(&o, 5000);
    ck_assert_int_eq(o.code, PD_OK);
    ck_assert_uint_eq(o.len, len - 1000);
    free(bytes);
}
END_TEST

START_TEST(large_calls_are_spread_over_frames) {
    enum { N = 6, SIZE = 3 << 20 };
    static outcome outcomes[N];
    one_core(0);
    uint8_t *bytes = calloc(1, SIZE);
    pd_meta meta = {0};
    for (int i = 0; i < N; i++) {
        outcomes[i] = (outcome){.started = test_ms()};
        pd_client_call(client, obtener, bytes, SIZE, &meta, on_reply, &outcomes[i]);
    }
    for (int i = 0; i < N; i++) {
        finish(&outcomes[i], 5000);
        ck_assert_int_eq(outcomes[i].code, PD_OK);
        ck_assert_uint_eq(outcomes[i].len, SIZE);
    }
    free(bytes);
}
END_TEST

static void chain(void *arg, const pd_reply *reply) {
    on_reply(arg, reply);
    outcome *o = arg;
    bool done = false;
    pd_client_wait(client, &done, 30); /* turns within a turn */
    if (o->times < 5)
        pd_client_call(client, obtener, (const uint8_t *)"echo", 4, &(pd_meta){0}, chain, o);
}

START_TEST(callbacks_may_call_and_turn) {
    one_core(0);
    outcome o = {0}, held;
    start(&held, obtener, "hold", (pd_meta){0});
    pd_client_call(client, obtener, (const uint8_t *)"echo", 4, &(pd_meta){0}, chain, &o);
    turn_for(20);
    fake_release(&core);
    for (uint64_t until = test_ms() + 3000; n_done < 6 && test_ms() < until;)
        turn();
    ck_assert_int_eq(o.times, 5);
    ck_assert_int_eq(held.times, 1);
}
END_TEST

START_TEST(a_closed_client_cancels) {
    one_core(0);
    outcome a, b;
    start(&a, obtener, "hold", (pd_meta){0});
    while (core.n_held == 0)
        turn();
    start(&b, obtener, "echo", (pd_meta){0});
    pd_client_free(client);
    client = NULL;
    ck_assert_int_eq(a.times, 1);
    ck_assert_int_eq(b.times, 1);
    ck_assert_int_eq(a.code, PD_CANCELLED);
    ck_assert_int_eq(b.code, PD_CANCELLED);
}
END_TEST

START_TEST(wrong_addresses_are_named) {
    const char *error = NULL;
    ck_assert_ptr_null(pd_client_new(&(pd_client_options){.cores = "no-es-url"}, &error));
    ck_assert_ptr_nonnull(strstr(error, "no-es-url"));
    error = NULL;
    ck_assert_ptr_null(pd_client_new(&(pd_client_options){.cores = ""}, &error));
    ck_assert_ptr_nonnull(error);
}
END_TEST

/* --- cores that come and go --- */

START_TEST(without_a_core_calls_end_soon) {
    open_client(url, 0);
    outcome a, b;
    start(&a, obtener, "echo", (pd_meta){0});
    start(&b, crear, "echo", (pd_meta){.deadline_ms = 300});
    finish(&b, 2000);
    ck_assert_int_eq(b.code, PD_UNAVAILABLE); /* it never left, so that is known */
    ck_assert_uint_lt(b.took, 700);
    finish(&a, 4000);
    ck_assert_int_eq(a.code, PD_UNAVAILABLE);
    ck_assert_uint_gt(a.retry_ms, 0);
    ck_assert_uint_lt(a.took, 2200);
    outcome c = ask(obtener, "echo", (pd_meta){0}); /* known by now */
    ck_assert_int_eq(c.code, PD_UNAVAILABLE);
    ck_assert_uint_lt(c.took, 300);
    ck_assert(!pd_client_ready(client));
    fake_open(&core, loop, url, 0); /* and it comes */
    wait_ready();
    ck_assert_int_eq(ask(obtener, "echo", (pd_meta){0}).code, PD_OK);
}
END_TEST

START_TEST(a_core_that_comes_late_gets_what_waited) {
    open_client(url, 0);
    outcome o, w;
    start(&o, obtener, "echo", (pd_meta){0});
    start(&w, crear, "echo", (pd_meta){0});
    turn_for(400);
    pid_t pid = fake_spawn(url);
    finish(&o, 4000);
    finish(&w, 4000);
    ck_assert_int_eq(o.code, PD_OK);
    ck_assert_int_eq(w.code, PD_OK);
    fake_kill(pid);
}
END_TEST

START_TEST(a_core_that_was_away_for_long_is_found_again) {
    pid_t pid = fake_spawn(url);
    open_client(url, 0);
    wait_ready();
    fake_kill(pid);
    for (uint64_t until = test_ms() + 5500; test_ms() < until; turn_for(200)) { /* its sockets are renewed meanwhile */
        outcome o = ask(obtener, "echo", (pd_meta){0});
        ck_assert_int_eq(o.code, PD_UNAVAILABLE);
    }
    pid = fake_spawn(url);
    wait_ready();
    ck_assert_int_eq(ask(obtener, "echo", (pd_meta){0}).code, PD_OK);
    fake_kill(pid);
}
END_TEST

static void first(char *text, const char *name) {
    sprintf(text, "first:%s/%s", dir, name);
}

/* The call has reached the core and is held there. */
static void until_there(const char *text) {
    for (uint64_t until = test_ms() + 3000; access(text + 6, F_OK) != 0 && test_ms() < until;)
        turn();
    ck_assert_msg(access(text + 6, F_OK) == 0, "%s did not get there", text);
}

START_TEST(a_killed_core_is_ridden_out_where_that_is_safe) {
    char read[300], write[300], keyed[300], login[300];
    first(read, "r");
    first(write, "w");
    first(keyed, "k");
    first(login, "l");
    open_client(url, 0);
    pid_t pid = fake_spawn(url);
    wait_ready();
    outcome r, w, k, l;
    start(&r, obtener, read, (pd_meta){0});
    start(&w, crear, write, (pd_meta){0});
    start(&k, crear, keyed, (pd_meta){.key = "clave-1"});
    start(&l, entrar, login, (pd_meta){.key = "no cuenta"});
    until_there(read);
    until_there(write);
    until_there(keyed);
    until_there(login);
    fake_kill(pid);
    finish(&w, 1000);
    ck_assert_int_eq(w.code, PD_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(w.message, "resultado desconocido"));
    ck_assert_uint_lt(w.took, 1000);
    finish(&l, 1000);
    ck_assert_int_eq(l.code, PD_UNKNOWN); /* a key that the method ignores makes nothing safe */
    turn_for(300);
    ck_assert_int_eq(r.times + k.times, 0);
    pid = fake_spawn(url);
    finish(&r, 3000);
    finish(&k, 3000);
    ck_assert_int_eq(r.code, PD_OK);
    ck_assert_int_eq(k.code, PD_OK);
    ck_assert_str_eq(r.text, read);
    fake_kill(pid);
}
END_TEST

START_TEST(a_retry_that_finds_no_core_tells_the_truth) {
    char read[300], keyed[300];
    first(read, "r");
    first(keyed, "k");
    open_client(url, 0);
    pid_t pid = fake_spawn(url);
    wait_ready();
    outcome r, k;
    start(&r, obtener, read, (pd_meta){0});
    start(&k, crear, keyed, (pd_meta){.key = "clave-1"});
    until_there(read);
    until_there(keyed);
    fake_kill(pid);
    finish(&r, 4000);
    finish(&k, 4000);
    ck_assert_int_eq(r.code, PD_UNAVAILABLE); /* a read is never half done */
    ck_assert_int_eq(k.code, PD_UNKNOWN);
}
END_TEST

START_TEST(a_retry_that_is_refused_tells_the_truth) {
    char read[300], keyed[300];
    sprintf(read, "never:%s/r", dir);
    sprintf(keyed, "never:%s/k", dir);
    open_client(url, 0);
    pid_t pid = fake_spawn(url);
    wait_ready();
    outcome r, k;
    start(&r, obtener, read, (pd_meta){0});
    start(&k, crear, keyed, (pd_meta){.key = "clave-1"});
    until_there(read);
    until_there(keyed);
    fake_kill(pid);
    pid = fake_spawn(url);
    finish(&r, 4000);
    finish(&k, 4000);
    ck_assert_int_eq(r.code, PD_UNAVAILABLE);
    ck_assert_int_eq(k.code, PD_UNKNOWN); /* the second core did not do it; the first may have */
    fake_kill(pid);
}
END_TEST

START_TEST(a_stopped_core_is_set_aside_and_returns) {
    pid_t one = fake_spawn(url), two = fake_spawn(url2);
    open_client(both, 0);
    wait_ready();
    turn_for(200);
    char first_pid[16];
    snprintf(first_pid, sizeof first_pid, "%d", (int)one);
    kill(one, SIGSTOP);
    uint64_t start_ms = test_ms(), worst = 0;
    int by_two = 0;
    while (test_ms() - start_ms < 3000) {
        outcome o = ask(obtener, "pid", (pd_meta){0});
        ck_assert_int_eq(o.code, PD_OK);
        ck_assert_str_ne(o.text, first_pid);
        by_two++;
        if (o.took > worst)
            worst = o.took;
    }
    ck_assert_uint_lt(worst, 1500);
    ck_assert_int_gt(by_two, 100);
    outcome w = ask(crear, "pid", (pd_meta){0}); /* writes go to the other as well */
    ck_assert_int_eq(w.code, PD_OK);
    kill(one, SIGCONT);
    bool seen = false;
    for (uint64_t until = test_ms() + 3000; !seen && test_ms() < until;)
        seen = strcmp(ask(obtener, "pid", (pd_meta){0}).text, first_pid) == 0;
    ck_assert(seen);
    fake_kill(one);
    fake_kill(two);
}
END_TEST

START_TEST(a_stopped_single_core_ends_calls_and_returns) {
    pid_t pid = fake_spawn(url);
    open_client(url, 300);
    wait_ready();
    kill(pid, SIGSTOP);
    outcome a;
    start(&a, obtener, "echo", (pd_meta){.deadline_ms = 5000});
    turn_for(700); /* it is out, and the core set aside */
    outcome b = ask(obtener, "echo", (pd_meta){0});
    ck_assert_int_eq(b.code, PD_UNAVAILABLE);
    ck_assert_uint_lt(b.took, 2500);
    ck_assert(!pd_client_ready(client));
    ck_assert_int_eq(a.times, 0);
    kill(pid, SIGCONT);
    finish(&a, 1000);
    ck_assert_int_eq(a.code, PD_OK); /* late, within its deadline */
    ck_assert_int_eq(ask(obtener, "echo", (pd_meta){0}).code, PD_OK);
    fake_kill(pid);
}
END_TEST

START_TEST(work_goes_to_the_least_loaded) {
    pid_t one = fake_spawn(url), two = fake_spawn(url2);
    open_client(both, 0);
    wait_ready();
    turn_for(300);
    static outcome held[21];
    for (int i = 0; i < 21; i++) { /* spread: 11 and 10 */
        start(&held[i], entrar, i % 2 ? "hold" : "pid", (pd_meta){0});
        turn();
    }
    int seen[2] = {0};
    for (int i = 0; i < 200; i++) {
        outcome o = ask(entrar, "pid", (pd_meta){0});
        ck_assert_int_eq(o.code, PD_OK);
        seen[atoi(o.text) == (int)one]++;
    }
    ck_assert_int_gt(seen[0], 0);
    ck_assert_int_gt(seen[1], 0);
    ck_assert_int_eq(seen[0] + seen[1], 200);
    fake_kill(one);
    fake_kill(two);
}
END_TEST

START_TEST(a_refusing_core_is_passed_over) {
    fake_core second;
    fake_open(&core, loop, url, 0);
    fake_open(&second, loop, url2, 0);
    open_client(both, 0);
    wait_ready();
    turn_for(200);
    /* "down" is refused by whoever gets it: a read is tried at the other, then told as it is; a write is not. */
    size_t before = core.calls + second.calls;
    outcome o = ask(obtener, "down", (pd_meta){0});
    ck_assert_int_eq(o.code, PD_UNAVAILABLE);
    ck_assert_str_eq(o.message, "sin base de datos");
    ck_assert_uint_eq(core.calls + second.calls - before, 2);
    turn_for(300);
    before = core.calls + second.calls;
    ck_assert_int_eq(ask(crear, "down", (pd_meta){0}).code, PD_UNAVAILABLE);
    ck_assert_uint_eq(core.calls + second.calls - before, 1);
    turn_for(300);
    ck_assert_int_eq(ask(obtener, "echo", (pd_meta){0}).code, PD_OK);
    pd_service_close(second.service);
}
END_TEST

static size_t ended(const outcome *outcomes, size_t n) {
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += outcomes[i].times > 0;
    return found;
}

/* What the core holds, once it is `n` or after 15 s. */
static int held_becomes(int n) {
    int held = -1;
    for (uint64_t until = test_ms() + 15000; held != n && test_ms() < until;) {
        outcome o = ask(crear, "count", (pd_meta){0});
        held = o.code == PD_OK ? atoi(o.text) : -1;
    }
    return held;
}

START_TEST(retries_have_a_budget) {
    enum { N = 500 };
    static outcome outcomes[N];
    open_client(url, 30000);
    pid_t pid = fake_spawn(url);
    wait_ready();
    for (int i = 0; i < N; i++)
        start(&outcomes[i], obtener, "hold", (pd_meta){.deadline_ms = 20000});
    for (int kills = 0; kills < 2; kills++) {
        ck_assert_int_eq(held_becomes(N), N); /* the second time they went again: the budget was full */
        ck_assert_uint_eq(ended(outcomes, N), 0);
        fake_kill(pid);
        pid = fake_spawn(url);
        wait_ready();
    }
    /* and now it is spent: they end, although the core is there again to hold them */
    for (int i = 0; i < 100 && ended(outcomes, N) <= N - 100; i++)
        turn_for(50);
    ck_assert_uint_gt(ended(outcomes, N), N - 100);
    for (int i = 0; i < N; i++)
        if (outcomes[i].times)
            ck_assert_int_eq(outcomes[i].code, PD_UNAVAILABLE);
    fake_kill(pid);
}
END_TEST

START_TEST(one_stuck_method_does_not_stop_the_others) {
    static outcome stuck[6];
    one_core(200);
    const pd_method *validar = pd_method_find(OTRO, strlen(OTRO));
    ck_assert_ptr_nonnull(validar);
    for (int i = 0; i < 6; i++)
        start(&stuck[i], validar, "hold", (pd_meta){.deadline_ms = 3000});
    outcome o = ask(obtener, "echo", (pd_meta){0}); /* shares their frame, until that is late */
    ck_assert_int_eq(o.code, PD_OK);
    ck_assert_uint_lt(o.took, 600);
    for (int i = 0; i < 50; i++) {
        if (i < 6)
            start(&stuck[i], validar, "hold", (pd_meta){.deadline_ms = 3000});
        o = ask(obtener, "echo", (pd_meta){0});
        ck_assert_int_eq(o.code, PD_OK);
        ck_assert_uint_lt(o.took, 150);
    }
}
END_TEST

START_TEST(inproc_works) {
    fake_open(&core, loop, "inproc://nucleo", 0);
    open_client("inproc://nucleo", 0);
    wait_ready();
    for (int i = 0; i < 500; i++)
        ck_assert_int_eq(ask(obtener, "echo", (pd_meta){0}).code, PD_OK);
}
END_TEST

START_TEST(tcp_works_and_needs_no_loop) {
    const char *error;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* a port that is free */
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    snprintf(url, sizeof url, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    pid_t pid = fake_spawn(url);
    client = pd_client_new(&(pd_client_options){.cores = url}, &error);
    ck_assert_ptr_nonnull(client);
    for (int i = 0; i < 50; i++) {
        outcome o;
        start(&o, obtener, "echo", (pd_meta){0});
        bool done = false;
        for (int k = 0; k < 100 && o.times == 0; k++)
            pd_client_wait(client, &done, 20);
        ck_assert_int_eq(o.code, PD_OK);
    }
    fake_kill(pid);
}
END_TEST

int main(int argc, char **argv) {
    if (argc == 3)
        return fake_main(argv[2]);
    Suite *suite = suite_create("client");
    TCase *tc = tcase_create("client");
    tcase_set_timeout(tc, 40);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_thousand_calls_share_frames);
    tcase_add_test(tc, a_lone_call_leaves_at_once);
    tcase_add_test(tc, everything_travels);
    tcase_add_test(tc, conditions_and_tags_travel);
    tcase_add_test(tc, held_calls_stop_nobody_else);
    tcase_add_test(tc, held_reads_do_not_stop_reads_for_good);
    tcase_add_test(tc, deadlines_are_the_client_s_own);
    tcase_add_test(tc, cancelled_calls_are_forgotten);
    tcase_add_test(tc, oversized_calls_never_leave);
    tcase_add_test(tc, large_calls_are_spread_over_frames);
    tcase_add_test(tc, callbacks_may_call_and_turn);
    tcase_add_test(tc, a_closed_client_cancels);
    tcase_add_test(tc, wrong_addresses_are_named);
    tcase_add_test(tc, without_a_core_calls_end_soon);
    tcase_add_test(tc, a_core_that_comes_late_gets_what_waited);
    tcase_add_test(tc, a_core_that_was_away_for_long_is_found_again);
    tcase_add_test(tc, a_killed_core_is_ridden_out_where_that_is_safe);
    tcase_add_test(tc, a_retry_that_finds_no_core_tells_the_truth);
    tcase_add_test(tc, a_retry_that_is_refused_tells_the_truth);
    tcase_add_test(tc, a_stopped_core_is_set_aside_and_returns);
    tcase_add_test(tc, a_stopped_single_core_ends_calls_and_returns);
    tcase_add_test(tc, work_goes_to_the_least_loaded);
    tcase_add_test(tc, a_refusing_core_is_passed_over);
    tcase_add_test(tc, retries_have_a_budget);
    tcase_add_test(tc, one_stuck_method_does_not_stop_the_others);
    tcase_add_test(tc, inproc_works);
    tcase_add_test(tc, tcp_works_and_needs_no_loop);
    suite_add_tcase(suite, tc);
    SRunner *sr = srunner_create(suite);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
