/* SPDX-License-Identifier: Apache-2.0 */
/* Seals: files that say what the log summed to, signed. */
#include "replay/log/seal.h"

#include "runtime/base/buffer.h"
#include "runtime/base/hex.h"
#include "ticketgen/daemon/key_file.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_LINE "seatlog seal "
#define HASH_DIGITS 64

void seal_deinit(struct seal *seal) {
    free(seal->partitions);
    seal->partitions = NULL;
}

static void seal_format(const struct seal *seal, const struct ticket_key *key, struct buffer *out) {
    buffer_append_format(out, FIRST_LINE "%d\nat %s\nkey ", SEAL_VERSION, seal->at);
    buffer_append_hex(out, key->public_key, sizeof key->public_key);
    buffer_append_text(out, "\n");
    for (int32_t i = 0; i < seal->count; i++) {
        const struct seal_partition *partition = &seal->partitions[i];
        buffer_append_format(out, "partition %d events %" PRId64 " ", (int)i,
                             partition->events_end);
        buffer_append_hex(out, partition->events.octets, sizeof partition->events.octets);
        buffer_append_format(out, " commands %" PRId64 " ", partition->commands_end);
        buffer_append_hex(out, partition->commands.octets, sizeof partition->commands.octets);
        buffer_append_text(out, "\n");
    }
}

static bool file_write(const char *path, const struct buffer *text, struct error *error) {
    FILE *file = fopen(path, "wx");
    bool written = file != NULL && fwrite(text->data, 1, text->size, file) == text->size &&
                   fflush(file) == 0 && fsync(fileno(file)) == 0;
    int code = errno;
    if (file != NULL && fclose(file) != 0) {
        written = false;
    }
    return written || error_set(error, ERROR_DIE, "%s: %s", path, strerror(code));
}

bool seal_write(const char *path, const char *key_file, const struct seal *seal,
                struct error *error) {
    struct ticket_key key;
    bool created;
    if (!ticket_key_file_load(key_file, &key, &created, error)) {
        return false;
    }
    struct buffer text = {0};
    uint8_t signature[crypto_sign_BYTES];
    seal_format(seal, &key, &text);
    crypto_sign_detached(signature, NULL, (const uint8_t *)text.data, text.size, key.secret);
    sodium_memzero(&key, sizeof key);
    buffer_append_text(&text, "signature ");
    buffer_append_hex(&text, signature, sizeof signature);
    buffer_append_text(&text, "\n");
    bool written = file_write(path, &text, error);
    buffer_deinit(&text);
    return written;
}

static bool file_read(const char *path, struct buffer *out, struct error *error) {
    char piece[4096];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return error_set(error, ERROR_DIE, "%s: %s", path, strerror(errno));
    }
    for (size_t size; (size = fread(piece, 1, sizeof piece, file)) > 0;) {
        buffer_append(out, piece, size);
    }
    fclose(file);
    return true;
}

static bool signature_check(const struct buffer *text, const char *public_key, struct seal *out) {
    uint8_t key[crypto_sign_PUBLICKEYBYTES];
    uint8_t signature[crypto_sign_BYTES];
    const char *key_line = strstr(text->data, "\nkey ");
    const char *signature_line = strstr(text->data, "\nsignature ");
    if (key_line == NULL || signature_line == NULL || strlen(key_line + 5) < HASH_DIGITS ||
        strlen(signature_line + 11) < 2 * sizeof signature) {
        return false;
    }
    memcpy(out->public_key, key_line + 5, HASH_DIGITS);
    if (*public_key != '\0' && strcmp(public_key, out->public_key) != 0) {
        return false;
    }
    size_t signed_size = (size_t)(signature_line + 1 - text->data);
    return hex_parse(out->public_key, sizeof key, key) &&
           hex_parse(signature_line + 11, sizeof signature, signature) &&
           crypto_sign_verify_detached(signature, (const uint8_t *)text->data, signed_size, key) ==
               0;
}

static bool partition_read(const char *line, struct seal *out) {
    int number;
    struct seal_partition read;
    char events[HASH_DIGITS + 1];
    char commands[HASH_DIGITS + 1];
    if (sscanf(line, "partition %d events %" SCNd64 " %64s commands %" SCNd64 " %64s", &number,
               &read.events_end, events, &read.commands_end, commands) != 5 ||
        number != out->count || !hex_parse(events, sizeof read.events.octets, read.events.octets) ||
        !hex_parse(commands, sizeof read.commands.octets, read.commands.octets)) {
        return false;
    }
    out->partitions =
        reallocate(out->partitions, ((size_t)out->count + 1) * sizeof *out->partitions);
    out->partitions[out->count++] = read;
    return true;
}

static bool text_read(const struct buffer *text, struct seal *out) {
    if (sscanf(text->data, FIRST_LINE "%d\nat %31s", &out->version, out->at) != 2 ||
        out->version < 1 || out->version > SEAL_VERSION) {
        return false;
    }
    for (const char *line = text->data; line != NULL;) {
        if (strncmp(line, "partition ", 10) == 0 && !partition_read(line, out)) {
            return false;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return out->count > 0;
}

bool seal_read(const char *path, const char *public_key, struct seal *out, struct error *error) {
    struct buffer text = {0};
    memset(out, 0, sizeof *out);
    const char *name = strrchr(path, '/');
    snprintf(out->name, sizeof out->name, "%s", name != NULL ? name + 1 : path);
    bool read = file_read(path, &text, error);
    if (read && (text.size == 0 || !signature_check(&text, public_key, out))) {
        read = error_set(error, ERROR_PARK, "%s: its signature does not hold%s", path,
                         *public_key != '\0' ? ", or it is not of the key that counts" : "");
    } else if (read && !text_read(&text, out)) {
        read = error_set(error, ERROR_PARK, "%s: this is no seal of version 1 to %d", path,
                         SEAL_VERSION);
    }
    buffer_deinit(&text);
    if (!read) {
        seal_deinit(out);
    }
    return read;
}

static int is_seal(const struct dirent *entry) {
    size_t size = strlen(entry->d_name);
    return size > 5 && strcmp(entry->d_name + size - 5, ".seal") == 0;
}

bool seals_read(const char *folder, const char *public_key, struct seal **seals, size_t *count,
                struct error *error) {
    struct dirent **names;
    int found = scandir(folder, &names, is_seal, alphasort);
    *seals = NULL;
    *count = 0;
    if (found < 0) {
        return error_set(error, ERROR_DIE, "%s: %s", folder, strerror(errno));
    }
    bool read = true;
    *seals = allocate_zeroed((unsigned long)found + 1, sizeof **seals);
    for (int i = 0; i < found; i++) {
        struct buffer path = {0};
        buffer_append_format(&path, "%s/%s", folder, names[i]->d_name);
        if (read && seal_read(path.data, public_key, &(*seals)[*count], error)) {
            (*count)++;
        } else {
            read = false;
        }
        buffer_deinit(&path);
        free(names[i]);
    }
    free(names);
    if (read && found == 0) {
        return error_set(error, ERROR_DIE, "%s: there are no seals (*.seal)", folder);
    }
    return read;
}
