/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CATALOG_SEARCH_POSTGRESQL_H
#define SEATLOG_INGEST_API_CATALOG_SEARCH_POSTGRESQL_H

#include "ingest-api/catalog/search.h"

/* Search by PostgreSQL's full text and trigrams (schemas/sql/020_catalog.sql). */
struct search *search_postgresql_new(void);

#endif
