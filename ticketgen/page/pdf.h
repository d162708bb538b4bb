/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TICKETGEN_PAGE_PDF_H
#define SEATLOG_TICKETGEN_PAGE_PDF_H

#include "runtime/base/buffer.h"
#include "runtime/base/error.h"
#include "seatlog_types.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Appends a PDF with a page for each of `count` tickets of the order, from the one at `first` on,
 * to out. `issuer` is the name at the top of the page. The same input gives the same bytes: the
 * document's date is the order's. *missing (may be NULL) is increased by the number of characters
 * that no installed font has; U+FFFD stands for them, since a ticket without them is better than
 * none.
 *
 * false with *error: PARK, PDF or QR code cannot be made. There is nothing but the order that could
 * be the reason, so that trying again would not help. Dies when memory is out.
 */
bool ticket_pdf_render(const struct ticket_tickets_issued *issued, size_t first, size_t count,
                       const char *issuer, struct buffer *out, size_t *missing,
                       struct error *error);

#endif
