/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/text/check.h"
#include "tests/fuzz/fuzz.h"

/*
 * Any bytes as a text that people would see. What is fine as a line is fine as a paragraph and
 * has nothing to trim; what is trimmed has no space at its ends.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    struct text_fault line, paragraph;
    bool fine = text_check(TEXT_LINE, text, size, &line);
    FUZZ_REQUIRE(fine == (line.kind == TEXT_FAULT_NONE));
    FUZZ_REQUIRE(fine || line.byte < size);
    bool fine_paragraph = text_check(TEXT_PARAGRAPH, text, size, &paragraph);
    FUZZ_REQUIRE(!fine || fine_paragraph);
    const char *begin;
    size_t trimmed = text_trim(text, size, &begin);
    FUZZ_REQUIRE(begin >= text && trimmed <= size - (size_t)(begin - text));
    FUZZ_REQUIRE(!fine_paragraph || trimmed == size);
    struct text_fault again;
    bool fine_trimmed = text_check(TEXT_PARAGRAPH, begin, trimmed, &again);
    FUZZ_REQUIRE(fine_trimmed ||
                 (again.kind != TEXT_FAULT_SPACE_FIRST && again.kind != TEXT_FAULT_SPACE_LAST));
    char buffer[TEXT_FAULT_CODE_POINT_SIZE];
    FUZZ_REQUIRE(text_fault_code_point(&line, buffer) == buffer);
    return 0;
}
