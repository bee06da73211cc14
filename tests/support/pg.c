#include "tests/support/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct {
    pid_t owner, server;
    uid_t uid;
    gid_t gid;
    char dir[64], data[96], log[96], conninfo[160];
} pg;

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("tests/support/pg: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(EXIT_FAILURE);
}

static const char *bin_dir(void) {
    const char *dir = getenv("PENDIENTES_PG_BIN");
    return dir != NULL ? dir : "/usr/lib/postgresql/15/bin";
}

/* In the child: gives up root, sends output to the log, becomes `program`. PostgreSQL refuses to run as root. */
static void become(const char *program, char *argv[]) {
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(pg.gid) != 0 || setuid(pg.uid) != 0)) {
        _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT); /* after setuid, which clears it */
    int log = open(pg.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int null = open("/dev/null", O_RDONLY);
    if (log < 0 || null < 0 || chdir(pg.dir) != 0) {
        _exit(126);
    }
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    closefrom(STDERR_FILENO + 1);
    setenv("LC_ALL", "C", 1);
    char path[256];
    snprintf(path, sizeof path, "%s/%s", bin_dir(), program);
    argv[0] = path; /* by which it finds its own other programs, wherever PATH leads */
    execv(path, argv);
    _exit(127);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *ftw) {
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void clean_up(void) {
    if (getpid() == pg.owner) {
        ts_pg_stop();
        nftw(pg.dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
}

static void make_cluster(void) {
    pg.owner = getpid();
    strcpy(pg.dir, "/tmp/pendientes-pg-XXXXXX");
    if (mkdtemp(pg.dir) == NULL) {
        die("mkdtemp %s: %s", pg.dir, strerror(errno));
    }
    atexit(clean_up);
    snprintf(pg.data, sizeof pg.data, "%s/data", pg.dir);
    snprintf(pg.log, sizeof pg.log, "%s/log", pg.dir);
    snprintf(pg.conninfo, sizeof pg.conninfo, "host=%s port=5432 user=postgres dbname=postgres", pg.dir);
    if (geteuid() == 0) {
        const struct passwd *user = getpwnam("postgres");
        if (user == NULL) {
            user = getpwnam("nobody");
        }
        if (user == NULL || chown(pg.dir, user->pw_uid, user->pw_gid) != 0) {
            die("no unprivileged user to run PostgreSQL as");
        }
        pg.uid = user->pw_uid;
        pg.gid = user->pw_gid;
    }
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = {"initdb", "-D", pg.data, "-U", "postgres",         "-A",
                        "trust",  "-E", "UTF8",  "-N", "--locale=C.UTF-8", NULL};
        become("initdb", argv);
    }
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        die("initdb in %s failed (wait status %d)", pg.dir, status);
    }
}

const char *ts_pg_start(void) {
    if (pg.server > 0) {
        return pg.conninfo;
    }
    if (pg.owner == 0) {
        make_cluster();
    }
    pg.server = fork();
    if (pg.server == 0) {
        char *argv[] = {"postgres",
                        "-D",
                        pg.data,
                        "-k",
                        pg.dir,
                        "-c",
                        "listen_addresses=",
                        "-c",
                        "fsync=off",
                        "-c",
                        "shared_buffers=16MB",
                        "-c",
                        "port=5432",
                        NULL};
        become("postgres", argv);
    }
    if (pg.server < 0) {
        die("fork: %s", strerror(errno));
    }
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    for (int tries = 0; PQping(pg.conninfo) != PQPING_OK; tries++) {
        int status = 0;
        if (waitpid(pg.server, &status, WNOHANG) == pg.server) {
            pg.server = 0;
            die("postgres ended at its start (wait status %d)", status);
        }
        if (tries == 3000) {
            die("postgres does not answer after a minute");
        }
        nanosleep(&pause, NULL);
    }
    return pg.conninfo;
}

void ts_pg_stop(void) {
    if (pg.server > 0) {
        kill(pg.server, SIGQUIT);
        waitpid(pg.server, NULL, 0);
        pg.server = 0;
    }
}

PGconn *ts_pg_connect(void) {
    char conninfo[256];
    snprintf(conninfo, sizeof conninfo, "%s options='-c TimeZone=America/Lima -c DateStyle=ISO'", ts_pg_start());
    PGconn *conn = PQconnectdb(conninfo);
    if (PQstatus(conn) != CONNECTION_OK) {
        die("%s", PQerrorMessage(conn));
    }
    return conn;
}

void ts_pg_exec(PGconn *conn, const char *sql) {
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        die("%s\nin: %s", PQresultErrorMessage(result), sql);
    }
    PQclear(result);
}
