#ifndef LOOKASIDE_CSIMDJSON_H
#define LOOKASIDE_CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A text of UTF-8; `bytes` is null when there is none.
struct simdjson_text {
    const char *bytes;
    size_t count;
};

/// The fields of one reported outcome, as they stand in the JSON. A field that is null is absent.
struct simdjson_outcome {
    struct simdjson_text service;
    struct simdjson_text peer;
    struct simdjson_text error;
    struct simdjson_text reporter;
    int64_t status;
    int64_t count;
    double latency;
    bool has_status;
    bool has_count;
    bool has_latency;
    /// The JSON of an item that is no object, or has one of these fields twice or in another type; then nothing else is set.
    struct simdjson_text other;
};

/// Reads the outcomes of one JSON text after the other with simdjson's DOM parser. Not thread-safe.
typedef struct simdjson_outcomes simdjson_outcomes;

/// Makes a reader; null when there is no memory.
simdjson_outcomes *simdjson_outcomes_create(void);

/// Frees a reader and everything it lends.
void simdjson_outcomes_destroy(simdjson_outcomes *outcomes);

/// Parses a JSON text as a whole: an array of items, or one item. False when it is neither, not JSON, nested deeper than 512 levels, or not to
/// be read for want of memory.
bool simdjson_outcomes_parse(simdjson_outcomes *outcomes, const uint8_t *bytes, size_t count);

/// Reads the next item. What it refers to is lent until the next call with the same reader. False when there are no more.
bool simdjson_outcomes_next(simdjson_outcomes *outcomes, struct simdjson_outcome *outcome);

/// How many bytes the longest text had.
size_t simdjson_outcomes_capacity(const simdjson_outcomes *outcomes);

#ifdef __cplusplus
}
#endif

#endif
