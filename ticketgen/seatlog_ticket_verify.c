/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Judges a ticket offline: usage() below says how. For door staff's scripts, tests, and as the
 * shortest example of how a token is read.
 */
#include "runtime/identity.h"
#include "runtime/present/present.h"
#include "ticketgen/ticket_token.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 64

enum exit_status { VALID = 0, NOT_VALID = 1, NOT_NOW = 2, USAGE = 64 };

struct request {
    struct uuid show_id;
    bool show_given;
    int64_t at_s;
    uint8_t keys[KEYS_MAX * TICKET_PUBLIC_KEY_SIZE];
    size_t key_count;
};

static int usage(void) {
    fputs(
        "seatlog-ticket-verify --keys FILE [--show UUID] [--at SECONDS] [TOKEN]\n"
        "\n"
        "Says whether a ticket is good. TOKEN is the text of its QR code; without one it is read "
        "from\n"
        "standard input. FILE holds public keys, one a line, 64 hexadecimal digits or base64; what "
        "is\n"
        "no key is passed over. --show: must be for this show. --at: seconds since the epoch, now "
        "by\n"
        "default.\n"
        "\n"
        "exit status: 0 good, 1 not a ticket, forged or for another show, 2 genuine but not now\n",
        stderr);
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
    } else if (request->at_s < (int64_t)claims->valid_from_s) {
        puts("NOT VALID YET: a genuine ticket, before its time");
        status = NOT_NOW;
    } else if (request->at_s > (int64_t)claims->valid_until_s) {
        puts("NOT VALID ANY MORE: a genuine ticket, after its time");
        status = NOT_NOW;
    } else {
        puts("VALID: signed by a known key, and within its time (whether it was revoked or used, "
             "only the gate's list knows)");
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

int main(int argc, char **argv) {
    static const struct option options[] = {{"keys", required_argument, NULL, 'k'},
                                            {"show", required_argument, NULL, 's'},
                                            {"at", required_argument, NULL, 'a'},
                                            {0}};
    struct request request = {.at_s = clock_now_ms() / 1000};
    const char *keys = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'k') {
            keys = optarg;
        } else if (option == 's') {
            request.show_given = uuid_parse(optarg, strlen(optarg), &request.show_id);
            if (!request.show_given) {
                return usage();
            }
        } else if (option == 'a') {
            request.at_s = strtoll(optarg, NULL, 10);
        } else {
            return usage();
        }
    }
    if (keys == NULL || argc - optind > 1 || sodium_init() < 0) {
        return usage();
    }
    if (!keys_read(&request, keys)) {
        return USAGE;
    }
    char line[4096];
    const char *token = argc > optind ? argv[optind] : fgets(line, sizeof(line), stdin);
    size_t size = token != NULL ? strcspn(token, "\r\n") : 0;
    return token_judge(&request, (struct text){token, size});
}
