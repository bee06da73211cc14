/* Runs a fuzz target over the files of the directories named, so that every build tests the seeds, with any compiler.
 */
#include "tests/fuzz/pick.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static void run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    static uint8_t bytes[1 << 20];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    /* A copy of exactly that size: a sanitizer sees a read past its end. */
    uint8_t *copy = malloc(size ? size : 1);
    for (size_t i = 0; i < size; i++)
        copy[i] = bytes[i];
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t run_directory(const char *path) {
    DIR *directory = opendir(path);
    if (!directory) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size_t n = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        run_file(file);
        n++;
    }
    closedir(directory);
    return n;
}

int main(int argc, char **argv) {
    size_t n = 0;
    for (int i = 1; i < argc; i++)
        n += run_directory(argv[i]);
    printf("%zu inputs\n", n);
    return n ? EXIT_SUCCESS : EXIT_FAILURE;
}
