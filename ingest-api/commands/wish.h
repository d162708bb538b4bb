/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_WISH_H
#define SEATLOG_INGEST_API_COMMANDS_WISH_H

#include "codec/arena.h"
#include "ingest-api/commands/wish_show.h"
#include "ingest-api/http/reader.h"
#include "seatlog_types.h"

/*
 * What the bodies of commands ask for, checked against the same bounds as the core's
 * (reservation/README.md), so that nothing reaches the log that the core would refuse as
 * ill-formed. Pure. Texts point into the JSON, lists into the arena. Every function returns whether
 * all is well; what is not is in the reader.
 */
struct reserve_wish {
    struct uuid show_id;
    enum selection selection;
    struct integers seats; /* NAMED */
    struct text section;   /* GENERAL; BEST_AVAILABLE: empty for any */
    struct text category;  /* BEST_AVAILABLE: empty for any */
    int32_t quantity;      /* GENERAL, BEST_AVAILABLE */
};
bool wish_reserve_read(struct reader *reader, struct arena *arena, const json_t *body,
                       struct reserve_wish *out);

struct book_wish {
    struct text reservation_id; /* in either form */
    struct text source_id;      /* empty: none, since there is nothing to pay */
};
bool wish_book_read(struct reader *reader, const json_t *body, struct book_wish *out);

/* A reason is a paragraph, in form (ingest-api/http/text.h). body NULL: no reason. */
bool wish_cancel_show_read(struct reader *reader, struct arena *arena, const json_t *body,
                           struct text *reason);

/* A seat's public id, "17", as its number. false: it is none. */
bool wish_seat_id_parse(const char *text, int32_t *seat);

#endif
