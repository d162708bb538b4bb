/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/log/segment.h"
#include "tests/fuzz/fuzz.h"

/*
 * An exported segment from anybody. What is read to its end is written again byte by byte; of
 * version 1, it is of version 2 then, and has no labels.
 */
#define SEGMENT_SIZE_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char written[2 * SEGMENT_SIZE_MAX];
    if (size == 0 || size > SEGMENT_SIZE_MAX) {
        return 0;
    }
    FILE *in = fmemopen((void *)(uintptr_t)data, size, "rb");
    FILE *out = fmemopen(written, sizeof written, "wb");
    struct segment_buffer buffer = {0};
    struct replay_record record;
    struct error error = {0};
    int64_t end_offset = 0;
    enum replay_read read = REPLAY_READ_FAILED;
    FUZZ_REQUIRE(in != NULL && out != NULL && segment_begin(out, &error));
    if (segment_open(in, &buffer, &error)) {
        while ((read = segment_next(in, &buffer, &record, &end_offset, &error)) ==
               REPLAY_READ_RECORD) {
            FUZZ_REQUIRE(segment_append(out, &record, &error));
            FUZZ_REQUIRE(buffer.version == 2 || record.label.data == NULL);
        }
    }
    if (read == REPLAY_READ_END) {
        long consumed = ftell(in);
        FUZZ_REQUIRE(segment_end(out, end_offset, &error) && fflush(out) == 0);
        FUZZ_REQUIRE(buffer.version == 1 ||
                     (ftell(out) == consumed && memcmp(written, data, (size_t)consumed) == 0));
    } else {
        FUZZ_REQUIRE(error.message[0] != '\0');
    }
    free(buffer.data);
    fclose(out);
    fclose(in);
    return 0;
}
