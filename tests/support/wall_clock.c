/* wall_clock: preloaded, it sets the wall clock of a process back by an hour, from the moment when the file named in
 * WALL_CLOCK_FILE exists. CLOCK_MONOTONIC stays what it is. */
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec real;
    const char *file = getenv("WALL_CLOCK_FILE");
    clock_gettime(CLOCK_REALTIME, &real);
    now->tv_sec = real.tv_sec - (file && access(file, F_OK) == 0 ? 3600 : 0);
    now->tv_usec = real.tv_nsec / 1000;
    return 0;
}
