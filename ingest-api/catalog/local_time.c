/* SPDX-License-Identifier: Apache-2.0 */
/* Times on the clocks of a place, as the API tells them. */
#include "ingest-api/catalog/local_time.h"

#include "runtime/base/time.h"
#include "runtime/present/present_time.h"

char *time_format_local(int64_t at_ms, struct text zone, char out[TIME_TEXT_SIZE]) {
    int32_t offset_s;
    return present_time_zone_offset(at_ms, zone, &offset_s)
               ? time_format_offset(at_ms, offset_s, out)
               : time_format(at_ms, out);
}
