#include "CSimdjson.h"

#include <algorithm>
#include <new>
#include <simdjson.h>
#include <string>
#include <string_view>

using namespace simdjson;

struct simdjson_outcomes {
    dom::parser parser;
    size_t capacity = 0;
    dom::array array;
    dom::array::iterator next;
    dom::array::iterator end;
    /// The only item, when the text is not an array.
    dom::element single;
    bool has_single = false;
    std::string other;
};

namespace {

constexpr size_t depth_limit = 512;
constexpr size_t least_capacity = 4096;

bool read(const dom::element &value, simdjson_text &text) noexcept {
    std::string_view found;
    if (text.bytes != nullptr || value.get_string().get(found) != SUCCESS) return false;
    text = {found.data(), found.size()};
    return true;
}

bool read(const dom::element &value, int64_t &number, bool &has_number) noexcept {
    if (has_number || value.get_int64().get(number) != SUCCESS) return false;
    return has_number = true;
}

bool read(const dom::element &value, double &number, bool &has_number) noexcept {
    if (has_number || value.get_double().get(number) != SUCCESS) return false;
    return has_number = true;
}

bool read(const dom::key_value_pair &field, simdjson_outcome &outcome) noexcept {
    const auto key = field.key;
    const bool is_null = field.value.is_null();
    if (key == "service") return is_null || read(field.value, outcome.service);
    if (key == "peer") return is_null || read(field.value, outcome.peer);
    if (key == "status") return is_null || read(field.value, outcome.status, outcome.has_status);
    if (key == "latency_ms") return is_null || read(field.value, outcome.latency, outcome.has_latency);
    if (key == "error") return is_null || read(field.value, outcome.error);
    if (key == "count") return is_null || read(field.value, outcome.count, outcome.has_count);
    if (key == "reporter") return is_null || read(field.value, outcome.reporter);
    return true;
}

bool read(const dom::object &object, simdjson_outcome &outcome) noexcept {
    for (const auto field : object) {
        if (!read(field, outcome)) return false;
    }
    return true;
}

bool is_other(const dom::element &item) noexcept {
    dom::object object;
    simdjson_outcome outcome = {};
    return item.get_object().get(object) == SUCCESS && !read(object, outcome);
}

}  // namespace

simdjson_outcomes *simdjson_outcomes_create(void) noexcept { return new (std::nothrow) simdjson_outcomes; }

void simdjson_outcomes_destroy(simdjson_outcomes *outcomes) noexcept { delete outcomes; }

size_t simdjson_outcomes_capacity(const simdjson_outcomes *outcomes) noexcept { return outcomes->capacity; }

bool simdjson_outcomes_parse(simdjson_outcomes *outcomes, const uint8_t *bytes, size_t count) noexcept {
    outcomes->has_single = false;
    outcomes->next = outcomes->end;
    if (count > outcomes->capacity) {
        // Powers of two, because texts get longer little by little.
        size_t capacity = std::max(least_capacity, outcomes->capacity);
        while (capacity < count) capacity *= 2;
        capacity = std::min(capacity, outcomes->parser.max_capacity());
        outcomes->capacity = 0;
        if (outcomes->parser.allocate(capacity, depth_limit) != SUCCESS || outcomes->parser.doc.allocate(capacity) != SUCCESS) return false;
        outcomes->capacity = capacity;
    }
    dom::element root;
    if (outcomes->parser.parse(bytes, count).get(root) != SUCCESS) return false;
    if (root.get_array().get(outcomes->array) == SUCCESS) {
        outcomes->next = outcomes->array.begin();
        outcomes->end = outcomes->array.end();
    } else {
        outcomes->single = root;
        outcomes->has_single = true;
    }
    return true;
}

bool simdjson_outcomes_has_other(const simdjson_outcomes *outcomes, size_t limit) noexcept {
    size_t others = outcomes->has_single && is_other(outcomes->single) ? 1 : 0;
    for (auto next = outcomes->next; others <= limit && next != outcomes->end; ++next) others += is_other(*next) ? 1 : 0;
    return others > limit;
}

bool simdjson_outcomes_next(simdjson_outcomes *outcomes, struct simdjson_outcome *outcome) noexcept {
    dom::element item;
    if (outcomes->has_single) {
        item = outcomes->single;
        outcomes->has_single = false;
    } else if (outcomes->next != outcomes->end) {
        item = *outcomes->next;
        ++outcomes->next;
    } else {
        return false;
    }
    *outcome = {};
    dom::object object;
    if (item.get_object().get(object) != SUCCESS) return true;
    if (!read(object, *outcome)) {
        *outcome = {};
        outcomes->other = minify(item);
        outcome->other = {outcomes->other.data(), outcomes->other.size()};
    }
    outcome->is_object = true;
    return true;
}
