/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many commands a second the decider decides, on one core of the machine, over 10,000 shows of
 * 200 seats, from empty houses to more than half sold: from the bytes of a record to the sealed
 * bytes of its events, by the path that the daemon takes (reservation/decide.h). The last line is
 *     core: N commands/s, N bytes a seat
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "codec/arena.h"
#include "reservation/decide.h"
#include "runtime/base/identity.h"

#define SHOWS 10000u
#define ROWS 10u
#define SEATS_PER_ROW 20u
#define PAIRS (ROWS * SEATS_PER_ROW / 2) /* what is sold: two neighbours */
#define BATCH 1024u
#define TICKS_PER_BATCH_MAX 512u
#define DELAY 20000u   /* commands between a step of a purchase and its next */
#define RATE_PER_MS 1u /* commands a millisecond of the shows' time */
#define HOLD_TTL_MS 600000
#define PAY_PER_CENT 60 /* of the holds; the others expire */
#define COLLIDE_PER_CENT 3
#define RESERVES 1000000u
#define BEST_AVAILABLE 200000u
#define ROUNDS 3
#define BEGIN_MS 1796000000000LL

enum step { STEP_PAY, STEP_AUTHORIZED, STEP_CAPTURED };

/* A purchase that goes on, once `due` commands have been made. */
struct pending {
    uint64_t due;
    uint32_t number;
    uint32_t show;
    enum step step;
};

/* A hold that nobody pays: its pair is free again from then on. */
struct expiring {
    int64_t at_ms;
    uint32_t show;
    uint8_t pair;
};

/* A queue that never holds more than is made in a run. */
struct queue {
    void *items;
    size_t head, tail;
};

/* A command as it stands on the log. */
struct record {
    char key[UUID_TEXT_SIZE];
    struct octets value;
};

struct bench {
    struct reservation_core *core;
    struct reservation_effects *effects;
    struct codec *codec;
    struct arena encoded; /* the bytes of a batch */
    struct arena decoded; /* the command being decided */
    struct record *records;
    struct uuid *show_ids;
    uint64_t (*free_pairs)[2];
    struct pending *pending;
    size_t pending_head, pending_tail;
    struct expiring *expiring;
    size_t expiring_head, expiring_tail;
    struct command *commands;
    char (*payment_ids)[24];
    uint32_t count; /* of this batch */
    uint64_t made;  /* commands of all batches */
    uint32_t reserves;
    uint64_t random;
    int64_t offset;
    uint64_t octets; /* of events */
    uint64_t ticks, events, cpu_ns, wall_ns;
    uint64_t kinds[EVENT_KIND_COUNT];
};

static void *heap_allocate(void *context, size_t size) {
    *(size_t *)context += size;
    return malloc(size);
}

static void heap_release(void *context, void *memory, size_t size) {
    *(size_t *)context -= size;
    free(memory);
}

static uint64_t mix(uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t random_next(struct bench *bench) {
    bench->random += 0x9e3779b97f4a7c15u;
    return mix(bench->random);
}

static struct uuid uuid_of(uint64_t kind, uint64_t number) {
    uint64_t words[2] = {mix(kind << 56 ^ number * 0x9e3779b97f4a7c15u),
                         mix(kind << 48 ^ ~number * 0xd1342543de82ef95u)};
    struct uuid id;
    memcpy(id.octets, words, sizeof(id.octets));
    return id;
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int64_t now_ms(const struct bench *bench) {
    return BEGIN_MS + (int64_t)(bench->made / RATE_PER_MS);
}

static struct command *command_add(struct bench *bench, enum command_kind kind, uint32_t show) {
    struct command *command = &bench->commands[bench->count++];
    *command = (struct command){.kind = kind};
    command->as.head.show_id = bench->show_ids[show];
    command->as.head.command_id = uuid_of(4, bench->made);
    bench->made++;
    return command;
}

/* A pair that is free as far as the buyer knows; PAIRS if the house is full. */
static uint32_t pair_choose(struct bench *bench, uint32_t show) {
    uint32_t start = (uint32_t)(random_next(bench) % PAIRS);
    if (random_next(bench) % 100 < COLLIDE_PER_CENT) {
        return start;
    }
    for (uint32_t i = 0; i < PAIRS; i++) {
        uint32_t pair = (start + i) % PAIRS;
        if ((bench->free_pairs[show][pair / 64] >> pair % 64 & 1) != 0) {
            return pair;
        }
    }
    return PAIRS;
}

static void reserve_add(struct bench *bench) {
    static const int32_t seats[2 * PAIRS] = {
#define TEN(n) n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, n + 8, n + 9
        TEN(0),   TEN(10),  TEN(20),  TEN(30),  TEN(40),  TEN(50),  TEN(60),
        TEN(70),  TEN(80),  TEN(90),  TEN(100), TEN(110), TEN(120), TEN(130),
        TEN(140), TEN(150), TEN(160), TEN(170), TEN(180), TEN(190)};
    uint32_t show = (uint32_t)(random_next(bench) % SHOWS);
    uint32_t pair = pair_choose(bench, show);
    if (pair == PAIRS) {
        return;
    }
    uint32_t number = bench->reserves++;
    uint64_t *free_word = &bench->free_pairs[show][pair / 64];
    bool is_free = (*free_word >> pair % 64 & 1) != 0;
    struct command *command = command_add(bench, COMMAND_RESERVE, show);
    command->as.reserve.reservation_id = uuid_of(2, number);
    command->as.reserve.buyer_id = uuid_of(3, number);
    command->as.reserve.selection = SELECTION_NAMED;
    command->as.reserve.seats = (struct integers){.items = &seats[pair * 2], .count = 2};
    command->as.reserve.section = -1;
    command->as.reserve.category = -1;
    command->as.reserve.quantity = 0;
    if (!is_free) {
        return; /* will be told so */
    }
    *free_word &= ~((uint64_t)1 << pair % 64);
    if (random_next(bench) % 100 < PAY_PER_CENT) {
        bench->pending[bench->pending_tail++] =
            (struct pending){.due = bench->made + DELAY, .number = number, .show = show};
    } else {
        bench->expiring[bench->expiring_tail++] = (struct expiring){
            .at_ms = now_ms(bench) + HOLD_TTL_MS + 1, .show = show, .pair = (uint8_t)pair};
    }
}

static void purchase_add(struct bench *bench, struct pending pending) {
    char *text = bench->payment_ids[bench->count];
    size_t size = (size_t)snprintf(text, sizeof(bench->payment_ids[0]), "payment-%012" PRIu32,
                                   pending.number);
    struct text payment_id = {.data = text, .size = size};
    struct uuid reservation_id = uuid_of(2, pending.number);
    struct command *command;
    switch (pending.step) {
    case STEP_PAY:
        command = command_add(bench, COMMAND_PAY, pending.show);
        command->as.pay.reservation_id = reservation_id;
        command->as.pay.buyer_id = uuid_of(3, pending.number);
        command->as.pay.source_id = payment_id;
        break;
    case STEP_AUTHORIZED:
    case STEP_CAPTURED: /* the same fields */
        command = command_add(bench,
                              pending.step == STEP_AUTHORIZED ? COMMAND_PAYMENT_AUTHORIZED
                                                              : COMMAND_PAYMENT_CAPTURED,
                              pending.show);
        command->as.payment_authorized.reservation_id = reservation_id;
        command->as.payment_authorized.attempt = 1;
        command->as.payment_authorized.payment_id = payment_id;
        command->as.payment_authorized.amount_minor = 2500;
        command->as.payment_authorized.currency = TEXT_LITERAL("USD");
        break;
    }
    if (pending.step == STEP_CAPTURED) {
        return;
    }
    pending.step++;
    pending.due = bench->made + DELAY;
    bench->pending[bench->pending_tail++] = pending;
}

/* As the daemon does: a Tick for every show with due work, 250 ms after it was due. */
static void ticks_add(struct bench *bench) {
    int64_t at_ms = now_ms(bench);
    struct uuid show_id;
    while (bench->count < TICKS_PER_BATCH_MAX &&
           reservation_core_due_pop(bench->core, at_ms - 250, at_ms + 1000, &show_id)) {
        struct command *command = &bench->commands[bench->count++];
        *command = (struct command){.kind = COMMAND_TICK};
        command->as.head.show_id = show_id;
        command->as.head.command_id = uuid_of(4, bench->made);
        bench->made++;
        bench->ticks++;
    }
}

static void batch_make(struct bench *bench) {
    bench->count = 0;
    uint64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    ticks_add(bench);
    bench->cpu_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    while (bench->count < BATCH) {
        while (bench->expiring_head < bench->expiring_tail &&
               bench->expiring[bench->expiring_head].at_ms <= now_ms(bench)) {
            struct expiring *expiring = &bench->expiring[bench->expiring_head++];
            bench->free_pairs[expiring->show][expiring->pair / 64] |= (uint64_t)1
                                                                      << expiring->pair % 64;
        }
        if (bench->pending_head < bench->pending_tail &&
            bench->pending[bench->pending_head].due <= bench->made) {
            purchase_add(bench, bench->pending[bench->pending_head++]);
        } else if (bench->reserves < RESERVES) {
            reserve_add(bench);
        } else if (bench->pending_head < bench->pending_tail) {
            purchase_add(bench, bench->pending[bench->pending_head++]);
        } else {
            return;
        }
    }
}

static void record_make(struct bench *bench, struct record *record, const struct command *command) {
    uuid_format(&command->as.head.show_id, record->key);
    record->value = arena_octets_copy(&bench->encoded, codec_command_encode(bench->codec, command));
}

/* What the daemon does with a record, but for Kafka: reservation/daemon/kafka.c. */
static void record_decide(struct bench *bench, const struct record *record, int64_t at_ms) {
    const struct reservation_input input = {
        .partition_count = 1,
        .offset = bench->offset++,
        .timestamp_ms = at_ms,
        .key = {(const uint8_t *)record->key, UUID_TEXT_SIZE - 1},
        .value = record->value,
    };
    const struct reservation_effects *effects = bench->effects;
    struct command command;
    struct text reason;
    arena_reset(&bench->decoded);
    if (reservation_decide(bench->core, bench->codec, &bench->decoded, &input, bench->effects,
                           &command, &reason) != RESERVATION_DECIDED) {
        abort();
    }
    struct hash chain = reservation_decide_chain(bench->core, effects);
    for (size_t i = 0; i < effects->count; i++) {
        bench->octets += reservation_decide_encode(bench->codec, effects, i, &chain).size;
        bench->kinds[effects->events[i].kind]++;
    }
    reservation_decide_seal(bench->core, effects, &chain);
    bench->events += effects->count;
}

static void batch_encode(struct bench *bench) {
    arena_reset(&bench->encoded);
    for (uint32_t i = 0; i < bench->count; i++) {
        record_make(bench, &bench->records[i], &bench->commands[i]);
    }
}

static void batch_decide(struct bench *bench) {
    uint64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t wall = clock_ns(CLOCK_MONOTONIC);
    uint64_t first = bench->made - bench->count;
    for (uint32_t i = 0; i < bench->count; i++) {
        int64_t at_ms = BEGIN_MS + (int64_t)((first + i) / RATE_PER_MS);
        record_decide(bench, &bench->records[i], at_ms);
    }
    bench->cpu_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    bench->wall_ns += clock_ns(CLOCK_MONOTONIC) - wall;
}

static void shows_create(struct bench *bench) {
    static char names[ROWS + SEATS_PER_ROW][4];
    static struct text labels[SEATS_PER_ROW];
    static struct row rows[ROWS];
    static const struct category categories[] = {{TEXT_LITERAL("Standard"), 1250},
                                                 {TEXT_LITERAL("Premium"), 1800}};
    for (uint32_t i = 0; i < SEATS_PER_ROW; i++) {
        int size = snprintf(names[i], sizeof(names[i]), "%" PRIu32, i + 1);
        labels[i] = (struct text){.data = names[i], .size = (size_t)size};
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        names[SEATS_PER_ROW + i][0] = (char)('A' + i);
        rows[i] = (struct row){.label = {.data = names[SEATS_PER_ROW + i], .size = 1},
                               .seats = {.items = labels, .count = SEATS_PER_ROW}};
    }
    struct section section = {.name = TEXT_LITERAL("Auditorium"),
                              .kind = SECTION_KIND_SEATED,
                              .rows = {.items = rows, .count = ROWS}};
    for (uint32_t i = 0; i < SHOWS; i++) {
        struct command command = {.kind = COMMAND_CREATE_SHOW};
        bench->show_ids[i] = uuid_of(1, i);
        command.as.create_show = (struct command_create_show){
            .head = {.show_id = bench->show_ids[i]},
            .owner_id = uuid_of(5, i % 50),
            .show = {.title = TEXT_LITERAL("The Night of the Hunter"),
                     .type = SHOW_TYPE_FILM,
                     .description =
                         TEXT_LITERAL("A preacher marries a widow for money that only her "
                                      "children know of. With subtitles."),
                     .venue = TEXT_LITERAL("Odeon, screen 3"),
                     .city = TEXT_LITERAL("Chico"),
                     .region = TEXT_LITERAL("California"),
                     .country = TEXT_LITERAL("US"),
                     .starts_at = BEGIN_MS + 30LL * 24 * 3600 * 1000,
                     .ends_at = BEGIN_MS + 30LL * 24 * 3600 * 1000 + 7200000,
                     .time_zone = TEXT_LITERAL("America/Los_Angeles"),
                     .currency = TEXT_LITERAL("USD"),
                     .hold_ttl_ms = HOLD_TTL_MS,
                     .seats_per_buyer_max = 6,
                     .categories = {.items = categories, .count = 2},
                     .sections = {.items = &section, .count = 1}}};
        arena_reset(&bench->encoded);
        record_make(bench, bench->records, &command);
        record_decide(bench, bench->records, BEGIN_MS);
        if (bench->effects->events[0].kind != EVENT_SHOW_CREATED) {
            abort();
        }
    }
    memset(bench->free_pairs, 0xff, SHOWS * sizeof(*bench->free_pairs));
}

static void bench_init(struct bench *bench, const struct reservation_allocator *allocator) {
    *bench = (struct bench){.random = 42};
    bench->core = reservation_core_new(allocator);
    bench->effects = reservation_effects_new(allocator);
    bench->codec = codec_new();
    bench->records = calloc(BATCH, sizeof(*bench->records));
    bench->show_ids = calloc(SHOWS, sizeof(*bench->show_ids));
    bench->free_pairs = calloc(SHOWS, sizeof(*bench->free_pairs));
    bench->pending = calloc((size_t)RESERVES * 3, sizeof(*bench->pending));
    bench->expiring = calloc(RESERVES, sizeof(*bench->expiring));
    bench->commands = calloc(BATCH, sizeof(*bench->commands));
    bench->payment_ids = calloc(BATCH, sizeof(*bench->payment_ids));
}

static void bench_deinit(struct bench *bench) {
    reservation_core_free(bench->core);
    reservation_effects_free(bench->effects);
    codec_free(bench->codec);
    arena_deinit(&bench->encoded);
    arena_deinit(&bench->decoded);
    free(bench->records);
    free(bench->show_ids);
    free(bench->free_pairs);
    free(bench->pending);
    free(bench->expiring);
    free(bench->commands);
    free(bench->payment_ids);
}

static double per_second(uint64_t commands, uint64_t ns) {
    return (double)commands * 1e9 / (double)ns;
}

static void mix_print(const struct bench *bench) {
    printf("  events, %.0f bytes on the average:", (double)bench->octets / (double)bench->events);
    for (int kind = EVENT_RESERVED; kind < EVENT_KIND_COUNT; kind++) {
        if (bench->kinds[kind] != 0) {
            printf(" %s %" PRIu64 "%s", event_kind_name((enum event_kind)kind), bench->kinds[kind],
                   kind == EVENT_REFUSED ? "\n" : ",");
        }
    }
}

/* Memory a seat: of the shows alone, and with all reservations, half of the seats sold. */
static double memory_print(const struct bench *bench) {
    struct reservation_statistics statistics;
    reservation_core_statistics_get(bench->core, &statistics);
    double seats = (double)statistics.seats;
    double a_seat = (double)statistics.octets_shows / seats;
    double a_reservation = (double)statistics.octets_reservations / (double)statistics.reservations;
    printf("memory: %zu seats of %zu shows, %zu reservations known, %zu payments\n",
           statistics.seats, statistics.shows, statistics.reservations, statistics.payments);
    printf("  a seat  %.1f bytes: the shows with ids, chain, clock, all texts, prices, sections, "
           "rows, labels, one bit a seat, and their index and timer heap\n",
           a_seat);
    printf("  a reservation  %.0f bytes: ids, seats, timers, payment with the provider's id, two "
           "indexes, and room to grow; with all of them %.1f bytes a seat\n",
           a_reservation, (double)statistics.octets_allocated / seats);
    return a_seat;
}

/* A batch of Reserves of two neighbours, each followed by a Release. */
static void best_available_make(struct bench *bench, uint32_t first) {
    arena_reset(&bench->encoded);
    for (uint32_t i = 0; i < BATCH / 2; i++) {
        uint32_t show = (uint32_t)(random_next(bench) % SHOWS);
        struct uuid show_id = bench->show_ids[show];
        struct command command = {.kind = COMMAND_RESERVE};
        command.as.reserve = (struct command_reserve){.head = {.show_id = show_id},
                                                      .reservation_id = uuid_of(6, first + i),
                                                      .buyer_id = uuid_of(7, first + i),
                                                      .selection = SELECTION_BEST_AVAILABLE,
                                                      .section = -1,
                                                      .category = -1,
                                                      .quantity = 2,
                                                      .keyed = true};
        record_make(bench, &bench->records[2 * i], &command);
        command = (struct command){.kind = COMMAND_RELEASE};
        command.as.release = (struct command_release){.head = {.show_id = show_id},
                                                      .reservation_id = uuid_of(6, first + i),
                                                      .buyer_id = uuid_of(7, first + i)};
        record_make(bench, &bench->records[2 * i + 1], &command);
    }
}

/* Two neighbours, wherever the house has them, and given back. */
static double best_available_measure(struct bench *bench) {
    uint64_t spent_ns = 0;
    uint32_t count = 0;
    for (; count < BEST_AVAILABLE; count += BATCH / 2) {
        best_available_make(bench, count);
        uint64_t begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        for (uint32_t i = 0; i < BATCH; i++) {
            record_decide(bench, &bench->records[i], now_ms(bench));
        }
        spent_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin;
    }
    return per_second(count, spent_ns);
}

/* Memory in huge pages, where the system has them on request: glibc reads its environment once. */
static void huge_pages_ask(char **arguments) {
    if (getenv("GLIBC_TUNABLES") != NULL) {
        return;
    }
    setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 1);
    execv("/proc/self/exe", arguments);
}

int main(int count, char **arguments) {
    (void)count;
    huge_pages_ask(arguments);
    size_t octets = 0;
    struct reservation_allocator allocator = {
        .allocate = heap_allocate, .release = heap_release, .context = &octets};
    double best = 0;
    double a_seat = 0;
    printf("core: %u shows of %u seats; %u holds of 2 named seats, %u %% of them paid (Pay, "
           "PaymentAuthorized, PaymentCaptured), the others expire (Ticks as the daemon sends "
           "them); commands go to random shows, the steps of a purchase are %u commands apart\n",
           SHOWS, ROWS * SEATS_PER_ROW, RESERVES, PAY_PER_CENT, DELAY);
    printf("counted: what the daemon does with a record but for Kafka: decode, hash, decide and "
           "fold, encode, seal; seen by the CPU time of the process; not counted: making the "
           "commands\n");
    for (int round = 1; round <= ROUNDS; round++) {
        struct bench bench;
        bench_init(&bench, &allocator);
        shows_create(&bench);
        struct reservation_statistics before;
        struct reservation_statistics after;
        reservation_core_statistics_get(bench.core, &before);
        do {
            batch_make(&bench);
            batch_encode(&bench);
            batch_decide(&bench);
        } while (bench.count == BATCH);
        reservation_core_statistics_get(bench.core, &after);
        uint64_t commands = bench.made;
        double rate = per_second(commands, bench.cpu_ns);
        printf("round %d: %" PRIu64 " commands (%" PRIu64 " Ticks), %.0f/s by CPU time (%.0f ns "
               "each), %.0f/s by the wall's clock; %" PRIu64
               " allocations (of chunks and tables) in all\n",
               round, commands, bench.ticks, rate, 1e9 / rate, per_second(commands, bench.wall_ns),
               after.allocations - before.allocations);
        best = rate > best ? rate : best;
        if (round == ROUNDS) {
            mix_print(&bench);
            a_seat = memory_print(&bench);
            printf(
                "best available: %.0f/s, two neighbours in a house of which %.0f %% is sold, and "
                "given back\n",
                best_available_measure(&bench),
                100.0 * 2 * (double)bench.kinds[EVENT_SOLD] / (double)after.seats);
        }
        bench_deinit(&bench);
    }
    printf("core: %.0f commands/s, %.1f bytes a seat\n", best, a_seat);
    return octets == 0 ? 0 : 1;
}
