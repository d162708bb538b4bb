/* SPDX-License-Identifier: Apache-2.0 */
/* The details of a show that is put on sale: what it is, where, when, and in which currency. */
#include "ingest-api/commands/wish_show.h"

#include "ingest-api/catalog/local_time.h"
#include "ingest-api/commands/wish_plan.h"
#include "ingest-api/http/text.h"
#include "runtime/base/time.h"
#include "runtime/present/present_time.h"
#include "seatlog_codec.h"

#include <string.h>

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define TIME_EXAMPLE "2026-12-01T20:15:00-08:00"

struct show_reading {
    struct reader *reader;
    struct arena *arena;
    const struct show_rules *rules;
    struct show_details *out;
    const struct currency *currency; /* NULL: not told, or none */
    bool zoned;                      /* out->time_zone is a zone */
};

static bool capitals(struct text text, size_t count) {
    bool all = text.size == count;
    for (size_t i = 0; i < text.size && all; i++) {
        all = text.data[i] >= 'A' && text.data[i] <= 'Z';
    }
    return all;
}

static void zone_read(struct show_reading *reading, const json_t *body) {
    struct text *zone = &reading->out->time_zone;
    if (!reader_text(reading->reader, NULL, body, "time_zone", READER_REQUIRED,
                     (struct text_rule){.size_min = 1, .size_max = PLAN_TIME_ZONE_OCTETS_MAX},
                     zone)) {
        return;
    }
    reading->zoned = present_time_zone_is_known(*zone);
    if (reading->zoned) {
        return;
    }
    const char *meant = present_time_zone_meant(*zone);
    reader_error(reading->reader, NULL, "time_zone",
                 "must be the name of a zone in the IANA time zone database, such as "
                 "America/Los_Angeles, Europe/Paris or Etc/UTC%s%s",
                 meant != NULL ? "; capitals count: " : "", meant != NULL ? meant : "");
}

/* A local time without an offset: what to write instead, where it is that time once on that day. */
static void local_refuse(struct show_reading *reading, const char *name, int64_t local_ms) {
    struct text zone = reading->out->time_zone;
    int32_t before_s;
    int32_t after_s;
    char text[TIME_TEXT_SIZE];
    if (reading->zoned && present_time_zone_offset(local_ms - DAY_MS, zone, &before_s) &&
        present_time_zone_offset(local_ms + DAY_MS, zone, &after_s) && before_s == after_s) {
        reader_error(reading->reader, NULL, name,
                     "must end in Z or in the offset from UTC; on the clocks of %.*s it is %s",
                     (int)zone.size, zone.data,
                     time_format_local(local_ms - (int64_t)before_s * 1000, zone, text));
    } else {
        reader_error(reading->reader, NULL, name,
                     "must end in Z or in the offset from UTC, such as " TIME_EXAMPLE);
    }
}

/* An offset says what local clocks show; they must agree. */
static bool offset_check(struct show_reading *reading, const char *name,
                         const struct time_said *said) {
    struct text zone = reading->out->time_zone;
    int32_t offset_s;
    char said_text[TIME_OFFSET_SIZE];
    char zone_text[TIME_OFFSET_SIZE];
    if (said->form == TIME_IS_UTC || !reading->zoned ||
        !present_time_zone_offset(said->at_ms, zone, &offset_s) || offset_s == said->offset_s) {
        return true;
    }
    time_offset_format(said->offset_s, said_text);
    time_offset_format(offset_s, zone_text);
    return reader_error(reading->reader, NULL, name,
                        "has the offset %s, but %.*s is at %s at that moment; end it in %s for "
                        "local time there, or in Z for UTC",
                        said_text, (int)zone.size, zone.data, zone_text, zone_text);
}

static bool time_read(struct show_reading *reading, const json_t *body, const char *name,
                      int64_t *out) {
    struct text text;
    if (!reader_text(reading->reader, NULL, body, name, READER_REQUIRED,
                     (struct text_rule){.size_min = 1, .size_max = 40}, &text)) {
        return false;
    }
    struct time_said said = time_parse(text.data);
    switch (said.form) {
    case TIME_IS_NONE:
        return reader_error(reading->reader, NULL, name,
                            "must be a date and a time that exist, with Z or the offset from UTC, "
                            "such as " TIME_EXAMPLE);
    case TIME_IS_DATE:
        return reader_error(reading->reader, NULL, name,
                            "must have a time of day, such as " TIME_EXAMPLE);
    case TIME_IS_LOCAL:
        local_refuse(reading, name, said.at_ms);
        return false;
    case TIME_IS_UTC:
    case TIME_IS_OFFSET:
        break;
    }
    *out = said.at_ms;
    return offset_check(reading, name, &said);
}

static void times_read(struct show_reading *reading, const json_t *body) {
    struct reader *reader = reading->reader;
    struct show_details *out = reading->out;
    zone_read(reading, body);
    bool starts = time_read(reading, body, "starts_at", &out->starts_at);
    bool ends = time_read(reading, body, "ends_at", &out->ends_at);
    if (starts && out->starts_at <= reading->rules->now_ms) {
        reader_error(reader, NULL, "starts_at", "must be in the future");
    } else if (starts && out->starts_at > reading->rules->now_ms + PLAN_START_AHEAD_MS_MAX) {
        reader_error(reader, NULL, "starts_at", "must be at most ten years (3653 days) ahead");
    }
    if (starts && ends && out->ends_at <= out->starts_at) {
        reader_error(reader, NULL, "ends_at", "must be after starts_at");
    } else if (starts && ends && out->ends_at - out->starts_at > PLAN_LENGTH_MS_MAX) {
        reader_error(reader, NULL, "ends_at", "must be at most 31 days after starts_at");
    }
}

static void currency_read(struct show_reading *reading, const json_t *body) {
    struct text *code = &reading->out->currency;
    char list[MONEY_LIST_SIZE];
    if (!reader_text(reading->reader, NULL, body, "currency", READER_REQUIRED,
                     (struct text_rule){.size_min = 1, .size_max = 8}, code)) {
        return;
    }
    reading->currency = currency_find(*code);
    if (reading->currency == NULL) {
        reader_error(reading->reader, NULL, "currency",
                     "must be the code of a currency in use (ISO 4217), such as USD");
    } else if (money_taken_find(reading->rules->taken, *code) == NULL) {
        reader_error(reading->reader, NULL, "currency",
                     "must be one that payments can be taken in: %s",
                     money_taken_list(reading->rules->taken, list));
    }
}

static void type_read(struct show_reading *reading, const json_t *body) {
    struct text type;
    if (!reader_text(reading->reader, NULL, body, "type", READER_REQUIRED,
                     (struct text_rule){.size_min = 1, .size_max = 16}, &type)) {
        return;
    }
    char name[16 + 1] = "";
    size_t size = type.size < sizeof name ? type.size : sizeof name - 1;
    for (size_t i = 0; i < size; i++) {
        char letter = type.data[i];
        name[i] = (char)(letter >= 'a' && letter <= 'z' ? letter - ('a' - 'A') : letter);
    }
    if (!show_type_parse((struct text){.data = name, .size = size}, &reading->out->type)) {
        reader_error(reading->reader, NULL, "type",
                     "must be film, concert, theatre, comedy, sport or other");
    }
}

static void line_read(struct show_reading *reading, const json_t *body, const char *name,
                      enum reader_need need, size_t size_max, struct text *out) {
    struct display_rule rule = {
        .kind = TEXT_LINE, .may_be_empty = need == READER_OPTIONAL, .size_max = size_max};
    display_text_read(reading->reader, reading->arena, NULL, body, name, need, rule, out);
}

static void details_read(struct show_reading *reading, const json_t *body) {
    struct show_details *out = reading->out;
    line_read(reading, body, "title", READER_REQUIRED, PLAN_TITLE_OCTETS_MAX, &out->title);
    display_text_read(reading->reader, reading->arena, NULL, body, "description", READER_OPTIONAL,
                      (struct display_rule){.kind = TEXT_PARAGRAPH,
                                            .may_be_empty = true,
                                            .size_max = PLAN_DESCRIPTION_OCTETS_MAX},
                      &out->description);
    line_read(reading, body, "venue", READER_REQUIRED, PLAN_TITLE_OCTETS_MAX, &out->venue);
    line_read(reading, body, "city", READER_REQUIRED, PLAN_CITY_OCTETS_MAX, &out->city);
    line_read(reading, body, "region", READER_OPTIONAL, PLAN_CITY_OCTETS_MAX, &out->region);
    if (reader_text(reading->reader, NULL, body, "country", READER_REQUIRED,
                    (struct text_rule){.size_min = 1, .size_max = 8}, &out->country) &&
        !capitals(out->country, 2)) {
        reader_error(reading->reader, NULL, "country",
                     "must be a code of two capital letters (ISO 3166), such as US");
    }
    currency_read(reading, body);
    type_read(reading, body);
}

bool wish_show_read(struct reader *reader, struct arena *arena, const json_t *body,
                    const struct show_rules *rules, struct show_details *out) {
    static const char *const members[] = {
        "title",    "type",         "description",         "venue",      "city",
        "region",   "country",      "starts_at",           "ends_at",    "time_zone",
        "currency", "hold_seconds", "seats_per_buyer_max", "categories", "sections",
        NULL};
    *out = (struct show_details){.description = TEXT_LITERAL(""), .region = TEXT_LITERAL("")};
    struct show_reading reading = {.reader = reader, .arena = arena, .rules = rules, .out = out};
    int64_t hold_s = PLAN_HOLD_TTL_MS_DEFAULT / 1000;
    int64_t per_buyer = PLAN_SEATS_PER_BUYER_DEFAULT;
    reader_object(reader, NULL, body, members);
    details_read(&reading, body);
    times_read(&reading, body);
    reader_integer(reader, NULL, body, "hold_seconds", READER_OPTIONAL, PLAN_HOLD_TTL_MS_MIN / 1000,
                   PLAN_HOLD_TTL_MS_MAX / 1000, &hold_s);
    reader_integer(reader, NULL, body, "seats_per_buyer_max", READER_OPTIONAL, 1,
                   PLAN_SEATS_PER_BUYER_MAX, &per_buyer);
    out->hold_ttl_ms = (int32_t)hold_s * 1000;
    out->seats_per_buyer_max = (int32_t)per_buyer;
    wish_plan_read(reader, arena, body, reading.currency, out);
    return !reader_failed(reader);
}
