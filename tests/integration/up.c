#include "tests/integration/up.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char dir[256];
static bool mine;

static void die(const char *what) {
    fprintf(stderr, "up: %s\n", what);
    exit(2);
}

static bool run(const char *command) {
    int rc = system(command);
    return rc != -1 && WIFEXITED(rc) && WEXITSTATUS(rc) == 0;
}

static void read_env(void) {
    char path[300], line[1024];
    snprintf(path, sizeof path, "%s/up.env", dir);
    FILE *f = fopen(path, "r");
    if (!f)
        die("no up.env");
    while (fgets(line, sizeof line, f)) {
        char *eq = strstr(line, "='"), *end = eq ? strrchr(line, '\'') : NULL;
        if (!eq || end <= eq + 1)
            continue;
        *eq = *end = 0;
        setenv(line, eq + 2, 1);
    }
    fclose(f);
}

void up_start(const char *options) {
    static int n;
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/pendientes-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir) || chmod(dir, 0755))
        die("no temporary directory");
    mine = true;
    if (!n++)
        atexit(up_stop);
    int base = 20000 + getpid() % 127 * 100 + n % 2 * 50;
    char command[1024];
    snprintf(command, sizeof command, "%s/deploy/up --detach --dir %s --port %d --admin-port %d %s >%s/out 2>&1",
             SOURCE_DIR, dir, base, base + 1, options ? options : "", dir);
    if (!run(command)) {
        snprintf(command, sizeof command, "tail -n 30 %s/out %s/log/*.log >&2", dir, dir);
        run(command);
        die("deploy/up failed");
    }
    read_env();
}

void up_use(void) {
    if (!getenv("PENDIENTES_URL"))
        up_start(NULL);
}

void up_stop(void) {
    if (!mine)
        return;
    mine = false;
    char command[1024];
    snprintf(command, sizeof command, "%s/deploy/down --dir %s >/dev/null 2>&1; rm -rf %s", SOURCE_DIR, dir, dir);
    if (!run(command))
        fprintf(stderr, "up: could not stop %s\n", dir);
}

const char *up_env(const char *key) {
    const char *value = getenv(key);
    if (!value)
        die(key);
    return value;
}

const char *up_dni(const char *role) {
    char key[64];
    snprintf(key, sizeof key, "PENDIENTES_DNI_%s", role);
    return up_env(key);
}

const char *up_dir(void) {
    return dir;
}

pid_t up_pid(const char *name) {
    char path[320];
    snprintf(path, sizeof path, "%s/run/%s.pid", dir, name);
    FILE *f = fopen(path, "r");
    int pid = 0;
    if (f) {
        if (fscanf(f, "%d", &pid) != 1)
            pid = 0;
        fclose(f);
    }
    return pid && kill(pid, 0) == 0 ? pid : 0;
}

long long up_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

bool up_wait(int ms, bool (*holds)(void *arg), void *arg) {
    long long end = up_now() + ms;
    while (!holds(arg)) {
        if (up_now() >= end)
            return holds(arg);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return true;
}
