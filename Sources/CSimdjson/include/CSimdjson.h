#ifndef LOOKASIDE_CSIMDJSON_H
#define LOOKASIDE_CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
/// Nothing is thrown to those who call from another language: for want of memory the process ends.
#define SIMDJSON_OUTCOMES_NOEXCEPT noexcept
extern "C" {
#else
#define SIMDJSON_OUTCOMES_NOEXCEPT
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
    /// Whether the item is an object; if not, nothing else is set.
    bool is_object;
    /// The JSON of an object that has one of these fields twice or in another type; then none of them is set.
    struct simdjson_text other;
};

/// Reads the outcomes of one JSON text after the other with simdjson's DOM parser. Not thread-safe.
typedef struct simdjson_outcomes simdjson_outcomes;

/// Makes a reader; null when there is no memory.
simdjson_outcomes *simdjson_outcomes_create(void) SIMDJSON_OUTCOMES_NOEXCEPT;

/// Frees a reader and everything it lends.
void simdjson_outcomes_destroy(simdjson_outcomes *outcomes) SIMDJSON_OUTCOMES_NOEXCEPT;

/// Parses a JSON text as a whole: an array of items, or one item. False when it is neither, not JSON, nested deeper than 512 levels, or not to
/// be read for want of memory.
bool simdjson_outcomes_parse(simdjson_outcomes *outcomes, const uint8_t *bytes, size_t count) SIMDJSON_OUTCOMES_NOEXCEPT;

/// Whether more than `limit` of the items that are not read yet are objects of which `other` is set: to be asked before the first is read.
bool simdjson_outcomes_has_other(const simdjson_outcomes *outcomes, size_t limit) SIMDJSON_OUTCOMES_NOEXCEPT;

/// Reads the next item. What it refers to is lent until the next call with the same reader. False when there are no more.
bool simdjson_outcomes_next(simdjson_outcomes *outcomes, struct simdjson_outcome *outcome) SIMDJSON_OUTCOMES_NOEXCEPT;

/// How many bytes a text may have before more memory is taken.
size_t simdjson_outcomes_capacity(const simdjson_outcomes *outcomes) SIMDJSON_OUTCOMES_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
