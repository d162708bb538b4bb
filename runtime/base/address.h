/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_BASE_ADDRESS_H
#define SEATLOG_RUNTIME_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The one rule for email addresses: what is one, when two are the same, and how one goes over the
 * wire. ingest-api takes usernames by it, notifier sends by it. Pure, safe from any thread.
 *
 * An address is a Mailbox of RFC 5321 §4.1.2, with the non-ASCII characters of RFC 6531, and with a
 * domain of two labels or more that could be anybody's:
 *   - the part before the @ is a Dot-string or a Quoted-string of at most 64 bytes, without
 *     characters that nobody sees (controls, zero-width and bidirectional marks, unassigned ones);
 *   - labels are letters, digits and inner hyphens, or U-labels and A-labels of IDNA2008 (RFC 5891
 *     to 5893; capitals become small, nothing else is mapped), at most 63 bytes as A-labels;
 *   - the last label is neither a number nor a single letter;
 *   - 254 bytes at most with A-labels.
 * No blanks around it, no display name, no comment, no list, no IP address.
 */
#define ADDRESS_LOCAL_SIZE_MAX 64
#define ADDRESS_DOMAIN_SIZE_MAX 253
#define ADDRESS_SIZE_MAX 254 /* bytes as it goes over the wire */
#define ADDRESS_INPUT_SIZE_MAX                                                                     \
    1100 /* more bytes than that no address has, however it is written                             \
          */

enum address_fault {
    ADDRESS_GOOD,
    ADDRESS_EMPTY,
    ADDRESS_TOO_LONG,
    ADDRESS_NOT_UTF8,
    ADDRESS_BLANK_AROUND, /* white space before or after it */
    ADDRESS_INVISIBLE,    /* a character that nobody sees */
    ADDRESS_NO_AT,
    ADDRESS_SECOND_AT,
    ADDRESS_LIST,     /* a comma or semicolon */
    ADDRESS_BRACKETS, /* Ann <ann@example.com> */
    ADDRESS_COMMENT,  /* ann(work)@example.com */
    ADDRESS_LOCAL_EMPTY,
    ADDRESS_LOCAL_TOO_LONG,
    ADDRESS_LOCAL_DOT,       /* at its start or end, or two together */
    ADDRESS_LOCAL_CHARACTER, /* one that needs quotes */
    ADDRESS_QUOTE,           /* a quoted part that does not end right before the @ */
    ADDRESS_DOMAIN_EMPTY,
    ADDRESS_DOMAIN_TOO_LONG,
    ADDRESS_DOMAIN_LITERAL, /* an IP address */
    ADDRESS_DOMAIN_SINGLE,  /* one label */
    ADDRESS_DOMAIN_DOT,
    ADDRESS_LABEL_TOO_LONG,
    ADDRESS_LABEL_HYPHEN,   /* at its start or end */
    ADDRESS_LABEL_RESERVED, /* two hyphens in the third and fourth place (RFC 5890 §2.3.1) */
    ADDRESS_LABEL_CHARACTER,
    ADDRESS_TOP_NUMERIC,
    ADDRESS_TOP_SHORT,
    ADDRESS_FAULT_COUNT
};

/* All NUL-terminated. */
struct address {
    /* As people read it, and as it is kept: NFC, small letters where that changes nothing in
     * `normal`, quotes only where they are needed, labels in their own script. */
    char text[ADDRESS_INPUT_SIZE_MAX * 3 + 1];
    /* Two addresses are the same if these are: the part before the @ in simple case folding and
     * NFC, the domain as A-labels. Compare it, never send to it. */
    char normal[ADDRESS_LOCAL_SIZE_MAX * 3 + 1 + ADDRESS_DOMAIN_SIZE_MAX + 1];
    /* For RCPT TO and To: as text, the domain as A-labels. */
    char wire[ADDRESS_SIZE_MAX + 1];
    bool needs_smtputf8; /* the part before the @ is not ASCII: only RFC 6531 delivers it */
};

/* ADDRESS_GOOD with *out filled in; else what is wrong first, and *out is not to be used. */
enum address_fault address_parse(const char *text, size_t size, struct address *out);

/* What is wrong, in a sentence for the person who typed it. */
const char *address_fault_words(enum address_fault fault);

/* As a word of an answer or a log: "label-too-long". */
const char *address_fault_name(enum address_fault fault);

#endif
