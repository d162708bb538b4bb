/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which events the auditor counts. Logs are written as segments and read by the rule; and at random,
 * to see that the model's own reading of the rule says of every record what the shared one says.
 */
#include "codec/chain.h"
#include "replay/log/counted.h"
#include "replay/log/segment.h"
#include "replay/verify/witness.h"
#include "runtime/base/config.h"
#include "runtime/kafka/kafka.h"
#include "runtime/kafka/term.h"
#include "tests/unit/support/kafka_cluster.h"

#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LOG_SIZE_MAX 64
#define TERM_1 "1-000000000000000a"
#define TERM_4 "4-000000000000000b"

/* Values are names; offset = place. */
struct told {
    const char *value;
    const char *label; /* NULL: none */
};

static struct config *config; /* of a cluster; NULL: the folder is read */
static char folder[] = "/tmp/seatlog-counted-XXXXXX";

static void path_of(char *out, size_t size, const char *end) {
    snprintf(out, size, "%s/seatlog.events%s", folder, end);
}

/* Its name; of a claim, what a decider writes. */
static struct octets value_of(const struct told *told) {
    static struct codec *codec;
    if (told->label == NULL || strcmp(told->value, "claim") != 0) {
        return (struct octets){(const uint8_t *)told->value, strlen(told->value)};
    }
    codec = codec != NULL ? codec : codec_new();
    struct claim_record record = {.kind = CLAIM_RECORD_CLAIMED};
    uint64_t nonce = term_label_parse(told->label, strlen(told->label)).term.nonce;
    for (int i = 7; i >= 0; i--, nonce >>= 8) {
        record.as.claimed.nonce.octets[i] = (uint8_t)nonce;
    }
    return codec_claim_record_encode(codec, &record);
}

static void told_write(const struct told *told, size_t count) {
    char path[128];
    struct error error;
    path_of(path, sizeof path, "/0.segment");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(segment_begin(file, &error));
    for (size_t i = 0; i < count; i++) {
        struct replay_record record = {.offset = (int64_t)i};
        record.value = value_of(&told[i]);
        if (told[i].label != NULL) {
            record.label = (struct octets){(const uint8_t *)told[i].label, strlen(told[i].label)};
        }
        assert_true(segment_append(file, &record, &error));
    }
    assert_true(segment_end(file, (int64_t)count, &error));
    assert_int_equal(0, fclose(file));
}

struct seen {
    int64_t offsets[LOG_SIZE_MAX];
    enum term_verdict verdicts[LOG_SIZE_MAX];
    size_t count;
};

static void see(void *context, const struct replay_record *record, enum term_verdict verdict,
                const struct term_reader *before, const struct term_reader *after) {
    struct seen *seen = context;
    assert_true(before->next_offset <= after->next_offset);
    seen->offsets[seen->count] = record->offset;
    seen->verdicts[seen->count++] = verdict;
}

/* What counts from a position on, the values joined; and the rule as it stood at the end. */
static enum replay_read told_read(const struct term_position *position, struct seen *seen,
                                  char *out, struct term_reader *rule) {
    struct error error;
    struct replay_record record;
    enum replay_read read;
    const struct replay_judge judge = {see, seen};
    struct replay_log *log = config != NULL ? replay_log_open_kafka(config, &error)
                                            : replay_log_open_directory(folder, &error);
    struct replay_counted *counted = replay_counted_new(log, 0, position, &judge, &error);
    assert_non_null(counted);
    *seen = (struct seen){0};
    *out = '\0';
    while ((read = replay_counted_next(counted, &record, &error)) == REPLAY_READ_RECORD) {
        strncat(out, (const char *)record.value.data, record.value.size);
    }
    *rule = *replay_counted_rule(counted);
    replay_counted_free(counted);
    replay_log_close(log);
    return read;
}

static void what_counts_is_given_and_everything_is_shown_once(void **state) {
    (void)state;
    static const struct told told[] = {
        {"h", NULL}, /* history */
        {"claim", "claim 000000000000000a"},
        {"a", TERM_1 " 0 1 0 0"}, /* a command of two events, */
        {"b", TERM_1 " 0 1 1 1"}, /* whole */
        {"claim", "claim 000000000000000b"},
        {"x", TERM_1 " 1 2 0 1"}, /* of a term that is over */
        {"c", TERM_4 " 1 2 0 0"}, /* half a command, cut off by a copy of what counted … */
        {"y", TERM_4 " 1 2 0 0"},
        {"d", TERM_4 " 1 2 1 1"}, /* … which is no cut */
        {"y", TERM_4 " 1 2 1 1"},
        {"n", NULL},              /* without a label it is nobody's */
        {"e", TERM_4 " 2 5 0 0"}, /* under way where the log ends */
    };
    struct seen seen;
    struct term_reader rule;
    char out[LOG_SIZE_MAX];
    const struct term_position beginning = term_position_of_beginning();
    told_write(told, sizeof told / sizeof told[0]);
    assert_int_equal(REPLAY_READ_END, told_read(&beginning, &seen, out, &rule));
    assert_string_equal("habcd", out);
    assert_int_equal(9, rule.position.next_offset);
    assert_int_equal(2, rule.position.cursor);
    assert_int_equal(4, rule.position.term.offset);
    assert_int_equal(sizeof told / sizeof told[0], seen.count);
    for (size_t i = 0; i < seen.count; i++) {
        assert_int_equal(i, seen.offsets[i]);
    }
    assert_int_equal(TERM_STALE, seen.verdicts[5]);
    assert_int_equal(TERM_JOINS, seen.verdicts[11]);

    const struct term_position kept = {4, {1, 0xa}, 1};
    assert_int_equal(REPLAY_READ_END, told_read(&kept, &seen, out, &rule));
    assert_string_equal("cd", out);
    assert_int_equal(4, seen.offsets[0]);
}

static void a_hole_is_read_again_and_shown_once(void **state) {
    (void)state;
    static const struct told told[] = {
        {"claim", "claim 000000000000000c"},
        {"claim", "claim 000000000000000a"},
        {"a", TERM_1 " 0 1 0 0"},
        {"b", TERM_1 " 0 1 2 1"}, /* index 1 is missing */
        {"claim", "claim 000000000000000b"},
        {"c", TERM_4 " 0 1 0 1"},
        {"d", TERM_4 " 2 3 0 1"}, /* so is command 1 */
        {"e", TERM_4 " 3 4 0 1"},
    };
    struct seen seen;
    struct term_reader rule;
    char out[LOG_SIZE_MAX];
    const struct term_position beginning = term_position_of_beginning();
    told_write(told, sizeof told / sizeof told[0]);
    assert_int_equal(REPLAY_READ_END, told_read(&beginning, &seen, out, &rule));
    assert_string_equal("c", out);
    assert_true(rule.deaf);
    assert_int_equal(sizeof told / sizeof told[0], seen.count);
    assert_int_equal(TERM_JOINS, seen.verdicts[2]);
    assert_int_equal(TERM_STALE, seen.verdicts[3]);
}

static void a_log_that_has_lost_what_counted_ends_the_reading(void **state) {
    (void)state;
    static const struct told told[] = {
        {"claim", "claim 000000000000000c"},
        {"claim", "claim 000000000000000a"},
        {"a", TERM_1 " 0 3 0 1"},
        {"b", TERM_1 " 3 4 0 1"},
        {"claim", "claim 000000000000000b"},
        {"c", TERM_4 " 3 4 0 1"},
    };
    struct seen seen;
    struct term_reader rule;
    char out[LOG_SIZE_MAX];
    const struct term_position beginning = term_position_of_beginning();
    told_write(told, sizeof told / sizeof told[0]);
    assert_int_equal(REPLAY_READ_FAILED, told_read(&beginning, &seen, out, &rule));
    assert_string_equal("ab", out);
}

static void told_produce(struct kafka_cluster *cluster, const struct told *told, bool twice) {
    kafka_cluster_event(cluster, 0, told->label, twice ? told->label : NULL, told->value,
                        strlen(told->value));
}

/* --- what others have kept --- */

/* What the witness of the log in the folder has to say; the caller deinits it. */
static struct buffer witnessed(const struct replay_fit *fit) {
    struct error error;
    struct replay_record record;
    struct buffer findings = {0};
    const struct term_position beginning = term_position_of_beginning();
    struct replay_witness witness = {
        .model = replay_model_new(), .findings = &findings, .fits = {*fit}, .fit_count = 1};
    replay_watch_init(&witness.watch, NULL, 0, 0, false);
    replay_witness_begin(&witness);
    struct replay_log *log = replay_log_open_directory(folder, &error);
    struct replay_counted *counted = replay_counted_new(log, 0, &beginning, &witness.judge, &error);
    assert_non_null(counted);
    while (replay_counted_next(counted, &record, &error) == REPLAY_READ_RECORD) {
    }
    replay_witness_end(&witness, replay_counted_rule(counted), replay_counted_end(counted));
    assert_true((findings.size > 0) == (witness.violated > 0));
    replay_counted_free(counted);
    replay_log_close(log);
    replay_model_free(witness.model);
    replay_witness_deinit(&witness);
    buffer_append(&findings, "", 0);
    return findings;
}

static void what_others_have_kept_must_be_a_place_on_the_log(void **state) {
    (void)state;
    static const struct told told[] = {
        {"claim", "claim 000000000000000c"},
        {"claim", "claim 000000000000000a"},
        {"a", TERM_1 " 0 1 0 1"},
        {"b", TERM_1 " 1 3 0 0"},
        {"c", TERM_1 " 1 3 1 1"},
        {"y", TERM_1 " 1 3 1 1"},
    };
    static const struct {
        struct replay_fit fit;
        const char *found; /* NULL: nothing */
    } cases[] = {
        {{.whose = "it", .position = {3, {1, 0xa}, 1}}, NULL},
        {{.whose = "it", .position = {2, {1, 0xa}, 0}}, NULL},
        {{.whose = "it", .position = {5, {1, 0xa}, 3}}, NULL},
        {{.whose = "it", .position = {6, {1, 0xa}, 3}}, NULL}, /* behind what does not count */
        {{.whose = "it", .position = {3, {1, 0xb}, 1}}, "it says \"3 1-000000000000000b 1\""},
        {{.whose = "it", .position = {3, {0, 0xc}, 1}}, "it says"},
        {{.whose = "it", .position = {3, {1, 0xa}, 0}}, "it says"},
        {{.whose = "it", .position = {4, {1, 0xa}, 1}}, "and is inside a command"},
        {{.whose = "it", .position = {7, {1, 0xa}, 3}}, "it is ahead of the log"},
        {{.whose = "it", .position = {6, {1, 0xa}, 4}}, "it is ahead of the log"},
        {{.whose = "it", .position = {3, {-1, 0}, 0}, .known = REPLAY_FIT_OFFSET}, NULL},
        {{.whose = "it", .position = {4, {-1, 0}, 0}, .known = REPLAY_FIT_OFFSET},
         "and is inside a command"},
        {{.whose = "it", .position = {3, {-1, 0}, 2}, .known = REPLAY_FIT_CURSOR}, NULL},
        {{.whose = "it", .position = {3, {-1, 0}, 0}, .known = REPLAY_FIT_CURSOR}, "it says"},
    };
    told_write(told, sizeof told / sizeof told[0]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer findings = witnessed(&cases[i].fit);
        bool right = cases[i].found == NULL ? findings.size == 0
                                            : strstr(findings.data, cases[i].found) != NULL;
        if (!right) {
            fail_msg("case %zu: \"%s\"", i, findings.data);
        }
        buffer_deinit(&findings);
    }
}

static void claims_and_terms_that_cannot_be_are_found(void **state) {
    (void)state;
    static const struct told told[] = {
        {"nothing", "claim 000000000000000c"},
        {"claim", "claim 000000000000000a"},
        {"a", "0-000000000000000d 0 1 0 1"}, /* a nonce that never claimed */
        {"b", "0-000000000000000c 0 1 0 1"}, /* a term that is over: nothing against it */
        {"c", TERM_1 " 1 2 0 1"},
    };
    const struct replay_fit fit = {.whose = "it", .position = {.term.offset = TERM_NONE}};
    told_write(told, sizeof told / sizeof told[0]);
    struct buffer findings = witnessed(&fit);
    assert_non_null(strstr(findings.data, "event offset 0: a claim that cannot be decoded"));
    assert_non_null(
        strstr(findings.data, "event offset 2: its term 0-000000000000000d has no claim"));
    assert_null(strstr(findings.data, "event offset 3"));
    assert_non_null(
        strstr(findings.data, "event offset 4: events before it are missing on the log"));
    buffer_deinit(&findings);
}

/* --- of a cluster --- */

/* As a decider commits: with where on the events that is. */
static void offset_commit(int64_t offset, const char *metadata) {
    char reason[256];
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_CONSUMER);
    kafka_conf_set(conf, "group.id", KAFKA_DECIDERS_GROUP);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    assert_non_null(client);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *partition =
        rd_kafka_topic_partition_list_add(list, TOPIC_COMMANDS, 0);
    partition->offset = offset;
    partition->metadata = (void *)(uintptr_t)metadata;
    partition->metadata_size = strlen(metadata);
    assert_int_equal(RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_commit(client, list, 0));
    partition->metadata = NULL;
    partition->metadata_size = 0;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(client);
}

static void committed_is(int64_t offset, const char *metadata) {
    struct error error;
    struct replay_committed committed;
    struct replay_log *log = replay_log_open_kafka(config, &error);
    replay_log_settle(log, TOPIC_EVENTS, 0); /* at once: nothing is transactional here */
    assert_true(
        replay_log_committed(log, KAFKA_DECIDERS_GROUP, TOPIC_COMMANDS, 0, &committed, &error));
    assert_int_equal(offset, committed.offset);
    assert_string_equal(metadata, committed.metadata);
    replay_log_close(log);
}

/* Also when it must be read again, twice. */
static void the_log_of_a_cluster_is_read_as_segments_are(void **state) {
    (void)state;
    static const struct told told[] = {
        {"h", NULL},
        {"claim", "claim 000000000000000a"},
        {"a", TERM_1 " 0 1 0 1"},
        {"b", TERM_1 " 5 6 0 1"},
        {"claim", "claim 000000000000000b"},
        {"x", TERM_4 " 1 2 0 1"}, /* the header is there twice */
        {"c", TERM_4 " 1 2 0 0"},
        {"d", TERM_4 " 1 2 1 1"},
        {"e", TERM_4 " 9 10 0 1"},
    };
    struct kafka_cluster cluster;
    struct seen seen;
    struct term_reader rule;
    struct error error;
    char out[LOG_SIZE_MAX];
    char servers[128];
    static const struct config_option no_options[] = {{0}};
    const struct term_position beginning = term_position_of_beginning();
    kafka_cluster_init(&cluster, 1);
    kafka_cluster_topic(&cluster, TOPIC_EVENTS, 1);
    kafka_cluster_topic(&cluster, TOPIC_COMMANDS, 1);
    snprintf(servers, sizeof servers, "--kafka.bootstrap.servers=%s", cluster.bootstraps);
    config = config_load(no_options, NULL, 2, (char *[]){"x", servers}, &error);
    assert_non_null(config);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        told_produce(&cluster, &told[i], *told[i].value == 'x');
    }
    assert_int_equal(REPLAY_READ_END, told_read(&beginning, &seen, out, &rule));
    committed_is(-1, "");
    offset_commit(7, "8 4-000000000000000b 7");
    committed_is(7, "8 4-000000000000000b 7");
    config_free(config);
    config = NULL;
    kafka_cluster_deinit(&cluster);
    assert_string_equal("hacd", out);
    assert_int_equal(sizeof told / sizeof told[0], seen.count);
    for (size_t i = 0; i < seen.count; i++) {
        assert_int_equal(i, seen.offsets[i]);
    }
    assert_int_equal(TERM_STALE, seen.verdicts[5]);
    assert_true(rule.deaf);
}

/* --- version 1 --- */

static void old_frame_write(FILE *file, uint64_t offset, uint64_t timestamp, struct octets value) {
    uint8_t frame[512] = {0};
    const uint64_t numbers[] = {htobe64(offset), htobe64(timestamp)};
    const uint32_t sizes[] = {UINT32_MAX,
                              value.data != NULL ? htobe32((uint32_t)value.size) : UINT32_MAX};
    const size_t size = sizeof numbers + sizeof sizes + value.size;
    struct hash hash;
    assert_true(size < sizeof frame);
    memcpy(frame, numbers, sizeof numbers);
    memcpy(frame + sizeof numbers, sizes, sizeof sizes);
    if (value.size > 0) {
        memcpy(frame + sizeof numbers + sizeof sizes, value.data, value.size);
    }
    octets_hash((struct octets){frame, size}, &hash);
    fwrite(frame, 1, size, file);
    fwrite(hash.octets, 1, sizeof hash, file);
}

static void a_segment_of_version_1_is_refused_from_its_first_claim_on(void **state) {
    (void)state;
    static const struct told claim = {"claim", "claim 000000000000000a"};
    char path[128];
    char out[LOG_SIZE_MAX];
    struct seen seen;
    struct term_reader rule;
    const struct term_position beginning = term_position_of_beginning();
    path_of(path, sizeof path, "/0.segment");
    for (int claims = 0; claims <= 1; claims++) {
        FILE *file = fopen(path, "wb");
        fputs("seatlog segment 1\n", file);
        old_frame_write(file, 0, 1, (struct octets){(const uint8_t *)"history", 7});
        if (claims > 0) {
            old_frame_write(file, 1, 1, value_of(&claim));
        }
        old_frame_write(file, UINT64_MAX, 2, (struct octets){0});
        assert_int_equal(0, fclose(file));
        assert_int_equal(claims > 0 ? REPLAY_READ_FAILED : REPLAY_READ_END,
                         told_read(&beginning, &seen, out, &rule));
        assert_string_equal("history", out);
    }
}

/* --- two readings of one rule --- */

static uint32_t drawn(uint64_t *state, uint32_t below) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % below;
}

struct random_record {
    char text[TERM_LABEL_TEXT_SIZE];
    size_t size;
    bool labelled;
};

/* What a decider writes that hears of its own mistakes with each claim. */
struct writer {
    uint64_t random;
    struct term term;
    int64_t prev;
    uint32_t index;
};

/* A label that mostly continues, and now and then is something else. */
static void record_draw(struct writer *writer, const struct term_reader *reader, int64_t offset,
                        struct random_record *record) {
    uint64_t *random = &writer->random;
    struct term_label label = {.kind = TERM_LABEL_EVENT, .term = writer->term};
    record->labelled = offset > 3 || drawn(random, 2) == 0;
    if (drawn(random, 12) == 0 || writer->term.offset == TERM_NONE) {
        label = (struct term_label){.kind = TERM_LABEL_CLAIM, .term.nonce = drawn(random, 3)};
        *writer = (struct writer){.random = *random,
                                  .term = {record->labelled ? offset : TERM_NONE, label.term.nonce},
                                  .prev = reader->position.cursor};
    } else {
        label.prev = writer->prev;
        label.index = writer->index;
        label.last = drawn(random, 2) == 0;
        label.next = label.prev + 1 + drawn(random, 2);
        writer->index = label.last ? 0 : label.index + 1;
        writer->prev = label.last ? label.next : label.prev;
    }
    if (label.kind == TERM_LABEL_EVENT && drawn(random, 12) == 0) {
        label.index = (label.index + drawn(random, 5)) % 5;
        label.prev += drawn(random, 2);
        label.next += 1;
        label.term.nonce ^= drawn(random, 4) == 0;
    }
    record->size = term_label_format(&label, record->text);
    if (drawn(random, 40) == 0) {
        record->text[drawn(random, (uint32_t)record->size)] = " 0-\n+x"[drawn(random, 6)];
    }
    if (drawn(random, 80) == 0) {
        record->size -= drawn(random, 3);
    }
}

static enum replay_judgement judgement_of(enum term_verdict verdict) {
    switch (verdict) {
    case TERM_CLAIM:
        return REPLAY_CLAIMS;
    case TERM_JOINS:
        return REPLAY_WAITS;
    case TERM_HISTORY:
    case TERM_DELIVERS:
        return REPLAY_COUNTS;
    default:
        return REPLAY_COUNTS_NOT;
    }
}

/* Returns how many records counted. */
static int random_log_judge(uint64_t seed) {
    static struct random_record records[LOG_SIZE_MAX];
    struct writer writer = {.random = seed, .term.offset = TERM_NONE};
    struct term_reader reader;
    struct replay_model *model = replay_model_new();
    const struct term_position beginning = term_position_of_beginning();
    int counted = 0;
    int64_t drawn_end = 0;
    term_reader_init(&reader, &beginning);
    for (int64_t i = 0, judged_end = 0; i < LOG_SIZE_MAX;) {
        if (i == drawn_end) {
            record_draw(&writer, &reader, drawn_end++, &records[i]);
        }
        struct octets text = {(const uint8_t *)records[i].text, records[i].size};
        text.data = records[i].labelled ? text.data : NULL;
        text.size = records[i].labelled ? text.size : 0;
        const struct replay_record record = {.offset = i, .label = text};
        struct term_label label = replay_counted_label(&record);
        enum term_verdict verdict = term_reader_feed(&reader, i, &label, 0);
        if (verdict == TERM_FORGOTTEN) {
            break;
        }
        if (verdict == TERM_REREAD) {
            i = reader.position.next_offset;
            continue;
        }
        if (i >= judged_end) {
            enum replay_judgement judged = replay_model_judge(model, i, text, -1);
            if (judged != judgement_of(verdict)) {
                fail_msg("record %lld, \"%.*s\": the model says %d, the rule %d", (long long)i,
                         (int)text.size, (const char *)text.data, (int)judged, (int)verdict);
            }
            counted += judged == REPLAY_COUNTS;
            judged_end = i + 1;
        }
        i++;
    }
    replay_model_free(model);
    return counted;
}

static void two_readings_of_the_rule_agree_on_any_log(void **state) {
    (void)state;
    int counted = 0;
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        counted += random_log_judge(seed);
    }
    print_message("%d events counted\n", counted);
    assert_true(counted > 20000); /* else it was about nothing */
}

static int begin(void **state) {
    char path[128];
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    path_of(path, sizeof path, "");
    return mkdir(path, 0777);
}

static int end(void **state) {
    char path[128];
    (void)state;
    path_of(path, sizeof path, "/0.segment");
    unlink(path);
    path_of(path, sizeof path, "");
    return rmdir(path) != 0 || rmdir(folder) != 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_counts_is_given_and_everything_is_shown_once),
        cmocka_unit_test(a_hole_is_read_again_and_shown_once),
        cmocka_unit_test(a_log_that_has_lost_what_counted_ends_the_reading),
        cmocka_unit_test(what_others_have_kept_must_be_a_place_on_the_log),
        cmocka_unit_test(claims_and_terms_that_cannot_be_are_found),
        cmocka_unit_test(the_log_of_a_cluster_is_read_as_segments_are),
        cmocka_unit_test(a_segment_of_version_1_is_refused_from_its_first_claim_on),
        cmocka_unit_test(two_readings_of_the_rule_agree_on_any_log),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
