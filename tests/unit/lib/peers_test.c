/* Choosing among cores on made-up ones, lines on real sockets. */
#include "fake_core.h"
#include "lib/peers.h"

static pd_peer made[3];
static pd_peers peers;

static void make(void) {
    memset(made, 0, sizeof made);
    peers = (pd_peers){.at = made, .n = 3};
    for (int i = 0; i < 3; i++)
        made[i].peers = &peers;
}

static int choose(pd_class class, bool *down) {
    pd_peer *peer = pd_peers_choose(&peers, class, 1000, down);
    return peer ? (int)(peer - made) : -1;
}

START_TEST(the_least_loaded_is_chosen) {
    bool down;
    made[0].calls = 5;
    made[1].calls = 2;
    made[2].calls = 9;
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(choose(PD_CLASS_READ, &down), 1);
    made[0].calls = made[1].calls = made[2].calls = 0;
    int seen[3] = {0};
    for (int i = 0; i < 9; i++)
        seen[choose(PD_CLASS_READ, &down)]++;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(seen[i], 3); /* equals take turns */
}
END_TEST

START_TEST(limits_are_per_class) {
    bool down;
    made[1].silent = made[2].silent = true;
    made[0].frames[PD_CLASS_READ] = pd_classes[PD_CLASS_READ].frames;
    ck_assert_int_eq(choose(PD_CLASS_READ, &down), -1);
    ck_assert(!down); /* busy, not away */
    ck_assert_int_eq(choose(PD_CLASS_WRITE, &down), 0);
    made[0].n_busy = 128 - 16;
    ck_assert_int_eq(choose(PD_CLASS_SINGLE, &down), -1); /* the last lines are kept for the others */
    ck_assert_int_eq(choose(PD_CLASS_WRITE, &down), 0);
    made[0].n_busy = 128 - 8;
    ck_assert_int_eq(choose(PD_CLASS_WRITE, &down), -1);
    made[0].frames[PD_CLASS_READ] = 0;
    ck_assert_int_eq(choose(PD_CLASS_READ, &down), 0);
}
END_TEST

START_TEST(silent_and_deaf_cores_are_passed_over) {
    bool down;
    made[0].silent = true;
    made[1].deaf_until = 1001;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(choose(PD_CLASS_READ, &down), 2);
    made[2].deaf_until = 2000;
    ck_assert_int_eq(choose(PD_CLASS_READ, &down), -1);
    ck_assert(down);
    made[1].deaf_until = 1000;
    ck_assert_int_eq(choose(PD_CLASS_READ, &down), 1);
    ck_assert(!down);
}
END_TEST

START_TEST(refusing_cores_are_the_last_choice) {
    bool down;
    made[0].refusing = made[1].refusing = true;
    made[2].calls = 100;
    ck_assert_int_eq(choose(PD_CLASS_READ, &down), 2);
    ck_assert(!pd_peers_other(&peers, &made[2]));
    ck_assert(pd_peers_other(&peers, &made[0]));
    made[2].silent = true;
    made[1].calls = 1;
    ck_assert_int_eq(choose(PD_CLASS_READ, &down), 0);
    ck_assert(!pd_peers_ready(&peers, 1000));
}
END_TEST

START_TEST(readiness_needs_a_recent_answer) {
    ck_assert(!pd_peers_ready(&peers, 100000));
    made[1].heard_ms = 99000;
    ck_assert(pd_peers_ready(&peers, 100000));
    ck_assert(!pd_peers_ready(&peers, 110000));
    made[1].heard_ms = 100000;
    made[1].silent = true;
    ck_assert(!pd_peers_ready(&peers, 100000));
}
END_TEST

/* --- lines --- */

static pd_loop *loop;
static fake_core core;
static char *dir, url[256];
static size_t n_answered, n_lost, n_late;

static void answered(void *owner, pd_line *line, nng_msg *msg) {
    (void)owner;
    ck_assert(line->busy);
    ck_assert_uint_gt(nng_msg_len(msg), 0);
    if (!line->frame.probe)
        n_answered++;
}

static void lost(void *owner, pd_line *line) {
    (void)owner;
    (void)line;
    n_lost++;
}

static void late(void *owner, pd_line *line) {
    (void)owner;
    (void)line;
    n_late++;
}

static const pd_client_options *options(uint32_t read_frame_ms) {
    static pd_client_options made_options;
    made_options = (pd_client_options){.cores = url, .read_frame_ms = read_frame_ms};
    return &made_options;
}

static void open_peers(uint32_t read_frame_ms) {
    static const pd_peers_events events = {answered, lost, late};
    const char *error = "?";
    n_answered = n_lost = n_late = 0;
    dir = dir_new();
    snprintf(url, sizeof url, "ipc://%s/core.sock", dir);
    loop = pd_loop_new();
    fake_open(&core, loop, url, 0);
    ck_assert_msg(pd_peers_open(&peers, options(read_frame_ms), &events, NULL, &error), "%s", error);
}

static void close_peers(void) {
    pd_peers_close(&peers);
    pd_service_close(core.service);
    pd_loop_free(loop);
    dir_drop(dir);
}

static void turn(void) {
    pd_peers_tick(&peers, pd_clock_ms());
    pd_peers_wait(&peers, 1);
    pd_loop_turn(loop, 1);
}

static pd_line *send_text(const char *text, pd_class class) {
    pd_wire_call call = PENDIENTES__RPC__LLAMADA__INIT, *calls[] = {&call};
    call.has_id = call.has_datos = true;
    call.metodo = (char *)"pendientes.v1.Averias/Obtener";
    call.datos.data = (uint8_t *)(uintptr_t)text;
    call.datos.len = strlen(text);
    nng_msg *msg = pd_frame_pack(calls, 1);
    pd_line *line = pd_peer_send(&peers.at[0], class, 1, msg, pd_clock_ms());
    if (line)
        line->frame.calls[0] = NULL; /* no client behind it */
    else
        nng_msg_free(msg);
    return line;
}

static void until_heard(void) {
    for (int i = 0; i < 2000 && peers.at[0].heard_ms == 0; i++)
        turn();
    ck_assert_uint_ne(peers.at[0].heard_ms, 0);
}

START_TEST(a_probe_tells_that_a_core_is_there) {
    open_peers(0);
    ck_assert(!pd_peers_ready(&peers, pd_clock_ms()));
    until_heard();
    ck_assert(pd_peers_ready(&peers, pd_clock_ms()));
    ck_assert_uint_gt(core.probes, 0);
    ck_assert_uint_eq(core.calls, 0);
    close_peers();
}
END_TEST

START_TEST(lines_grow_with_the_frames_in_flight) {
    open_peers(0);
    until_heard();
    for (int sent = 0, tries = 0; sent < 20; tries++) {
        ck_assert_int_lt(tries, 5000);
        sent += send_text("hold", PD_CLASS_SINGLE) != NULL;
        turn();
    }
    pd_peer *peer = &peers.at[0];
    ck_assert_uint_eq(peer->frames[PD_CLASS_SINGLE], 20);
    ck_assert_uint_eq(peer->calls, 20);
    ck_assert_uint_ge(peer->n_busy, 20);
    for (int i = 0; i < 2000 && core.n_held < 20; i++)
        turn();
    fake_release(&core);
    for (int i = 0; i < 2000 && n_answered < 20; i++)
        turn();
    ck_assert_uint_eq(n_answered, 20);
    ck_assert_uint_eq(peer->frames[PD_CLASS_SINGLE], 0);
    ck_assert_uint_eq(peer->calls, 0);
    close_peers();
}
END_TEST

START_TEST(late_reads_set_a_core_aside_until_it_answers) {
    open_peers(100);
    until_heard();
    ck_assert_ptr_nonnull(send_text("hold", PD_CLASS_READ));
    pd_peer *peer = &peers.at[0];
    bool aside = false;
    for (uint64_t until = test_ms() + 1000; n_late == 0 && test_ms() < until;) { /* the core does not turn: stopped */
        pd_peers_tick(&peers, pd_clock_ms());
        pd_peers_wait(&peers, 5);
        aside = peer->silent;
    }
    ck_assert_uint_eq(n_late, 1);
    ck_assert(aside);
    ck_assert_uint_eq(peer->frames[PD_CLASS_READ], 0); /* late frames do not count */
    for (int i = 0; i < 1000 && peer->silent; i++)
        turn();
    ck_assert(!peer->silent);
    fake_release(&core);
    for (int i = 0; i < 1000 && n_answered == 0; i++)
        turn();
    ck_assert_uint_eq(n_answered, 1);
    ck_assert_uint_eq(peer->frames[PD_CLASS_READ], 0);
    close_peers();
}
END_TEST

START_TEST(a_lost_connection_is_noticed) {
    open_peers(0);
    until_heard();
    ck_assert_ptr_nonnull(send_text("hold", PD_CLASS_WRITE));
    for (int i = 0; i < 1000 && core.n_held == 0; i++)
        turn();
    pd_service_close(core.service);
    core.service = NULL;
    uint64_t start = test_ms();
    for (int i = 0; i < 1000 && n_lost == 0; i++)
        turn();
    ck_assert_uint_eq(n_lost, 1);
    ck_assert_uint_lt(test_ms() - start, 500);
    ck_assert_uint_eq(peers.at[0].frames[PD_CLASS_WRITE], 0);
    ck_assert_ptr_null(send_text("echo", PD_CLASS_WRITE)); /* nobody there: said at once */
    bool down;
    ck_assert_ptr_null(pd_peers_choose(&peers, PD_CLASS_WRITE, peers.at[0].deaf_until - 1, &down));
    ck_assert(down);
    close_peers();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("peers");
    TCase *choice = tcase_create("choice"), *lines = tcase_create("lines");
    tcase_add_checked_fixture(choice, make, NULL);
    tcase_add_test(choice, the_least_loaded_is_chosen);
    tcase_add_test(choice, limits_are_per_class);
    tcase_add_test(choice, silent_and_deaf_cores_are_passed_over);
    tcase_add_test(choice, refusing_cores_are_the_last_choice);
    tcase_add_test(choice, readiness_needs_a_recent_answer);
    suite_add_tcase(suite, choice);
    tcase_set_timeout(lines, 20);
    tcase_add_test(lines, a_probe_tells_that_a_core_is_there);
    tcase_add_test(lines, lines_grow_with_the_frames_in_flight);
    tcase_add_test(lines, late_reads_set_a_core_aside_until_it_answers);
    tcase_add_test(lines, a_lost_connection_is_noticed);
    suite_add_tcase(suite, lines);
    SRunner *sr = srunner_create(suite);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
