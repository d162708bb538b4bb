/* SPDX-License-Identifier: Apache-2.0 */
/* Blots out addresses in what a mail server says. */
#include "notifier/smtp/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define STAND_IN "(address)"

/* What may stand around an address, but not in it. */
static bool is_separator(char character) {
    return character == '\0' || isspace((unsigned char)character) ||
           strchr("<>()[]\"',;:=", character) != NULL;
}

static bool names_recipient(const char *word, size_t size, const char *recipient) {
    size_t local_size = strcspn(recipient, "@");
    return size > 0 && size == local_size && strncasecmp(word, recipient, size) == 0;
}

static size_t append(char *out, size_t used, size_t size, const char *text, size_t text_size) {
    size_t room = size - 1 - used;
    size_t taken = text_size < room ? text_size : room;
    memcpy(out + used, text, taken);
    return used + taken;
}

void mail_redact(const char *text, const char *recipient, char *out, size_t size) {
    size_t used = 0;
    while (*text != '\0') {
        size_t word = 0;
        while (!is_separator(text[word])) {
            word++;
        }
        if (word == 0) {
            used = append(out, used, size, text, 1);
            text++;
            continue;
        }
        bool hidden = memchr(text, '@', word) != NULL || names_recipient(text, word, recipient);
        used = hidden ? append(out, used, size, STAND_IN, sizeof(STAND_IN) - 1)
                      : append(out, used, size, text, word);
        text += word;
    }
    out[used] = '\0';
}
