// libcurl's variadic calls, one typed function for each kind of argument: Swift cannot call variadic C functions.
#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

#include <curl/curl.h>

static inline CURLcode CCurl_set_long(CURL *_Nonnull handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode CCurl_set_offset(CURL *_Nonnull handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl copies the string.
static inline CURLcode CCurl_set_string(CURL *_Nonnull handle, CURLoption option, const char *_Nullable value) {
    return curl_easy_setopt(handle, option, value);
}

// CURLOPT_COPYPOSTFIELDS: as many bytes as CURLOPT_POSTFIELDSIZE_LARGE says are copied.
static inline CURLcode CCurl_set_bytes(CURL *_Nonnull handle, CURLoption option, const void *_Nullable value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl copies the bytes.
static inline CURLcode CCurl_set_blob(CURL *_Nonnull handle, CURLoption option, const void *_Nullable bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(handle, option, &blob);
}

static inline CURLcode CCurl_set_pointer(CURL *_Nonnull handle, CURLoption option, void *_Nullable value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl keeps the pointer: the list must outlive the transfer.
static inline CURLcode CCurl_set_list(CURL *_Nonnull handle, CURLoption option, struct curl_slist *_Nullable value) {
    return curl_easy_setopt(handle, option, value);
}

// CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION.
static inline CURLcode CCurl_set_write_function(
    CURL *_Nonnull handle, CURLoption option,
    size_t (*_Nonnull function)(char *_Nullable bytes, size_t size, size_t count, void *_Nullable context)) {
    return curl_easy_setopt(handle, option, function);
}

static inline CURLcode CCurl_set_socket_option_function(
    CURL *_Nonnull handle,
    int (*_Nonnull function)(void *_Nullable context, curl_socket_t descriptor, curlsocktype purpose)) {
    return curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, function);
}

static inline CURLcode CCurl_get_long(CURL *_Nonnull handle, CURLINFO info, long *_Nonnull value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode CCurl_get_private(CURL *_Nonnull handle, void *_Nullable *_Nonnull value) {
    return curl_easy_getinfo(handle, CURLINFO_PRIVATE, value);
}

static inline CURLMcode CCurl_multi_set_long(CURLM *_Nonnull multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode CCurl_multi_set_pointer(CURLM *_Nonnull multi, CURLMoption option, void *_Nullable value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode CCurl_multi_set_socket_function(
    CURLM *_Nonnull multi,
    int (*_Nullable function)(CURL *_Nullable handle, curl_socket_t descriptor, int what, void *_Nullable context,
                              void *_Nullable socket_context)) {
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, function);
}

static inline CURLMcode CCurl_multi_set_timer_function(
    CURLM *_Nonnull multi, int (*_Nullable function)(CURLM *_Nullable multi, long milliseconds, void *_Nullable context)) {
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, function);
}

#endif
