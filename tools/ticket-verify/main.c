/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges a ticket offline: the help below says how. For the scripts of door staff, tests, and as
 * the shortest example of how a token is read.
 */
#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "runtime/base/time.h"
#include "runtime/present/present_time.h"
#include "ticketgen/core/token.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 64

enum exit_status { VALID = 0, NOT_VALID = 1, NOT_NOW = 2, USAGE = 64 };

struct request {
    const char *keys_path;
    const char *revoked_path; /* NULL: revocations are not looked at */
    const char *token;        /* NULL: a line of standard input */
    struct uuid show_id;
    bool show_given;
    int64_t at_s;
    uint8_t keys[KEYS_MAX * TICKET_PUBLIC_KEY_SIZE];
    size_t key_count;
    struct uuid *revoked; /* sorted */
    size_t revoked_count;
};

static const char help[] =
    "usage: seatlog-ticket-verify --keys FILE [--revoked FILE] [--show UUID]\n"
    "                             [--at SECONDS] [TOKEN]\n"
    "Says whether a ticket is good, without a network. TOKEN is the text of its QR\n"
    "code; it may begin with a hyphen or a space. Without one a line of standard\n"
    "input is read.\n"
    "\n"
    "  --keys FILE     public keys, in any text: 64 hexadecimal digits or base64\n"
    "                  each. The answer of GET /keys will do\n"
    "  --revoked FILE  ids of revoked tickets, in any text: UUIDs. The cancelled and\n"
    "                  refunded ones are not good then. From PostgreSQL:\n"
    "                    SELECT ticket_id FROM ticket.ticket\n"
    "                    WHERE revoked_at IS NOT NULL\n"
    "                  from Kafka: ticket_ids of TicketsRevoked on seatlog.tickets\n"
    "  --show UUID     the ticket must be for this show\n"
    "  --at SECONDS    the time it must be good at, since the epoch; now by default\n"
    "\n"
    "A good signature means that Seatlog issued the ticket, unchanged. It does not\n"
    "mean that it was not refunded since (--revoked does, as of when the file was\n"
    "made), nor that nobody has come in with it before: the staff at the door must\n"
    "remember that.\n"
    "\n"
    "exit status: 0 good, 1 not a ticket, forged, revoked or for another show,\n"
    "             2 genuine but not now, 64 wrong arguments\n";

static int misuse(const char *complaint) {
    fprintf(stderr, "seatlog-ticket-verify: %s\n\n%s", complaint, help);
    return USAGE;
}

/* A line with a key as hexadecimal digits or base64, wherever it stands in it. */
static void key_line_read(struct request *request, char *line) {
    for (char *word = strtok(line, " \t\r\n\",:{}[]");
         word != NULL && request->key_count < KEYS_MAX; word = strtok(NULL, " \t\r\n\",:{}[]")) {
        uint8_t *key = request->keys + request->key_count * TICKET_PUBLIC_KEY_SIZE;
        size_t size = 0, length = strlen(word);
        bool hexadecimal = length == 64 && sodium_hex2bin(key, TICKET_PUBLIC_KEY_SIZE, word, length,
                                                          NULL, &size, NULL) == 0;
        if (!hexadecimal && length >= 43 && length <= 44) {
            bool padded = word[length - 1] == '=';
            bool url = strpbrk(word, "-_") != NULL;
            int variant = url ? (padded ? sodium_base64_VARIANT_URLSAFE
                                        : sodium_base64_VARIANT_URLSAFE_NO_PADDING)
                              : (padded ? sodium_base64_VARIANT_ORIGINAL
                                        : sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
            if (sodium_base642bin(key, TICKET_PUBLIC_KEY_SIZE, word, length, NULL, &size, NULL,
                                  variant) != 0) {
                size = 0;
            }
        }
        request->key_count += size == TICKET_PUBLIC_KEY_SIZE ? 1 : 0;
    }
}

static bool keys_read(struct request *request, const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return false;
    }
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) > 0) {
        key_line_read(request, line);
    }
    free(line);
    fclose(file);
    if (request->key_count == 0) {
        fprintf(stderr, "%s: no public key in it\n", path);
    }
    return request->key_count > 0;
}

static int uuid_order(const void *left, const void *right) {
    return memcmp(left, right, sizeof(struct uuid));
}

/* Every UUID in the line, whatever stands around it. */
static void revoked_line_read(struct request *request, const char *line, size_t size,
                              size_t *capacity) {
    for (size_t i = 0; i + UUID_TEXT_SIZE - 1 <= size;) {
        struct uuid id;
        if (!uuid_parse(line + i, UUID_TEXT_SIZE - 1, &id)) {
            i++;
            continue;
        }
        if (request->revoked_count == *capacity) {
            *capacity = *capacity > 0 ? 2 * *capacity : 1024;
            request->revoked = reallocate(request->revoked, *capacity * sizeof(id));
        }
        request->revoked[request->revoked_count++] = id;
        i += UUID_TEXT_SIZE - 1;
    }
}

static bool revoked_read(struct request *request) {
    FILE *file = fopen(request->revoked_path, "r");
    if (file == NULL) {
        perror(request->revoked_path);
        return false;
    }
    char *line = NULL;
    size_t line_capacity = 0, capacity = 0;
    for (ssize_t size; (size = getline(&line, &line_capacity, file)) > 0;) {
        revoked_line_read(request, line, (size_t)size, &capacity);
    }
    bool whole = ferror(file) == 0;
    free(line);
    fclose(file);
    if (!whole) {
        fprintf(stderr, "%s: cannot be read to its end\n", request->revoked_path);
        return false;
    }
    if (request->revoked_count > 0) {
        qsort(request->revoked, request->revoked_count, sizeof(struct uuid), uuid_order);
    }
    return true;
}

static bool is_revoked(const struct request *request, const struct uuid *ticket_id) {
    return request->revoked_count > 0 &&
           bsearch(ticket_id, request->revoked, request->revoked_count, sizeof(struct uuid),
                   uuid_order) != NULL;
}

static void moment_print(const char *label, uint32_t at_s) {
    struct present_time at;
    present_time_at((int64_t)at_s * 1000, TEXT_LITERAL("UTC"), &at);
    printf("%s %s %s UTC\n", label, at.day, at.time);
}

static int claims_judge(const struct request *request, const struct ticket_claims *claims) {
    char ticket_id[UUID_TEXT_SIZE], show_id[UUID_TEXT_SIZE];
    int status = VALID;
    if (request->show_given && !uuid_equal(&request->show_id, &claims->show_id)) {
        puts("NOT VALID: a genuine ticket, but for another show");
        status = NOT_VALID;
    } else if (is_revoked(request, &claims->ticket_id)) {
        puts("NOT VALID: a genuine ticket, but revoked: its order was cancelled or refunded");
        status = NOT_VALID;
    } else if (request->at_s < (int64_t)claims->valid_from_s) {
        puts("NOT VALID YET: a genuine ticket, before its time");
        status = NOT_NOW;
    } else if (request->at_s > (int64_t)claims->valid_until_s) {
        puts("NOT VALID ANY MORE: a genuine ticket, after its time");
        status = NOT_NOW;
    } else {
        printf("VALID: signed with a known key, within its time, and %s\n",
               request->revoked_path != NULL
                   ? "not among the revoked tickets given"
                   : "unchanged; whether it was refunded since was not checked (--revoked)");
        puts("whether it was used before is not in the ticket: the staff at the door must know");
    }
    printf("ticket %s\nshow %s\nordinal %u\nsection %u\n",
           uuid_format(&claims->ticket_id, ticket_id), uuid_format(&claims->show_id, show_id),
           claims->ordinal, claims->section_index);
    if (claims->seat == TICKET_TOKEN_NO_SEAT) {
        puts("seat none, general admission");
    } else {
        printf("seat %u\n", claims->seat);
    }
    moment_print("from", claims->valid_from_s);
    moment_print("until", claims->valid_until_s);
    return status;
}

static int token_judge(const struct request *request, struct text token) {
    struct ticket_claims claims;
    switch (ticket_token_verify(token, request->keys, request->key_count, &claims)) {
    case TICKET_TOKEN_GENUINE:
        return claims_judge(request, &claims);
    case TICKET_TOKEN_MALFORMED:
        puts("NOT VALID: this is not a ticket");
        break;
    case TICKET_TOKEN_UNKNOWN_VERSION:
        puts("NOT VALID: a ticket of a version that this program does not know");
        break;
    case TICKET_TOKEN_UNKNOWN_KEY:
        puts("NOT VALID: signed with a key that is none of those given");
        break;
    case TICKET_TOKEN_FORGED:
        puts("NOT VALID: the signature is wrong, this ticket is forged or damaged");
        break;
    }
    return NOT_VALID;
}

/* Only what base45 is written with: a token, whatever it begins with. No option looks like that. */
static bool may_be_token(const char *argument) {
    return argument[0] != '-' ||
           argument[strspn(argument, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")] == '\0';
}

static bool seconds_parse(const char *value, int64_t *seconds) {
    char *end = NULL;
    errno = 0;
    *seconds = strtoll(value, &end, 10);
    return errno == 0 && end != value && *end == '\0';
}

static const char *option_take(struct request *request, const char *name, const char *value) {
    if (strcmp(name, "keys") == 0) {
        request->keys_path = value;
    } else if (strcmp(name, "revoked") == 0) {
        request->revoked_path = value;
    } else if (strcmp(name, "show") == 0) {
        request->show_given = uuid_parse(value, strlen(value), &request->show_id);
        return request->show_given ? NULL : "--show wants a UUID";
    } else {
        return seconds_parse(value, &request->at_s) ? NULL
                                                    : "--at wants whole seconds since the epoch";
    }
    return NULL;
}

/* --name VALUE or --name=VALUE. Not getopt: a token may look like an option to it. Returns what is
 * wrong, or NULL. */
static const char *option_read(struct request *request, int argc, char **argv, int *at) {
    static const char *const names[] = {"keys", "revoked", "show", "at"};
    const char *argument = argv[*at] + 2;
    size_t size = strcspn(argument, "=");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) != size || strncmp(names[i], argument, size) != 0) {
            continue;
        }
        if (argument[size] == '=') {
            return option_take(request, names[i], argument + size + 1);
        }
        if (*at + 1 >= argc) {
            return "an option has no value";
        }
        (*at)++;
        return option_take(request, names[i], argv[*at]);
    }
    return "there is no such option";
}

static const char *token_take(struct request *request, const char *token) {
    if (request->token != NULL) {
        return "one token at a time";
    }
    request->token = token;
    return NULL;
}

/* Returns what is wrong, or NULL. */
static const char *arguments_read(struct request *request, int argc, char **argv) {
    const char *complaint = NULL;
    bool options_end = false;
    for (int i = 1; complaint == NULL && i < argc; i++) {
        if (!options_end && strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else if (options_end || may_be_token(argv[i])) {
            complaint = token_take(request, argv[i]);
        } else if (strncmp(argv[i], "--", 2) == 0) {
            complaint = option_read(request, argc, argv, &i);
        } else {
            complaint = "there is no such option";
        }
    }
    return complaint == NULL && request->keys_path == NULL ? "--keys is missing" : complaint;
}

int main(int argc, char **argv) {
    struct request request = {.at_s = clock_now_ms() / 1000};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return VALID;
    }
    const char *complaint = arguments_read(&request, argc, argv);
    if (complaint != NULL || sodium_init() < 0) {
        return misuse(complaint != NULL ? complaint : "libsodium does not start");
    }
    int status = USAGE;
    if (keys_read(&request, request.keys_path) &&
        (request.revoked_path == NULL || revoked_read(&request))) {
        char line[4096];
        const char *token =
            request.token != NULL ? request.token : fgets(line, sizeof(line), stdin);
        size_t size = token != NULL ? strcspn(token, "\r\n") : 0;
        status = token_judge(&request, (struct text){token, size});
    }
    free(request.revoked);
    return status;
}
