/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up shows: which film where and when, at what price. */
#include "tools/catalogue/show.h"

#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "seatlog_codec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Columns of the files, see data/README.md. */
enum { FILM_TITLE, FILM_GENRE, FILM_RELEASED, FILM_RUNNING_TIME, FILM_RATING, FILM_IMDB, FILMS };
enum { CITY_NAME, CITY_STATE, CITY_POPULATION, CITY_LATITUDE, CITY_LONGITUDE, CITY_ZONE, CITIES };
enum { TITLE_TITLE, TITLE_TYPE, TITLE_GENRE, TITLE_RUNNING_TIME, TITLE_ABOUT, TITLES };

enum {
    RUNNING_TIME_DEFAULT_MIN = 110, /* over half of the films lack theirs */
    HOLD_TTL_MS = 10 * 60 * 1000,
    SEATS_PER_BUYER_MAX = 8,
    TITLES_ONE_IN = 8, /* of eight shows one is of the other titles */
    GHOST_ONE_IN = 100,
    GHOST_DAYS_BETWEEN = 3,
    SCREENS = 8,
    GHOST_SCREEN = 9,   /* which no other show uses */
    SLOT_STRIDE = 7919, /* a prime: walks through all slots of a city in a mixed order */
    PATH_SIZE = 4096,
};

/* Random, but named once and for all: the ids of the demo's shows derive from it. */
static const struct uuid catalogue_namespace = {{0x4d, 0x1c, 0x0b, 0x2e, 0x97, 0x5a, 0x4f, 0x3b,
                                                 0xa6, 0x08, 0x3d, 0x71, 0xc2, 0xee, 0x59, 0x10}};

/* Minutes after midnight at which shows begin. */
static const int film_times_min[] = {14 * 60, 17 * 60 + 15, 20 * 60 + 15, 22 * 60 + 45};
static const int stage_times_min[] = {15 * 60, 19 * 60 + 30};
enum { EVENING = 2 };

static const char *const cinemas[] = {"Rialto Cinema", "Paramount Theatre", "Grand Cinema",
                                      "Orpheum Cinema"};
static const char *const playhouses[] = {"Playhouse", "Little Theatre", "Opera House"};
static const char *const halls[] = {"Symphony Hall", "Memorial Auditorium"};

/* splitmix64: a well mixed number of each number. */
static uint64_t mix(uint64_t value) {
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

static bool text_is(struct text text, const char *literal) {
    return text.size == strlen(literal) && memcmp(text.data, literal, text.size) == 0;
}

static int32_t text_number(struct text text, int32_t otherwise) {
    char digits[16] = "";
    if (text.size == 0 || text.size >= sizeof digits) {
        return otherwise;
    }
    memcpy(digits, text.data, text.size);
    return (int32_t)strtol(digits, NULL, 10);
}

static size_t row_find(const struct catalogue_table *table, size_t column, const char *value) {
    for (size_t row = 0; row < table->row_count; row++) {
        if (text_is(catalogue_table_field(table, row, column), value)) {
            return row;
        }
    }
    die("%s is not in the data", value);
}

static void data_read(struct catalogue_table *table, const char *folder, const char *name,
                      size_t column_count) {
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        die("%s: path too long", folder);
    }
    catalogue_table_read(table, path, column_count);
}

void catalogue_init(struct catalogue *catalogue, const char *data_folder, int64_t first_day,
                    int32_t days) {
    *catalogue = (struct catalogue){.first_day = first_day, .days = days};
    data_read(&catalogue->films, data_folder, "movies.csv", FILMS);
    data_read(&catalogue->cities, data_folder, "cities.csv", CITIES);
    data_read(&catalogue->titles, data_folder, "titles.csv", TITLES);
    catalogue->city_films = allocate_zeroed(catalogue->cities.row_count, sizeof(uint32_t));
    catalogue->city_plays = allocate_zeroed(catalogue->cities.row_count, sizeof(uint32_t));
    catalogue->city_concerts = allocate_zeroed(catalogue->cities.row_count, sizeof(uint32_t));
    catalogue->ghost = row_find(&catalogue->films, FILM_TITLE, "Ghost");
    catalogue->chico = row_find(&catalogue->cities, CITY_NAME, "Chico");
}

void catalogue_deinit(struct catalogue *catalogue) {
    catalogue_table_deinit(&catalogue->films);
    catalogue_table_deinit(&catalogue->cities);
    catalogue_table_deinit(&catalogue->titles);
    free(catalogue->city_films);
    free(catalogue->city_plays);
    free(catalogue->city_concerts);
}

static struct text city_field(const struct catalogue *catalogue, size_t city, size_t column) {
    return catalogue_table_field(&catalogue->cities, city, column);
}

/* Cities stand in the order of their size. The larger ones have more shows: each tenfold step down
 * the list gets as many as the one before. */
static size_t city_choose(const struct catalogue *catalogue, uint64_t random) {
    double fraction = (double)(random >> 11) / 9007199254740992.0; /* 2^53 */
    size_t city = (size_t)exp(fraction * log((double)catalogue->cities.row_count));
    return city - 1 < catalogue->cities.row_count ? city - 1 : 0;
}

/* Local wall-clock time, `day` days after the first, as milliseconds since the epoch. */
static int64_t local_time_ms(const struct catalogue *catalogue, struct text zone, int32_t day,
                             int minutes) {
    static char current[80];
    if (!text_is(zone, current) && zone.size < sizeof current) {
        memcpy(current, zone.data, zone.size);
        current[zone.size] = '\0';
        setenv("TZ", current, 1);
        tzset();
    }
    time_t noon = (time_t)(catalogue->first_day + day) * 86400 + 43200;
    struct tm local;
    gmtime_r(&noon, &local);
    local.tm_hour = minutes / 60;
    local.tm_min = minutes % 60;
    local.tm_sec = 0;
    local.tm_isdst = -1;
    return (int64_t)mktime(&local) * 1000;
}

/* Prices in cents: matinees are cheaper, large cities dearer. */
static int64_t price_base(int32_t population, bool matinee, enum show_type type, uint64_t random) {
    int64_t steps = population > 500000 ? 2 : population > 100000 ? 1 : 0;
    if (type == SHOW_TYPE_FILM) {
        return matinee ? 900 + steps * 150 : 1200 + steps * 250;
    }
    if (type == SHOW_TYPE_CONCERT) {
        return 4000 + steps * 1000 + (int64_t)(random % 5) * 500;
    }
    return 2800 + steps * 800 + (int64_t)(random % 4) * 400;
}

static void film_describe(const struct catalogue *catalogue, struct arena *arena, size_t film,
                          struct show_details *show) {
    struct text genre = catalogue_table_field(&catalogue->films, film, FILM_GENRE);
    struct text released = catalogue_table_field(&catalogue->films, film, FILM_RELEASED);
    struct text rating = catalogue_table_field(&catalogue->films, film, FILM_RATING);
    show->title = catalogue_table_field(&catalogue->films, film, FILM_TITLE);
    show->type = SHOW_TYPE_FILM;
    show->description =
        arena_text_format(arena, "%.*s%s%.*s.%s%.*s%s", (int)genre.size, genre.data,
                          genre.size > 0 ? ", released " : "Released ", (int)released.size,
                          released.data, rating.size > 0 ? " Rated " : "", (int)rating.size,
                          rating.data, rating.size > 0 ? "." : "");
}

static int32_t title_describe(const struct catalogue *catalogue, struct arena *arena, size_t row,
                              struct show_details *show) {
    const struct catalogue_table *titles = &catalogue->titles;
    struct text genre = catalogue_table_field(titles, row, TITLE_GENRE);
    struct text about = catalogue_table_field(titles, row, TITLE_ABOUT);
    if (!show_type_parse(catalogue_table_field(titles, row, TITLE_TYPE), &show->type)) {
        die("titles.csv: row %zu is of no kind of show", row + 1);
    }
    show->title = catalogue_table_field(titles, row, TITLE_TITLE);
    show->description = arena_text_format(arena, "%.*s. %.*s", (int)genre.size, genre.data,
                                          (int)about.size, about.data);
    return text_number(catalogue_table_field(titles, row, TITLE_RUNNING_TIME),
                       RUNNING_TIME_DEFAULT_MIN);
}

struct slot {
    int32_t day; /* from 1 */
    int time_min;
    uint32_t place; /* the rest of the slot's number: which house and screen */
};

/* The next free slot of a city; each is given once until all have been. Every city begins with
 * another one. */
static struct slot slot_take(const struct catalogue *catalogue, size_t city, uint32_t *taken,
                             const int *times_min, uint32_t times, uint32_t places) {
    uint64_t days = (uint64_t)catalogue->days - 1;
    uint64_t count = days * times * places;
    uint64_t number = (mix(city) % count + (uint64_t)taken[city]++ * SLOT_STRIDE) % count;
    return (struct slot){
        .day = 1 + (int32_t)(number % days),
        .time_min = times_min[number / days % times],
        .place = (uint32_t)(number / days / times),
    };
}

static struct slot film_place(struct catalogue *catalogue, struct arena *arena, size_t city,
                              struct show_details *show) {
    struct slot slot = slot_take(catalogue, city, catalogue->city_films, film_times_min,
                                 COUNT(film_times_min), COUNT(cinemas) * SCREENS);
    show->venue = arena_text_format(arena, "%s, Screen %u", cinemas[slot.place % COUNT(cinemas)],
                                    1 + slot.place / (uint32_t)COUNT(cinemas));
    return slot;
}

static struct slot stage_place(struct catalogue *catalogue, struct arena *arena, size_t city,
                               struct show_details *show) {
    const bool concert = show->type == SHOW_TYPE_CONCERT;
    const char *const *houses = concert ? halls : playhouses;
    const uint32_t house_count = concert ? COUNT(halls) : COUNT(playhouses);
    struct text name = city_field(catalogue, city, CITY_NAME);
    struct slot slot =
        slot_take(catalogue, city, concert ? catalogue->city_concerts : catalogue->city_plays,
                  stage_times_min, COUNT(stage_times_min), house_count);
    show->venue =
        arena_text_format(arena, "%.*s %s", (int)name.size, name.data, houses[slot.place]);
    return slot;
}

/* Ghost is shown in Chico every third day, the last one first, as long as there are days. */
static bool ghost_wanted(const struct catalogue *catalogue) {
    return catalogue->number % GHOST_ONE_IN == 0 &&
           catalogue->number / GHOST_ONE_IN * GHOST_DAYS_BETWEEN < (uint32_t)catalogue->days - 1;
}

static struct slot ghost_place(const struct catalogue *catalogue, struct arena *arena,
                               struct show_details *show) {
    int32_t back = (int32_t)(catalogue->number / GHOST_ONE_IN) * GHOST_DAYS_BETWEEN;
    show->venue = arena_text_format(arena, "%s, Screen %d", cinemas[0], GHOST_SCREEN);
    return (struct slot){.day = catalogue->days - 1 - back, .time_min = film_times_min[EVENING]};
}

static enum catalogue_house house_of(enum show_type type, uint64_t random) {
    if (type == SHOW_TYPE_FILM) {
        return CATALOGUE_CINEMA;
    }
    if (type != SHOW_TYPE_CONCERT) {
        return CATALOGUE_THEATRE;
    }
    return random % 4 == 0 ? CATALOGUE_STANDING : CATALOGUE_HALL;
}

void catalogue_next(struct catalogue *catalogue, struct arena *arena, struct catalogue_plan *plan,
                    struct command_create_show *out) {
    const uint64_t random = mix(catalogue->number);
    const bool ghost = ghost_wanted(catalogue);
    const bool other = !ghost && catalogue->number % TITLES_ONE_IN == TITLES_ONE_IN / 2;
    size_t city = ghost ? catalogue->chico : city_choose(catalogue, random);
    size_t film = ghost ? catalogue->ghost : mix(random) % catalogue->films.row_count;
    int32_t running_time_min = RUNNING_TIME_DEFAULT_MIN;
    struct show_details *show = &out->show;
    struct slot slot;
    if (other) {
        running_time_min =
            title_describe(catalogue, arena, mix(random) % catalogue->titles.row_count, show);
    } else {
        film_describe(catalogue, arena, film, show);
        running_time_min =
            text_number(catalogue_table_field(&catalogue->films, film, FILM_RUNNING_TIME),
                        RUNNING_TIME_DEFAULT_MIN);
    }
    slot = ghost                          ? ghost_place(catalogue, arena, show)
           : show->type == SHOW_TYPE_FILM ? film_place(catalogue, arena, city, show)
                                          : stage_place(catalogue, arena, city, show);
    show->city = city_field(catalogue, city, CITY_NAME);
    show->region = city_field(catalogue, city, CITY_STATE);
    show->country = (struct text){"US", 2};
    show->currency = (struct text){"USD", 3};
    show->time_zone = city_field(catalogue, city, CITY_ZONE);
    show->starts_at = local_time_ms(catalogue, show->time_zone, slot.day, slot.time_min);
    show->ends_at = show->starts_at + (int64_t)running_time_min * 60 * 1000;
    show->hold_ttl_ms = HOLD_TTL_MS;
    show->seats_per_buyer_max = SEATS_PER_BUYER_MAX;
    int32_t population = text_number(city_field(catalogue, city, CITY_POPULATION), 0);
    catalogue_plan_fill(plan, house_of(show->type, random >> 7),
                        price_base(population, slot.time_min < 17 * 60, show->type, random >> 13));
    show->categories = plan->category_list;
    show->sections = plan->section_list;

    char name[64];
    int size =
        snprintf(name, sizeof name, "%lld/%u", (long long)catalogue->first_day, catalogue->number);
    out->head.show_id = uuid_named(&catalogue_namespace, name, (size_t)size);
    catalogue->number++;
}
