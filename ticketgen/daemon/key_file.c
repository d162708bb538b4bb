/* SPDX-License-Identifier: Apache-2.0 */
/* The signing key's file. */
#include "ticketgen/daemon/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEED_TEXT_SIZE (TICKET_SEED_SIZE * 2)

/* RETRY here means that there is no such file. */
static bool seed_read(const char *path, uint8_t seed[TICKET_SEED_SIZE], struct error *error) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return error_set(error, errno == ENOENT ? ERROR_RETRY : ERROR_DIE,
                         "signing_key_file %s: %s", path, strerror(errno));
    }
    struct stat status;
    char text[SEED_TEXT_SIZE + 2] = "";
    ssize_t size = fstat(descriptor, &status) == 0 ? read(descriptor, text, sizeof(text) - 1) : -1;
    close(descriptor);
    if (size < 0) {
        return error_set(error, ERROR_DIE, "signing_key_file %s: %s", path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0) {
        sodium_memzero(text, sizeof(text));
        return error_set(error, ERROR_DIE,
                         "signing_key_file %s: others than its owner can use it; chmod 600 it, and "
                         "make a new key if somebody may have read it",
                         path);
    }
    size_t decoded = 0;
    const char *end = NULL;
    bool valid =
        sodium_hex2bin(seed, TICKET_SEED_SIZE, text, SEED_TEXT_SIZE, NULL, &decoded, &end) == 0 &&
        decoded == TICKET_SEED_SIZE && (text[SEED_TEXT_SIZE] == '\n' || size == SEED_TEXT_SIZE);
    sodium_memzero(text, sizeof(text));
    return valid ||
           error_set(error, ERROR_DIE, "signing_key_file %s: not a line of %d hexadecimal digits",
                     path, SEED_TEXT_SIZE);
}

static bool write_durably(int descriptor, const char *text, size_t size) {
    return write(descriptor, text, size) == (ssize_t)size && fsync(descriptor) == 0;
}

static void folder_sync(const char *path) {
    char copy[PATH_MAX];
    snprintf(copy, sizeof(copy), "%s", path);
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
}

/* Draws until tokens do not begin with base45's space, which many a program would strip. (They
 * never end with one: the last byte of an Ed25519 signature is below 45.) */
static void seed_draw(uint8_t seed[TICKET_SEED_SIZE]) {
    struct ticket_key key;
    do {
        randombytes_buf(seed, TICKET_SEED_SIZE);
        ticket_key_derive(seed, &key);
    } while ((TICKET_TOKEN_VERSION * 256 + key.key_id[0]) % 45 == 36);
    sodium_memzero(&key, sizeof(key));
}

/* A whole file appears under its name or none does: link(2) fails where another process was first.
 */
static bool seed_create(const char *path, bool *created, struct error *error) {
    char draft[PATH_MAX];
    if (snprintf(draft, sizeof(draft), "%s.%ld.new", path, (long)getpid()) >= (int)sizeof(draft)) {
        return error_set(error, ERROR_DIE, "signing_key_file: the path is too long");
    }
    uint8_t seed[TICKET_SEED_SIZE];
    char text[SEED_TEXT_SIZE + 2];
    seed_draw(seed);
    sodium_bin2hex(text, sizeof(text), seed, sizeof(seed));
    text[SEED_TEXT_SIZE] = '\n';
    text[SEED_TEXT_SIZE + 1] = '\0';
    int descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = descriptor >= 0 && write_durably(descriptor, text, strlen(text));
    int cause = errno;
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(text, sizeof(text));
    if (descriptor >= 0) {
        close(descriptor);
    }
    *created = written && link(draft, path) == 0;
    bool other_was_first = written && !*created && errno == EEXIST;
    if (written && !*created) {
        cause = errno;
    }
    if (descriptor >= 0) {
        unlink(draft);
    }
    if (*created) {
        folder_sync(path);
    }
    return *created || other_was_first ||
           error_set(error, ERROR_DIE, "signing_key_file %s: can not be made: %s", path,
                     strerror(cause));
}

bool ticket_key_file_load(const char *path, struct ticket_key *key, bool *created,
                          struct error *error) {
    uint8_t seed[TICKET_SEED_SIZE];
    struct error problem = {0};
    *created = false;
    bool read = seed_read(path, seed, &problem);
    if (!read && problem.action == ERROR_RETRY) {
        if (!seed_create(path, created, error)) {
            return false;
        }
        read = seed_read(path, seed, &problem);
    }
    if (!read) {
        return error_set(error, ERROR_DIE, "%s", problem.message);
    }
    ticket_key_derive(seed, key);
    sodium_memzero(seed, sizeof(seed));
    return true;
}
