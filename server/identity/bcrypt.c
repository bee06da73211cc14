#include "server/identity/bcrypt.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORKERS = 8, MAX_WAITING = 128, HASH_LEN = 60 };

enum { COST = 12 }; /* of new hashes */

/* Nobody's: a real hash at the cost of new ones, so that an unknown user takes as long as a known one. */
static const char nobody[] = "$2b$12$abcdefghijklmnopqrstuOtOqkWdzKipwSO6OzcqYr5rPQYFsSHEG";

/* A comparison, or with `hashed` a hash to be made. */
typedef struct job {
    struct job *next;
    char password[ID_PASSWORD_MAX + 2]; /* one byte more than counts, so that a longer one is known */
    char hash[HASH_LEN + 1];            /* to compare with; the one made, "" when that failed */
    bool known, matches;
    id_bcrypt_fn compared;
    id_bcrypt_hashed_fn hashed;
    void *arg;
} job;

typedef struct list {
    job *first, *last;
    size_t n;
} list;

struct id_bcrypt {
    pd_loop *loop;
    pthread_t threads[MAX_WORKERS];
    int n_threads;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t more;
    list waiting, done;
    bool stopping;
};

static void append(list *l, job *j) {
    j->next = NULL;
    *(l->last ? &l->last->next : &l->first) = j;
    l->last = j;
    l->n++;
}

static job *take(list *l) {
    job *j = l->first;
    if (j && !(l->first = j->next))
        l->last = NULL;
    l->n -= j != NULL;
    return j;
}

static void forget(job *j) {
    OPENSSL_cleanse(j, sizeof *j);
    free(j);
}

/* The time of a hash doubles with its cost, so what a cheaper one lacks is that of one each at the costs from its own
 * to the last below COST. */
static void spend_the_rest(const char *password, const char *hash, struct crypt_data *data) {
    char setting[sizeof nobody];
    memcpy(setting, nobody, sizeof nobody);
    for (int cost = atoi(hash + 4); cost < COST; cost++) {
        setting[4] = (char)('0' + cost / 10);
        setting[5] = (char)('0' + cost % 10);
        crypt_rn(password, setting, data, sizeof *data);
    }
}

static void compare(job *j, struct crypt_data *data) {
    const char *hash = j->known ? j->hash : nobody;
    const char *made = crypt_rn(j->password, hash, data, sizeof *data);
    size_t n = strlen(hash);
    j->matches = made && strlen(made) == n && CRYPTO_memcmp(made, hash, n) == 0 && j->known &&
                 strlen(j->password) <= ID_PASSWORD_MAX;
    spend_the_rest(j->password, hash, data);
    OPENSSL_cleanse(data, sizeof *data);
}

static void hash(job *j, struct crypt_data *data) {
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *made = NULL;
    if (strlen(j->password) <= ID_PASSWORD_MAX && crypt_gensalt_rn("$2b$", COST, NULL, 0, salt, sizeof salt))
        made = crypt_rn(j->password, salt, data, sizeof *data);
    if (made && strlen(made) == HASH_LEN)
        strcpy(j->hash, made);
    OPENSSL_cleanse(data, sizeof *data);
}

static void *work(void *arg) {
    id_bcrypt *b = arg;
    struct crypt_data *data = calloc(1, sizeof *data);
    pthread_mutex_lock(&b->lock);
    while (data && !b->stopping) {
        job *j = take(&b->waiting);
        if (!j) {
            pthread_cond_wait(&b->more, &b->lock);
            continue;
        }
        pthread_mutex_unlock(&b->lock);
        (j->hashed ? hash : compare)(j, data);
        pthread_mutex_lock(&b->lock);
        append(&b->done, j);
        pd_loop_wake(b->loop);
    }
    pthread_mutex_unlock(&b->lock);
    free(data);
    return NULL;
}

static void complete(void *arg) {
    id_bcrypt *b = arg;
    pthread_mutex_lock(&b->lock);
    list done = b->done;
    b->done = (list){0};
    pthread_mutex_unlock(&b->lock);
    for (job *j; (j = take(&done));) {
        if (j->hashed)
            j->hashed(j->arg, *j->hash ? j->hash : NULL);
        else
            j->compared(j->arg, j->matches);
        forget(j);
    }
}

id_bcrypt *id_bcrypt_new(pd_loop *loop, int workers) {
    id_bcrypt *b = calloc(1, sizeof *b);
    if (!b)
        abort();
    b->loop = loop;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->more, NULL);
    for (int i = 0; i < workers && i < MAX_WORKERS; i++)
        if (pthread_create(&b->threads[b->n_threads], NULL, work, b) == 0)
            b->n_threads++;
    if (!b->n_threads) {
        id_bcrypt_free(b);
        return NULL;
    }
    pd_loop_each_turn(loop, complete, b);
    return b;
}

void id_bcrypt_free(id_bcrypt *b) {
    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->stopping = true;
    pthread_cond_broadcast(&b->more);
    pthread_mutex_unlock(&b->lock);
    for (int i = 0; i < b->n_threads; i++)
        pthread_join(b->threads[i], NULL);
    for (job *j; (j = take(&b->waiting)) || (j = take(&b->done));)
        forget(j);
    pthread_cond_destroy(&b->more);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

bool id_bcrypt_full(id_bcrypt *b) {
    pthread_mutex_lock(&b->lock);
    bool full = b->waiting.n >= MAX_WAITING;
    pthread_mutex_unlock(&b->lock);
    return full;
}

/* Anything else would be refused at once, and the time would tell. */
static bool is_hash(const char *hash) {
    return strlen(hash) == HASH_LEN && (strncmp(hash, "$2b$", 4) == 0 || strncmp(hash, "$2a$", 4) == 0);
}

static job *new_job(const char *password, void *arg) {
    job *j = calloc(1, sizeof *j);
    if (!j)
        abort();
    strncpy(j->password, password, sizeof j->password - 1);
    j->arg = arg;
    return j;
}

static bool enqueue(id_bcrypt *b, job *j) {
    pthread_mutex_lock(&b->lock);
    bool room = b->waiting.n < MAX_WAITING;
    if (room) {
        append(&b->waiting, j);
        pthread_cond_signal(&b->more);
    }
    pthread_mutex_unlock(&b->lock);
    if (!room)
        forget(j);
    return room;
}

bool id_bcrypt_check(id_bcrypt *b, const char *password, const char *hash, id_bcrypt_fn fn, void *arg) {
    job *j = new_job(password, arg);
    j->compared = fn;
    j->known = hash && is_hash(hash);
    if (j->known)
        strcpy(j->hash, hash);
    return enqueue(b, j);
}

bool id_bcrypt_hash(id_bcrypt *b, const char *password, id_bcrypt_hashed_fn fn, void *arg) {
    job *j = new_job(password, arg);
    j->hashed = fn;
    return enqueue(b, j);
}
